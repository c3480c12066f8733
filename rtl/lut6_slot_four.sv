// SPDX-License-Identifier: Apache-2.0
// Four bits of weight w and one of weight 2w as two slots of a carry chain, of weights w and 2w:
// x[2:0] are summed in the tables, x[3] and the carry join in slot 0, y in slot 1.
// Combinational. Two 6-input tables with two outputs each, so the bypass pins stay free.
`default_nettype none

module lut6_slot_four (
  input  logic [3:0] x_i,
  input  logic       y_i,
  output logic [1:0] p_o,
  output logic [1:0] d_o
);
  logic two;

  assign two = (x_i[0] & x_i[1]) | (x_i[2] & (x_i[0] ^ x_i[1]));
  assign p_o = {two ^ y_i, ^x_i};
  assign d_o = {y_i, x_i[3]};
endmodule

`default_nettype wire
