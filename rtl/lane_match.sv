// SPDX-License-Identifier: Apache-2.0
// One lane: do the two bits agree? Combinational. A module of its own, so that synthesis can map
// it to the smallest pair of cells (NAND2 and OAI21, smaller than an XNOR2 in most libraries).
`default_nettype none

module lane_match (
  input  logic a_i,
  input  logic b_i,
  output logic match_o
);
  assign match_o = a_i ~^ b_i;
endmodule

`default_nettype wire
