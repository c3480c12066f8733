// SPDX-License-Identifier: Apache-2.0
// Accumulators of two dot-product units that share their controls:
//
//   acc<k> <= (first ? preload<k> : acc<k>) + (twice ? acc<k> : 0) + count<k>
//
// On a device with DSP48E2 one block in SIMD mode (two sums of 24 bits) is both accumulators.
// twice_i with first_i low doubles the sum; the two are never high together. Latency: one cycle.
// Throughput: one step per cycle. No flow control, no reset: every sum starts with first_i.
`default_nettype none

module acc_pair #(
  parameter int AccW   = 17,  // at most 24
  parameter int CountW = 7
) (
  input  logic              clk_i,
  input  logic              valid_i,
  input  logic              first_i,
  input  logic              twice_i,
  input  logic [CountW-1:0] count0_i,
  input  logic [CountW-1:0] count1_i,
  input  logic [  AccW-1:0] preload0_i,
  input  logic [  AccW-1:0] preload1_i,
  output logic [  AccW-1:0] acc0_o,
  output logic [  AccW-1:0] acc1_o
);
  logic [AccW-1:0] base0, base1, more0, more1;

  always_comb begin
    base0 = first_i ? preload0_i : acc0_o;
    base1 = first_i ? preload1_i : acc1_o;
    more0 = twice_i ? acc0_o : '0;
    more1 = twice_i ? acc1_o : '0;
  end

  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      acc0_o <= base0 + more0 + {{(AccW - CountW) {1'b0}}, count0_i};
      acc1_o <= base1 + more1 + {{(AccW - CountW) {1'b0}}, count1_i};
    end
  end
endmodule

`default_nettype wire
