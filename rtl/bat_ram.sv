// SPDX-License-Identifier: Apache-2.0
// Simple dual-port RAM: one write port with `Groups` write enables, one read port.
//
// Latency: a read shows its word in the cycle after re_i; rdata_o holds while re_i is low. Reading
// an address in the cycle that writes it gives the old word and must not be relied upon.
// Throughput: one read and one write per cycle. No reset: the contents are undefined until written.
//
// With macro BAT_TAP every write reports through DPI, once for each 64-bit chunk that it touches
// (architecture.md, section 9). TapMem names the memory (bat_pkg::Tap*), TapSlice the slice. Words
// from TapSplit on, if above 0, are those of a second memory, TapMem2. Of several copies the first
// reports, of a word its lowest TapBits. With macro BAT_FAULT bits of TapW are turned over as they
// are stored, where DPI says so.
`default_nettype none

module bat_ram #(
  parameter int Width    = 8,
  parameter int Depth    = 16,
  parameter int Groups   = 1,
  parameter int TapMem   = bat_pkg::TapNone,
  parameter int TapSlice = 0,
  parameter int TapMem2  = bat_pkg::TapNone,
  parameter int TapSplit = 0,
  parameter int TapCopy  = 0,
  parameter int TapBits  = Width,
  parameter int AddrW    = (Depth > 1) ? $clog2(Depth) : 1
) (
  input  logic              clk_i,
  input  logic [Groups-1:0] we_i,
  input  logic [ AddrW-1:0] waddr_i,
  input  logic [ Width-1:0] wdata_i,
  input  logic              re_i,
  input  logic [ AddrW-1:0] raddr_i,
  output logic [ Width-1:0] rdata_o
);
  localparam int GroupW = Width / Groups;

  logic [Width-1:0] mem[0:Depth-1];

`ifdef BAT_FAULT
  import "DPI-C" function longint bat_tap_flip(
    input int slice,
    input int copy,
    input int addr,
    input int chunk
  );

  function automatic logic [Width-1:0] flips(input logic [AddrW-1:0] addr);
    /* verilator lint_off UNUSED */
    logic [(Width+63)/64*64-1:0] bits;
    /* verilator lint_on UNUSED */
    bits = '0;
    if (TapMem == bat_pkg::TapW) begin
      for (int k = 0; k < (Width + 63) / 64; k = k + 1) begin
        bits[k*64+:64] = bat_tap_flip(TapSlice, TapCopy, 32'(addr), k);
      end
    end
    return wdata_i ^ bits[Width-1:0];
  endfunction

  if (Groups == 1) begin : gen_faulty
    always_ff @(posedge clk_i) begin
      if (we_i[0]) mem[waddr_i] <= flips(waddr_i);
    end
  end else begin : gen_whole
    always_ff @(posedge clk_i) begin
      for (int g = 0; g < Groups; g = g + 1) begin
        if (we_i[g]) mem[waddr_i][g*GroupW+:GroupW] <= wdata_i[g*GroupW+:GroupW];
      end
    end
  end
`else
  always_ff @(posedge clk_i) begin
    for (int g = 0; g < Groups; g = g + 1) begin
      if (we_i[g]) mem[waddr_i][g*GroupW+:GroupW] <= wdata_i[g*GroupW+:GroupW];
    end
  end
`endif

  always_ff @(posedge clk_i) begin
    if (re_i) rdata_o <= mem[raddr_i];
  end

`ifdef BAT_TAP
  import "DPI-C" function void bat_tap_write(
    input int     mem,
    input int     slice,
    input int     addr,
    input int     chunk,
    input longint mask,
    input longint data
  );

  if (TapMem != bat_pkg::TapNone && TapCopy == 0) begin : gen_tap
    localparam int Chunks = (Width + 63) / 64;
    logic [Chunks*64-1:0] tap_mask;
    logic [Chunks*64-1:0] tap_data;

    always_comb begin
      tap_mask = '0;
      tap_data = '0;
      tap_data[Width-1:0] = wdata_i;
      for (int g = 0; g < Groups; g = g + 1) begin
        if (we_i[g]) tap_mask[g*GroupW+:GroupW] = '1;
      end
      for (int b = TapBits; b < Chunks * 64; b = b + 1) tap_mask[b] = 1'b0;
    end

    always_ff @(posedge clk_i) begin
      for (int k = 0; k < Chunks; k = k + 1) begin
        if (tap_mask[k*64+:64] != 64'd0) begin
          if (TapSplit > 0 && 32'(waddr_i) >= TapSplit) begin
            bat_tap_write(TapMem2, TapSlice, 32'(waddr_i) - TapSplit, k, tap_mask[k*64+:64], tap_data[k*64+:64]);
          end else begin
            bat_tap_write(TapMem, TapSlice, 32'(waddr_i), k, tap_mask[k*64+:64], tap_data[k*64+:64]);
          end
        end
      end
    end
  end
`else
  /* verilator lint_off UNUSED */
  localparam int UnusedTap = TapMem + TapSlice + TapMem2 + TapSplit + TapCopy + TapBits;
  /* verilator lint_on UNUSED */
`endif
endmodule

`default_nettype wire
