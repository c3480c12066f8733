// SPDX-License-Identifier: Apache-2.0
// Hands wide tiles to the drain. A finished sum waits in the accumulators until the shadow is
// empty, is then captured and offered with everything the drain must know about it.
//
// The steps tell when a tile's sum will need the shadow (reserve: last step of branch 0 issued) and
// when the sum of a branch stands in the accumulators (arrive). While a reservation is open, hold_o
// keeps the array from starting another sum, so the accumulators are a second buffer and nothing
// has to stop between issue and sum.
//
// The drain shifts TC/Lanes times for each tile, in consecutive cycles once it has begun. So a
// reservation is granted already when at most `Way` shifts are left: the sum that the array may
// then start reaches the accumulators after the last of them. wt_done_i comes with the last shift
// or later.
`default_nettype none

module wide_handoff #(
  parameter int TC    = 32,
  parameter int TK    = 64,
  parameter int Lanes = 4,
  parameter int BR    = 1,
  parameter int AccW  = 24,
  parameter int ZW    = 13,
  parameter int AndLanes = 0,  // rows show sums of the AND form
  parameter int MaxBits  = 1,  // encoder activation bits; only with AndLanes
  parameter int Way   = 4,   // cycles from the issue of a step to its sum, 3 + PopStages
  parameter int GrpW  = (TK > TC) ? $clog2(TK / TC) : 1
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  // Wide instructions, in order.
  input  logic                  push_i,
  input  logic [         255:0] instr_i,
  output logic                  ready_o,
  output logic                  finish_o,        // all tiles of an instruction have retired
  // Issue: last step of branch 0.
  input  logic                  reserve_i,
  output logic                  hold_o,
  // Sum of a branch complete in the accumulators.
  input  logic                  arrive_i,
  input  logic                  arrive_branch_i,
  input  logic                  arrive_last_i,   // last branch of the tile
  input  logic                  arrive_zz_i,
  input  logic                  arrive_set_i,
  output logic [        BR-1:0] sh_capture_o,
  output logic                  zz_load_o,
  output logic                  zz_set_o,
  output logic [           1:0] zz_release_o,    // sets of column constants to release
  // Drain.
  output logic                  wt_valid_o,
  output logic [           2:0] wt_out_o,
  output logic [           5:0] wt_shift_o,
  output logic [           3:0] wt_ob_o,
  output logic [           6:0] wt_cvalid_o,
  output logic [          15:0] wt_p_tail_o,
  output logic [          15:0] wt_p_off_o,
  output logic                  wt_bcast_o,
  output logic [          15:0] wt_res_addr_o,
  output logic [           9:0] wt_rt_o,
  output logic                  wt_stat_first_o,
  output logic                  wt_skip0_o,
  output logic [           1:0] wt_slot_o,
  output logic [          12:0] wt_s_addr_o,
  output logic                  wt_s_first_o,
  output logic [          10:0] wt_l_base_o,
  output logic [          15:0] wt_p_free_o,
  input  logic                  wt_done_i,
  input  logic                  wt_retire_i,
  input  logic                  wt_shift_cols_i,
  input  logic [  Lanes*ZW-1:0] z_lanes_i,
  output logic [Lanes*AccW-1:0] sh_zz_o,
  // To the tile writer.
  output logic [         255:0] code_instr_o,
  output logic [           9:0] code_tile_o,
  output logic                  code_seg_last_o,
  output logic                  code_seg_first_o,
  output logic [           9:0] code_segment_o,
  output logic [          15:0] code_addr_o,
  output logic [      GrpW-1:0] code_grp_o
);
  localparam int TileShift = $clog2(TC / Lanes);  // drain beats of a tile
  localparam int ColShift  = $clog2(TC);

  // ---------------------------------------------------------------- instructions under way
  localparam int KeepLsb = bat_pkg::QmmNctLsb;
  localparam int KeepW   = bat_pkg::QmmFillLsb + 1 - KeepLsb;

  // AND form with codes: whether operand B is counted in hardware, and kw, for what sums hold too
  // much.
  localparam int SumW  = (AndLanes != 0 && MaxBits > 1) ? 1 + bat_pkg::QmmKwW : 0;
  localparam int BaseW = KeepW + bat_pkg::QmmPaW;

  logic [KeepW-1:0] fields;
  logic [3:0] planes_a;
  logic [BaseW+SumW-1:0] fifo_in, fifo_out;
  logic [255:0] now;
  logic [9:0] nct, tile;
  logic [2:0] out;
  logic last, seg_last, tile_done;

  /* verilator lint_off PINCONNECTEMPTY */
  bat_fifo #(
    .Width(BaseW + SumW),
    .Depth(4)
  ) u_fields (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (push_i),
    .in_ready_o (ready_o),
    .in_data_i  (fifo_in),
    .out_valid_o(),
    .out_ready_i(wt_done_i && last),
    .out_data_o (fifo_out),
    .count_o    ()
  );
  /* verilator lint_on PINCONNECTEMPTY */

  assign fifo_in[BaseW-1:0] = {instr_i[bat_pkg::QmmPaLsb+:bat_pkg::QmmPaW], instr_i[KeepLsb+:KeepW]};
  assign {planes_a, fields} = fifo_out[BaseW-1:0];

  assign now = {{(256 - KeepLsb - KeepW) {1'b0}}, fields, {KeepLsb{1'b0}}};
  assign nct = now[bat_pkg::QmmNctLsb+:bat_pkg::QmmNctW];
  assign out = now[bat_pkg::QmmOutLsb+:bat_pkg::QmmOutW];

  tile_walk #(
    .TC      (TC),
    .TK      (TK),
    .Segments(AndLanes)
  ) u_walk (
    .clk_i     (clk_i),
    .rst_ni    (rst_ni),
    .advance_i (wt_done_i),
    .nct_i     (nct),
    .run_i     (now[bat_pkg::QmmRunLsb+:bat_pkg::QmmRunW]),
    .grouped_i (now[bat_pkg::QmmDMemLsb+:bat_pkg::QmmDMemW] != 2'(bat_pkg::MemV)),
    .base_i    (now[bat_pkg::QmmDBaseLsb+:bat_pkg::QmmDBaseW]),
    .seg_i     (now[bat_pkg::QmmDSegLsb+:bat_pkg::QmmDSegW]),
    .tile_o    (tile),
    .last_o    (last),
    .seg_last_o(seg_last),
    .seg_first_o(code_seg_first_o),
    .segment_o (code_segment_o),
    .addr_o    (code_addr_o),
    .grp_o     (code_grp_o)
  );

  assign code_instr_o    = now;
  assign code_tile_o     = tile;
  assign code_seg_last_o = seg_last;

  // ---------------------------------------------------------------- shadow
  localparam int Beats = TC / Lanes;
  localparam int BeatW = $clog2(Beats + 1);

  logic wait_q;     // a sum is on its way that has no grant yet
  logic granted_q;  // a sum is on its way that has one
  logic held_q;     // a sum stands in the accumulators
  logic full_q;     // the shadow holds a tile, of which `left_q` beats are still to be shifted
  logic [BeatW-1:0] left_q;
  logic [1:0] tiles_q;  // captured and not done: the tile with the drain and perhaps the next
  logic held_last_q, held_zz_q, held_set_q;
  logic empty, near_empty, grant, present, capture_first, capture, capture_last;

  assign empty      = !full_q || (wt_shift_cols_i && left_q == BeatW'(1));
  assign near_empty = !full_q || (wt_shift_cols_i && 32'(left_q) <= Way + 1);
  assign grant      = near_empty && !granted_q && (reserve_i || wait_q);
  assign hold_o     = wait_q;

  // Sums arrive in the order of their reservations and at most one grant is open. The second branch
  // finds the shadow taken for its tile.
  assign present       = held_q || (arrive_i && !arrive_branch_i);
  assign capture_first = present && (granted_q || grant) && empty;
  assign capture       = capture_first || (arrive_i && arrive_branch_i);
  assign capture_last  = capture && (held_q ? held_last_q : arrive_last_i);

  always_comb begin
    for (int b = 0; b < BR; b = b + 1) begin
      sh_capture_o[b] = capture && (held_q ? b == 0 : arrive_branch_i == (b == 1));
    end
  end

  assign zz_load_o    = capture && (held_q ? held_zz_q : arrive_zz_i);
  assign zz_set_o     = held_q ? held_set_q : arrive_set_i;
  assign zz_release_o = {zz_load_o && zz_set_o, zz_load_o && !zz_set_o};

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      wait_q    <= 1'b0;
      granted_q <= 1'b0;
      held_q    <= 1'b0;
      full_q    <= 1'b0;
      left_q    <= '0;
      tiles_q   <= 2'd0;
    end else begin
      wait_q    <= (wait_q || reserve_i) && !grant;
      granted_q <= (granted_q || grant) && !capture_first;
      held_q    <= present && !capture_first;
      full_q    <= capture_first || !empty;
      if (capture_first) left_q <= BeatW'(Beats);
      else if (wt_shift_cols_i) left_q <= left_q - 1'b1;
      tiles_q <= tiles_q + 2'(capture_last) - 2'(wt_done_i);
    end
  end

  always_ff @(posedge clk_i) begin
    if (arrive_i) begin
      held_last_q <= arrive_last_i;
      held_zz_q   <= arrive_zz_i;
      held_set_q  <= arrive_set_i;
    end
  end

  // ---------------------------------------------------------------- description of the tile
  logic uses_p, p_free;
  logic [15:0] p_tail_q, p_words, beat_base;

  assign beat_base = 16'(tile) << TileShift;
  assign uses_p    = out != 3'(bat_pkg::OutScore);
  assign p_free    = now[bat_pkg::QmmTFreeLsb] && uses_p && last;
  // What is freed ends with the words of this instruction; those before them go with them.
  assign p_words   = 16'(now[bat_pkg::QmmTOffLsb+:bat_pkg::QmmTOffW]) +
                     (now[bat_pkg::QmmBcastLsb] ? 16'd1 : 16'(nct) << TileShift);

  assign wt_valid_o      = tiles_q != 2'd0;
  assign wt_out_o        = out;
  assign wt_shift_o      = now[bat_pkg::QmmShiftLsb+:bat_pkg::QmmShiftW];
  assign wt_ob_o         = now[bat_pkg::QmmObLsb+:bat_pkg::QmmObW];
  assign wt_cvalid_o     = ((out == 3'(bat_pkg::OutCode)) ? seg_last : last) ?
                           now[bat_pkg::QmmCvalidLsb+:bat_pkg::QmmCvalidW] : 7'(TC);
  assign wt_bcast_o      = now[bat_pkg::QmmBcastLsb];
  // Apart: the drain compares the offset with the words present, which is quicker than their place.
  assign wt_p_tail_o     = p_tail_q;
  assign wt_p_off_o      = 16'(now[bat_pkg::QmmTOffLsb+:bat_pkg::QmmTOffW]) +
                           (now[bat_pkg::QmmBcastLsb] ? 16'd0 : beat_base);
  assign wt_p_free_o     = p_free ? p_words : 16'd0;
  assign wt_res_addr_o   = now[bat_pkg::QmmResBaseLsb+:bat_pkg::QmmResBaseW] + beat_base;
  assign wt_rt_o         = now[bat_pkg::QmmRtLsb+:bat_pkg::QmmRtW];
  assign wt_stat_first_o = now[bat_pkg::QmmStatFirstLsb] && tile == 10'd0;
  assign wt_skip0_o      = now[bat_pkg::QmmSkip0Lsb];
  assign wt_slot_o       = now[bat_pkg::QmmSlotLsb+:bat_pkg::QmmSlotW];
  assign wt_s_addr_o     = now[bat_pkg::QmmSBaseLsb+:bat_pkg::QmmSBaseW] + 13'(beat_base);
  assign wt_s_first_o    = tile == 10'd0 && now[bat_pkg::QmmSBaseLsb+:bat_pkg::QmmSBaseW] == '0;
  assign wt_l_base_o     = now[bat_pkg::QmmLBaseLsb+:bat_pkg::QmmLBaseW] + (11'(tile) << ColShift);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) p_tail_q <= 16'd0;
    else if (wt_done_i) p_tail_q <= p_tail_q + wt_p_free_o;
  end

  // Zero counts: zz = (2^pa - 1) * Z. In the AND form the row shows U + E and A = U + (2^pa - 1) * Z,
  // so zz = E - (2^pa - 1) * Z; for weights E is in the offsets and zz 0. Products with keys and
  // values have pa = pb: E = 2*TK*kw * (2^(pa+1) - 1) + 2^(2*pa - 2) - 1, 0 for one bit, where the
  // preload holds Z.
  if (AndLanes == 0) begin : gen_match
    logic [AccW-1:0] zeros;

    always_comb begin
      zeros = '0;
      for (int l = 0; l < Lanes; l = l + 1) begin
        zeros = now[bat_pkg::QmmZUseLsb] ? AccW'(z_lanes_i[l*ZW+:ZW]) : '0;
        sh_zz_o[l*AccW+:AccW] = (zeros << planes_a) - zeros;
      end
    end
  end else if (MaxBits > 1) begin : gen_and
    logic [AccW-1:0] zeros, words, excess;

    assign fifo_in[BaseW+:SumW] = {instr_i[bat_pkg::QmmBSrcLsb+:bat_pkg::QmmBSrcW] != 2'(bat_pkg::SrcW),
                                   instr_i[bat_pkg::QmmKwLsb+:bat_pkg::QmmKwW]};
    assign words  = AccW'(fifo_out[BaseW+:bat_pkg::QmmKwW]) << $clog2(2 * TK);
    assign excess = (fifo_out[BaseW+SumW-1] && planes_a != 4'd1) ?
                    (words << (planes_a + 4'd1)) - words +
                    (AccW'(1) << (5'(planes_a) * 5'd2 - 5'd2)) - AccW'(1) : '0;

    always_comb begin
      zeros = '0;
      for (int l = 0; l < Lanes; l = l + 1) begin
        zeros = now[bat_pkg::QmmZUseLsb] ? AccW'(z_lanes_i[l*ZW+:ZW]) : '0;
        sh_zz_o[l*AccW+:AccW] = excess - ((zeros << planes_a) - zeros);
      end
    end
  end else begin : gen_and_bits
    assign sh_zz_o = '0;
    logic unused_counts;
    assign unused_counts = ^{z_lanes_i, planes_a};
  end

  // ---------------------------------------------------------------- completion
  // Tiles retire some cycles after they are done; an instruction is finished when as many tiles
  // have retired as were done at its end.
  localparam int CountW = 6;
  logic [CountW-1:0] done_q, retired_q, finish_at, behind;
  logic finish_valid;

  assign tile_done = wt_done_i && last;
  assign behind    = retired_q - finish_at;
  assign finish_o  = finish_valid && !behind[CountW-1];

  /* verilator lint_off PINCONNECTEMPTY */
  bat_fifo #(
    .Width(CountW),
    .Depth(8)
  ) u_ends (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (tile_done),
    .in_ready_o (),
    .in_data_i  (done_q + 1'b1),
    .out_valid_o(finish_valid),
    .out_ready_i(finish_o),
    .out_data_o (finish_at),
    .count_o    ()
  );
  /* verilator lint_on PINCONNECTEMPTY */

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      done_q    <= '0;
      retired_q <= '0;
    end else begin
      if (wt_done_i) done_q <= done_q + 1'b1;
      if (wt_retire_i) retired_q <= retired_q + 1'b1;
    end
  end

  logic unused_bits;
  assign unused_bits = ^{instr_i, now};
endmodule

`default_nettype wire
