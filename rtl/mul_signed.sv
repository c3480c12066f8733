// SPDX-License-Identifier: Apache-2.0
// Signed product, combinational, full width: registered by the user right behind it, so that it maps to a DSP block.
`default_nettype none

module mul_signed #(
  parameter int AW = 18,
  parameter int BW = 18
) (
  input  logic signed [   AW-1:0] a_i,
  input  logic signed [   BW-1:0] b_i,
  output logic signed [AW+BW-1:0] p_o
);
  // The operands extend themselves to the width of the product; writing the extension out would hide it from mappers.
  /* verilator lint_off WIDTH */
  assign p_o = a_i * b_i;
  /* verilator lint_on WIDTH */
endmodule

`default_nettype wire
