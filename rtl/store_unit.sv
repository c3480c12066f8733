// SPDX-License-Identifier: Apache-2.0
// Logit buffer, STORE (int32 logits to memory) and END.
//
// STORE writes `count` logits from index 0 to base + 4*out_off as INCR bursts that pass neither MaxBurst beats nor a
// 4 KiB boundary; strobes select the words that count. One burst at a time: the next one starts after the response.
// END completes when it is reached: every STORE before it is acknowledged by then.
// Latency: 2 cycles a logit, a few a burst. Throughput: one instruction at a time. Flow control: valid/ready; the
// logit write port is always taken.
// Errors: an error response raises error_valid_o; then, and while halt_i, no burst is begun.
`default_nettype none

module store_unit #(
  parameter int AxiW       = 64,
  parameter int AxiAddrW   = 32,
  parameter int MaxBurst   = 16,  // beats, power of two up to 256
  parameter int Lanes      = 2,
  parameter int LogitDepth = 16   // logits, a multiple of Lanes
) (
  input  wire                 clk_i,
  input  wire                 rst_ni,
  input  wire                 halt_i,
  output logic                idle_o,        // no AXI transaction is outstanding
  output logic                beat_o,
  output logic                error_valid_o,
  output logic                job_done_o,
  // Unit port; base_i (JOB_OUTPUT) comes with the instruction.
  input  wire                 instr_valid_i,
  input  wire  [       255:0] instr_i,
  input  wire  [AxiAddrW-1:0] base_i,
  output logic                instr_ready_o,
  output logic                done_o,
  output logic                busy_o,
  output logic                stalled_o,
  // Logits from the drain: lg_addr_i is the index of lane 0, a multiple of Lanes.
  input  wire  [   Lanes-1:0] lg_we_i,
  input  wire  [        10:0] lg_addr_i,
  input  wire  [Lanes*32-1:0] lg_data_i,
  // AXI4 write channels.
  output logic                m_axi_awvalid_o,
  input  wire                 m_axi_awready_i,
  output logic [AxiAddrW-1:0] m_axi_awaddr_o,
  output logic [         7:0] m_axi_awlen_o,
  output logic                m_axi_wvalid_o,
  input  wire                 m_axi_wready_i,
  output logic [    AxiW-1:0] m_axi_wdata_o,
  output logic [  AxiW/8-1:0] m_axi_wstrb_o,
  output logic                m_axi_wlast_o,
  input  wire                 m_axi_bvalid_i,
  output logic                m_axi_bready_o,
  input  wire  [         1:0] m_axi_bresp_i
);
  localparam int ByteShift = $clog2(AxiW / 8);
  localparam int BeatWords = AxiW / 32;
  localparam int PosW = (BeatWords > 1) ? $clog2(BeatWords) : 1;
  localparam int PageBeats = 4096 >> ByteShift;
  localparam int PageW = $clog2(PageBeats);
  localparam int LaneShift = $clog2(Lanes);
  localparam int LaneW = (Lanes > 1) ? LaneShift : 1;
  localparam int BufDepth = LogitDepth / Lanes;
  localparam int BufAddrW = (BufDepth > 1) ? $clog2(BufDepth) : 1;

  localparam int StIdle = 0;
  localparam int StPlan = 1;    // length of the next burst
  localparam int StAddr = 2;
  localparam int StRead = 3;    // logit out of the buffer
  localparam int StPlace = 4;   // into the beat
  localparam int StData = 5;
  localparam int StResp = 6;
  logic [2:0] state_q;

  // ---------------------------------------------------------------- logit buffer
  logic [10:0] index_q;  // next logit
  logic [31:0] logit;
  logic [Lanes*32-1:0] rd_data;
  /* verilator lint_off UNUSED */
  logic [10:0] wr_word, rd_word;
  /* verilator lint_on UNUSED */
  assign wr_word = lg_addr_i >> LaneShift;
  assign rd_word = index_q >> LaneShift;

  bat_ram #(
    .Width (Lanes * 32),
    .Depth (BufDepth),
    .Groups(Lanes),
    .TapMem(bat_pkg::TapLogit)
  ) u_logits (
    .clk_i  (clk_i),
    .we_i   (lg_we_i),
    .waddr_i(wr_word[BufAddrW-1:0]),
    .wdata_i(lg_data_i),
    .re_i   (state_q == 3'(StRead)),
    .raddr_i(rd_word[BufAddrW-1:0]),
    .rdata_o(rd_data)
  );

  if (Lanes > 1) begin : gen_lane
    logic [LaneW-1:0] lane_q;
    always_ff @(posedge clk_i) begin
      if (state_q == 3'(StRead)) lane_q <= index_q[LaneW-1:0];
    end
    assign logit = rd_data[lane_q*32+:32];
  end else begin : gen_one_lane
    assign logit = rd_data;
  end

  // ---------------------------------------------------------------- burst length
  logic [AxiAddrW-1:0] addr_q;  // of the next logit
  logic [10:0] left_q;          // logits to go
  logic [8:0] burst_q;          // beats of this burst to go
  logic [PosW-1:0] pos;         // word of the beat that the next logit takes
  logic [11:0] beats_left;
  logic [PageW:0] to_page_end;
  logic [11:0] burst;
  logic [8:0] len;

  if (BeatWords > 1) begin : gen_pos
    assign pos        = addr_q[2+:PosW];
    assign beats_left = (12'(pos) + {1'b0, left_q} + 12'(BeatWords - 1)) >> PosW;
  end else begin : gen_no_pos
    assign pos        = 1'b0;
    assign beats_left = {1'b0, left_q};
  end
  assign to_page_end = (PageW + 1)'(PageBeats) - {1'b0, addr_q[11:ByteShift]};

  always_comb begin
    burst = beats_left;
    if (burst > 12'(MaxBurst)) burst = 12'(MaxBurst);
    if (burst > 12'(to_page_end)) burst = 12'(to_page_end);
  end
  assign len = burst[8:0] - 9'd1;

  // ---------------------------------------------------------------- control
  logic accept;
  logic is_end;
  logic [10:0] count;
  logic [31:0] out_off;
  logic beat_full;
  logic error_q;
  logic respond;

  assign instr_ready_o = state_q == 3'(StIdle);
  assign accept        = instr_valid_i && instr_ready_o;
  assign is_end        = instr_i[3:0] == 4'(bat_pkg::OpEnd);
  assign count         = instr_i[bat_pkg::StoreCountLsb+:bat_pkg::StoreCountW];
  assign out_off       = instr_i[bat_pkg::StoreOutOffLsb+:bat_pkg::StoreOutOffW];
  assign beat_full     = left_q == 11'd1 || pos == PosW'(BeatWords - 1);
  assign respond       = state_q == 3'(StResp) && m_axi_bvalid_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q    <= 3'(StIdle);
      error_q    <= 1'b0;
      done_o     <= 1'b0;
      job_done_o <= 1'b0;
    end else begin
      done_o     <= (accept && (is_end || count == '0)) || (respond && left_q == '0 && !m_axi_bresp_i[1]);
      job_done_o <= accept && is_end;
      if (respond && m_axi_bresp_i[1]) error_q <= 1'b1;
      case (state_q)
        3'(StIdle): if (accept && !is_end && count != '0) state_q <= 3'(StPlan);
        3'(StPlan): if (!halt_i && !error_q) state_q <= 3'(StAddr);
        3'(StAddr): if (m_axi_awready_i) state_q <= 3'(StRead);
        3'(StRead): state_q <= 3'(StPlace);
        3'(StPlace): state_q <= beat_full ? 3'(StData) : 3'(StRead);
        3'(StData): if (m_axi_wready_i) state_q <= m_axi_wlast_o ? 3'(StResp) : 3'(StRead);
        3'(StResp): begin
          if (respond) state_q <= (left_q == '0 && !m_axi_bresp_i[1]) ? 3'(StIdle) : 3'(StPlan);
        end
        default: state_q <= 3'(StIdle);
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (accept) begin
      addr_q  <= base_i + AxiAddrW'({out_off, 2'b00});
      left_q  <= count;
      index_q <= instr_i[bat_pkg::StoreFirstLsb+:bat_pkg::StoreFirstW];
    end
    if (state_q == 3'(StPlan)) begin
      burst_q        <= burst[8:0];
      m_axi_awaddr_o <= {addr_q[AxiAddrW-1:ByteShift], {ByteShift{1'b0}}};
      m_axi_awlen_o  <= len[7:0];
    end
    if (state_q == 3'(StRead)) index_q <= index_q + 11'd1;
    if (state_q == 3'(StPlace)) begin
      addr_q <= addr_q + AxiAddrW'(4);
      left_q <= left_q - 11'd1;
    end
    if (state_q == 3'(StData) && m_axi_wready_i) burst_q <= burst_q - 9'd1;
  end

  // The beat: strobes are cleared as it starts and set as its words come.
  logic beat_start;
  assign beat_start = (state_q == 3'(StAddr)) || (state_q == 3'(StData) && m_axi_wready_i);

  for (genvar i = 0; i < BeatWords; i = i + 1) begin : gen_word
    logic place;
    assign place = state_q == 3'(StPlace) && pos == PosW'(i);
    always_ff @(posedge clk_i) begin
      if (beat_start) m_axi_wstrb_o[i*4+:4] <= 4'b0000;
      else if (place) m_axi_wstrb_o[i*4+:4] <= 4'b1111;
      if (place) m_axi_wdata_o[i*32+:32] <= logit;
    end
  end

  assign m_axi_awvalid_o = state_q == 3'(StAddr);
  assign m_axi_wvalid_o  = state_q == 3'(StData);
  assign m_axi_wlast_o   = burst_q == 9'd1;
  assign m_axi_bready_o  = state_q == 3'(StResp);
  assign beat_o          = m_axi_wvalid_o && m_axi_wready_i;
  assign error_valid_o   = respond && m_axi_bresp_i[1] && !error_q;
  assign idle_o          = state_q == 3'(StIdle) || state_q == 3'(StPlan);
  assign stalled_o       = (m_axi_awvalid_o && !m_axi_awready_i) || (m_axi_wvalid_o && !m_axi_wready_i) ||
                           (state_q == 3'(StResp) && !m_axi_bvalid_i);
  assign busy_o          = state_q != 3'(StIdle);

  /* verilator lint_off UNUSED */
  logic unused;
  assign unused = ^{instr_i[31:4], instr_i[255:bat_pkg::StoreFirstLsb+bat_pkg::StoreFirstW], out_off, burst, len[8],
                    addr_q[1:0], m_axi_bresp_i[0]};
  /* verilator lint_on UNUSED */
endmodule

`default_nettype wire
