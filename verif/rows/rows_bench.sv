// SPDX-License-Identifier: Apache-2.0
// Test top: TR row slices with their control units. The engine, the rings and the AXI port are driven by C++; memory
// writes are observed through the taps of bat_ram (macro BAT_TAP). Wide ports are padded, so that each is a word array.
`default_nettype none

module rows_bench #(
  parameter int TR         = 2,
  parameter int TC         = 8,
  parameter int TK         = 16,
  parameter int Lanes      = 4,
  parameter int BR         = 1,
  parameter int MaxBits    = 1,
  parameter int AccW       = 28,
  parameter int ScoreW     = 20,
  parameter int MaxD       = 64,
  parameter int AxiW       = 64,
  parameter int AxiAddrW   = 40,
  parameter int ActDepth   = 64,
  parameter int XbDepth    = 64,
  parameter int ResDepth   = 64,
  parameter int StatDepth  = 2,
  parameter int ScoreDepth = 16,
  parameter int SoftmaxEn  = 1,
  parameter int TokensEn   = 1,
  parameter int FeaturesEn = 1,
  parameter int Pad        = 96
) (
  input  logic                            clk_i,
  input  logic                            rst_ni,
  // Operand A.
  input  logic                            a_re_i,
  input  logic                            a_src_i,
  input  logic [                    15:0] a_addr_i,
  output logic [           TR*TK+Pad-1:0] a_data_o,
  // Tile writer.
  input  logic                            tw_act_we_i,
  input  logic [                    15:0] tw_addr_i,
  input  logic [                     7:0] tw_grp_i,
  input  logic                            tw_fill_i,
  input  logic [           TR*TC+Pad-1:0] tw_act_data_i,
  // Wide tile.
  input  logic [TR*BR*Lanes*AccW+Pad-1:0] sh_acc_i,
  input  logic [      Lanes*AccW+Pad-1:0] sh_zz_i,
  input  logic                            wt_valid_i,
  input  logic [                     2:0] wt_out_i,
  input  logic [                     5:0] wt_shift_i,
  input  logic [                     3:0] wt_ob_i,
  input  logic [                     6:0] wt_cvalid_i,
  input  logic [                    15:0] wt_p_addr_i,
  input  logic                            wt_bcast_i,
  input  logic [                    15:0] wt_res_addr_i,
  input  logic [                     9:0] wt_rt_i,
  input  logic                            wt_stat_first_i,
  input  logic                            wt_skip0_i,
  input  logic [                     1:0] wt_slot_i,
  input  logic [                    12:0] wt_s_addr_i,
  input  logic                            wt_s_first_i,
  input  logic [                    10:0] wt_l_base_i,
  input  logic [                    15:0] wt_p_free_i,
  output logic                            wt_done_o,
  output logic                            wt_shift_cols_o,
  output logic                            wt_retire_o,
  input  logic [                    15:0] p_head_i,
  output logic                            p_re_o,
  output logic [                    15:0] p_rd_addr_o,
  input  logic [      Lanes*64*BR+Pad-1:0] p_rd_data_i,
  output logic                            p_free_valid_o,
  output logic [                    15:0] p_free_words_o,
  output logic                            cw_valid_o,
  output logic [                     2:0] cw_plane_o,
  input  logic                            cw_ready_i,
  output logic [           TR*TC+Pad-1:0] cw_data_o,
  output logic [               Lanes-1:0] lg_we_o,
  output logic [                    10:0] lg_addr_o,
  output logic [        Lanes*32+Pad-1:0] lg_data_o,
  // Row unit.
  input  logic                            row_valid_i,
  input  logic [                   255:0] row_instr_i,
  input  logic                            row_first_i,
  output logic                            row_ready_o,
  output logic                            row_done_o,
  output logic                            row_busy_o,
  output logic                            row_stalled_o,
  input  logic [            AxiAddrW-1:0] model_base_i,
  input  logic [            AxiAddrW-1:0] job_input_i,
  output logic                            req_valid_o,
  output logic [            AxiAddrW-1:0] req_addr_o,
  output logic [                    23:0] req_beats_o,
  input  logic                            req_ready_i,
  input  logic                            rsp_valid_i,
  input  logic [            AxiW+Pad-1:0] rsp_data_i,
  output logic                            rsp_ready_o,
  input  logic [                    15:0] l_head_i,
  output logic                            l_re_o,
  output logic [                    15:0] l_rd_addr_o,
  input  logic [        Lanes*64+Pad-1:0] l_rd_data_i,
  output logic                            l_free_valid_o,
  output logic [                    15:0] l_free_words_o,
  // Softmax unit.
  input  logic                            smx_valid_i,
  input  logic [                   255:0] smx_instr_i,
  output logic                            smx_ready_o,
  output logic                            smx_done_o,
  output logic                            smx_busy_o,
  output logic                            smx_stalled_o
);
  localparam int GrpW = (TK > TC) ? $clog2(TK / TC) : 1;
  localparam int ResAw = (ResDepth > 1) ? $clog2(ResDepth) : 1;
  localparam int StatAw = (StatDepth > 1) ? $clog2(StatDepth) : 1;
  localparam int ScoreAw = $clog2(4 * ScoreDepth);
  localparam int DW = $clog2(MaxD + 1);
  localparam int SumW = 16 + $clog2(MaxD);
  localparam int SqW = 31 + $clog2(MaxD);

  logic [1:0] dr_want, dr_busy, dr_block, dr_res_re, dr_res_we, dr_stat_re, dr_stat_we;
  logic [ResAw-1:0] dr_res_raddr, dr_res_waddr;
  logic [Lanes-1:0] dr_res_mask;
  logic [StatAw-1:0] dr_stat_raddr, dr_stat_waddr;
  logic [1:0] ru_req, ru_gnt, ru_res_re, ru_res_we, ru_stat_re, ru_stat_we;
  logic [ResAw-1:0] ru_res_raddr, ru_res_waddr;
  logic [Lanes-1:0] ru_res_mask;
  logic [StatAw-1:0] ru_stat_raddr, ru_stat_waddr;
  logic [1:0] res_re, res_wsel, stat_re, stat_we, stat_wsel;
  logic [2*ResAw-1:0] res_raddr, res_waddr;
  logic [2*Lanes-1:0] res_we;
  logic [2*StatAw-1:0] stat_raddr, stat_waddr;

  logic [8:0] dr_en;
  logic [BR*Lanes*16-1:0] dr_mul;
  logic [Lanes*48-1:0] dr_off;
  logic [5:0] dr_shift;
  logic dr_bank, dr_skip0, dr_code_en, dr_stat_bank, dr_stat_zero, dr_stat_keep, dr_s_we, dr_s_first;
  logic [7:0] dr_cmax;
  logic [Lanes-1:0] dr_mask, dr_s_mask;
  logic [ScoreAw-1:0] dr_s_addr;
  logic [3:0] dr_s_upd;

  logic [TR-1:0] eb_load, xb_we;
  logic [AxiW-1:0] eb_data;
  logic em_take, em_ld, em_sq, em_sum, ln_clr, ln_sum_en, rt_take_shift, rt_take_rec, ln_start, ln_bank, xb_feat;
  logic [2:0] em_eshift, ln_psel, ln_pk_sel;
  logic [Lanes-1:0] em_mask, ln_mask;
  logic [4:0] ln_shift, ln_qshift;
  logic [8:0] ln_en;
  logic [DW-1:0] ln_d;
  logic [Lanes*16-1:0] ln_gain, ln_off;
  logic [1:0] ln_xsel, ln_sum_sel;
  // Place r is what row r - 1 takes; row TR - 1 takes the sums of row 0 and the unit's results.
  logic [TR*SumW-1:0] ln_sum;
  logic [TR*SqW-1:0] ln_sq;
  logic [(TR+1)*5-1:0] rt_shift;
  logic [(TR+1)*17-1:0] rt_rec;
  logic [Lanes*32-1:0] ln_qoff;
  logic [Lanes*17-1:0] ln_bound;
  logic [14:0] ln_qmul;
  logic [7:0] ln_cmax;
  logic [MaxBits-1:0] ln_pk_en;
  logic [15:0] xb_addr;
  logic [TK-1:0] xb_data;

  logic [1:0] sm_slot;
  logic sm_re, sm_acc, sm_first, dv_ld, dv_step, dv_take, dv_bit, sm_pk_ce, sm_act_we;
  logic [ScoreAw-1:0] sm_raddr;
  logic [6:0] sm_en;
  logic [15:0] sm_imul, dv_pmul, sm_act_addr;
  logic [4:0] sm_ishift;
  logic [Lanes-1:0] sm_mask;
  logic [5:0] sm_pshift;
  logic [7:0] sm_cmax;
  logic [MaxBits-1:0] sm_pk_en;
  logic [2:0] sm_pk_sel;

  drain_control #(
    .TC(TC), .Lanes(Lanes), .BR(BR), .ResDepth(ResDepth), .StatDepth(StatDepth), .ScoreDepth(ScoreDepth)
  ) u_drain (
    .clk_i, .rst_ni, .wt_valid_i, .wt_out_i, .wt_shift_i, .wt_ob_i, .wt_cvalid_i, .wt_p_tail_i(16'd3),
    .wt_p_off_i(wt_p_addr_i - 16'd3), .wt_bcast_i,
    .wt_res_addr_i, .wt_rt_i, .wt_stat_first_i, .wt_skip0_i, .wt_slot_i, .wt_s_addr_i, .wt_s_first_i, .wt_l_base_i,
    .wt_p_free_i, .wt_done_o, .wt_shift_cols_o, .wt_retire_o, .p_head_i, .p_re_o, .p_rd_addr_o,
    .p_rd_data_i(p_rd_data_i[Lanes*64*BR-1:0]), .p_free_valid_o, .p_free_words_o, .cw_valid_o, .cw_plane_o,
    .cw_ready_i, .lg_we_o, .lg_addr_o,
    .dr_want_o(dr_want), .dr_busy_o(dr_busy), .dr_block_i(dr_block), .dr_res_re_o(dr_res_re),
    .dr_res_raddr_o(dr_res_raddr), .dr_res_we_o(dr_res_we), .dr_res_mask_o(dr_res_mask),
    .dr_res_waddr_o(dr_res_waddr), .dr_stat_re_o(dr_stat_re), .dr_stat_raddr_o(dr_stat_raddr),
    .dr_stat_we_o(dr_stat_we), .dr_stat_waddr_o(dr_stat_waddr), .dr_en_o(dr_en), .dr_mul_o(dr_mul),
    .dr_off_o(dr_off), .dr_shift_o(dr_shift), .dr_bank_o(dr_bank), .dr_skip0_o(dr_skip0), .dr_cmax_o(dr_cmax),
    .dr_code_en_o(dr_code_en), .dr_mask_o(dr_mask), .dr_stat_bank_o(dr_stat_bank), .dr_stat_zero_o(dr_stat_zero),
    .dr_stat_keep_o(dr_stat_keep), .dr_s_we_o(dr_s_we), .dr_s_addr_o(dr_s_addr), .dr_s_mask_o(dr_s_mask),
    .dr_s_upd_o(dr_s_upd), .dr_s_first_o(dr_s_first)
  );

  bank_arbiter #(
    .Lanes(Lanes), .ResAw(ResAw), .StatAw(StatAw)
  ) u_arbiter (
    .clk_i, .rst_ni, .dr_want_i(dr_want), .dr_busy_i(dr_busy), .dr_block_o(dr_block), .ru_req_i(ru_req),
    .ru_gnt_o(ru_gnt), .dr_res_re_i(dr_res_re), .dr_res_raddr_i(dr_res_raddr), .dr_res_we_i(dr_res_we),
    .dr_res_mask_i(dr_res_mask), .dr_res_waddr_i(dr_res_waddr), .dr_stat_re_i(dr_stat_re),
    .dr_stat_raddr_i(dr_stat_raddr), .dr_stat_we_i(dr_stat_we), .dr_stat_waddr_i(dr_stat_waddr),
    .ru_res_re_i(ru_res_re), .ru_res_raddr_i(ru_res_raddr), .ru_res_we_i(ru_res_we), .ru_res_mask_i(ru_res_mask),
    .ru_res_waddr_i(ru_res_waddr), .ru_stat_re_i(ru_stat_re), .ru_stat_we_i(ru_stat_we),
    .ru_stat_raddr_i(ru_stat_raddr), .ru_stat_waddr_i(ru_stat_waddr), .res_re_o(res_re), .res_raddr_o(res_raddr),
    .res_we_o(res_we), .res_waddr_o(res_waddr), .res_wsel_o(res_wsel), .stat_re_o(stat_re),
    .stat_raddr_o(stat_raddr), .stat_we_o(stat_we), .stat_waddr_o(stat_waddr), .stat_wsel_o(stat_wsel)
  );

  row_unit #(
    .TR(TR), .TK(TK), .Lanes(Lanes), .MaxBits(MaxBits), .MaxD(MaxD), .AxiW(AxiW), .AxiAddrW(AxiAddrW),
    .ResDepth(ResDepth), .StatDepth(StatDepth), .TokensEn(TokensEn), .FeaturesEn(FeaturesEn)
  ) u_row_unit (
    .clk_i, .rst_ni, .instr_valid_i(row_valid_i), .instr_i(row_instr_i), .instr_first_i(row_first_i),
    .instr_ready_o(row_ready_o), .done_o(row_done_o), .busy_o(row_busy_o), .stalled_o(row_stalled_o), .model_base_i,
    .job_input_i, .req_valid_o, .req_addr_o, .req_beats_o, .req_ready_i, .rsp_valid_i,
    .rsp_data_i(rsp_data_i[AxiW-1:0]), .rsp_ready_o, .l_head_i, .l_re_o, .l_rd_addr_o,
    .l_rd_data_i(l_rd_data_i[Lanes*64-1:0]), .l_free_valid_o, .l_free_words_o, .ru_req_o(ru_req), .ru_gnt_i(ru_gnt),
    .ru_res_re_o(ru_res_re), .ru_res_raddr_o(ru_res_raddr), .ru_res_we_o(ru_res_we), .ru_res_mask_o(ru_res_mask),
    .ru_res_waddr_o(ru_res_waddr), .ru_stat_re_o(ru_stat_re), .ru_stat_we_o(ru_stat_we),
    .ru_stat_raddr_o(ru_stat_raddr), .ru_stat_waddr_o(ru_stat_waddr), .eb_load_o(eb_load), .eb_data_o(eb_data),
    .em_take_o(em_take), .em_ld_o(em_ld), .em_eshift_o(em_eshift), .em_sq_o(em_sq), .em_mask_o(em_mask), .em_sum_o(em_sum),
    .ln_clr_o(ln_clr), .ln_sum_en_o(ln_sum_en), .ln_sum_sel_o(ln_sum_sel), .rt_sum_i(ln_sum[SumW-1:0]),
    .rt_sq_i(ln_sq[SqW-1:0]), .rt_take_shift_o(rt_take_shift), .rt_take_rec_o(rt_take_rec),
    .rt_shift_o(rt_shift[TR*5+:5]), .rt_rec_o(rt_rec[TR*17+:17]), .ln_start_o(ln_start), .ln_en_o(ln_en), .ln_d_o(ln_d), .ln_gain_o(ln_gain),
    .ln_shift_o(ln_shift), .ln_off_o(ln_off), .ln_xsel_o(ln_xsel), .ln_bank_o(ln_bank), .ln_qoff_o(ln_qoff), .ln_bound_o(ln_bound),
    .ln_qmul_o(ln_qmul), .ln_qshift_o(ln_qshift), .ln_cmax_o(ln_cmax), .ln_psel_o(ln_psel), .ln_mask_o(ln_mask),
    .ln_pk_en_o(ln_pk_en), .ln_pk_sel_o(ln_pk_sel), .xb_we_o(xb_we), .xb_addr_o(xb_addr), .xb_feat_o(xb_feat),
    .xb_data_o(xb_data)
  );

  if (SoftmaxEn != 0) begin : gen_smx
    smx_unit #(
      .TK(TK), .Lanes(Lanes), .MaxBits(MaxBits), .ScoreDepth(ScoreDepth)
    ) u_smx (
      .clk_i, .rst_ni, .instr_valid_i(smx_valid_i), .instr_i(smx_instr_i), .instr_ready_o(smx_ready_o),
      .done_o(smx_done_o), .busy_o(smx_busy_o), .stalled_o(smx_stalled_o), .tw_act_we_i, .sm_re_o(sm_re),
      .sm_raddr_o(sm_raddr), .sm_en_o(sm_en), .sm_slot_o(sm_slot), .sm_imul_o(sm_imul), .sm_ishift_o(sm_ishift),
      .sm_mask_o(sm_mask), .sm_acc_o(sm_acc), .sm_first_o(sm_first), .dv_ld_o(dv_ld), .dv_step_o(dv_step),
      .dv_take_o(dv_take), .dv_pmul_o(dv_pmul), .dv_bit_o(dv_bit), .sm_pshift_o(sm_pshift), .sm_cmax_o(sm_cmax),
      .sm_pk_ce_o(sm_pk_ce), .sm_pk_en_o(sm_pk_en), .sm_pk_sel_o(sm_pk_sel), .sm_act_we_o(sm_act_we),
      .sm_act_addr_o(sm_act_addr)
    );
  end else begin : gen_no_smx
    assign {smx_ready_o, smx_done_o, smx_busy_o, smx_stalled_o} = 4'd0;
    assign {sm_re, sm_slot, sm_acc, sm_first, dv_ld, dv_step, dv_take, dv_bit, sm_pk_ce, sm_act_we} = 11'd0;
    assign sm_raddr    = '0;
    assign sm_en       = '0;
    assign sm_imul     = '0;
    assign dv_pmul     = '0;
    assign sm_act_addr = '0;
    assign sm_ishift   = '0;
    assign sm_mask     = '0;
    assign sm_pshift   = '0;
    assign sm_cmax     = '0;
    assign sm_pk_en    = '0;
    assign sm_pk_sel   = '0;
    /* verilator lint_off UNUSED */
    wire unused_smx = |{smx_valid_i, smx_instr_i};
    /* verilator lint_on UNUSED */
  end

  for (genvar r = 0; r < TR; r = r + 1) begin : gen_row
    logic [Lanes*32-1:0] lg_data;
    row_slice #(
      .Row(r), .TC(TC), .TK(TK), .Lanes(Lanes), .BR(BR), .MaxBits(MaxBits), .AccW(AccW), .ScoreW(ScoreW),
      .MaxD(MaxD), .AxiW(AxiW), .ActDepth(ActDepth), .XbDepth(XbDepth), .ResDepth(ResDepth), .StatDepth(StatDepth),
      .ScoreDepth(ScoreDepth), .SoftmaxEn(SoftmaxEn), .TokensEn(TokensEn), .FeaturesEn(FeaturesEn)
    ) u_row (
      .clk_i, .a_re_i, .a_src_i, .a_addr_i, .a_data_o(a_data_o[r*TK+:TK]), .tw_act_we_i, .tw_addr_i,
      .tw_grp_i(tw_grp_i[GrpW-1:0]), .tw_fill_i, .tw_act_data_i(tw_act_data_i[r*TC+:TC]),
      .sh_acc_i(sh_acc_i[r*BR*Lanes*AccW+:BR*Lanes*AccW]), .sh_zz_i(sh_zz_i[Lanes*AccW-1:0]), .cw_plane_i(cw_plane_o),
      .cw_data_o(cw_data_o[r*TC+:TC]), .lg_data_o(lg_data), .dr_en_i(dr_en), .dr_mul_i(dr_mul), .dr_off_i(dr_off),
      .dr_shift_i(dr_shift), .dr_bank_i(dr_bank), .dr_skip0_i(dr_skip0), .dr_cmax_i(dr_cmax),
      .dr_code_en_i(dr_code_en), .dr_mask_i(dr_mask), .dr_stat_bank_i(dr_stat_bank), .dr_stat_zero_i(dr_stat_zero),
      .dr_stat_keep_i(dr_stat_keep), .dr_s_we_i(dr_s_we), .dr_s_addr_i(dr_s_addr), .dr_s_mask_i(dr_s_mask),
      .dr_s_upd_i(dr_s_upd), .dr_s_first_i(dr_s_first), .res_re_i(res_re), .res_raddr_i(res_raddr), .res_we_i(res_we),
      .res_waddr_i(res_waddr), .res_wsel_i(res_wsel), .stat_re_i(stat_re), .stat_raddr_i(stat_raddr),
      .stat_we_i(stat_we), .stat_waddr_i(stat_waddr), .stat_wsel_i(stat_wsel), .eb_load_i(eb_load[r]),
      .eb_data_i(eb_data), .em_take_i(em_take), .em_ld_i(em_ld), .em_eshift_i(em_eshift), .em_sq_i(em_sq), .em_mask_i(em_mask),
      .em_sum_i(em_sum),
      .ln_clr_i(ln_clr), .ln_sum_en_i(ln_sum_en), .ln_sum_sel_i(ln_sum_sel),
      .ln_sum_i(ln_sum[((r+1)%TR)*SumW+:SumW]), .ln_sq_i(ln_sq[((r+1)%TR)*SqW+:SqW]), .ln_sum_o(ln_sum[r*SumW+:SumW]),
      .ln_sq_o(ln_sq[r*SqW+:SqW]), .rt_take_shift_i(rt_take_shift), .rt_take_rec_i(rt_take_rec),
      .rt_shift_i(rt_shift[(r+1)*5+:5]), .rt_rec_i(rt_rec[(r+1)*17+:17]), .rt_shift_o(rt_shift[r*5+:5]),
      .rt_rec_o(rt_rec[r*17+:17]), .ln_start_i(ln_start), .ln_en_i(ln_en), .ln_d_i(ln_d),
      .ln_gain_i(ln_gain), .ln_shift_i(ln_shift), .ln_off_i(ln_off), .ln_xsel_i(ln_xsel), .ln_bank_i(ln_bank),
      .ln_qoff_i(ln_qoff), .ln_bound_i(ln_bound), .ln_qmul_i(ln_qmul), .ln_qshift_i(ln_qshift), .ln_cmax_i(ln_cmax), .ln_psel_i(ln_psel),
      .ln_mask_i(ln_mask), .ln_pk_en_i(ln_pk_en), .ln_pk_sel_i(ln_pk_sel), .xb_we_i(xb_we[r]), .xb_addr_i(xb_addr),
      .xb_feat_i(xb_feat), .xb_data_i(xb_data), .sm_re_i(sm_re), .sm_raddr_i(sm_raddr), .sm_en_i(sm_en),
      .sm_slot_i(sm_slot), .sm_imul_i(sm_imul), .sm_ishift_i(sm_ishift), .sm_mask_i(sm_mask), .sm_acc_i(sm_acc),
      .sm_first_i(sm_first), .dv_ld_i(dv_ld), .dv_step_i(dv_step), .dv_take_i(dv_take), .dv_pmul_i(dv_pmul),
      .dv_bit_i(dv_bit), .sm_pshift_i(sm_pshift), .sm_cmax_i(sm_cmax), .sm_pk_ce_i(sm_pk_ce), .sm_pk_en_i(sm_pk_en),
      .sm_pk_sel_i(sm_pk_sel), .sm_act_we_i(sm_act_we), .sm_act_addr_i(sm_act_addr)
    );
    if (r == 0) begin : gen_logits
      assign lg_data_o[Lanes*32-1:0] = lg_data;
    end else begin : gen_no_logits
      /* verilator lint_off UNUSED */
      wire unused_logits = |lg_data;
      /* verilator lint_on UNUSED */
    end
  end

  assign a_data_o[TR*TK+:Pad]     = '0;
  assign cw_data_o[TR*TC+:Pad]    = '0;
  assign lg_data_o[Lanes*32+:Pad] = '0;
  /* verilator lint_off UNUSED */
  wire unused_bits = |{tw_grp_i, tw_act_data_i, sh_acc_i, sh_zz_i, p_rd_data_i, rsp_data_i, l_rd_data_i, rt_shift,
                       rt_rec};
  /* verilator lint_on UNUSED */
endmodule

`default_nettype wire
