// SPDX-License-Identifier: Apache-2.0
// Counts words of guarded weight memory that were read wrong (parity) or corrected (majority), of
// all columns together; stays at 2^32 - 1. A word counts each time it is read.
//
// Latency: faults_i raises event_o in the next cycle and is in count_o one cycle later.
// Throughput: TC words a cycle.
`default_nettype none

module weight_fault_count #(
  parameter int TC = 8
) (
  input  logic          clk_i,
  input  logic          rst_ni,
  input  logic          clear_i,   // count to 0
  input  logic [TC-1:0] faults_i,
  output logic          event_o,
  output logic [  31:0] count_o
);
  localparam int SumW = $clog2(TC + 1);

  logic [SumW-1:0] sum_q;
  logic [    31:0] count_q;
  logic [    32:0] next;

  assign event_o = sum_q != '0;
  assign count_o = count_q;
  assign next    = {1'b0, count_q} + 33'(sum_q);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      sum_q   <= '0;
      count_q <= '0;
    end else begin
      sum_q <= SumW'($countones(faults_i));
      if (clear_i) count_q <= '0;
      else if (next[32]) count_q <= '1;
      else count_q <= next[31:0];
    end
  end
endmodule

`default_nettype wire
