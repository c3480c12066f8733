// SPDX-License-Identifier: Apache-2.0
// Test top: one layernorm_root with its control.
`default_nettype none

module layernorm_root_bench #(
  parameter int MaxD = 4096
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        start_i,
  input  logic [12:0] d_i,
  input  logic [63:0] sum_i,
  input  logic [63:0] sq_i,
  output logic        done_o,
  output logic [16:0] rec_o,
  output logic [ 5:0] shift_o
);
  localparam int SumW = 16 + $clog2(MaxD);
  localparam int SqW = 31 + $clog2(MaxD);
  localparam int DW = $clog2(MaxD + 1);

  logic [2:0] op;
  logic [4:0] k;
  logic       dbit;

  layernorm_root_control #(.MaxD(MaxD)) u_control (
    .clk_i,
    .rst_ni,
    .start_i,
    .d_i   (d_i[DW-1:0]),
    .done_o,
    .op_o  (op),
    .k_o   (k),
    .dbit_o(dbit)
  );
  layernorm_root #(.MaxD(MaxD)) u_root (
    .clk_i,
    .op_i  (op),
    .k_i   (k),
    .dbit_i(dbit),
    .sum_i (sum_i[SumW-1:0]),
    .sq_i  (sq_i[SqW-1:0]),
    .rec_o,
    .shift_o
  );

  /* verilator lint_off UNUSED */
  wire unused_bits = |{d_i, sum_i, sq_i};
  /* verilator lint_on UNUSED */
endmodule

`default_nettype wire
