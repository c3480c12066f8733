// SPDX-License-Identifier: Apache-2.0
// The weight ring of one column: a RAM with one write and one read port whose words may be guarded
// against flipped bits (docs/architecture.md, section 3, "Protected weights").
//
// Protection 0, none: fault_o stays 0.
// Protection 1, parity: a bit makes the number of ones of every stored word even. A word that is
//   read with an odd number is wrong; it is used as it is.
// Protection 2, majority: three copies, rdata_o = ab | ac | bc bit by bit. fault_o: they differ.
// Latency: a read shows its word in the cycle after re_i, whatever the protection; rdata_o holds
// while re_i is low. fault_o is up for one cycle, two cycles after the read of a word that is wrong
// or was corrected.
// Throughput: one read and one write per cycle. No reset: re_i must be low for two cycles of reset.
`default_nettype none

module weight_memory #(
  parameter int Width      = 32,
  parameter int Depth      = 64,
  parameter int Protection = 0,
  parameter int Slice      = 0,
  parameter int AddrW      = (Depth > 1) ? $clog2(Depth) : 1
) (
  input  logic             clk_i,
  input  logic             we_i,
  input  logic [AddrW-1:0] waddr_i,
  input  logic [Width-1:0] wdata_i,
  input  logic             re_i,
  input  logic [AddrW-1:0] raddr_i,
  output logic [Width-1:0] rdata_o,
  output logic             fault_o
);
  localparam int Copies = (Protection == 2) ? 3 : 1;
  localparam int Stored = Width + ((Protection == 1) ? 1 : 0);

  logic [Stored-1:0] stored;
  logic [Copies*Stored-1:0] read;  // copy 0 lowest

  // Copies are the same to a tool that merges equal cells: they must stay.
  for (genvar c = 0; c < Copies; c = c + 1) begin : gen_copy
    (* keep = 1, dont_touch = "true" *)
    bat_ram #(
      .Width   (Stored),
      .Depth   (Depth),
      .TapMem  (bat_pkg::TapW),
      .TapSlice(Slice),
      .TapCopy (c),
      .TapBits (Width)
    ) u_ram (
      .clk_i  (clk_i),
      .we_i   (we_i),
      .waddr_i(waddr_i),
      .wdata_i(stored),
      .re_i   (re_i),
      .raddr_i(raddr_i),
      .rdata_o(read[c*Stored+:Stored])
    );
  end

  if (Protection == 0) begin : gen_none
    assign stored  = wdata_i;
    assign rdata_o = read;
    assign fault_o = 1'b0;
  end else begin : gen_guarded
    logic read_q, wrong;

    if (Protection == 1) begin : gen_parity
      assign stored  = {^wdata_i, wdata_i};
      assign rdata_o = read[Width-1:0];
      assign wrong   = ^read;
    end else begin : gen_majority
      logic [Width-1:0] a, b, c;

      assign {c, b, a} = read;
      assign stored    = wdata_i;
      assign rdata_o   = (a & b) | (a & c) | (b & c);
      assign wrong     = |((a ^ b) | (a ^ c));
    end

    always_ff @(posedge clk_i) begin
      read_q  <= re_i;
      fault_o <= read_q && wrong;
    end
  end
endmodule

`default_nettype wire
