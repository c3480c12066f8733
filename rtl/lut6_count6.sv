// SPDX-License-Identifier: Apache-2.0
// Number of ones among six bits: each of the three outputs is one 6-input lookup table.
// Combinational. The hierarchy is kept so that mapping cannot take the tables apart.
`default_nettype none

(* keep_hierarchy *)
module lut6_count6 (
  input  logic [5:0] x_i,
  output logic [2:0] count_o
);
  assign count_o = 3'($countones(x_i));
endmodule

`default_nettype wire
