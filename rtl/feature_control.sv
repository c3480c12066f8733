// SPDX-License-Identifier: Apache-2.0
// Executes FEAT instructions: 8-bit features of each token row to 8 bit planes in XB (docs/architecture.md, section 5).
//
// One row after the other: Step features a cycle are collected, from the beats of the row or as zeros beyond its K
// features (and for the class token, row 0), until a word of TK features is complete; then its 8 planes are
// written, one a cycle. One request a row, ahead of the responses.
// Latency: memory + rvalid * kw * (TK/Step + 8) + 4 cycles, Step = min(AxiW/8, TK).
// Flow control: start only when idle; AXI client ports valid/ready; XB writes are always taken.
`default_nettype none

module feature_control #(
  parameter int TR       = 16,
  parameter int TK       = 64,
  parameter int AxiW     = 128,
  parameter int AxiAddrW = 40
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                start_i,
  input  logic [       255:0] instr_i,
  input  logic [AxiAddrW-1:0] job_input_i,
  output logic                active_o,
  output logic                work_o,
  output logic                done_o,
  // AXI read client.
  output logic                req_valid_o,
  output logic [AxiAddrW-1:0] req_addr_o,
  output logic [        23:0] req_beats_o,
  input  logic                req_ready_i,
  input  logic                rsp_valid_i,
  input  logic [    AxiW-1:0] rsp_data_i,
  output logic                rsp_ready_o,
  // Row slices.
  output logic [      TR-1:0] xb_we_o,
  output logic [        15:0] xb_addr_o,
  output logic [      TK-1:0] xb_data_o
);
  localparam int Values = AxiW / 8;
  localparam int BeatLsb = $clog2(Values);
  localparam int Step = (Values < TK) ? Values : TK;
  localparam int WordSteps = TK / Step;
  localparam int BeatSteps = Values / Step;
  localparam int WordStepW = (WordSteps > 1) ? $clog2(WordSteps) : 1;
  localparam int BeatStepW = (BeatSteps > 1) ? $clog2(BeatSteps) : 1;

  logic [255:0] instr_q;
  logic [  9:0] kw;
  logic [ 12:0] k;
  logic [ 11:0] nb;
  logic [ 12:0] n0;
  logic [ 15:0] xb_base;
  logic [ 15:0] xb_ps;
  logic [  6:0] rvalid;
  assign kw      = instr_q[bat_pkg::FeatKwLsb+:bat_pkg::FeatKwW];
  assign k       = instr_q[bat_pkg::FeatKLsb+:bat_pkg::FeatKW];
  assign nb      = instr_q[bat_pkg::FeatNbLsb+:bat_pkg::FeatNbW];
  assign n0      = instr_q[bat_pkg::FeatN0Lsb+:bat_pkg::FeatN0W];
  assign xb_base = instr_q[bat_pkg::FeatXbBaseLsb+:bat_pkg::FeatXbBaseW];
  assign xb_ps   = 16'(instr_q[bat_pkg::FeatXbPsLsb+:bat_pkg::FeatXbPsW]);
  assign rvalid  = instr_q[bat_pkg::FeatRvalidLsb+:bat_pkg::FeatRvalidW];

  logic                active_q;
  logic                setup_q;    // first cycle: counters from the instruction
  logic                ask_q;      // second cycle: first request
  logic [AxiAddrW-1:0] job_input_q;

  // ---------------------------------------------------------------------------------------------------------------
  // Requests.
  logic [         6:0] req_row_q;
  logic                req_valid_q;
  logic [AxiAddrW-1:0] req_addr_q;
  logic [        15:0] in_row;
  logic [        15:0] first;      // first row of JOB_INPUT
  logic [        27:0] before_q;   // beats of JOB_INPUT before it
  logic                skip_class; // the first row is the class token
  assign skip_class = (n0 == 13'd0);
  assign in_row     = instr_q[bat_pkg::FeatInRowLsb+:bat_pkg::FeatInRowW];
  assign first      = skip_class ? in_row : (in_row - 16'd1);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      req_valid_q <= 1'b0;
    end else if (ask_q) begin
      req_valid_q <= !(skip_class && rvalid == 7'd1);
    end else if (req_valid_q && req_ready_i) begin
      req_valid_q <= (req_row_q + 7'd1 != rvalid);
    end
  end
  always_ff @(posedge clk_i) begin
    if (setup_q) before_q <= 28'(first) * 28'(nb);
    if (ask_q) begin
      req_row_q  <= skip_class ? 7'd1 : 7'd0;
      req_addr_q <= job_input_q + AxiAddrW'(64'(before_q) << BeatLsb);
    end else if (req_valid_q && req_ready_i) begin
      req_row_q  <= req_row_q + 7'd1;
      req_addr_q <= req_addr_q + AxiAddrW'(64'(nb) << BeatLsb);
    end
  end
  assign req_valid_o = req_valid_q;
  assign req_addr_o  = req_addr_q;
  assign req_beats_o = 24'(nb);

  // ---------------------------------------------------------------------------------------------------------------
  // Collect a word, write its planes.
  logic                 write_q;      // writing planes
  logic [          6:0] row_q;
  logic [          9:0] word_q;
  logic [WordStepW-1:0] wstep_q;
  logic [BeatStepW-1:0] bstep_q;
  logic [         12:0] left_q;       // features of the row not yet collected
  logic [          2:0] plane_q;
  logic [         15:0] addr_q;
  logic [     TK*8-1:0] features_q;
  logic [   Step*8-1:0] slice;
  logic [   Step*8-1:0] masked;
  logic                 need;         // the step takes features from a beat
  logic                 step;
  logic                 word_done;
  logic                 row_done;
  logic                 all_done;
  logic [         12:0] row_left;     // features of the next row
  assign need      = (left_q != 13'd0);
  assign step      = active_q && !setup_q && !write_q && (!need || rsp_valid_i);
  assign word_done = write_q && (plane_q == 3'd7);
  assign row_done  = word_done && (word_q + 10'd1 == kw);
  assign all_done  = row_done && (row_q + 7'd1 == rvalid);
  assign row_left  = (setup_q && skip_class) ? 13'd0 : k;

  assign rsp_ready_o = step && need && (bstep_q == BeatStepW'(BeatSteps - 1) || left_q <= 13'(Step));

  if (BeatSteps > 1) begin : gen_slices
    logic [AxiW-1:0] shifted;
    assign shifted = rsp_data_i >> (32'(bstep_q) * Step * 8);
    assign slice   = shifted[Step*8-1:0];
    /* verilator lint_off UNUSED */
    wire unused_shifted = |shifted[AxiW-1:Step*8];
    /* verilator lint_on UNUSED */
  end else begin : gen_slice
    assign slice = rsp_data_i;
  end
  for (genvar j = 0; j < Step; j = j + 1) begin : gen_mask
    assign masked[j*8+:8] = (left_q > 13'(j)) ? slice[j*8+:8] : 8'd0;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      active_q <= 1'b0;
      setup_q  <= 1'b0;
      ask_q    <= 1'b0;
      write_q  <= 1'b0;
    end else begin
      setup_q <= start_i && !active_q;
      ask_q   <= setup_q;
      if (start_i) active_q <= 1'b1;
      else if (all_done) active_q <= 1'b0;
      if (step && wstep_q == WordStepW'(WordSteps - 1)) write_q <= 1'b1;
      else if (word_done) write_q <= 1'b0;
    end
  end
  always_ff @(posedge clk_i) begin
    if (start_i && !active_q) begin
      instr_q     <= instr_i;
      job_input_q <= job_input_i;
    end
    if (setup_q) begin
      row_q <= 7'd0;
    end else if (row_done) begin
      row_q <= row_q + 7'd1;
    end
    if (setup_q || row_done) begin
      word_q  <= 10'd0;
      left_q  <= row_left;
      bstep_q <= '0;
    end else begin
      if (word_done) word_q <= word_q + 10'd1;
      if (step) begin
        left_q  <= (left_q <= 13'(Step)) ? 13'd0 : (left_q - 13'(Step));
        bstep_q <= (bstep_q == BeatStepW'(BeatSteps - 1)) ? '0 : (bstep_q + 1'b1);
      end
    end
    if (setup_q || word_done) wstep_q <= '0;
    else if (step) wstep_q <= wstep_q + 1'b1;
    plane_q <= write_q ? (plane_q + 3'd1) : 3'd0;
    addr_q  <= write_q ? (addr_q + xb_ps) : (xb_base + 16'(word_q));
  end
  if (WordSteps > 1) begin : gen_collect
    always_ff @(posedge clk_i) if (step) features_q <= {masked, features_q[TK*8-1:Step*8]};
  end else begin : gen_take
    always_ff @(posedge clk_i) if (step) features_q <= masked;
  end

  // Registered write.
  logic [TK-1:0] plane_bits;
  for (genvar t = 0; t < TK; t = t + 1) begin : gen_plane
    logic [7:0] feature;
    assign feature       = features_q[t*8+:8];
    assign plane_bits[t] = feature[plane_q];
  end
  logic [TR-1:0] xb_we_q;
  logic [  15:0] xb_addr_q;
  logic [TK-1:0] xb_data_q;
  logic          last_q;  // the last plane is being written
  logic          done_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      xb_we_q <= '0;
      last_q  <= 1'b0;
      done_q  <= 1'b0;
    end else begin
      for (int r = 0; r < TR; r = r + 1) xb_we_q[r] <= write_q && (row_q == 7'(r));
      last_q <= all_done;
      done_q <= last_q;
    end
  end
  always_ff @(posedge clk_i) begin
    xb_addr_q <= addr_q;
    xb_data_q <= plane_bits;
  end
  assign xb_we_o   = xb_we_q;
  assign xb_addr_o = xb_addr_q;
  assign xb_data_o = xb_data_q;

  assign active_o = active_q || last_q || done_q;
  assign work_o   = active_q && (write_q || setup_q || step);
  assign done_o   = done_q;

  // Fields of other instructions.
  /* verilator lint_off UNUSED */
  wire unused_bits = |instr_q;
  /* verilator lint_on UNUSED */
endmodule

`default_nettype wire
