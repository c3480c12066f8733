// SPDX-License-Identifier: Apache-2.0
// Writes tiles of bits to ACT, K or V: those of bit instructions in the cycle in which they leave
// the array, planes of code tiles (from the drain) in the cycles between. Steers address, group,
// fill and masks; the bits themselves go through `tile_row` and the column slices. V planes, with
// AndLanes those of K, also count zeros.
//
// bit_valid_i cannot wait and comes first; cw_ready_o takes a plane. A write takes effect at the
// end of the cycle. Throughput: one tile or plane per cycle.
`default_nettype none

module tile_writer #(
  parameter int TR   = 32,
  parameter int TC   = 32,
  parameter int TK   = 64,
  parameter int AndLanes = 0,  // zeros of keys count, not those of values
  parameter int GrpW = (TK > TC) ? $clog2(TK / TC) : 1,
  parameter int TgW  = bat_pkg::QmmDTgW
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  // Bit instructions, in order: their fields, and a pulse for each finished tile.
  input  logic             bit_push_i,
  input  logic [    255:0] bit_instr_i,
  output logic             bit_ready_o,
  input  logic             bit_valid_i,
  output logic             bit_finish_o,    // the instruction's last tile is written
  // Wide tile now with the drain and where its codes go.
  input  logic [    255:0] code_instr_i,
  input  logic [      9:0] code_tile_i,
  input  logic             code_seg_last_i,
  input  logic             code_seg_first_i,
  input  logic [      9:0] code_segment_i,
  input  logic [     15:0] code_addr_i,
  input  logic [ GrpW-1:0] code_grp_i,
  input  logic             cw_valid_i,
  input  logic [      2:0] cw_plane_i,
  output logic             cw_ready_o,
  // Writes.
  output logic             tw_code_o,
  output logic [   TC-1:0] tw_cmask_o,
  output logic [   TR-1:0] tw_rmask_o,
  output logic             tw_act_we_o,
  output logic             tw_k_we_o,
  output logic             tw_v_we_o,
  output logic [     15:0] tw_addr_o,
  output logic [ GrpW-1:0] tw_grp_o,
  output logic [  TgW-1:0] tw_tg_o,
  output logic             tw_fill_o,
  output logic             zc_we_o,
  output logic             zc_first_o,
  output logic [      9:0] zc_addr_o,
  output logic [      2:0] zc_plane_o
);
  // ---------------------------------------------------------------- bit instructions under way
  // What the writer needs of an instruction lies between these bits.
  localparam int KeepLsb = bat_pkg::QmmNctLsb;
  localparam int KeepW   = bat_pkg::QmmFillLsb + 1 - KeepLsb;

  logic [KeepW-1:0] bit_fields;
  logic [255:0] bit_instr;
  logic [9:0] bit_tile, bit_segment;
  logic bit_last, bit_seg_last, bit_seg_first;
  logic [15:0] bit_addr;
  logic [GrpW-1:0] bit_grp;

  /* verilator lint_off PINCONNECTEMPTY */
  bat_fifo #(
    .Width(KeepW),
    .Depth(4)
  ) u_bit_fields (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (bit_push_i),
    .in_ready_o (bit_ready_o),
    .in_data_i  (bit_instr_i[KeepLsb+:KeepW]),
    .out_valid_o(),
    .out_ready_i(bit_finish_o),
    .out_data_o (bit_fields),
    .count_o    ()
  );
  /* verilator lint_on PINCONNECTEMPTY */

  assign bit_instr = {{(256 - KeepLsb - KeepW) {1'b0}}, bit_fields, {KeepLsb{1'b0}}};

  tile_walk #(
    .TC      (TC),
    .TK      (TK),
    .Segments(AndLanes)
  ) u_bit_walk (
    .clk_i     (clk_i),
    .rst_ni    (rst_ni),
    .advance_i (bit_valid_i),
    .nct_i     (bit_instr[bat_pkg::QmmNctLsb+:bat_pkg::QmmNctW]),
    .run_i     (bit_instr[bat_pkg::QmmRunLsb+:bat_pkg::QmmRunW]),
    .grouped_i (bit_instr[bat_pkg::QmmDMemLsb+:bat_pkg::QmmDMemW] != 2'(bat_pkg::MemV)),
    .base_i    (bit_instr[bat_pkg::QmmDBaseLsb+:bat_pkg::QmmDBaseW]),
    .seg_i     (bit_instr[bat_pkg::QmmDSegLsb+:bat_pkg::QmmDSegW]),
    .tile_o    (bit_tile),
    .last_o    (bit_last),
    .seg_last_o(bit_seg_last),
    .seg_first_o(bit_seg_first),
    .segment_o (bit_segment),
    .addr_o    (bit_addr),
    .grp_o     (bit_grp)
  );

  assign bit_finish_o = bit_valid_i && bit_last;

  // ---------------------------------------------------------------- the write of this cycle
  logic [255:0] now;
  logic [9:0] tile;
  logic seg_last, write;
  logic [15:0] addr, plane_stride;
  logic [2:0] plane;
  logic [1:0] mem;
  logic [6:0] cvalid, rvalid;

  assign cw_ready_o = !bit_valid_i;
  assign tw_code_o  = !bit_valid_i;
  assign write      = bit_valid_i || cw_valid_i;
  assign now        = bit_valid_i ? bit_instr : code_instr_i;
  assign tile       = bit_valid_i ? bit_tile : code_tile_i;
  assign seg_last   = bit_valid_i ? bit_seg_last : code_seg_last_i;
  assign addr       = bit_valid_i ? bit_addr : code_addr_i;
  assign tw_grp_o   = bit_valid_i ? bit_grp : code_grp_i;
  assign plane      = bit_valid_i ? 3'd0 : cw_plane_i;

  assign mem          = now[bat_pkg::QmmDMemLsb+:bat_pkg::QmmDMemW];
  assign cvalid       = now[bat_pkg::QmmCvalidLsb+:bat_pkg::QmmCvalidW];
  assign rvalid       = now[bat_pkg::QmmRvalidLsb+:bat_pkg::QmmRvalidW];
  assign plane_stride = 16'(now[bat_pkg::QmmDPsLsb+:bat_pkg::QmmDPsW]);

  assign tw_act_we_o = write && mem == 2'(bat_pkg::MemAct);
  assign tw_k_we_o   = write && mem == 2'(bat_pkg::MemK);
  assign tw_v_we_o   = write && mem == 2'(bat_pkg::MemV);
  assign tw_addr_o   = addr + (plane[0] ? plane_stride : 16'd0) +
                       (plane[1] ? plane_stride << 1 : 16'd0) +
                       (plane[2] ? plane_stride << 2 : 16'd0);
  assign tw_tg_o     = now[bat_pkg::QmmDTgLsb+:TgW];
  assign tw_fill_o   = (mem == 2'(bat_pkg::MemV)) ? now[bat_pkg::QmmFillLsb] : seg_last;

  always_comb begin
    for (int c = 0; c < TC; c = c + 1) tw_cmask_o[c] = !seg_last || 7'(c) < cvalid;
    for (int r = 0; r < TR; r = r + 1) tw_rmask_o[r] = 7'(r) < rvalid;
  end

  // Zero counts start from 0 with the first plane: those of V a tile, those of K a head, which is a
  // segment.
  if (AndLanes == 0) begin : gen_count_values
    logic unused_segments;
    assign zc_we_o    = tw_v_we_o && now[bat_pkg::QmmZCntLsb];
    assign zc_first_o = now[bat_pkg::QmmZFirstLsb] && plane == 3'd0;
    assign zc_addr_o  = now[bat_pkg::QmmZBaseLsb+:bat_pkg::QmmZBaseW] + tile;
    assign unused_segments = ^{bit_segment, bit_seg_first, code_segment_i, code_seg_first_i};
  end else begin : gen_count_keys
    logic seg_first, unused_tile;
    assign seg_first   = bit_valid_i ? bit_seg_first : code_seg_first_i;
    assign zc_we_o     = tw_k_we_o && now[bat_pkg::QmmZCntLsb];
    assign zc_first_o  = now[bat_pkg::QmmZFirstLsb] && plane == 3'd0 && seg_first;
    assign zc_addr_o   = now[bat_pkg::QmmZBaseLsb+:bat_pkg::QmmZBaseW] +
                         (bit_valid_i ? bit_segment : code_segment_i);
    assign unused_tile = ^tile;
  end
  assign zc_plane_o = plane;

  logic unused_bits;
  assign unused_bits = ^{bit_instr_i, now};
endmodule

`default_nettype wire
