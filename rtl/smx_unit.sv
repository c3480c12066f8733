// SPDX-License-Identifier: Apache-2.0
// SMX unit: softmax to codes for all row slices in lockstep (docs/numerics.md, section 2).
`default_nettype none

module smx_unit #(
  parameter int TK         = 64,
  parameter int Lanes      = 4,
  parameter int MaxBits    = 1,
  parameter int ScoreDepth = 16,  // words of one slot
  // Derived, not to be set.
  parameter int ScoreAw    = $clog2(2 * ScoreDepth)
) (
  input  logic               clk_i,
  input  logic               rst_ni,
  // Unit port.
  input  logic               instr_valid_i,
  input  logic [      255:0] instr_i,
  output logic               instr_ready_o,
  output logic               done_o,
  output logic               busy_o,
  output logic               stalled_o,
  input  logic               tw_act_we_i,    // the engine writes ACT in this cycle
  // To the row slices.
  output logic               sm_re_o,
  output logic [ScoreAw-1:0] sm_raddr_o,
  output logic [        6:0] sm_en_o,
  output logic               sm_slot_o,
  output logic [       15:0] sm_imul_o,
  output logic [        4:0] sm_ishift_o,
  output logic [  Lanes-1:0] sm_mask_o,
  output logic               sm_acc_o,
  output logic               sm_first_o,
  output logic               dv_ld_o,
  output logic               dv_step_o,
  output logic               dv_take_o,
  output logic [       15:0] dv_pmul_o,
  output logic               dv_bit_o,
  output logic [        5:0] sm_pshift_o,
  output logic [        7:0] sm_cmax_o,
  output logic               sm_pk_ce_o,
  output logic [MaxBits-1:0] sm_pk_en_o,
  output logic [        2:0] sm_pk_sel_o,
  output logic               sm_act_we_o,
  output logic [       15:0] sm_act_addr_o
);
endmodule

`default_nettype wire
