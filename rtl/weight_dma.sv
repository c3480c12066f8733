// SPDX-License-Identifier: Apache-2.0
// Executes LOAD: streams beats of memory into the rings W, T, P and L.
//
// A LOAD is requested in chunks, each only when its ring has room for it, so that data are always taken when they
// come; requests run up to four LOADs ahead of the data. W words (TC*TK bits) are written in groups of CW bits as
// beats come; the other rings a word at a time. A LOAD ends with its last beat; words that would pass its word count
// are dropped.
// Ring counts are free-running modulo 2^16: reserved >= head (words complete) >= tail (words freed).
// Latency: a beat is in the ring one cycle after it came and counted one cycle later. Throughput: a beat a cycle, or
// AxiW/word cycles a beat where a ring word is narrower than a beat.
// Flow control: valid/ready; instr_ready_o, req_valid_o and rsp_ready_o depend on registers only.
`default_nettype none

module weight_dma #(
  parameter int AxiW       = 64,
  parameter int AxiAddrW   = 32,
  parameter int ChunkBeats = 16,                                        // power of two
  parameter int TC         = 8,
  parameter int TK         = 32,
  parameter int ParW       = 128,
  parameter int LW         = 128,                                       // L ring word
  parameter int WDepth     = 256,
  parameter int TDepth     = 64,
  parameter int PDepth     = 64,
  parameter int LDepth     = 64,
  parameter int CW         = (AxiW < TK) ? TK : (AxiW > TC * TK) ? TC * TK : AxiW,
  parameter int WrGrpW     = (TC * TK > CW) ? $clog2(TC * TK / CW) : 1,
  parameter int TAddrW     = (TDepth > 1) ? $clog2(TDepth) : 1,
  parameter int PAddrW     = (PDepth > 1) ? $clog2(PDepth) : 1,
  parameter int LAddrW     = (LDepth > 1) ? $clog2(LDepth) : 1
) (
  input  wire                 clk_i,
  input  wire                 rst_ni,
  // Unit port; base_i (MODEL_BASE of the job) comes with the instruction.
  input  wire                 instr_valid_i,
  input  wire  [       255:0] instr_i,
  input  wire  [AxiAddrW-1:0] base_i,
  output logic                instr_ready_o,
  output logic                done_o,
  output logic                busy_o,
  output logic                stalled_o,
  // Read client.
  output logic                req_valid_o,
  input  wire                 req_ready_i,
  output logic [AxiAddrW-1:0] req_addr_o,
  output logic [        23:0] req_beats_o,
  input  wire                 rsp_valid_i,
  output logic                rsp_ready_o,
  input  wire  [    AxiW-1:0] rsp_data_i,
  // W ring: column slice c takes slice c mod (CW/TK) when c div (CW/TK) = wr_cgrp_o.
  output logic                wr_valid_o,
  output logic [        15:0] wr_addr_o,
  output logic [  WrGrpW-1:0] wr_cgrp_o,
  output logic [      CW-1:0] wr_data_o,
  output logic [        15:0] w_head_o,
  input  wire                 w_free_valid_i,
  input  wire  [        15:0] w_free_words_i,
  // T, P and L ring.
  output logic                t_wr_valid_o,
  output logic [  TAddrW-1:0] t_wr_addr_o,
  output logic [        15:0] t_head_o,
  input  wire                 t_free_valid_i,
  input  wire  [        15:0] t_free_words_i,
  output logic                p_wr_valid_o,
  output logic [  PAddrW-1:0] p_wr_addr_o,
  output logic [        15:0] p_head_o,
  input  wire                 p_free_valid_i,
  input  wire  [        15:0] p_free_words_i,
  output logic [    ParW-1:0] par_wr_data_o,    // T and P
  output logic                l_wr_valid_o,
  output logic [  LAddrW-1:0] l_wr_addr_o,
  output logic [      LW-1:0] l_wr_data_o,
  output logic [        15:0] l_head_o,
  input  wire                 l_free_valid_i,
  input  wire  [        15:0] l_free_words_i
);
  localparam int ByteShift = $clog2(AxiW / 8);
  localparam int Groups = TC * TK / CW;

  // Beats of a chunk: whole words, about ChunkBeats, at most a quarter of the ring unless one word or beat is more.
  function automatic integer chunk_beats(input integer word_bits, input integer depth);
    integer per_word;   // beats a word
    integer per_beat;   // words a beat
    integer quarter;
    begin
      per_word = (word_bits > AxiW) ? word_bits / AxiW : 1;
      per_beat = (word_bits > AxiW) ? 1 : AxiW / word_bits;
      quarter = ((depth / 4) / per_beat) * per_word;
      chunk_beats = (quarter < ChunkBeats) ? quarter : ChunkBeats;
      if (chunk_beats < per_word) chunk_beats = per_word;
    end
  endfunction
  localparam int WBeats = chunk_beats(TC * TK, WDepth);
  localparam int TBeats = chunk_beats(ParW, TDepth);
  localparam int PBeats = chunk_beats(ParW, PDepth);
  localparam int LBeats = chunk_beats(LW, LDepth);
  // Words of a chunk: beats * AxiW / word.
  localparam int WWords = (TC * TK > AxiW) ? WBeats / (TC * TK / AxiW) : WBeats * (AxiW / (TC * TK));
  localparam int TWords = (ParW > AxiW) ? TBeats / (ParW / AxiW) : TBeats * (AxiW / ParW);
  localparam int PWords = (ParW > AxiW) ? PBeats / (ParW / AxiW) : PBeats * (AxiW / ParW);
  localparam int LWords = (LW > AxiW) ? LBeats / (LW / AxiW) : LBeats * (AxiW / LW);

  // ---------------------------------------------------------------- requests
  logic rq_active_q;
  logic [1:0] rq_dest_q;
  logic [AxiAddrW-1:0] rq_addr_q;
  logic [23:0] rq_words_q;
  logic [23:0] rq_beats_q;
  logic [15:0] w_room, t_room, p_room, l_room;
  logic [15:0] room;
  logic [23:0] dest_words, dest_beats;
  logic [23:0] chunk_w, chunk_b;
  logic reserve;
  logic accept;
  logic desc_ready;

  always_comb begin
    case (rq_dest_q)
      2'(bat_pkg::RingW): begin
        room = w_room;
        dest_words = 24'(WWords);
        dest_beats = 24'(WBeats);
      end
      2'(bat_pkg::RingT): begin
        room = t_room;
        dest_words = 24'(TWords);
        dest_beats = 24'(TBeats);
      end
      2'(bat_pkg::RingP): begin
        room = p_room;
        dest_words = 24'(PWords);
        dest_beats = 24'(PBeats);
      end
      default: begin
        room = l_room;
        dest_words = 24'(LWords);
        dest_beats = 24'(LBeats);
      end
    endcase
  end

  assign chunk_w       = (rq_words_q < dest_words) ? rq_words_q : dest_words;
  assign chunk_b       = (rq_beats_q < dest_beats) ? rq_beats_q : dest_beats;
  assign req_valid_o   = rq_active_q && 24'(room) >= chunk_w;
  assign req_addr_o    = rq_addr_q;
  assign req_beats_o   = chunk_b;
  assign reserve       = req_valid_o && req_ready_i;
  assign instr_ready_o = !rq_active_q && desc_ready;
  assign accept        = instr_valid_i && instr_ready_o;

  logic [23:0] load_beats;
  logic [23:0] load_words;
  logic [39:0] load_addr;
  assign load_beats = instr_i[bat_pkg::LoadBeatsLsb+:bat_pkg::LoadBeatsW];
  assign load_words = instr_i[bat_pkg::LoadWordsLsb+:bat_pkg::LoadWordsW];
  assign load_addr  = instr_i[bat_pkg::LoadAddrLsb+:bat_pkg::LoadAddrW];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) rq_active_q <= 1'b0;
    else if (accept) rq_active_q <= load_beats != '0;
    else if (reserve && chunk_b == rq_beats_q) rq_active_q <= 1'b0;
  end

  always_ff @(posedge clk_i) begin
    if (accept) begin
      rq_dest_q  <= instr_i[bat_pkg::LoadDestLsb+:bat_pkg::LoadDestW];
      rq_addr_q  <= base_i + (AxiAddrW'(load_addr) << ByteShift);
      rq_words_q <= load_words;
      rq_beats_q <= load_beats;
    end else if (reserve) begin
      rq_addr_q  <= rq_addr_q + (AxiAddrW'(chunk_b) << ByteShift);
      rq_words_q <= rq_words_q - chunk_w;
      rq_beats_q <= rq_beats_q - chunk_b;
    end
  end

  // ---------------------------------------------------------------- LOADs whose data are still to come
  logic desc_valid;
  logic desc_pop;
  logic [1:0] dest;
  logic [23:0] words;
  logic [23:0] beats;
  /* verilator lint_off UNUSED */
  logic [2:0] unused_desc_count;
  /* verilator lint_on UNUSED */

  bat_fifo #(
    .Width(50),
    .Depth(4)
  ) u_descriptors (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (accept),
    .in_ready_o (desc_ready),
    .in_data_i  ({instr_i[bat_pkg::LoadDestLsb+:bat_pkg::LoadDestW], load_words, load_beats}),
    .out_valid_o(desc_valid),
    .out_ready_i(desc_pop),
    .out_data_o ({dest, words, beats}),
    .count_o    (unused_desc_count)
  );

  // ---------------------------------------------------------------- data
  logic is_w, is_l;
  logic [23:0] beat_q;        // beats taken of this LOAD
  logic [23:0] word_q;        // words written of this LOAD
  logic [WrGrpW-1:0] grp_q;   // group of the W word
  logic take;                 // a beat is done with
  logic last_beat;
  logic surplus;              // all words are written
  logic out_valid;            // a group (W) or word leaves the gearbox
  logic word_done;
  logic out_last;
  logic w_in_ready, w_out_valid;
  logic [CW-1:0] w_out;
  logic p_in_ready, p_out_valid;
  logic [ParW-1:0] p_out;
  logic l_in_ready, l_out_valid;
  logic [LW-1:0] l_out;

  assign is_w        = dest == 2'(bat_pkg::RingW);
  assign is_l        = dest == 2'(bat_pkg::RingL);
  assign rsp_ready_o = desc_valid && beats != '0 && (is_w ? w_in_ready : is_l ? l_in_ready : p_in_ready);
  assign take        = rsp_valid_i && rsp_ready_o;
  assign last_beat   = beat_q + 24'd1 == beats;
  assign surplus     = word_q == words;
  assign out_valid   = (is_w ? w_out_valid : is_l ? l_out_valid : p_out_valid) && !surplus;
  assign word_done   = !is_w || grp_q == WrGrpW'(Groups - 1);
  assign out_last    = surplus || (word_q + 24'd1 == words && word_done);
  assign desc_pop    = desc_valid && (beats == '0 || (take && last_beat));

  bat_gearbox #(
    .InW (AxiW),
    .OutW(CW)
  ) u_w_gear (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (rsp_valid_i && desc_valid && is_w),
    .in_ready_o (w_in_ready),
    .in_data_i  (rsp_data_i),
    .restart_i  (last_beat),
    .out_valid_o(w_out_valid),
    .out_ready_i(1'b1),
    .out_last_i (out_last),
    .out_data_o (w_out)
  );

  bat_gearbox #(
    .InW (AxiW),
    .OutW(ParW)
  ) u_p_gear (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (rsp_valid_i && desc_valid && !is_w && (!is_l || LW == ParW)),
    .in_ready_o (p_in_ready),
    .in_data_i  (rsp_data_i),
    .restart_i  (last_beat),
    .out_valid_o(p_out_valid),
    .out_ready_i(1'b1),
    .out_last_i (out_last),
    .out_data_o (p_out)
  );

  if (LW == ParW) begin : gen_l_shared
    assign l_in_ready  = p_in_ready;
    assign l_out_valid = p_out_valid;
    assign l_out       = p_out;
  end else begin : gen_l_own
    bat_gearbox #(
      .InW (AxiW),
      .OutW(LW)
    ) u_l_gear (
      .clk_i      (clk_i),
      .rst_ni     (rst_ni),
      .in_valid_i (rsp_valid_i && desc_valid && is_l),
      .in_ready_o (l_in_ready),
      .in_data_i  (rsp_data_i),
      .restart_i  (last_beat),
      .out_valid_o(l_out_valid),
      .out_ready_i(1'b1),
      .out_last_i (out_last),
      .out_data_o (l_out)
    );
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      beat_q <= '0;
      word_q <= '0;
      grp_q  <= '0;
    end else if (desc_pop) begin
      beat_q <= '0;
      word_q <= '0;
      grp_q  <= '0;
    end else begin
      if (take) beat_q <= beat_q + 24'd1;
      if (out_valid && word_done) word_q <= word_q + 24'd1;
      if (out_valid && is_w) grp_q <= word_done ? '0 : grp_q + WrGrpW'(1);
    end
  end

  // ---------------------------------------------------------------- ring writes, one cycle later
  logic [3:0] wr_q;      // by ring
  logic complete_q;      // the write completes its word
  logic end_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      wr_q       <= '0;
      complete_q <= 1'b0;
      end_q      <= 1'b0;
      done_o     <= 1'b0;
    end else begin
      wr_q       <= out_valid ? (4'b0001 << dest) : 4'b0000;
      complete_q <= word_done;
      end_q      <= desc_pop;
      done_o     <= end_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (out_valid && is_w) begin
      wr_data_o <= w_out;
      wr_cgrp_o <= grp_q;
    end
    if (out_valid && !is_w) begin
      par_wr_data_o <= p_out;
      l_wr_data_o   <= l_out;
    end
  end

  // ---------------------------------------------------------------- ring counts
  logic [15:0] w_resv_q, t_resv_q, p_resv_q, l_resv_q;
  logic [15:0] w_tail_q, t_tail_q, p_tail_q, l_tail_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      w_resv_q <= '0;
      t_resv_q <= '0;
      p_resv_q <= '0;
      l_resv_q <= '0;
      w_head_o <= '0;
      t_head_o <= '0;
      p_head_o <= '0;
      l_head_o <= '0;
      w_tail_q <= '0;
      t_tail_q <= '0;
      p_tail_q <= '0;
      l_tail_q <= '0;
    end else begin
      if (reserve && rq_dest_q == 2'(bat_pkg::RingW)) w_resv_q <= w_resv_q + chunk_w[15:0];
      if (reserve && rq_dest_q == 2'(bat_pkg::RingT)) t_resv_q <= t_resv_q + chunk_w[15:0];
      if (reserve && rq_dest_q == 2'(bat_pkg::RingP)) p_resv_q <= p_resv_q + chunk_w[15:0];
      if (reserve && rq_dest_q == 2'(bat_pkg::RingL)) l_resv_q <= l_resv_q + chunk_w[15:0];
      if (wr_q[bat_pkg::RingW] && complete_q) w_head_o <= w_head_o + 16'd1;
      if (wr_q[bat_pkg::RingT]) t_head_o <= t_head_o + 16'd1;
      if (wr_q[bat_pkg::RingP]) p_head_o <= p_head_o + 16'd1;
      if (wr_q[bat_pkg::RingL]) l_head_o <= l_head_o + 16'd1;
      if (w_free_valid_i) w_tail_q <= w_tail_q + w_free_words_i;
      if (t_free_valid_i) t_tail_q <= t_tail_q + t_free_words_i;
      if (p_free_valid_i) p_tail_q <= p_tail_q + p_free_words_i;
      if (l_free_valid_i) l_tail_q <= l_tail_q + l_free_words_i;
    end
  end

  assign w_room = 16'(WDepth) - (w_resv_q - w_tail_q);
  assign t_room = 16'(TDepth) - (t_resv_q - t_tail_q);
  assign p_room = 16'(PDepth) - (p_resv_q - p_tail_q);
  assign l_room = 16'(LDepth) - (l_resv_q - l_tail_q);

  assign wr_valid_o   = wr_q[bat_pkg::RingW];
  assign wr_addr_o    = w_head_o & 16'(WDepth - 1);
  assign t_wr_valid_o = wr_q[bat_pkg::RingT];
  assign t_wr_addr_o  = t_head_o[TAddrW-1:0];
  assign p_wr_valid_o = wr_q[bat_pkg::RingP];
  assign p_wr_addr_o  = p_head_o[PAddrW-1:0];
  assign l_wr_valid_o = wr_q[bat_pkg::RingL];
  assign l_wr_addr_o  = l_head_o[LAddrW-1:0];

  assign busy_o    = take || out_valid;
  assign stalled_o = !busy_o && rq_active_q && !req_valid_o;

  /* verilator lint_off UNUSED */
  logic unused;
  assign unused = ^{instr_i[31:0], instr_i[255:bat_pkg::LoadWordsLsb+bat_pkg::LoadWordsW], load_addr, chunk_w};
  /* verilator lint_on UNUSED */
endmodule

`default_nettype wire
