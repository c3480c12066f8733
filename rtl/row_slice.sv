// SPDX-License-Identifier: Apache-2.0
// One token row: its ACT, XB, RES, STAT and SCORE memories and the lanes of drain, LayerNorm, embedding and softmax.
//
// All control is broadcast by drain_control (dr_), row_unit (ln_, em_, rt_, xb_), smx_unit (sm_, dv_) and bank_arbiter
// (res_, stat_): an output `x_o` there is the input `x_i` here, except that eb_load_i and xb_we_i are this row's bits, and
// that the sums ln_sum, ln_sq and the roots rt_rec, rt_shift go from each row to the one below it (layernorm_root).
// The slice is a pure data path without reset; each control signal names the pipeline stage that it belongs to, d0 ..
// d8 of the drain, c0 .. c11 of LayerNorm, e0 .. e5 of the embedding, s0 .. s8 of softmax (see the control units).
`default_nettype none

module row_slice #(
  parameter int Row        = 0,   // index: tap slice; row 0 has the logit lanes
  parameter int TC         = 64,
  parameter int TK         = 64,
  parameter int Lanes      = 4,
  parameter int BR         = 1,
  parameter int MaxBits    = 1,
  parameter int AccW       = 24,
  parameter int ScoreW     = 9,
  parameter int MaxD       = 768,
  parameter int AxiW       = 128,
  parameter int ActDepth   = 64,
  parameter int XbDepth    = 64,
  parameter int ResDepth   = 64,  // words of one bank
  parameter int StatDepth  = 2,   // row tiles of one bank
  parameter int ScoreDepth = 16,  // words of one slot
  parameter int SoftmaxEn  = 1,
  parameter int TokensEn   = 1,   // EMBED sums (STAT) and additions
  parameter int FeaturesEn = 1,   // FEAT words to XB
  parameter int QuantMul   = (MaxBits > 1) ? 1 : 0,
  parameter int CodePlanes = (Row == 0) ? 8 : MaxBits,  // planes of CODE tiles; only row 0 meets the pooler's 8
  // Derived, not to be set.
  parameter int GrpW       = (TK > TC) ? $clog2(TK / TC) : 1,
  parameter int ResAw      = (ResDepth > 1) ? $clog2(ResDepth) : 1,
  parameter int StatAw     = (StatDepth > 1) ? $clog2(StatDepth) : 1,
  parameter int ScoreAw    = $clog2(4 * ScoreDepth),
  parameter int DW         = $clog2(MaxD + 1),
  parameter int SumW       = 16 + $clog2(MaxD),
  parameter int SqW        = 31 + $clog2(MaxD)
) (
  input  logic                     clk_i,
  // Operand A: data in the next cycle.
  input  logic                     a_re_i,
  input  logic                     a_src_i,  // 0 ACT, 1 XB
  input  logic [             15:0] a_addr_i,
  output logic [           TK-1:0] a_data_o,
  // Tile writer.
  input  logic                     tw_act_we_i,
  input  logic [             15:0] tw_addr_i,
  input  logic [         GrpW-1:0] tw_grp_i,
  input  logic                     tw_fill_i,
  input  logic [           TC-1:0] tw_act_data_i,
  // Wide tile: shadow columns of this row, zero counts of the columns; code planes; logits (row 0).
  input  logic [BR*Lanes*AccW-1:0] sh_acc_i,
  input  logic [   Lanes*AccW-1:0] sh_zz_i,
  input  logic [              2:0] cw_plane_i,
  output logic [           TC-1:0] cw_data_o,
  output logic [     Lanes*32-1:0] lg_data_o,
  // Drain.
  input  logic [              8:0] dr_en_i,         // stages d0 .. d8 hold a beat
  input  logic [  BR*Lanes*16-1:0] dr_mul_i,        // d2, branch-major
  input  logic [     Lanes*48-1:0] dr_off_i,        // d3
  input  logic [              5:0] dr_shift_i,      // d4
  input  logic                     dr_bank_i,       // d5
  input  logic                     dr_skip0_i,      // d5
  input  logic [              7:0] dr_cmax_i,       // d5: 2^ob - 1
  input  logic                     dr_code_en_i,    // d6: the beat belongs to a CODE tile
  input  logic [        Lanes-1:0] dr_mask_i,       // d6: columns that are summed
  input  logic                     dr_stat_bank_i,  // d8
  input  logic                     dr_stat_zero_i,  // d8: sums start from 0
  input  logic                     dr_stat_keep_i,  // d8: sums go on from the beat before
  input  logic                     dr_s_we_i,       // d1
  input  logic [      ScoreAw-1:0] dr_s_addr_i,     // d1
  input  logic [        Lanes-1:0] dr_s_mask_i,     // d1: columns that count for the maximum
  input  logic [              3:0] dr_s_upd_i,      // d2, one bit a slot
  input  logic                     dr_s_first_i,    // d2
  // RES and STAT ports of the two banks.
  input  logic [              1:0] res_re_i,
  input  logic [      2*ResAw-1:0] res_raddr_i,
  input  logic [      2*Lanes-1:0] res_we_i,        // bank-major, one bit a lane
  input  logic [      2*ResAw-1:0] res_waddr_i,
  input  logic [              1:0] res_wsel_i,      // 1: row unit, 0: drain
  input  logic [              1:0] stat_re_i,
  input  logic [     2*StatAw-1:0] stat_raddr_i,
  input  logic [              1:0] stat_we_i,
  input  logic [     2*StatAw-1:0] stat_waddr_i,
  input  logic [              1:0] stat_wsel_i,
  // Embedding.
  input  logic                     eb_load_i,       // this row takes the AXI beat
  input  logic [         AxiW-1:0] eb_data_i,
  input  logic                     em_take_i,       // the beat taken becomes the current one
  input  logic                     em_ld_i,         // e1: take the next Lanes values
  input  logic [              2:0] em_eshift_i,     // e1
  input  logic                     em_sq_i,         // e3
  input  logic [        Lanes-1:0] em_mask_i,       // e3
  input  logic                     em_sum_i,        // e4
  input  logic                     ln_clr_i,        // sums to 0
  input  logic                     ln_sum_en_i,     // e5: sums change
  input  logic [              1:0] ln_sum_sel_i,    // 0 EMBED's added, 1, 2 those of STAT bank 0, 1, 3 ln_sum_i, ln_sq_i
  // LayerNorm.
  input  logic [         SumW-1:0] ln_sum_i,        // of the row above; row TR-1: of row 0
  input  logic [          SqW-1:0] ln_sq_i,
  output logic [         SumW-1:0] ln_sum_o,
  output logic [          SqW-1:0] ln_sq_o,
  input  logic                     rt_take_shift_i,
  input  logic                     rt_take_rec_i,
  input  logic [              4:0] rt_shift_i,      // of the row above; row TR-1: of layernorm_root
  input  logic [             16:0] rt_rec_i,
  output logic [              4:0] rt_shift_o,
  output logic [             16:0] rt_rec_o,
  input  logic                     ln_start_i,      // roots to the pass
  input  logic [              8:0] ln_en_i,         // stages c1 .. c9 (e1 = c6, e2 = c7, e3 = c1)
  input  logic [           DW-1:0] ln_d_i,          // c1
  input  logic [     Lanes*16-1:0] ln_gain_i,       // c5
  input  logic [              4:0] ln_shift_i,      // c6: shift - 1
  input  logic [     Lanes*16-1:0] ln_off_i,        // c7
  input  logic [              1:0] ln_xsel_i,       // c6, c7: 0 LayerNorm, 1 RES word again, 2 embed, 3 embed and add
  input  logic                     ln_bank_i,       // bank of the row unit's RES reads
  input  logic [     Lanes*32-1:0] ln_qoff_i,       // c8
  input  logic [     Lanes*17-1:0] ln_bound_i,      // c8
  input  logic [             14:0] ln_qmul_i,       // c8
  input  logic [              4:0] ln_qshift_i,     // c9
  input  logic [              7:0] ln_cmax_i,       // c9: 2^planes - 1
  input  logic [              2:0] ln_psel_i,       // c9: lowest code plane of this pass
  input  logic [        Lanes-1:0] ln_mask_i,       // c9: columns that count
  input  logic [      MaxBits-1:0] ln_pk_en_i,      // c10, skewed
  input  logic [              2:0] ln_pk_sel_i,     // c11
  input  logic                     xb_we_i,         // this row's write
  input  logic [             15:0] xb_addr_i,
  input  logic                     xb_feat_i,       // word from xb_data_i instead of the packer
  input  logic [           TK-1:0] xb_data_i,
  // Softmax.
  input  logic                     sm_re_i,         // s0
  input  logic [      ScoreAw-1:0] sm_raddr_i,      // s0
  input  logic [              6:0] sm_en_i,         // s1 .. s7
  input  logic [              1:0] sm_slot_i,       // s1
  input  logic [             15:0] sm_imul_i,       // s2
  input  logic [              4:0] sm_ishift_i,     // s3
  input  logic [        Lanes-1:0] sm_mask_i,       // s4: keys that count
  input  logic                     sm_acc_i,        // s6: add to the sum
  input  logic                     sm_first_i,      // s6: the sum starts
  input  logic                     dv_ld_i,         // division: load, step, take the quotient
  input  logic                     dv_step_i,
  input  logic                     dv_take_i,
  input  logic [             15:0] dv_pmul_i,
  input  logic                     dv_bit_i,        // next dividend bit
  input  logic [              5:0] sm_pshift_i,     // s6: shift - 1
  input  logic [              7:0] sm_cmax_i,       // s7: 2^ob - 1
  input  logic                     sm_pk_ce_i,
  input  logic [      MaxBits-1:0] sm_pk_en_i,      // s8, skewed
  input  logic [              2:0] sm_pk_sel_i,     // s9
  input  logic                     sm_act_we_i,     // never together with tw_act_we_i
  input  logic [             15:0] sm_act_addr_i
);
  localparam int Groups = TK / TC;
  localparam int ActAw = (ActDepth > 1) ? $clog2(ActDepth) : 1;
  localparam int XbAw = (XbDepth > 1) ? $clog2(XbDepth) : 1;
  localparam int ResW = Lanes * 16;
  localparam int Summed = (Lanes < MaxD) ? Lanes : MaxD;  // most lanes that count in a word
  localparam int LaneSumW = 16 + $clog2(Summed);
  localparam int LaneSqW = 31 + $clog2(Summed);

  // ---------------------------------------------------------------------------------------------------------------
  // ACT and XB: operand A.
  logic [    TK-1:0] act_data;
  logic [    TK-1:0] xb_data;
  logic [    TK-1:0] ln_word;
  logic [    TK-1:0] sm_word;
  logic [Groups-1:0] act_we;
  logic [Groups-1:0] tw_one;    // the written group
  logic [Groups-1:0] tw_above;  // and all above it
  logic              a_src_q;

  assign tw_one   = {{(Groups - 1) {1'b0}}, 1'b1} << tw_grp_i;
  assign tw_above = {Groups{1'b1}} << tw_grp_i;

  assign act_we = sm_act_we_i ? {Groups{1'b1}} : (tw_act_we_i ? (tw_fill_i ? tw_above : tw_one) : {Groups{1'b0}});

  // Groups above the written one are filled with 0 (docs/architecture.md, "Tile writer address").
  logic [TK-1:0] tw_word;
  for (genvar g = 0; g < Groups; g = g + 1) begin : gen_tw_word
    assign tw_word[g*TC+:TC] = (tw_grp_i == GrpW'(g)) ? tw_act_data_i : '0;
  end

  bat_ram #(
    .Width   (TK),
    .Depth   (ActDepth),
    .Groups  (Groups),
    .TapMem  (bat_pkg::TapAct),
    .TapSlice(Row)
  ) u_act (
    .clk_i,
    .we_i   (act_we),
    .waddr_i(sm_act_we_i ? sm_act_addr_i[ActAw-1:0] : tw_addr_i[ActAw-1:0]),
    .wdata_i(sm_act_we_i ? sm_word : tw_word),
    .re_i   (a_re_i && !a_src_i),
    .raddr_i(a_addr_i[ActAw-1:0]),
    .rdata_o(act_data)
  );

  bat_ram #(
    .Width   (TK),
    .Depth   (XbDepth),
    .TapMem  (bat_pkg::TapXb),
    .TapSlice(Row)
  ) u_xb (
    .clk_i,
    .we_i   (xb_we_i),
    .waddr_i(xb_addr_i[XbAw-1:0]),
    .wdata_i((FeaturesEn != 0 && xb_feat_i) ? xb_data_i : ln_word),
    .re_i   (a_re_i && a_src_i),
    .raddr_i(a_addr_i[XbAw-1:0]),
    .rdata_o(xb_data)
  );

  always_ff @(posedge clk_i) if (a_re_i) a_src_q <= a_src_i;
  assign a_data_o = a_src_q ? xb_data : act_data;

  // ---------------------------------------------------------------------------------------------------------------
  // RES and STAT, two banks.
  logic [2*ResW-1:0] res_rdata;
  logic [  ResW-1:0] dr_y;
  logic [  ResW-1:0] ln_x;
  logic [2*SumW-1:0] stat_sum;
  logic [ 2*SqW-1:0] stat_sq;
  logic [  SumW-1:0] dr_sum_next;
  logic [   SqW-1:0] dr_sq_next;
  logic [  SumW-1:0] ln_sum_q;
  logic [   SqW-1:0] ln_sq_q;

  for (genvar b = 0; b < 2; b = b + 1) begin : gen_bank
    bat_ram #(
      .Width   (ResW),
      .Depth   (ResDepth),
      .Groups  (Lanes),
      .TapMem  ((b == 0) ? bat_pkg::TapRes0 : bat_pkg::TapRes1),
      .TapSlice(Row)
    ) u_res (
      .clk_i,
      .we_i   (res_we_i[b*Lanes+:Lanes]),
      .waddr_i(res_waddr_i[b*ResAw+:ResAw]),
      .wdata_i(res_wsel_i[b] ? ln_x : dr_y),
      .re_i   (res_re_i[b]),
      .raddr_i(res_raddr_i[b*ResAw+:ResAw]),
      .rdata_o(res_rdata[b*ResW+:ResW])
    );

    bat_ram #(
      .Width(SumW + SqW),
      .Depth(StatDepth)
    ) u_stat (
      .clk_i,
      .we_i   (stat_we_i[b]),
      .waddr_i(stat_waddr_i[b*StatAw+:StatAw]),
      .wdata_i(stat_wsel_i[b] ? {ln_sq_q, ln_sum_q} : {dr_sq_next, dr_sum_next}),
      .re_i   (stat_re_i[b]),
      .raddr_i(stat_raddr_i[b*StatAw+:StatAw]),
      .rdata_o({stat_sq[b*SqW+:SqW], stat_sum[b*SumW+:SumW]})
    );
  end

  // ---------------------------------------------------------------------------------------------------------------
  // Drain: scale, residual add, codes, logits.
  localparam logic IsRow0 = (Row == 0);
  localparam int VW = (Row == 0) ? 48 : 17;  // only logits need more than saturation to 16 bits does
  localparam int CodeEn = (Row == 0 || MaxBits > 1 || BR > 1) ? 1 : 0;  // else codes are bit tiles
  logic [            ResW-1:0] dr_x;
  logic [      Lanes*AccW-1:0] diff;
  logic [            ResW-1:0] summand;
  logic [        Lanes*31-1:0] square;
  logic [Lanes*CodePlanes-1:0] codes;

  assign dr_x = dr_bank_i ? res_rdata[2*ResW-1:ResW] : res_rdata[ResW-1:0];

  for (genvar l = 0; l < Lanes; l = l + 1) begin : gen_drain
    logic [BR*AccW-1:0] acc;
    logic [  BR*16-1:0] mul;
    logic [     VW-1:0] v;
    logic               over;
    logic [        7:0] code;

    for (genvar b = 0; b < BR; b = b + 1) begin : gen_branch
      assign acc[b*AccW+:AccW] = sh_acc_i[(b*Lanes+l)*AccW+:AccW];
      assign mul[b*16+:16]     = dr_mul_i[(b*Lanes+l)*16+:16];
    end

    scale_lane #(
      .BR  (BR),
      .AccW(AccW),
      .ZzEn((MaxBits > 1) ? 1 : 0),  // products with V are bit tiles otherwise
      .VW  (VW)
    ) u_scale (
      .clk_i,
      .en_i   (dr_en_i[4:0]),
      .acc_i  (acc),
      .zz_i   (sh_zz_i[l*AccW+:AccW]),
      .mul_i  (mul),
      .off_i  (dr_off_i[l*48+:48]),
      .shift_i(dr_shift_i),
      .diff_o (diff[l*AccW+:AccW]),
      .v_o    (v),
      .over_o (over)
    );

    residual_lane #(
      .LogitEn((Row == 0) ? 1 : 0),
      .CodeEn (CodeEn),
      .VW     (VW)
    ) u_residual (
      .clk_i,
      .en_i     (dr_en_i[6:5]),
      .v_i      (v),
      .over_i   (over),
      .x_i      (dr_x[l*16+:16]),
      .skip_i   (dr_skip0_i && IsRow0),
      .cmax_i   (dr_cmax_i),
      .mask_i   (dr_mask_i[l]),
      .y_o      (dr_y[l*16+:16]),
      .summand_o(summand[l*16+:16]),
      .square_o (square[l*31+:31]),
      .code_o   (code),
      .logit_o  (lg_data_o[l*32+:32])
    );

    for (genvar p = 0; p < CodePlanes; p = p + 1) begin : gen_plane
      assign codes[p*Lanes+l] = code[p];
    end
    if (CodePlanes < 8) begin : gen_unused_code
      /* verilator lint_off UNUSED */
      wire unused_code = |code[7:CodePlanes];
      /* verilator lint_on UNUSED */
    end
  end

  code_packer #(.Lanes(Lanes), .Width(TC), .Planes(CodePlanes), .Skew(0)) u_code (
    .clk_i,
    .ce_i   (1'b0),
    .en_i   ({CodePlanes{dr_code_en_i}}),
    .codes_i(codes),
    .sel_i  (cw_plane_i),
    .word_o (cw_data_o)
  );

  // Sums S and Q: lanes at d7, rows at d8. The sums of a tile start from 0, from the tile before, or from STAT.
  logic [LaneSumW-1:0] lane_sum;
  logic [ LaneSqW-1:0] lane_sq;
  logic [LaneSumW-1:0] lane_sum_q;
  logic [ LaneSqW-1:0] lane_sq_q;
  logic [    SumW-1:0] dr_sum_q;
  logic [     SqW-1:0] dr_sq_q;
  logic [    SumW-1:0] dr_sum_base;
  logic [     SqW-1:0] dr_sq_base;

  always_comb begin
    lane_sum = '0;
    lane_sq  = '0;
    for (int l = 0; l < Lanes; l = l + 1) begin
      lane_sum = lane_sum + {{(LaneSumW - 16 + 1) {summand[l*16+15]}}, summand[l*16+:15]};
      lane_sq  = lane_sq + LaneSqW'(square[l*31+:31]);
    end
    dr_sum_base = dr_stat_bank_i ? stat_sum[2*SumW-1:SumW] : stat_sum[SumW-1:0];
    dr_sq_base  = dr_stat_bank_i ? stat_sq[2*SqW-1:SqW] : stat_sq[SqW-1:0];
    if (dr_stat_keep_i) {dr_sq_base, dr_sum_base} = {dr_sq_q, dr_sum_q};
    if (dr_stat_zero_i) {dr_sq_base, dr_sum_base} = '0;
    dr_sum_next = dr_sum_base + {{(SumW - LaneSumW) {lane_sum_q[LaneSumW-1]}}, lane_sum_q};
    dr_sq_next  = dr_sq_base + SqW'(lane_sq_q);
  end

  always_ff @(posedge clk_i) begin
    if (dr_en_i[7]) begin
      lane_sum_q <= lane_sum;
      lane_sq_q  <= lane_sq;
    end
    if (dr_en_i[8]) {dr_sq_q, dr_sum_q} <= {dr_sq_next, dr_sum_next};
  end

  // ---------------------------------------------------------------------------------------------------------------
  // Embedding and LayerNorm.
  logic [          ResW-1:0] em_value;
  logic [          ResW-1:0] ln_res;
  logic [      Lanes*31-1:0] ln_square;
  logic [Lanes*MaxBits-1:0] ln_codes;
  logic [              16:0] root_rec_q;
  logic [               4:0] root_shift_q;
  logic [          SumW-1:0] pass_sum_q;
  logic [              16:0] pass_rec_q;
  logic [               4:0] pass_shift_q;

  assign ln_res = ln_bank_i ? res_rdata[2*ResW-1:ResW] : res_rdata[ResW-1:0];

  beat_serializer #(
    .Lanes(Lanes),
    .AxiW (AxiW)
  ) u_serializer (
    .clk_i,
    .load_i (eb_load_i),
    .beat_i (eb_data_i),
    .take_i (em_take_i),
    .next_i (em_ld_i),
    .shift_i(em_eshift_i),
    .value_o(em_value)
  );

  for (genvar l = 0; l < Lanes; l = l + 1) begin : gen_ln
    logic [7:0] code;
    logic [7:0] code_down;

    layernorm_lane #(
      .MaxD    (MaxD),
      .QuantMul(QuantMul),
      .SquareEn(TokensEn),
      .CodeBits((Row == 0 || MaxBits > 1) ? 8 : 1)  // only row 0 gets more planes than MaxBits
    ) u_lane (
      .clk_i,
      .en_i    (ln_en_i),
      .res_i   (ln_res[l*16+:16]),
      .square_i(em_sq_i),
      .square_mask_i(em_mask_i[l]),
      .d_i     (ln_d_i),
      .sum_i   (pass_sum_q),
      .rec_i   (pass_rec_q),
      .rshift_i(pass_shift_q),
      .gain_i  (ln_gain_i[l*16+:16]),
      .shift_i (ln_shift_i),
      .offset_i(ln_off_i[l*16+:16]),
      .embed_i (em_value[l*16+:16]),
      .xsel_i  (ln_xsel_i),
      .qmul_i  (ln_qmul_i),
      .qoff_i  (ln_qoff_i[l*32+:32]),
      .qshift_i(ln_qshift_i),
      .bound_i (ln_bound_i[l*17+:17]),
      .cmax_i  (ln_cmax_i),
      .mask_i  (ln_mask_i[l]),
      .x_o     (ln_x[l*16+:16]),
      .square_o(ln_square[l*31+:31]),
      .code_o  (code)
    );

    // Codes wider than MaxBits leave in several passes, MaxBits planes each.
    assign code_down = code >> ln_psel_i;
    for (genvar p = 0; p < MaxBits; p = p + 1) begin : gen_plane
      assign ln_codes[p*Lanes+l] = code_down[p];
    end
    if (MaxBits < 8) begin : gen_unused_code
      /* verilator lint_off UNUSED */
      wire unused_code = |code_down[7:MaxBits];
      /* verilator lint_on UNUSED */
    end
  end

  code_packer #(.Lanes(Lanes), .Width(TK), .Planes(MaxBits), .Skew(1)) u_xb_packer (
    .clk_i,
    .ce_i   (1'b1),
    .en_i   (ln_pk_en_i),
    .codes_i(ln_codes),
    .sel_i  (ln_pk_sel_i),
    .word_o (ln_word)
  );

  logic [SumW-1:0] embed_sum;
  logic [ SqW-1:0] embed_sq;

  if (TokensEn != 0) begin : gen_embed_sums
    logic [LaneSumW-1:0] sum;
    logic [ LaneSqW-1:0] sq;
    logic [LaneSumW-1:0] sum_q;
    logic [ LaneSqW-1:0] sq_q;
    logic [    ResW-1:0] y_q;

    always_comb begin
      sum = '0;
      sq  = '0;
      for (int l = 0; l < Lanes; l = l + 1) begin
        sum = sum + {{(LaneSumW - 16 + 1) {y_q[l*16+15]}}, y_q[l*16+:15]};
        sq  = sq + LaneSqW'(ln_square[l*31+:31]);
      end
    end
    for (genvar l = 0; l < Lanes; l = l + 1) begin : gen_summand
      always_ff @(posedge clk_i) begin
        if (em_sq_i) y_q[l*16+:16] <= em_mask_i[l] ? ln_x[l*16+:16] : 16'd0;
      end
    end
    always_ff @(posedge clk_i) begin
      if (em_sum_i) begin
        sum_q <= sum;
        sq_q  <= sq;
      end
    end
    assign embed_sum = ln_sum_q + {{(SumW - LaneSumW) {sum_q[LaneSumW-1]}}, sum_q};
    assign embed_sq  = ln_sq_q + SqW'(sq_q);
  end else begin : gen_no_embed_sums
    assign embed_sum = '0;
    assign embed_sq  = '0;
    /* verilator lint_off UNUSED */
    wire unused_embed = |{em_sum_i, ln_square};
    /* verilator lint_on UNUSED */
  end

  // Sums of the row: of EMBED, or on their way through the ring of layernorm_root.
  always_ff @(posedge clk_i) begin
    if (ln_clr_i) begin
      {ln_sq_q, ln_sum_q} <= '0;
    end else if (ln_sum_en_i) begin
      case (ln_sum_sel_i)
        2'd0: {ln_sq_q, ln_sum_q} <= {embed_sq, embed_sum};
        2'd1: {ln_sq_q, ln_sum_q} <= {stat_sq[SqW-1:0], stat_sum[SumW-1:0]};
        2'd2: {ln_sq_q, ln_sum_q} <= {stat_sq[2*SqW-1:SqW], stat_sum[2*SumW-1:SumW]};
        default: {ln_sq_q, ln_sum_q} <= {ln_sq_i, ln_sum_i};
      endcase
    end
    if (rt_take_shift_i) root_shift_q <= rt_shift_i;
    if (rt_take_rec_i) root_rec_q <= rt_rec_i;
    if (ln_start_i) begin
      pass_sum_q   <= ln_sum_q;
      pass_rec_q   <= root_rec_q;
      pass_shift_q <= root_shift_q;
    end
  end
  assign ln_sum_o   = ln_sum_q;
  assign ln_sq_o    = ln_sq_q;
  assign rt_shift_o = root_shift_q;
  assign rt_rec_o   = root_rec_q;

  // ---------------------------------------------------------------------------------------------------------------
  // Scores and softmax.
  if (SoftmaxEn != 0) begin : gen_softmax
    localparam int ScW = Lanes * ScoreW;
    logic [     ScW-1:0] score_w;
    logic [     ScW-1:0] score_r;
    logic [  ScoreW-1:0] lane_max;
    logic [  ScoreW-1:0] lane_max_q;
    logic [4*ScoreW-1:0] max_q;

    for (genvar l = 0; l < Lanes; l = l + 1) begin : gen_score
      assign score_w[l*ScoreW+:ScoreW] = diff[l*AccW+:ScoreW];
    end

    bat_ram #(
      .Width   (ScW),
      .Depth   (4 * ScoreDepth),
      .TapMem  (bat_pkg::TapScore),
      .TapSlice(Row)
    ) u_score (
      .clk_i,
      .we_i   (dr_s_we_i),
      .waddr_i(dr_s_addr_i),
      .wdata_i(score_w),
      .re_i   (sm_re_i),
      .raddr_i(sm_raddr_i),
      .rdata_o(score_r)
    );

    always_comb begin
      lane_max = '0;  // raw scores are not negative
      for (int l = 0; l < Lanes; l = l + 1) begin
        if (dr_s_mask_i[l] && score_w[l*ScoreW+:ScoreW] > lane_max) lane_max = score_w[l*ScoreW+:ScoreW];
      end
    end
    always_ff @(posedge clk_i) begin
      if (dr_s_we_i) lane_max_q <= lane_max;
      for (int s = 0; s < 4; s = s + 1) begin
        if (dr_s_upd_i[s] && (dr_s_first_i || lane_max_q > max_q[s*ScoreW+:ScoreW])) begin
          max_q[s*ScoreW+:ScoreW] <= lane_max_q;
        end
      end
    end

    softmax_row #(
      .TK     (TK),
      .Lanes  (Lanes),
      .MaxBits(MaxBits),
      .ScoreW (ScoreW),
      .SumW   (16 + $clog2(ScoreDepth * Lanes))
    ) u_softmax (
      .clk_i,
      .en_i     (sm_en_i),
      .score_i  (score_r),
      .max_i    (max_q[sm_slot_i*ScoreW+:ScoreW]),
      .imul_i   (sm_imul_i),
      .ishift_i (sm_ishift_i),
      .mask_i   (sm_mask_i),
      .acc_i    (sm_acc_i),
      .first_i  (sm_first_i),
      .dv_ld_i,
      .dv_step_i,
      .dv_take_i,
      .dv_pmul_i,
      .dv_bit_i,
      .pshift_i (sm_pshift_i),
      .cmax_i   (sm_cmax_i),
      .pk_ce_i  (sm_pk_ce_i),
      .pk_en_i  (sm_pk_en_i),
      .pk_sel_i (sm_pk_sel_i),
      .word_o   (sm_word)
    );
  end else begin : gen_no_softmax
    assign sm_word = '0;
    /* verilator lint_off UNUSED */
    wire unused_softmax = |{dr_s_we_i, dr_s_addr_i, dr_s_mask_i, dr_s_upd_i, dr_s_first_i, sm_re_i, sm_raddr_i,
                            sm_en_i, sm_slot_i, sm_imul_i, sm_ishift_i, sm_mask_i, sm_acc_i, sm_first_i, dv_ld_i,
                            dv_step_i, dv_take_i, dv_pmul_i, dv_bit_i, sm_pshift_i, sm_cmax_i, sm_pk_ce_i, sm_pk_en_i,
                            sm_pk_sel_i};
    /* verilator lint_on UNUSED */
  end

  if (FeaturesEn == 0) begin : gen_no_features
    /* verilator lint_off UNUSED */
    wire unused_features = |{xb_feat_i, xb_data_i};
    /* verilator lint_on UNUSED */
  end

  // Addresses have the width of the instruction fields; the planner sizes the memories. Only raw scores use diff.
  /* verilator lint_off UNUSED */
  wire unused_bits = |{a_addr_i, tw_addr_i, sm_act_addr_i, xb_addr_i, diff};
  /* verilator lint_on UNUSED */
endmodule

`default_nettype wire
