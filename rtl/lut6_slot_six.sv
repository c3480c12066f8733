// SPDX-License-Identifier: Apache-2.0
// Six bits of weight w as two slots of a carry chain, of weights w and 2w. With T the number of
// ones among the lower five: slot 0 propagates where T + x5 is odd and generates x5; slot 1
// propagates where T div 2 is 1 and generates where it is 2.
// Combinational. Two 6-input tables; d_o[0] is the input itself (the bypass pin of the slot).
`default_nettype none

module lut6_slot_six (
  input  logic [5:0] x_i,
  output logic [1:0] p_o,
  output logic [1:0] d_o
);
  logic [2:0] low;

  assign low = 3'($countones(x_i[4:0]));
  assign p_o = {low[1], low[0] ^ x_i[5]};
  assign d_o = {low[2], x_i[5]};
endmodule

`default_nettype wire
