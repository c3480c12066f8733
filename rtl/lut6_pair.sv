// SPDX-License-Identifier: Apache-2.0
// Matches of two lanes on top of a running bit: 2*c_o + s_o = x0 + x1 + s_i with x = a XNOR b.
// Combinational. On a device with 6-input tables this is one table with two outputs (LUT6_2).
`default_nettype none

module lut6_pair (
  input  logic [1:0] a_i,
  input  logic [1:0] b_i,
  input  logic       s_i,
  output logic       s_o,
  output logic       c_o
);
  logic [1:0] x;

  assign x   = a_i ~^ b_i;
  assign s_o = x[0] ^ x[1] ^ s_i;
  assign c_o = (x[0] & x[1]) | (s_i & (x[0] ^ x[1]));
endmodule

`default_nettype wire
