// SPDX-License-Identifier: Apache-2.0
// Queue of one unit: holds instructions with the completion counts they wait for, and offers the oldest one to its
// unit when all are reached.
//
// A wait on unit u is over when completed[u] - target[u] >= 0 in 16-bit wrapping arithmetic. Only the bits that the
// unit reads are stored; the others of instr_o are 0.
// Latency: 1 cycle. Throughput: one instruction a cycle. Flow control: valid/ready; out_valid_o depends on registers
// and stop_i only, and once high stays high unless stop_i.
`default_nettype none

module unit_queue #(
  parameter int Depth    = 16,
  parameter int InstrLen = 256,  // bits of the instruction that the unit knows
  parameter int SideW    = 32    // bits that travel with the instruction
) (
  input  wire              clk_i,
  input  wire              rst_ni,
  input  wire              stop_i,
  input  wire              in_valid_i,
  output logic             in_ready_o,
  input  wire  [    255:0] in_instr_i,
  input  wire  [SideW-1:0] in_side_i,
  input  wire  [      4:0] in_wait_i,      // by unit: there is a target
  input  wire  [     79:0] in_target_i,
  input  wire  [     79:0] completed_i,
  output logic             out_valid_o,
  input  wire              out_ready_i,
  output logic [    255:0] instr_o,
  output logic [SideW-1:0] side_o
);
  localparam int FieldW = InstrLen - 32;  // bits 31:4 are the waits
  localparam int CountW = $clog2(Depth + 1);

  logic valid;
  logic [3:0] op;
  logic [FieldW-1:0] fields;
  logic [4:0] has_wait;
  logic [79:0] target;
  logic [4:0] reached;
  /* verilator lint_off UNUSED */
  logic [CountW-1:0] unused_count;
  logic unused;
  assign unused = ^in_instr_i;
  /* verilator lint_on UNUSED */

  bat_fifo #(
    .Width(4 + FieldW + SideW + 5 + 80),
    .Depth(Depth)
  ) u_fifo (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (in_valid_i),
    .in_ready_o (in_ready_o),
    .in_data_i  ({in_instr_i[3:0], in_instr_i[32+:FieldW], in_side_i, in_wait_i, in_target_i}),
    .out_valid_o(valid),
    .out_ready_i(out_valid_o && out_ready_i),
    .out_data_o ({op, fields, side_o, has_wait, target}),
    .count_o    (unused_count)
  );

  for (genvar u = 0; u < 5; u = u + 1) begin : gen_wait
    /* verilator lint_off UNUSED */
    logic [15:0] ahead;  // only the sign counts
    /* verilator lint_on UNUSED */
    assign ahead      = completed_i[u*16+:16] - target[u*16+:16];
    assign reached[u] = !has_wait[u] || !ahead[15];
  end

  assign out_valid_o = valid && !stop_i && (&reached);

  if (InstrLen < 256) begin : gen_pad
    assign instr_o = {{(256 - InstrLen) {1'b0}}, fields, 28'd0, op};
  end else begin : gen_full
    assign instr_o = {fields, 28'd0, op};
  end
endmodule

`default_nettype wire
