// SPDX-License-Identifier: Apache-2.0
// Reads the programs of queued jobs and hands each instruction to the queue of its unit.
//
// A program is read ahead in small requests, each only when the beat buffer has room for it. The header is checked,
// then every opcode; wait fields become absolute completion counts (count dispatched - k), so programs follow each
// other without a gap. The job's base addresses travel with the instructions.
// Latency: about 6 cycles plus the memory's from a job to its first instruction. Throughput: one instruction a cycle
// where the memory delivers it. Flow control: valid/ready; dispatch waits while the unit's queue is full.
// Errors, own or reported by others: the first one is kept with the number of instructions dispatched; stop_o ends
// dispatch, fetching and the start of queued instructions until reset.
`default_nettype none

module fetch #(
  parameter int AxiW        = 64,
  parameter int AxiAddrW    = 32,
  parameter int QueueDepth  = 16,
  parameter int ConfigHash  = 0,
  parameter int HasSoftmax  = 1,
  parameter int HasFeatures = 1,
  parameter int Pruning     = 0,                 // masks of QMM built in
  parameter int AndLanes    = 0,                 // steps of zero counts built in
  parameter int DmaSideW    = AxiAddrW,          // MODEL_BASE
  parameter int RowSideW    = 2 * AxiAddrW + 1,  // first ROW instruction of the job, JOB_INPUT, MODEL_BASE
  parameter int StoSideW    = AxiAddrW           // JOB_OUTPUT
) (
  input  wire                   clk_i,
  input  wire                   rst_ni,
  input  wire                   enable_i,          // a new job may start
  // Jobs: {output, input, program, model}.
  input  wire                   job_valid_i,
  output logic                  job_ready_o,
  input  wire  [4*AxiAddrW-1:0] job_i,
  input  wire                   job_done_i,
  output logic                  active_o,          // a job is in flight
  output logic [          31:0] jobs_done_o,
  // Errors.
  input  wire                   read_error_i,
  input  wire  [           1:0] read_client_i,
  input  wire                   write_error_i,
  input  wire                   queue_error_i,
  output logic                  stop_o,
  output logic                  error_event_o,     // one cycle
  output logic [          31:0] error_o,           // register ERROR
  // Read client.
  output logic                  req_valid_o,
  input  wire                   req_ready_i,
  output logic [  AxiAddrW-1:0] req_addr_o,
  output logic [          23:0] req_beats_o,
  input  wire                   rsp_valid_i,
  output logic                  rsp_ready_o,
  input  wire  [      AxiW-1:0] rsp_data_i,
  // Units.
  output logic [           4:0] unit_valid_o,
  input  wire  [           4:0] unit_ready_i,
  input  wire  [           4:0] unit_done_i,
  output logic [         255:0] dma_instr_o,
  output logic [  DmaSideW-1:0] dma_model_o,
  output logic [         255:0] qmm_instr_o,
  output logic [         255:0] row_instr_o,
  output logic                  row_first_o,       // first ROW instruction of its job
  output logic [  AxiAddrW-1:0] row_model_o,
  output logic [  AxiAddrW-1:0] row_input_o,
  output logic [         255:0] smx_instr_o,
  output logic [         255:0] sto_instr_o,
  output logic [  StoSideW-1:0] sto_output_o
);
  // Masks, and the steps of zero counts in their place, are the last fields of a QMM.
  localparam int QmmLen = (Pruning != 0)    ? bat_pkg::InstrW
                          : (AndLanes != 0) ? bat_pkg::QmmZStepLsb + bat_pkg::QmmZStepW
                                            : bat_pkg::QmmFillLsb + bat_pkg::QmmFillW;

  localparam int ByteShift = $clog2(AxiW / 8);
  localparam int HeadBeats = (AxiW < 512) ? 512 / AxiW : 1;    // header and one instruction: a legal program's least
  // The beat buffer holds instructions for two queues, so that the memory's latency and the beats of other clients in
  // flight do not starve short instructions; a quarter of it is asked for at a time, at least 1024 bits.
  localparam int LeastBeats = (AxiW < 1024) ? 1024 / AxiW : 1;
  localparam int WantBeats = 2 * QueueDepth * 256 / AxiW;
  localparam int BufBeats = (WantBeats > 2 * LeastBeats) ? WantBeats : 2 * LeastBeats;
  localparam int ReqBeats = (BufBeats / 4 > LeastBeats) ? BufBeats / 4 : LeastBeats;
  localparam int CreditW = $clog2(BufBeats + 1);
  localparam int Magic = 32'h50544142;

  // ---------------------------------------------------------------- jobs
  localparam int StIdle = 0;
  localparam int StHeader = 1;
  localparam int StRun = 2;
  logic [1:0] state_q;
  logic [AxiAddrW-1:0] model_q, input_q, output_q;
  logic [7:0] flight_q;  // jobs taken and not done
  logic start;

  assign job_ready_o = state_q == 2'(StIdle) && enable_i && !stop_o && flight_q != 8'hFF;
  assign start       = job_valid_i && job_ready_o;
  assign active_o    = flight_q != '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      flight_q    <= '0;
      jobs_done_o <= '0;
    end else begin
      flight_q <= flight_q + (start ? 8'd1 : 8'd0) - (job_done_i ? 8'd1 : 8'd0);
      if (job_done_i) jobs_done_o <= jobs_done_o + 32'd1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (start) begin
      model_q  <= job_i[0+:AxiAddrW];
      input_q  <= job_i[2*AxiAddrW+:AxiAddrW];
      output_q <= job_i[3*AxiAddrW+:AxiAddrW];
    end
  end

  // ---------------------------------------------------------------- requests, within the room of the beat buffer
  logic [AxiAddrW-1:0] req_addr_q;
  logic [23:0] left_q;        // beats still to request
  logic [CreditW-1:0] credit_q;
  logic header_ok;
  logic [23:0] total_beats;   // after the header
  logic [23:0] chunk;
  logic reserve;
  logic buf_pop;
  logic [23:0] count;         // instructions of the program

  // A request stays as it is until taken: left_q changes only with it or, before the first, with the header.
  assign chunk       = (left_q < 24'(ReqBeats)) ? left_q : 24'(ReqBeats);
  assign req_valid_o = left_q != '0 && 24'(credit_q) >= chunk && !stop_o;
  assign req_addr_o  = req_addr_q;
  assign req_beats_o = chunk;
  assign reserve     = req_valid_o && req_ready_i;

  if (AxiW <= 256) begin : gen_beats_up
    assign total_beats = (count + 24'd1) * 24'(256 / AxiW);
  end else begin : gen_beats_down
    localparam int PerBeat = AxiW / 256;
    assign total_beats = (count + 24'(PerBeat)) / 24'(PerBeat);
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      left_q   <= '0;
      credit_q <= CreditW'(BufBeats);
    end else begin
      if (start) left_q <= 24'(HeadBeats);
      else if (header_ok) left_q <= (total_beats > 24'(HeadBeats)) ? total_beats - 24'(HeadBeats) : '0;
      else if (reserve) left_q <= left_q - chunk;
      credit_q <= credit_q - (reserve ? CreditW'(chunk) : '0) + (buf_pop ? CreditW'(1) : '0);
    end
  end

  always_ff @(posedge clk_i) begin
    if (start) req_addr_q <= job_i[AxiAddrW+:AxiAddrW];
    else if (reserve) req_addr_q <= req_addr_q + (AxiAddrW'(chunk) << ByteShift);
  end

  // ---------------------------------------------------------------- beats -> instructions
  logic buf_valid, buf_ready;
  logic [AxiW-1:0] buf_data;
  logic word_valid, word_ready, word_last;
  logic [255:0] word;
  /* verilator lint_off UNUSED */
  logic [CreditW-1:0] unused_buf_count;
  /* verilator lint_on UNUSED */

  bat_fifo #(
    .Width(AxiW),
    .Depth(BufBeats)
  ) u_beats (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (rsp_valid_i),
    .in_ready_o (rsp_ready_o),
    .in_data_i  (rsp_data_i),
    .out_valid_o(buf_valid),
    .out_ready_i(buf_ready),
    .out_data_o (buf_data),
    .count_o    (unused_buf_count)
  );

  bat_gearbox #(
    .InW (AxiW),
    .OutW(256)
  ) u_gear (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (buf_valid),
    .in_ready_o (buf_ready),
    .in_data_i  (buf_data),
    .restart_i  (1'b0),
    .out_valid_o(word_valid),
    .out_ready_i(word_ready),
    .out_last_i (word_last),
    .out_data_o (word)
  );

  assign buf_pop = buf_valid && buf_ready;

  // ---------------------------------------------------------------- header
  logic [7:0] own_error;   // 0: none
  logic header_bad, hash_bad;

  assign count      = word[96+:24];
  assign header_bad = word[31:0] != 32'(Magic) || word[39:32] != 8'(bat_pkg::IsaVersion) || word[127:116] != '0;
  assign hash_bad   = word[95:64] != 32'(ConfigHash);
  assign header_ok  = state_q == 2'(StHeader) && word_valid && !stop_o && own_error == '0;

  // ---------------------------------------------------------------- dispatch
  logic [23:0] index_q;    // instructions of this program dispatched
  logic [23:0] count_q;
  logic [3:0] op;
  logic [4:0] to_unit;
  logic [4:0] queue_ready;
  logic push;
  logic is_end;
  logic is_last;
  logic finish;

  assign op      = word[3:0];
  assign is_end  = op == 4'(bat_pkg::OpEnd);
  assign is_last = index_q + 24'd1 == count_q;

  always_comb begin
    to_unit = 5'b00000;
    case (op)
      4'(bat_pkg::OpLoad): to_unit[bat_pkg::UnitDma] = 1'b1;
      4'(bat_pkg::OpQmm): to_unit[bat_pkg::UnitQmm] = 1'b1;
      4'(bat_pkg::OpLn), 4'(bat_pkg::OpEmbed): to_unit[bat_pkg::UnitRow] = 1'b1;
      4'(bat_pkg::OpFeat): to_unit[bat_pkg::UnitRow] = HasFeatures != 0;
      4'(bat_pkg::OpSmx): to_unit[bat_pkg::UnitSmx] = HasSoftmax != 0;
      4'(bat_pkg::OpStore), 4'(bat_pkg::OpEnd): to_unit[bat_pkg::UnitSto] = 1'b1;
      default: to_unit = 5'b00000;
    endcase
  end

  always_comb begin
    own_error = 8'd0;
    if (word_valid && !stop_o && state_q == 2'(StHeader)) begin
      if (header_bad) own_error = 8'(bat_pkg::ErrHeader);
      else if (hash_bad) own_error = 8'(bat_pkg::ErrHash);
      else if (count == '0) own_error = 8'(bat_pkg::ErrNoEnd);
    end else if (word_valid && !stop_o && state_q == 2'(StRun)) begin
      if (to_unit == '0) own_error = 8'(bat_pkg::ErrOpcode);
      else if (is_end != is_last) own_error = 8'(bat_pkg::ErrNoEnd);
    end
  end

  assign push       = state_q == 2'(StRun) && word_valid && own_error == '0 && !stop_o &&
                      (to_unit & queue_ready) != '0;
  assign word_ready = push || header_ok;
  assign word_last  = state_q == 2'(StRun) && is_last;
  assign finish     = push && is_end;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= 2'(StIdle);
      index_q <= '0;
      count_q <= '0;
    end else if (start) begin
      state_q <= 2'(StHeader);
      index_q <= '0;
    end else if (header_ok) begin
      state_q <= 2'(StRun);
      count_q <= count;
    end else if (push) begin
      index_q <= index_q + 24'd1;
      if (finish) state_q <= 2'(StIdle);
    end
  end

  // ---------------------------------------------------------------- counts and targets
  logic [79:0] dispatched_q;
  logic [79:0] completed_q;
  logic [79:0] target;
  logic [4:0] has_wait;

  for (genvar u = 0; u < 5; u = u + 1) begin : gen_count
    logic [4:0] wait_k;
    assign wait_k           = word[4+5*u+:5];
    assign has_wait[u]      = wait_k != 5'(bat_pkg::WaitNone);
    assign target[u*16+:16] = dispatched_q[u*16+:16] - 16'(wait_k);

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        dispatched_q[u*16+:16] <= '0;
        completed_q[u*16+:16]  <= '0;
      end else begin
        if (push && to_unit[u]) dispatched_q[u*16+:16] <= dispatched_q[u*16+:16] + 16'd1;
        if (unit_done_i[u]) completed_q[u*16+:16] <= completed_q[u*16+:16] + 16'd1;
      end
    end
  end

  // ---------------------------------------------------------------- queues
  logic row_first_q;  // no ROW instruction of this job is dispatched

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) row_first_q <= 1'b1;
    else if (start) row_first_q <= 1'b1;
    else if (push && to_unit[bat_pkg::UnitRow]) row_first_q <= 1'b0;
  end

  unit_queue #(
    .Depth   (QueueDepth),
    .InstrLen(bat_pkg::LoadRestartLsb + bat_pkg::LoadRestartW),
    .SideW   (DmaSideW)
  ) u_dma_queue (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .stop_i     (stop_o),
    .in_valid_i (push && to_unit[bat_pkg::UnitDma]),
    .in_ready_o (queue_ready[bat_pkg::UnitDma]),
    .in_instr_i (word),
    .in_side_i  (model_q),
    .in_wait_i  (has_wait),
    .in_target_i(target),
    .completed_i(completed_q),
    .out_valid_o(unit_valid_o[bat_pkg::UnitDma]),
    .out_ready_i(unit_ready_i[bat_pkg::UnitDma]),
    .instr_o    (dma_instr_o),
    .side_o     (dma_model_o)
  );

  /* verilator lint_off UNUSED */
  logic unused_qmm_side;
  logic unused_smx_side;
  /* verilator lint_on UNUSED */

  unit_queue #(
    .Depth   (QueueDepth),
    .InstrLen(QmmLen),
    .SideW   (1)
  ) u_qmm_queue (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .stop_i     (stop_o),
    .in_valid_i (push && to_unit[bat_pkg::UnitQmm]),
    .in_ready_o (queue_ready[bat_pkg::UnitQmm]),
    .in_instr_i (word),
    .in_side_i  (1'b0),
    .in_wait_i  (has_wait),
    .in_target_i(target),
    .completed_i(completed_q),
    .out_valid_o(unit_valid_o[bat_pkg::UnitQmm]),
    .out_ready_i(unit_ready_i[bat_pkg::UnitQmm]),
    .instr_o    (qmm_instr_o),
    .side_o     (unused_qmm_side)
  );

  unit_queue #(
    .Depth   (QueueDepth),
    .InstrLen(bat_pkg::EmbedInRowLsb + bat_pkg::EmbedInRowW),
    .SideW   (RowSideW)
  ) u_row_queue (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .stop_i     (stop_o),
    .in_valid_i (push && to_unit[bat_pkg::UnitRow]),
    .in_ready_o (queue_ready[bat_pkg::UnitRow]),
    .in_instr_i (word),
    .in_side_i  ({row_first_q, input_q, model_q}),
    .in_wait_i  (has_wait),
    .in_target_i(target),
    .completed_i(completed_q),
    .out_valid_o(unit_valid_o[bat_pkg::UnitRow]),
    .out_ready_i(unit_ready_i[bat_pkg::UnitRow]),
    .instr_o    (row_instr_o),
    .side_o     ({row_first_o, row_input_o, row_model_o})
  );

  if (HasSoftmax != 0) begin : gen_smx
    unit_queue #(
      .Depth   (QueueDepth),
      .InstrLen(bat_pkg::SmxDPsLsb + bat_pkg::SmxDPsW),
      .SideW   (1)
    ) u_smx_queue (
      .clk_i      (clk_i),
      .rst_ni     (rst_ni),
      .stop_i     (stop_o),
      .in_valid_i (push && to_unit[bat_pkg::UnitSmx]),
      .in_ready_o (queue_ready[bat_pkg::UnitSmx]),
      .in_instr_i (word),
      .in_side_i  (1'b0),
      .in_wait_i  (has_wait),
      .in_target_i(target),
      .completed_i(completed_q),
      .out_valid_o(unit_valid_o[bat_pkg::UnitSmx]),
      .out_ready_i(unit_ready_i[bat_pkg::UnitSmx]),
      .instr_o    (smx_instr_o),
      .side_o     (unused_smx_side)
    );
  end else begin : gen_no_smx
    /* verilator lint_off UNUSED */
    logic unused_smx;
    assign unused_smx = unit_ready_i[bat_pkg::UnitSmx];
    /* verilator lint_on UNUSED */
    assign queue_ready[bat_pkg::UnitSmx]  = 1'b0;
    assign unit_valid_o[bat_pkg::UnitSmx] = 1'b0;
    assign smx_instr_o                    = '0;
    assign unused_smx_side                = 1'b0;
  end

  unit_queue #(
    .Depth   (QueueDepth),
    .InstrLen(bat_pkg::StoreFirstLsb + bat_pkg::StoreFirstW),
    .SideW   (StoSideW)
  ) u_sto_queue (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .stop_i     (stop_o),
    .in_valid_i (push && to_unit[bat_pkg::UnitSto]),
    .in_ready_o (queue_ready[bat_pkg::UnitSto]),
    .in_instr_i (word),
    .in_side_i  (output_q),
    .in_wait_i  (has_wait),
    .in_target_i(target),
    .completed_i(completed_q),
    .out_valid_o(unit_valid_o[bat_pkg::UnitSto]),
    .out_ready_i(unit_ready_i[bat_pkg::UnitSto]),
    .instr_o    (sto_instr_o),
    .side_o     (sto_output_o)
  );

  // ---------------------------------------------------------------- errors: the first one counts
  logic [7:0] code;
  logic [7:0] source;

  always_comb begin
    code   = own_error;
    source = 8'd0;
    if (read_error_i) begin
      code   = 8'(bat_pkg::ErrRead);
      source = {6'd0, read_client_i};
    end else if (write_error_i) begin
      code   = 8'(bat_pkg::ErrWrite);
      source = 8'(bat_pkg::UnitSto);
    end else if (queue_error_i && own_error == '0) begin
      code = 8'(bat_pkg::ErrQueue);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      stop_o        <= 1'b0;
      error_event_o <= 1'b0;
      error_o       <= '0;
    end else begin
      error_event_o <= !stop_o && code != '0;
      if (!stop_o && code != '0) begin
        stop_o  <= 1'b1;
        error_o <= {index_q[15:0], source, code};
      end
    end
  end

`ifdef BAT_TAP_UNITS
  // One cycle after done: every write of the instruction has been reported by then. Starts are as late. The engine takes
  // an instruction before the former one's last step and reports its start itself.
  import "DPI-C" function void bat_tap_start(input int unit);
  import "DPI-C" function void bat_tap_done(input int unit);
  logic [4:0] tap_start_q;
  logic [4:0] tap_done_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      tap_start_q <= '0;
      tap_done_q  <= '0;
    end else begin
      tap_start_q <= unit_valid_o & unit_ready_i;
      tap_done_q  <= unit_done_i;
    end
  end
  always_ff @(posedge clk_i) begin
    for (int u = 0; u < 5; u = u + 1) begin
      if (tap_start_q[u] && u != bat_pkg::UnitQmm) bat_tap_start(u);
      if (tap_done_q[u]) bat_tap_done(u);
    end
  end
`endif
endmodule

`default_nettype wire
