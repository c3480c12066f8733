// SPDX-License-Identifier: Apache-2.0
// Where the tiles of one instruction go (docs/architecture.md, section 3, tile writer address):
//
//   start: seg = d_base, addr = seg, g = 0
//   after a tile: ACT, K: g += 1, and if g == TK/TC: g = 0, addr += 1
//   after `run` tiles: seg += d_seg, addr = seg, g = 0
//
// The outputs belong to the present tile; advance_i steps to the next one and, after the last, to
// the first of the next instruction, whose fields must then stand at the inputs.
// Throughput: one tile per cycle. No flow control.
`default_nettype none

module tile_walk #(
  parameter int TC   = 32,
  parameter int TK   = 64,
  parameter int Segments = 0,   // 1: segment_o counts; else it is 0
  parameter int GrpW = (TK > TC) ? $clog2(TK / TC) : 1
) (
  input  logic            clk_i,
  input  logic            rst_ni,
  input  logic            advance_i,
  input  logic [     9:0] nct_i,
  input  logic [     9:0] run_i,
  input  logic            grouped_i,   // ACT, K: tiles of a segment share words
  input  logic [    15:0] base_i,
  input  logic [    15:0] seg_i,
  output logic [     9:0] tile_o,
  output logic            last_o,      // last tile of the instruction
  output logic            seg_last_o,  // last tile of its segment
  output logic            seg_first_o, // first tile of its segment
  output logic [     9:0] segment_o,   // number of the segment in its instruction
  output logic [    15:0] addr_o,
  output logic [GrpW-1:0] grp_o
);
  logic [9:0] tile_q, run_q;
  logic [15:0] addr_q, seg_q, seg_now, seg_next;
  logic [GrpW-1:0] grp_q;
  logic first, word_last;

  // An instruction's first tile takes its addresses from the instruction itself.
  assign first      = tile_q == 10'd0;
  assign tile_o     = tile_q;
  assign last_o     = tile_q == nct_i - 10'd1;
  assign seg_last_o = last_o || run_q == run_i - 10'd1;
  assign seg_first_o = run_q == 10'd0;
  assign seg_now    = first ? base_i : seg_q;
  assign seg_next   = seg_now + seg_i;
  assign addr_o     = first ? base_i : addr_q;
  assign grp_o      = grp_q;
  assign word_last  = grp_q == GrpW'(TK / TC - 1);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      tile_q <= 10'd0;
      run_q  <= 10'd0;
      grp_q  <= '0;
    end else if (advance_i) begin
      tile_q <= last_o ? 10'd0 : tile_q + 10'd1;
      run_q  <= seg_last_o ? 10'd0 : run_q + 10'd1;
      if (seg_last_o || word_last) grp_q <= '0;
      else if (grouped_i) grp_q <= grp_q + 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (advance_i) begin
      seg_q <= seg_last_o ? seg_next : seg_now;
      if (seg_last_o) addr_q <= seg_next;
      else if (grouped_i && word_last) addr_q <= addr_o + 16'd1;
      else addr_q <= addr_o;
    end
  end

  if (Segments != 0) begin : gen_segments
    logic [9:0] segment_q;
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) segment_q <= 10'd0;
      else if (advance_i && last_o) segment_q <= 10'd0;
      else if (advance_i && seg_last_o) segment_q <= segment_q + 10'd1;
    end
    assign segment_o = segment_q;
  end else begin : gen_no_segments
    assign segment_o = 10'd0;
  end
endmodule

`default_nettype wire
