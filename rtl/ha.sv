// SPDX-License-Identifier: Apache-2.0
// Half adder: 2*co_o + s_o = a_i + b_i. Combinational. A module of its own, so that synthesis can
// map it to a half-adder cell.
`default_nettype none

module ha (
  input  logic a_i,
  input  logic b_i,
  output logic s_o,
  output logic co_o
);
  assign s_o  = a_i ^ b_i;
  assign co_o = a_i & b_i;
endmodule

`default_nettype wire
