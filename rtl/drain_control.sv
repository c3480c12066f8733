// SPDX-License-Identifier: Apache-2.0
// Drains wide tiles: shifts the shadow accumulators through the lanes of all row slices, Lanes columns a cycle, and
// steers what becomes of the results (RES, SCORE, LOGIT, CODE; docs/architecture.md, sections 2, 3, 5).
`default_nettype none

module drain_control #(
  parameter int TC         = 64,
  parameter int Lanes      = 4,
  parameter int BR         = 1,
  parameter int ResDepth   = 64,  // words of one bank
  parameter int StatDepth  = 2,   // row tiles of one bank
  parameter int ScoreDepth = 16,  // words of one slot
  // Derived, not to be set.
  parameter int ParW       = Lanes * 64 * BR,
  parameter int ResAw      = (ResDepth > 1) ? $clog2(ResDepth) : 1,
  parameter int StatAw     = (StatDepth > 1) ? $clog2(StatDepth) : 1,
  parameter int ScoreAw    = $clog2(2 * ScoreDepth)
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,
  // Wide tile, held from wt_valid_i to wt_done_o.
  input  logic                   wt_valid_i,
  input  logic [            2:0] wt_out_i,
  input  logic [            5:0] wt_shift_i,
  input  logic [            3:0] wt_ob_i,
  input  logic [            6:0] wt_cvalid_i,
  input  logic [           15:0] wt_p_addr_i,
  input  logic                   wt_bcast_i,
  input  logic [           15:0] wt_res_addr_i,
  input  logic [            9:0] wt_rt_i,
  input  logic                   wt_stat_first_i,
  input  logic                   wt_skip0_i,
  input  logic                   wt_slot_i,
  input  logic [           12:0] wt_s_addr_i,
  input  logic                   wt_s_first_i,
  input  logic [           10:0] wt_l_base_i,
  input  logic [           15:0] wt_p_free_i,
  output logic                   wt_done_o,        // the shadow is free (CODE: the planes are taken)
  output logic                   wt_shift_cols_o,  // shift shadow and zero counts by Lanes columns
  output logic                   wt_retire_o,      // one pulse a tile, in order: all its writes took effect
  // P ring.
  input  logic [           15:0] p_head_i,         // words complete, free-running
  output logic                   p_re_o,
  output logic [           15:0] p_rd_addr_o,      // absolute word; address = count mod depth
  input  logic [       ParW-1:0] p_rd_data_i,      // in the cycle after p_re_o
  output logic                   p_free_valid_o,
  output logic [           15:0] p_free_words_o,
  // Code planes to the tile writer.
  output logic                   cw_valid_o,
  output logic [            2:0] cw_plane_o,       // also to the row slices
  input  logic                   cw_ready_i,
  // Logits of row 0; data is lg_data_o of row slice 0 in the same cycle.
  output logic [      Lanes-1:0] lg_we_o,
  output logic [           10:0] lg_addr_o,        // index of lane 0
  // Banks, to bank_arbiter.
  output logic [            1:0] dr_want_o,
  output logic [            1:0] dr_busy_o,
  input  logic [            1:0] dr_block_i,
  output logic [            1:0] dr_res_re_o,
  output logic [      ResAw-1:0] dr_res_raddr_o,
  output logic [            1:0] dr_res_we_o,
  output logic [      Lanes-1:0] dr_res_mask_o,
  output logic [      ResAw-1:0] dr_res_waddr_o,
  output logic [            1:0] dr_stat_re_o,
  output logic [     StatAw-1:0] dr_stat_raddr_o,
  output logic [            1:0] dr_stat_we_o,
  output logic [     StatAw-1:0] dr_stat_waddr_o,
  // To the row slices.
  output logic [            8:0] dr_en_o,
  output logic [BR*Lanes*16-1:0] dr_mul_o,
  output logic [   Lanes*48-1:0] dr_off_o,
  output logic [            5:0] dr_shift_o,
  output logic                   dr_bank_o,
  output logic                   dr_skip0_o,
  output logic [            7:0] dr_cmax_o,
  output logic                   dr_code_en_o,
  output logic [      Lanes-1:0] dr_mask_o,
  output logic                   dr_stat_bank_o,
  output logic                   dr_stat_zero_o,
  output logic                   dr_stat_keep_o,
  output logic                   dr_s_we_o,
  output logic [    ScoreAw-1:0] dr_s_addr_o,
  output logic [      Lanes-1:0] dr_s_mask_o,
  output logic [            1:0] dr_s_upd_o,
  output logic                   dr_s_first_o
);
endmodule

`default_nettype wire
