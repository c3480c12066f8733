// SPDX-License-Identifier: Apache-2.0
// ROW unit: executes LN, EMBED and FEAT for all row slices in lockstep (docs/architecture.md, section 5).
`default_nettype none

module row_unit #(
  parameter int TR         = 16,
  parameter int TK         = 64,
  parameter int Lanes      = 4,
  parameter int MaxBits    = 1,
  parameter int MaxD       = 768,
  parameter int AxiW       = 128,
  parameter int AxiAddrW   = 40,
  parameter int ResDepth   = 64,  // words of one bank
  parameter int StatDepth  = 2,   // row tiles of one bank
  parameter int TokensEn   = 1,
  parameter int FeaturesEn = 1,
  // Derived, not to be set.
  parameter int ResAw      = (ResDepth > 1) ? $clog2(ResDepth) : 1,
  parameter int StatAw     = (StatDepth > 1) ? $clog2(StatDepth) : 1,
  parameter int DW         = $clog2(MaxD + 1)
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  // Unit port.
  input  logic                instr_valid_i,
  input  logic [       255:0] instr_i,
  input  logic                instr_first_i,   // first ROW instruction of its job: forgets the token words
  output logic                instr_ready_o,
  output logic                done_o,
  output logic                busy_o,
  output logic                stalled_o,
  input  logic [AxiAddrW-1:0] model_base_i,    // of the job of instr_i, sampled with it
  input  logic [AxiAddrW-1:0] job_input_i,
  // AXI read client.
  output logic                req_valid_o,
  output logic [AxiAddrW-1:0] req_addr_o,
  output logic [        23:0] req_beats_o,
  input  logic                req_ready_i,
  input  logic                rsp_valid_i,
  input  logic [    AxiW-1:0] rsp_data_i,
  output logic                rsp_ready_o,
  // L ring.
  input  logic [        15:0] l_head_i,
  output logic                l_re_o,
  output logic [        15:0] l_rd_addr_o,     // absolute word; address = count mod depth
  input  logic [Lanes*64-1:0] l_rd_data_i,     // in the cycle after l_re_o
  output logic                l_free_valid_o,
  output logic [        15:0] l_free_words_o,
  // Banks, to bank_arbiter.
  output logic [         1:0] ru_req_o,
  input  logic [         1:0] ru_gnt_i,
  output logic [         1:0] ru_res_re_o,
  output logic [   ResAw-1:0] ru_res_raddr_o,
  output logic [         1:0] ru_res_we_o,
  output logic [   Lanes-1:0] ru_res_mask_o,
  output logic [   ResAw-1:0] ru_res_waddr_o,
  output logic [         1:0] ru_stat_re_o,
  output logic [         1:0] ru_stat_we_o,
  output logic [  StatAw-1:0] ru_stat_raddr_o,
  output logic [  StatAw-1:0] ru_stat_waddr_o,
  // To the row slices; one bit a row in eb_load_o and xb_we_o.
  output logic [      TR-1:0] eb_load_o,
  output logic [    AxiW-1:0] eb_data_o,
  output logic                em_ld_o,
  output logic [         2:0] em_eshift_o,
  output logic                em_sq_o,
  output logic [   Lanes-1:0] em_mask_o,
  output logic                em_sum_o,
  output logic                em_acc_o,
  output logic                ln_clr_o,
  output logic                ln_ld_o,
  output logic                ln_ld_bank_o,
  output logic [         2:0] rt_op_o,
  output logic [         4:0] rt_k_o,
  output logic                rt_dbit_o,
  output logic                ln_start_o,
  output logic [         8:0] ln_en_o,
  output logic [      DW-1:0] ln_d_o,
  output logic [Lanes*16-1:0] ln_gain_o,
  output logic [         4:0] ln_shift_o,
  output logic [Lanes*16-1:0] ln_off_o,
  output logic [         1:0] ln_xsel_o,
  output logic                ln_bank_o,
  output logic [Lanes*32-1:0] ln_qoff_o,
  output logic [        14:0] ln_qmul_o,
  output logic [         4:0] ln_qshift_o,
  output logic [         7:0] ln_cmax_o,
  output logic [         2:0] ln_psel_o,
  output logic [   Lanes-1:0] ln_mask_o,
  output logic [ MaxBits-1:0] ln_pk_en_o,
  output logic [         2:0] ln_pk_sel_o,
  output logic [      TR-1:0] xb_we_o,
  output logic [        15:0] xb_addr_o,
  output logic                xb_feat_o,
  output logic [      TK-1:0] xb_data_o
);
endmodule

`default_nettype wire
