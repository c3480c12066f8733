// SPDX-License-Identifier: Apache-2.0
// Synchronous FIFO on registers: entries move towards the output, so that the output needs no multiplexer.
//
// Latency: 1 cycle. Throughput: one entry a cycle (Depth = 1: one every second cycle).
// Flow control: valid/ready on both sides; out_valid_o and in_ready_o depend on registers only.
`default_nettype none

module bat_fifo #(
  parameter int Width  = 8,
  parameter int Depth  = 4,
  parameter int CountW = $clog2(Depth + 1)
) (
  input  wire               clk_i,
  input  wire               rst_ni,
  input  wire               in_valid_i,
  output logic              in_ready_o,
  input  wire  [ Width-1:0] in_data_i,
  output logic              out_valid_o,
  input  wire               out_ready_i,
  output logic [ Width-1:0] out_data_o,
  output logic [CountW-1:0] count_o       // entries held
);
  logic [CountW-1:0] count_q;
  logic [Width*Depth-1:0] data_q;
  logic push;
  logic pop;

  assign in_ready_o  = count_q != CountW'(Depth);
  assign out_valid_o = count_q != '0;
  assign out_data_o  = data_q[0+:Width];
  assign count_o     = count_q;
  assign push        = in_valid_i && in_ready_o;
  assign pop         = out_valid_o && out_ready_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      count_q <= '0;
    end else if (push && !pop) begin
      count_q <= count_q + CountW'(1);
    end else if (pop && !push) begin
      count_q <= count_q - CountW'(1);
    end
  end

  // Entry i takes its neighbour on a pop and the input where the new entry comes to rest.
  for (genvar i = 0; i < Depth; i = i + 1) begin : gen_entry
    logic here;  // the input comes to rest in this entry
    assign here = push && (count_q == (pop ? CountW'(i + 1) : CountW'(i)));
    if (i + 1 < Depth) begin : gen_shift
      always_ff @(posedge clk_i) begin
        if (here) data_q[i*Width+:Width] <= in_data_i;
        else if (pop) data_q[i*Width+:Width] <= data_q[(i+1)*Width+:Width];
      end
    end else begin : gen_last
      always_ff @(posedge clk_i) begin
        if (here) data_q[i*Width+:Width] <= in_data_i;
      end
    end
  end
endmodule

`default_nettype wire
