// SPDX-License-Identifier: Apache-2.0
// Number of equal bits in three lanes: each of the two outputs is one 6-input lookup table.
// Combinational. The hierarchy is kept so that mapping cannot take the tables apart.
`default_nettype none

(* keep_hierarchy *)
module lut6_match3 (
  input  logic [2:0] a_i,
  input  logic [2:0] b_i,
  output logic [1:0] count_o
);
  logic x, y, z;

  assign x       = a_i[0] ~^ b_i[0];
  assign y       = a_i[1] ~^ b_i[1];
  assign z       = a_i[2] ~^ b_i[2];
  assign count_o = {(x & y) | (z & (x ^ y)), x ^ y ^ z};
endmodule

`default_nettype wire
