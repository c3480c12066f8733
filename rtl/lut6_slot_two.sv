// SPDX-License-Identifier: Apache-2.0
// Two bits as one slot of a carry chain, an ordinary adder bit. Combinational. One table.
`default_nettype none

module lut6_slot_two (
  input  logic [1:0] x_i,
  output logic       p_o,
  output logic       d_o
);
  assign p_o = x_i[0] ^ x_i[1];
  assign d_o = x_i[0];
endmodule

`default_nettype wire
