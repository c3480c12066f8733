// SPDX-License-Identifier: Apache-2.0
// Storage of one parameter ring (T, P or L): written by the weight DMA, read at any offset from its tail.
//
// Word counts are free-running; ring address = count mod Depth. Who may read or write what follows from the head
// (weight_dma) and the reader's tail. Latency: a read shows its word in the next cycle. Throughput: one read and one
// write a cycle. Flow control: none.
`default_nettype none

module param_ring #(
  parameter int Width = 64,
  parameter int Depth = 16,                               // power of two
  parameter int AddrW = (Depth > 1) ? $clog2(Depth) : 1
) (
  input  wire               clk_i,
  input  wire               wr_valid_i,
  input  wire  [ AddrW-1:0] wr_addr_i,
  input  wire  [ Width-1:0] wr_data_i,
  input  wire               rd_valid_i,
  input  wire  [ AddrW-1:0] rd_addr_i,
  output logic [ Width-1:0] rd_data_o
);
  bat_ram #(
    .Width(Width),
    .Depth(Depth)
  ) u_ram (
    .clk_i  (clk_i),
    .we_i   (wr_valid_i),
    .waddr_i(wr_addr_i),
    .wdata_i(wr_data_i),
    .re_i   (rd_valid_i),
    .raddr_i(rd_addr_i),
    .rdata_o(rd_data_o)
  );
endmodule

`default_nettype wire
