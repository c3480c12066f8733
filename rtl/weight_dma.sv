// SPDX-License-Identifier: Apache-2.0
// Executes LOAD: streams beats of memory into the rings W, T, P and L.
//
// A LOAD is requested in chunks, each only when its ring has room for it, so that data are always taken when they
// come; requests run up to four LOADs ahead of the data. W words (TC*TK bits) are written in groups of CW bits as
// beats come. Beats for the other rings pass a FIFO and are written a word at a time, while beats for W go on. A LOAD
// ends with its last beat, and completes when those before it have; words that would pass its word count are dropped.
// Ring counts are free-running modulo 2^16: reserved >= head (words complete) >= tail (words freed). A LOAD that
// restarts T, P or L sets both back to the tail first.
// Latency: a beat is in the ring one cycle (T, P, L: two cycles) after it came and counted one cycle later. Throughput:
// a beat a cycle, or AxiW/word cycles a beat where a ring word is narrower than a beat; of T, P and L that shows only
// where more than ParBeats beats come at once.
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
  localparam int ParBeats = (AxiW > ParW || AxiW > LW) ? 256 : 2;  // FIFO of the narrow rings

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
      rq_dest_q  <= load_dest;
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
  logic is_w_load;
  logic [1:0] load_dest;
  assign load_dest = instr_i[bat_pkg::LoadDestLsb+:bat_pkg::LoadDestW];
  assign is_w_load = load_dest == 2'(bat_pkg::RingW);

  // All of them, in the order of their beats.
  logic beats_ready;
  logic desc_valid;
  logic desc_pop;
  logic is_w;
  logic [23:0] words;
  logic [23:0] beats;
  // T, P and L, in the order of the beats in the FIFO.
  logic narrow_ready;
  logic narrow_valid;
  logic narrow_pop;
  logic [1:0] narrow_dest;
  logic [23:0] narrow_words;
  logic [23:0] narrow_beats;
  // Completion in order.
  logic order_ready;
  logic order_valid;
  logic order_pop;
  logic order_w;
  /* verilator lint_off UNUSED */
  logic [2:0] unused_desc_count;
  logic [3:0] unused_narrow_count;
  logic [3:0] unused_order_count;
  /* verilator lint_on UNUSED */
  assign desc_ready = beats_ready && narrow_ready && order_ready;

  bat_fifo #(
    .Width(49),
    .Depth(4)
  ) u_descriptors (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (accept),
    .in_ready_o (beats_ready),
    .in_data_i  ({is_w_load, load_words, load_beats}),
    .out_valid_o(desc_valid),
    .out_ready_i(desc_pop),
    .out_data_o ({is_w, words, beats}),
    .count_o    (unused_desc_count)
  );
  bat_fifo #(
    .Width(50),
    .Depth(8)
  ) u_narrow (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (accept && !is_w_load),
    .in_ready_o (narrow_ready),
    .in_data_i  ({load_dest, load_words, load_beats}),
    .out_valid_o(narrow_valid),
    .out_ready_i(narrow_pop),
    .out_data_o ({narrow_dest, narrow_words, narrow_beats}),
    .count_o    (unused_narrow_count)
  );
  bat_fifo #(
    .Width(1),
    .Depth(12)
  ) u_order (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (accept),
    .in_ready_o (order_ready),
    .in_data_i  (is_w_load),
    .out_valid_o(order_valid),
    .out_ready_i(order_pop),
    .out_data_o (order_w),
    .count_o    (unused_order_count)
  );

  // ---------------------------------------------------------------- beats
  logic [23:0] beat_q;        // beats taken of this LOAD
  logic take;                 // a beat is done with
  logic last_beat;
  logic w_in_ready;
  logic fifo_in_ready;

  assign rsp_ready_o = desc_valid && beats != '0 && (is_w ? w_in_ready : fifo_in_ready);
  assign take        = rsp_valid_i && rsp_ready_o;
  assign last_beat   = beat_q + 24'd1 == beats;
  assign desc_pop    = desc_valid && (beats == '0 || (take && last_beat));

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) beat_q <= '0;
    else if (desc_pop) beat_q <= '0;
    else if (take) beat_q <= beat_q + 24'd1;
  end

  // ---------------------------------------------------------------- W
  logic [23:0] word_q;        // words written of this LOAD
  logic [WrGrpW-1:0] grp_q;   // group of the W word
  logic surplus;              // all words are written
  logic out_valid;            // a group leaves the gearbox
  logic word_done;
  logic w_out_valid;
  logic [CW-1:0] w_out;

  assign surplus   = word_q == words;
  assign out_valid = w_out_valid && !surplus;
  assign word_done = grp_q == WrGrpW'(Groups - 1);

  bat_gearbox #(
    .InW (AxiW),
    .OutW(CW)
  ) u_w_gear (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (rsp_valid_i && desc_valid && beats != '0 && is_w),
    .in_ready_o (w_in_ready),
    .in_data_i  (rsp_data_i),
    .restart_i  (last_beat),
    .out_valid_o(w_out_valid),
    .out_ready_i(1'b1),
    .out_last_i (surplus || (word_q + 24'd1 == words && word_done)),
    .out_data_o (w_out)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      word_q <= '0;
      grp_q  <= '0;
    end else if (desc_pop) begin
      word_q <= '0;
      grp_q  <= '0;
    end else if (out_valid) begin
      if (word_done) word_q <= word_q + 24'd1;
      grp_q <= word_done ? '0 : grp_q + WrGrpW'(1);
    end
  end

  // ---------------------------------------------------------------- T, P and L
  logic fifo_valid;
  logic fifo_ready;
  logic [AxiW-1:0] fifo_data;
  logic [23:0] narrow_beat_q;
  logic [23:0] narrow_word_q;
  logic is_l;
  logic narrow_take;
  logic narrow_last;
  logic narrow_surplus;
  logic narrow_out;           // a word leaves its gearbox
  logic narrow_out_last;
  logic p_in_ready, p_out_valid;
  logic [ParW-1:0] p_out;
  logic l_in_ready, l_out_valid;
  logic [LW-1:0] l_out;
  /* verilator lint_off UNUSED */
  logic [$clog2(ParBeats+1)-1:0] unused_fifo_count;
  /* verilator lint_on UNUSED */

  bat_fifo #(
    .Width(AxiW),
    .Depth(ParBeats)
  ) u_beats (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (rsp_valid_i && desc_valid && beats != '0 && !is_w),
    .in_ready_o (fifo_in_ready),
    .in_data_i  (rsp_data_i),
    .out_valid_o(fifo_valid),
    .out_ready_i(fifo_ready),
    .out_data_o (fifo_data),
    .count_o    (unused_fifo_count)
  );

  assign is_l            = narrow_dest == 2'(bat_pkg::RingL);
  assign fifo_ready      = narrow_valid && narrow_beats != '0 && (is_l ? l_in_ready : p_in_ready);
  assign narrow_take     = fifo_valid && fifo_ready;
  assign narrow_last     = narrow_beat_q + 24'd1 == narrow_beats;
  assign narrow_surplus  = narrow_word_q == narrow_words;
  assign narrow_out      = (is_l ? l_out_valid : p_out_valid) && !narrow_surplus;
  assign narrow_out_last = narrow_surplus || narrow_word_q + 24'd1 == narrow_words;
  assign narrow_pop      = narrow_valid && (narrow_beats == '0 || (narrow_take && narrow_last));

  bat_gearbox #(
    .InW (AxiW),
    .OutW(ParW)
  ) u_p_gear (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (fifo_valid && narrow_valid && narrow_beats != '0 && (!is_l || LW == ParW)),
    .in_ready_o (p_in_ready),
    .in_data_i  (fifo_data),
    .restart_i  (narrow_last),
    .out_valid_o(p_out_valid),
    .out_ready_i(1'b1),
    .out_last_i (narrow_out_last),
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
      .in_valid_i (fifo_valid && narrow_valid && narrow_beats != '0 && is_l),
      .in_ready_o (l_in_ready),
      .in_data_i  (fifo_data),
      .restart_i  (narrow_last),
      .out_valid_o(l_out_valid),
      .out_ready_i(1'b1),
      .out_last_i (narrow_out_last),
      .out_data_o (l_out)
    );
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      narrow_beat_q <= '0;
      narrow_word_q <= '0;
    end else if (narrow_pop) begin
      narrow_beat_q <= '0;
      narrow_word_q <= '0;
    end else begin
      if (narrow_take) narrow_beat_q <= narrow_beat_q + 24'd1;
      if (narrow_out) narrow_word_q <= narrow_word_q + 24'd1;
    end
  end

  // ---------------------------------------------------------------- ring writes, one cycle later
  logic [3:0] wr_q;      // by ring
  logic complete_q;      // the write completes its word of W
  logic [3:0] w_done_q;  // LOADs whose data are in the ring, but which wait for one before
  logic [3:0] narrow_done_q;
  logic end_q;

  assign order_pop = order_valid && (order_w ? w_done_q != '0 : narrow_done_q != '0);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      wr_q          <= '0;
      complete_q    <= 1'b0;
      w_done_q      <= '0;
      narrow_done_q <= '0;
      end_q         <= 1'b0;
      done_o        <= 1'b0;
    end else begin
      wr_q                 <= narrow_out ? (4'b0001 << narrow_dest) : 4'b0000;
      wr_q[bat_pkg::RingW] <= out_valid;
      complete_q           <= word_done;
      w_done_q             <= w_done_q + 4'(desc_pop && is_w) - 4'(order_pop && order_w);
      narrow_done_q        <= narrow_done_q + 4'(narrow_pop) - 4'(order_pop && !order_w);
      end_q                <= order_pop;
      done_o               <= end_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (out_valid) begin
      wr_data_o <= w_out;
      wr_cgrp_o <= grp_q;
    end
    if (narrow_out) begin
      par_wr_data_o <= p_out;
      l_wr_data_o   <= l_out;
    end
  end

  // ---------------------------------------------------------------- ring counts
  logic [15:0] w_resv_q, t_resv_q, p_resv_q, l_resv_q;
  logic [15:0] w_tail_q, t_tail_q, p_tail_q, l_tail_q;
  logic restart;  // what T, P or L holds is given up; its users are done

  assign restart = accept && instr_i[bat_pkg::LoadRestartLsb];

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
      if (restart && load_dest == 2'(bat_pkg::RingT)) begin
        t_resv_q <= t_tail_q;
        t_head_o <= t_tail_q;
      end
      if (restart && load_dest == 2'(bat_pkg::RingP)) begin
        p_resv_q <= p_tail_q;
        p_head_o <= p_tail_q;
      end
      if (restart && load_dest == 2'(bat_pkg::RingL)) begin
        l_resv_q <= l_tail_q;
        l_head_o <= l_tail_q;
      end
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

  assign busy_o    = take || out_valid || narrow_out;
  assign stalled_o = !busy_o && rq_active_q && !req_valid_o;

  /* verilator lint_off UNUSED */
  logic unused;
  assign unused = ^{instr_i[31:0], instr_i[255:bat_pkg::LoadRestartLsb+bat_pkg::LoadRestartW], load_addr, chunk_w};
  /* verilator lint_on UNUSED */
endmodule

`default_nettype wire
