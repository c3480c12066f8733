// SPDX-License-Identifier: Apache-2.0
// One dot-product unit of the QMM array in AND form (docs/architecture.md, section 2): accumulates
// the complement of the sum, so that a lane is one NAND.
//
//   acc <= (first ? preload : double ? 2*acc : acc) + popcount(a) + 2*popcount(NAND(a, b))
//
// popcount(a) comes from the row, which counts it once for all its units. Per step that is
// 2*TK - (2*popcount(a AND b) - popcount(a)); the preload takes the 2*TK back.
// Latency: `popcount` (emitted, holds the lanes and PopStages registers) gives the count PopStages
// cycles after the operands; ones_i arrives with the operands, with PopStages = 2 one cycle later.
// valid_i, first_i, double_i and preload_i arrive together with the count. acc_o shows the sum one
// cycle later. Throughput: one step per cycle. No flow control.
`default_nettype none

(* keep_hierarchy *)
module qmm_pe_and #(
  parameter int TK    = 64,
  parameter int AccW  = 24,
  parameter int Shift = 1   // 0: sums of one plane only, double_i is ignored
) (
  input  logic                      clk_i,
  input  logic                      valid_i,
  input  logic                      first_i,
  input  logic                      double_i,
  input  logic [            TK-1:0] a_i,
  input  logic [            TK-1:0] b_i,
  input  logic [$clog2(TK + 1)-1:0] ones_i,
  input  logic [          AccW-1:0] preload_i,
  output logic [          AccW-1:0] acc_o
);
  localparam int CountW = $clog2(3 * TK + 1);

  logic [CountW-1:0] count;
  logic [  AccW-1:0] base;

  popcount u_popcount (
    .clk_i  (clk_i),
    .a_i    (a_i),
    .b_i    (b_i),
    .ones_i (ones_i),
    .count_o(count)
  );

  always_comb begin
    if (first_i) base = preload_i;
    else if (Shift != 0 && double_i) base = {acc_o[AccW-2:0], 1'b0};
    else base = acc_o;
  end

  always_ff @(posedge clk_i) begin
    if (valid_i) acc_o <= base + {{(AccW - CountW) {1'b0}}, count};
  end
endmodule

`default_nettype wire
