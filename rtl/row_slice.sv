// SPDX-License-Identifier: Apache-2.0
// One token row: its ACT, XB, RES, STAT and SCORE memories and the lanes of drain, LayerNorm, embedding and softmax.
//
// All control is broadcast by drain_control (dr_), row_unit (ln_, em_, rt_, xb_), smx_unit (sm_, dv_) and bank_arbiter
// (res_, stat_): an output `x_o` there is the input `x_i` here, except that eb_load_i and xb_we_i are this row's bits.
// The slice is a pure data path without reset; each control signal names the pipeline stage that it belongs to, d0 ..
// d8 of the drain, c0 .. c11 of LayerNorm, e0 .. e4 of the embedding, s0 .. s8 of softmax (see the control units).
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
  parameter int QuantMul   = (MaxBits > 1) ? 1 : 0,
  parameter int CodePlanes = (Row == 0) ? 8 : MaxBits,  // planes of CODE tiles; only row 0 meets the pooler's 8
  // Derived, not to be set.
  parameter int GrpW       = (TK > TC) ? $clog2(TK / TC) : 1,
  parameter int ResAw      = (ResDepth > 1) ? $clog2(ResDepth) : 1,
  parameter int StatAw     = (StatDepth > 1) ? $clog2(StatDepth) : 1,
  parameter int ScoreAw    = $clog2(2 * ScoreDepth),
  parameter int DW         = $clog2(MaxD + 1)
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
  input  logic [              1:0] dr_s_upd_i,      // d2, one bit a slot
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
  input  logic                     em_ld_i,         // e0: take the next Lanes values
  input  logic [              2:0] em_eshift_i,     // e0
  input  logic                     em_sq_i,         // e2
  input  logic [        Lanes-1:0] em_mask_i,       // e3
  input  logic                     em_sum_i,        // e3
  input  logic                     em_acc_i,        // e4
  input  logic                     ln_clr_i,        // sums to 0
  // LayerNorm.
  input  logic                     ln_ld_i,         // sums from STAT
  input  logic                     ln_ld_bank_i,
  input  logic [              2:0] rt_op_i,         // roots, see layernorm_root
  input  logic [              4:0] rt_k_i,
  input  logic                     rt_dbit_i,
  input  logic                     ln_start_i,      // roots to the pass
  input  logic [              8:0] ln_en_i,         // stages c1 .. c9 (e1 = c7, e2 = c1)
  input  logic [           DW-1:0] ln_d_i,          // c1
  input  logic [     Lanes*16-1:0] ln_gain_i,       // c5
  input  logic [              4:0] ln_shift_i,      // c6: shift - 1
  input  logic [     Lanes*16-1:0] ln_off_i,        // c7
  input  logic [              1:0] ln_xsel_i,       // c7: 0 LayerNorm, 1 RES word again, 2 embed, 3 embed and add
  input  logic                     ln_bank_i,       // bank of the row unit's RES reads
  input  logic [     Lanes*32-1:0] ln_qoff_i,       // c8
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
  input  logic                     sm_slot_i,       // s1
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
endmodule

`default_nettype wire
