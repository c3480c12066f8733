// SPDX-License-Identifier: Apache-2.0
// Two dot-product units of neighbouring columns whose accumulators are one `acc_pair`: each works
// as qmm_pe does.
//
//   acc<k> <= (first ? preload<k> : double ? 2*acc<k> : acc<k>) + popcount(XNOR(a, b<k>))
//
// Latency, throughput and alignment of the controls as in qmm_pe. No flow control.
`default_nettype none

(* keep_hierarchy *)
module qmm_pe_pair #(
  parameter int TK    = 64,
  parameter int AccW  = 17,
  parameter int Shift = 1   // 0: sums of one plane only, double_i is ignored
) (
  input  logic            clk_i,
  input  logic            valid_i,
  input  logic            first_i,
  input  logic            double_i,
  input  logic [  TK-1:0] a_i,
  input  logic [  TK-1:0] b0_i,
  input  logic [  TK-1:0] b1_i,
  input  logic [AccW-1:0] preload0_i,
  input  logic [AccW-1:0] preload1_i,
  output logic [AccW-1:0] acc0_o,
  output logic [AccW-1:0] acc1_o
);
  localparam int CountW = $clog2(TK + 1);

  logic [CountW-1:0] count0, count1;
  logic twice;

  popcount u_popcount0 (
    .clk_i  (clk_i),
    .a_i    (a_i),
    .b_i    (b0_i),
    .count_o(count0)
  );

  popcount u_popcount1 (
    .clk_i  (clk_i),
    .a_i    (a_i),
    .b_i    (b1_i),
    .count_o(count1)
  );

  assign twice = Shift != 0 && double_i && !first_i;

  acc_pair #(
    .AccW  (AccW),
    .CountW(CountW)
  ) u_acc (
    .clk_i     (clk_i),
    .valid_i   (valid_i),
    .first_i   (first_i),
    .twice_i   (twice),
    .count0_i  (count0),
    .count1_i  (count1),
    .preload0_i(preload0_i),
    .preload1_i(preload1_i),
    .acc0_o    (acc0_o),
    .acc1_o    (acc1_o)
  );
endmodule

`default_nettype wire
