// SPDX-License-Identifier: Apache-2.0
// Full adder: 2*co_o + s_o = a_i + b_i + c_i. Combinational. A module of its own, so that synthesis
// can map it to a full-adder cell.
`default_nettype none

module fa (
  input  logic a_i,
  input  logic b_i,
  input  logic c_i,
  output logic s_o,
  output logic co_o
);
  assign s_o  = a_i ^ b_i ^ c_i;
  assign co_o = (a_i & b_i) | (c_i & (a_i ^ b_i));
endmodule

`default_nettype wire
