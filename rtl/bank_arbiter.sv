// SPDX-License-Identifier: Apache-2.0
// Locks the two RES/STAT banks (parity of the row tile) between drain and row unit, and puts the holder's
// addresses on the ports that all row slices share (docs/architecture.md, section 3, "Banks").
//
// The drain wins ties: the row unit gets a bank when the drain neither waits for it (dr_want_i) nor has a beat in its
// pipeline (dr_busy_i), and keeps it as long as it requests it. Port muxes are combinational.
`default_nettype none

module bank_arbiter #(
  parameter int Lanes  = 4,
  parameter int ResAw  = 6,
  parameter int StatAw = 1
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic [       1:0] dr_want_i,
  input  logic [       1:0] dr_busy_i,
  output logic [       1:0] dr_block_o,
  input  logic [       1:0] ru_req_i,
  output logic [       1:0] ru_gnt_o,
  // Drain side.
  input  logic [       1:0] dr_res_re_i,
  input  logic [ ResAw-1:0] dr_res_raddr_i,
  input  logic [       1:0] dr_res_we_i,
  input  logic [ Lanes-1:0] dr_res_mask_i,
  input  logic [ ResAw-1:0] dr_res_waddr_i,
  input  logic [       1:0] dr_stat_re_i,
  input  logic [StatAw-1:0] dr_stat_raddr_i,
  input  logic [       1:0] dr_stat_we_i,
  input  logic [StatAw-1:0] dr_stat_waddr_i,
  // Row unit side.
  input  logic [       1:0] ru_res_re_i,
  input  logic [ ResAw-1:0] ru_res_raddr_i,
  input  logic [       1:0] ru_res_we_i,
  input  logic [ Lanes-1:0] ru_res_mask_i,
  input  logic [ ResAw-1:0] ru_res_waddr_i,
  input  logic [       1:0] ru_stat_re_i,
  input  logic [       1:0] ru_stat_we_i,
  input  logic [StatAw-1:0] ru_stat_raddr_i,
  input  logic [StatAw-1:0] ru_stat_waddr_i,
  // To the row slices, bank-major.
  output logic [       1:0] res_re_o,
  output logic [2*ResAw-1:0] res_raddr_o,
  output logic [2*Lanes-1:0] res_we_o,
  output logic [2*ResAw-1:0] res_waddr_o,
  output logic [       1:0] res_wsel_o,
  output logic [       1:0] stat_re_o,
  output logic [2*StatAw-1:0] stat_raddr_o,
  output logic [       1:0] stat_we_o,
  output logic [2*StatAw-1:0] stat_waddr_o,
  output logic [       1:0] stat_wsel_o
);
  logic [1:0] lock_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      lock_q <= 2'b00;
    end else begin
      lock_q <= ru_req_i & (lock_q | ~(dr_want_i | dr_busy_i));
    end
  end

  assign dr_block_o = lock_q;
  assign ru_gnt_o   = lock_q & ru_req_i;

  for (genvar b = 0; b < 2; b = b + 1) begin : gen_bank
    assign res_re_o[b]                     = lock_q[b] ? ru_res_re_i[b] : dr_res_re_i[b];
    assign res_raddr_o[b*ResAw+:ResAw]     = lock_q[b] ? ru_res_raddr_i : dr_res_raddr_i;
    assign res_we_o[b*Lanes+:Lanes]        = lock_q[b] ? (ru_res_mask_i & {Lanes{ru_res_we_i[b]}})
                                                       : (dr_res_mask_i & {Lanes{dr_res_we_i[b]}});
    assign res_waddr_o[b*ResAw+:ResAw]     = lock_q[b] ? ru_res_waddr_i : dr_res_waddr_i;
    assign res_wsel_o[b]                   = lock_q[b];
    assign stat_re_o[b]                    = lock_q[b] ? ru_stat_re_i[b] : dr_stat_re_i[b];
    assign stat_raddr_o[b*StatAw+:StatAw]  = lock_q[b] ? ru_stat_raddr_i : dr_stat_raddr_i;
    assign stat_we_o[b]                    = lock_q[b] ? ru_stat_we_i[b] : dr_stat_we_i[b];
    assign stat_waddr_o[b*StatAw+:StatAw]  = lock_q[b] ? ru_stat_waddr_i : dr_stat_waddr_i;
    assign stat_wsel_o[b]                  = lock_q[b];
  end
endmodule

`default_nettype wire
