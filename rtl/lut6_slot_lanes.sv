// SPDX-License-Identifier: Apache-2.0
// Two lanes as one slot of a carry chain: p_o = x0 ^ x1, d_o = x0 with x = a XNOR b.
// Combinational. One 6-input table with two outputs.
`default_nettype none

module lut6_slot_lanes (
  input  logic [1:0] a_i,
  input  logic [1:0] b_i,
  output logic       p_o,
  output logic       d_o
);
  logic [1:0] x;

  assign x   = a_i ~^ b_i;
  assign p_o = x[0] ^ x[1];
  assign d_o = x[0];
endmodule

`default_nettype wire
