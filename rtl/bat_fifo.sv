// SPDX-License-Identifier: Apache-2.0
// Synchronous FIFO. Small ones are registers that move towards the output, so that the output needs no multiplexer;
// larger ones keep all but the oldest entry in a RAM.
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
  localparam int InRam = (Depth > 4 && Width * Depth > 512) ? 1 : 0;

  logic [CountW-1:0] count_q;
  logic push;
  logic pop;

  assign in_ready_o  = count_q != CountW'(Depth);
  assign out_valid_o = count_q != '0;
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

  if (InRam != 0) begin : gen_ram
    localparam int AddrW = $clog2(Depth);
    logic [AddrW-1:0] write_q;
    logic [AddrW-1:0] read_q;
    logic [Width-1:0] head_q;   // the oldest entry, if it passed the RAM by
    logic [Width-1:0] stored;   // ... if it came from there
    logic             stored_q;
    logic             bypass;
    logic             fetch;

    assign bypass = push && (count_q == '0 || (pop && count_q == CountW'(1)));
    assign fetch  = pop && count_q > CountW'(1);

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        write_q  <= '0;
        read_q   <= '0;
        stored_q <= 1'b0;
      end else begin
        if (push && !bypass) write_q <= (write_q == AddrW'(Depth - 1)) ? '0 : write_q + AddrW'(1);
        if (fetch) read_q <= (read_q == AddrW'(Depth - 1)) ? '0 : read_q + AddrW'(1);
        if (fetch) stored_q <= 1'b1;
        else if (bypass) stored_q <= 1'b0;
      end
    end
    always_ff @(posedge clk_i) if (bypass) head_q <= in_data_i;

    bat_ram #(
      .Width(Width),
      .Depth(Depth)
    ) u_entries (
      .clk_i,
      .we_i   (push && !bypass),
      .waddr_i(write_q),
      .wdata_i(in_data_i),
      .re_i   (fetch),
      .raddr_i(read_q),
      .rdata_o(stored)
    );
    assign out_data_o = stored_q ? stored : head_q;
  end else begin : gen_registers
    logic [Width*Depth-1:0] data_q;
    assign out_data_o = data_q[0+:Width];

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
  end
endmodule

`default_nettype wire
