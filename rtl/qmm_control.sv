// SPDX-License-Identifier: Apache-2.0
// Control of the QMM engine: executes QMM instructions and everything that follows from them up to the
// tile bits in memory and the hand-off of wide tiles to the drain.
`default_nettype none

module qmm_control #(
  parameter int TR        = 32,
  parameter int TC        = 32,
  parameter int TK        = 64,
  parameter int Lanes     = 4,
  parameter int PopStages = 1,
  parameter int BR        = 1,
  parameter int AccW      = 24,
  parameter int ZW        = 13,                              // width of a zero count
  parameter int TDepth    = 64,                              // words of the T ring, power of two
  parameter int ParW      = Lanes * 64 * BR,
  parameter int TP        = (TC * 16 > ParW) ? TC * 16 / ParW : 1,  // T words of a tile
  parameter int TDataW    = (TC * 16 > ParW) ? ParW : TC * 16,      // used bits of a T word
  parameter int TAddrW    = (TDepth > 1) ? $clog2(TDepth) : 1,
  parameter int GrpW      = (TK > TC) ? $clog2(TK / TC) : 1,
  parameter int TgW       = bat_pkg::QmmDTgW
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  // Unit port.
  input  logic                  instr_valid_i,
  input  logic [         255:0] instr_i,
  output logic                  instr_ready_o,
  output logic                  done_o,
  output logic                  busy_o,         // a step is issued: also the step counter's enable
  output logic                  stalled_o,
  // Rings: words written (free-running), words to free.
  input  logic [          15:0] w_head_i,
  output logic                  w_free_valid_o,
  output logic [          15:0] w_free_words_o,
  input  logic [          15:0] t_head_i,
  output logic                  t_free_valid_o,
  output logic [          15:0] t_free_words_o,
  output logic                  t_re_o,
  output logic [    TAddrW-1:0] t_rd_addr_o,
  input  logic [      ParW-1:0] t_rd_data_i,    // in the cycle after t_re_o
  // Operands: to row slices and column slices; data in the next cycle.
  output logic                  a_re_o,
  output logic                  a_src_o,        // 0 ACT, 1 XB
  output logic [          15:0] a_addr_o,
  output logic                  b_re_o,
  output logic [           1:0] b_src_o,
  output logic [          15:0] b_addr_o,
  // Column constants, to all column slices. Column c takes bit c div (ParW/16) of ct_we_o and
  // bits [(c mod (ParW/16))*16 +: 16] of ct_data_o.
  output logic [        TP-1:0] ct_we_o,
  output logic                  ct_set_o,
  output logic [    TDataW-1:0] ct_data_o,
  output logic                  cz_re_o,
  output logic [           9:0] cz_addr_o,
  output logic                  cz_load_o,
  output logic                  cz_set_o,
  output logic                  cz_zero_o,
  output logic                  pl_load_o,
  output logic                  pl_set_o,
  output logic                  pl_zero_o,
  output logic                  zz_load_o,
  output logic                  zz_set_o,
  // Array, to all rows.
  output logic                  acc_valid_o,
  output logic                  acc_first_o,
  output logic                  acc_double_o,
  output logic                  bit_capture_o,
  output logic [        BR-1:0] sh_capture_o,
  // Tile writes: one address for all memories; data through tile_row and the column slices.
  output logic                  tw_code_o,      // to tile_row: 1 code plane, 0 tile bits
  output logic [        TC-1:0] tw_cmask_o,     // to tile_row: columns that count
  output logic [        TR-1:0] tw_rmask_o,     // to column slices: rows that count (V)
  output logic                  tw_act_we_o,
  output logic                  tw_k_we_o,
  output logic                  tw_v_we_o,
  output logic [          15:0] tw_addr_o,
  output logic [      GrpW-1:0] tw_grp_o,       // group of TC bits inside the word (ACT, K)
  output logic [       TgW-1:0] tw_tg_o,        // token group (K: of the column slices, V: of the word)
  output logic                  tw_fill_o,      // all higher groups too, with padding
  output logic                  zc_we_o,
  output logic                  zc_first_o,
  output logic [           9:0] zc_addr_o,
  output logic [           2:0] zc_plane_o,
  // Wide tile to the drain, held from wt_valid_o to wt_done_i.
  output logic                  wt_valid_o,
  output logic [           2:0] wt_out_o,
  output logic [           5:0] wt_shift_o,
  output logic [           3:0] wt_ob_o,
  output logic [           1:0] wt_br_o,
  output logic [           6:0] wt_rvalid_o,
  output logic [           6:0] wt_cvalid_o,    // columns of this tile that count, 1 .. TC
  output logic [          15:0] wt_p_addr_o,    // absolute P ring word of the tile
  output logic                  wt_bcast_o,
  output logic [          15:0] wt_res_addr_o,
  output logic [           9:0] wt_rt_o,
  output logic                  wt_stat_first_o,
  output logic                  wt_skip0_o,
  output logic                  wt_slot_o,
  output logic [          12:0] wt_s_addr_o,
  output logic                  wt_s_first_o,
  output logic [          10:0] wt_l_base_o,
  output logic [          15:0] wt_p_free_o,    // P words to free when the tile is done
  input  logic                  wt_done_i,
  input  logic                  wt_shift_cols_i,  // also to every qmm_row and column slice
  input  logic [  Lanes*ZW-1:0] z_lanes_i,      // zz_chain_o of column slices 0 .. Lanes-1
  output logic [Lanes*AccW-1:0] sh_zz_o,
  // Code planes of the wide tile.
  input  logic                  cw_valid_i,
  input  logic [           2:0] cw_plane_i,
  output logic                  cw_ready_o
);
endmodule

`default_nettype wire
