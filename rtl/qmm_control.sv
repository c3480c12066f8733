// SPDX-License-Identifier: Apache-2.0
// Control of the QMM engine: executes QMM instructions and all that follows from them, up to the
// tile bits in memory and the hand-off of wide tiles to the drain.
//
//   cycle 0            qmm_steps issues a step
//         1            operand addresses at the memories
//         1+PopStages  preload of the tile computed
//         2            operands at the array
//         2+PopStages  counts at the accumulators
//         3+PopStages  sum complete: bits captured, or shadow captured (may wait for the drain)
//         4+PopStages  tile bits written
//
// Throughput: one step per cycle, without a gap between tiles or instructions. A step waits for its
// operands and constants (starved) or for the drain (stalled); nothing waits after its issue.
// instr_i is accepted when instr_ready_o; done_o pulses in order, one cycle or more after the last
// write of the instruction.
`default_nettype none

module qmm_control #(
  parameter int TR        = 32,
  parameter int TC        = 32,
  parameter int TK        = 64,
  parameter int Lanes     = 4,
  parameter int PopStages = 1,
  parameter int BR        = 1,
  parameter int AccW      = 24,
  parameter int ZW        = 13,                              // width of a zero count
  parameter int TDepth    = 64,                              // words of the T ring, power of two
  parameter int AndLanes  = 0,                               // AND form of the lanes
  parameter int MaxBits   = 1,                               // encoder activation bits
  parameter int Pruning   = 0,                               // masks of operand words built in
  parameter int ParW      = Lanes * 64 * BR,
  parameter int TP        = (TC * 16 > ParW) ? TC * 16 / ParW : 1,  // T words of a tile
  parameter int TDataW    = (TC * 16 > ParW) ? ParW : TC * 16,      // used bits of a T word
  parameter int TAddrW    = (TDepth > 1) ? $clog2(TDepth) : 1,
  parameter int GrpW      = (TK > TC) ? $clog2(TK / TC) : 1,
  parameter int TgW       = bat_pkg::QmmDTgW
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  // Unit port.
  input  logic                  instr_valid_i,
  input  logic [         255:0] instr_i,
  output logic                  instr_ready_o,
  output logic                  done_o,
  output logic                  busy_o,         // a step is issued: also the step counter's enable
  output logic                  stalled_o,
  // Rings: words written (free-running), words to free.
  input  logic [          15:0] w_head_i,
  output logic                  w_free_valid_o,
  output logic [          15:0] w_free_words_o,
  input  logic [          15:0] t_head_i,
  output logic                  t_free_valid_o,
  output logic [          15:0] t_free_words_o,
  output logic                  t_re_o,
  output logic [    TAddrW-1:0] t_rd_addr_o,
  input  logic [      ParW-1:0] t_rd_data_i,    // in the cycle after t_re_o
  // Operands: to row slices and column slices; data in the next cycle.
  output logic                  a_re_o,
  output logic                  a_src_o,        // 0 ACT, 1 XB
  output logic [          15:0] a_addr_o,
  output logic                  b_re_o,
  output logic [           1:0] b_src_o,
  output logic [          15:0] b_addr_o,
  // Column constants, to all column slices. Column c takes bit c div (ParW/16) of ct_we_o and
  // bits [(c mod (ParW/16))*16 +: 16] of ct_data_o.
  output logic [        TP-1:0] ct_we_o,
  output logic                  ct_set_o,
  output logic [    TDataW-1:0] ct_data_o,
  output logic                  cz_re_o,
  output logic [           9:0] cz_addr_o,
  output logic                  cz_load_o,
  output logic                  cz_set_o,
  output logic                  cz_zero_o,
  output logic                  pl_load_o,
  output logic                  pl_set_o,
  output logic                  pl_zero_o,
  output logic                  pl_count_o,     // AND form: the zero count counts
  output logic [          12:0] pl_words_o,     // AND form: -words, two's complement
  output logic                  zz_load_o,
  output logic                  zz_set_o,
  // Array, to all rows.
  output logic                  acc_valid_o,
  output logic                  acc_first_o,
  output logic                  acc_double_o,
  output logic                  bit_capture_o,
  output logic [        BR-1:0] sh_capture_o,
  // Tile writes: one address for all memories; data through tile_row and the column slices.
  output logic                  tw_code_o,      // to tile_row: 1 code plane, 0 tile bits
  output logic [        TC-1:0] tw_cmask_o,     // to tile_row: columns that count
  output logic [        TR-1:0] tw_rmask_o,     // to column slices: rows that count (V)
  output logic                  tw_act_we_o,
  output logic                  tw_k_we_o,
  output logic                  tw_v_we_o,
  output logic [          15:0] tw_addr_o,
  output logic [      GrpW-1:0] tw_grp_o,       // group of TC bits inside the word (ACT, K)
  output logic [       TgW-1:0] tw_tg_o,        // token group (K: of columns, V: of the word)
  output logic                  tw_fill_o,      // all higher groups too, with padding
  output logic                  zc_we_o,
  output logic                  zc_first_o,
  output logic [           9:0] zc_addr_o,
  output logic [           2:0] zc_plane_o,
  // Wide tile to the drain, held from wt_valid_o to wt_done_i.
  output logic                  wt_valid_o,
  output logic [           2:0] wt_out_o,
  output logic [           5:0] wt_shift_o,
  output logic [           3:0] wt_ob_o,
  output logic [           6:0] wt_cvalid_o,    // columns of this tile that count, 1 .. TC
  output logic [          15:0] wt_p_tail_o,    // absolute P ring word of the tile: the sum of
  output logic [          15:0] wt_p_off_o,     // the ring's tail and the place behind it
  output logic                  wt_bcast_o,
  output logic [          15:0] wt_res_addr_o,
  output logic [           9:0] wt_rt_o,
  output logic                  wt_stat_first_o,
  output logic                  wt_skip0_o,
  output logic [           1:0] wt_slot_o,
  output logic [          12:0] wt_s_addr_o,
  output logic                  wt_s_first_o,
  output logic [          10:0] wt_l_base_o,
  output logic [          15:0] wt_p_free_o,    // P words to free when the tile is done
  input  logic                  wt_done_i,        // the drain is through with the tile
  input  logic                  wt_retire_i,      // a tile is written, in order
  input  logic                  wt_shift_cols_i,  // also to every qmm_row and column slice
  input  logic [  Lanes*ZW-1:0] z_lanes_i,      // zz_chain_o of column slices 0 .. Lanes-1
  output logic [Lanes*AccW-1:0] sh_zz_o,
  // Code planes of the wide tile.
  input  logic                  cw_valid_i,
  input  logic [           2:0] cw_plane_i,
  output logic                  cw_ready_o
);
  localparam int PlStage    = 1 + PopStages;
  localparam int AccStage   = 2 + PopStages;
  localparam int SumStage   = 3 + PopStages;
  localparam int WriteStage = 4 + PopStages;

  // ---------------------------------------------------------------- next instruction
  logic n_valid_q, n_given_q, n_wide, n_uses_sets, n_given, n_room, start_valid, start;
  logic [255:0] n_instr_q;
  logic steps_ready, loader_ready, bit_ready, wide_ready, order_ready;

  assign n_wide      = n_instr_q[bat_pkg::QmmOutLsb+:bat_pkg::QmmOutW] != 3'(bat_pkg::OutBit);
  assign n_uses_sets = !n_wide || n_instr_q[bat_pkg::QmmZUseLsb];
  // It starts once the loader has it (often long before) and its tiles can be kept track of.
  assign n_given     = n_given_q || !n_uses_sets || loader_ready;
  assign n_room      = order_ready && (n_wide ? wide_ready : bit_ready);
  assign start_valid = n_valid_q && n_given && n_room;
  assign start       = start_valid && steps_ready;

  assign instr_ready_o = !n_valid_q || start;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      n_valid_q <= 1'b0;
      n_given_q <= 1'b0;
    end else begin
      n_valid_q <= !instr_ready_o || instr_valid_i;
      n_given_q <= !instr_ready_o && n_valid_q && n_given;
    end
  end

  always_ff @(posedge clk_i) begin
    if (instr_ready_o) n_instr_q <= instr_i;
  end

  // ---------------------------------------------------------------- steps
  logic step, steps_stalled, step_first, step_double, step_block_last, step_branch, step_wide;
  logic step_tile_last, step_tile_first, step_set_used, step_set_last_use, step_set, set_take;
  logic hold;
  logic [1:0] ready_sets;
  logic [11:0] step_words;

  qmm_steps #(
    .Pruning(Pruning)
  ) u_steps (
    .clk_i         (clk_i),
    .rst_ni        (rst_ni),
    .start_valid_i (start_valid),
    .start_instr_i (n_instr_q),
    .start_ready_o (steps_ready),
    .w_head_i      (w_head_i),
    .w_free_valid_o(w_free_valid_o),
    .w_free_words_o(w_free_words_o),
    .set_ready_i   (ready_sets),
    .set_take_o    (set_take),
    .set_index_o   (step_set),
    .hold_i        (hold),
    .step_o        (step),
    .stalled_o     (steps_stalled),
    .first_o       (step_first),
    .double_o      (step_double),
    .block_last_o  (step_block_last),
    .branch_o      (step_branch),
    .wide_o        (step_wide),
    .tile_last_o   (step_tile_last),
    .tile_first_o  (step_tile_first),
    .set_used_o    (step_set_used),
    .set_last_use_o(step_set_last_use),
    .words_o       (step_words),
    .a_re_o        (a_re_o),
    .a_src_o       (a_src_o),
    .a_addr_o      (a_addr_o),
    .b_re_o        (b_re_o),
    .b_src_o       (b_src_o),
    .b_addr_o      (b_addr_o)
  );

  assign busy_o    = step;
  assign stalled_o = steps_stalled || (!step && steps_ready && n_valid_q && n_given && !n_room);

  // ---------------------------------------------------------------- steps on their way
  // Bit s of each register belongs to the step issued s cycles ago.
  logic [WriteStage:1] bit_last_q;
  logic [SumStage:1] valid_q, wide_q, block_last_q, tile_last_q, branch_q, zz_q, set_q;
  logic [AccStage:1] first_q, double_q;
  logic [PlStage:1] release_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q    <= '0;
      bit_last_q <= '0;
    end else begin
      valid_q    <= {valid_q[SumStage-1:1], step};
      bit_last_q <= {bit_last_q[WriteStage-1:1], step && step_tile_last && !step_wide};
    end
  end

  always_ff @(posedge clk_i) begin
    first_q      <= {first_q[AccStage-1:1], step_first};
    double_q     <= {double_q[AccStage-1:1], step_double};
    wide_q       <= {wide_q[SumStage-1:1], step_wide};
    block_last_q <= {block_last_q[SumStage-1:1], step_block_last};
    tile_last_q  <= {tile_last_q[SumStage-1:1], step_tile_last};
    branch_q     <= {branch_q[SumStage-1:1], step_branch};
    zz_q         <= {zz_q[SumStage-1:1], step_set_used && !step_branch};
    set_q        <= {set_q[SumStage-1:1], step_set};
  end

  logic release_d;
  assign release_d = step_tile_first && step_set_used && step_set_last_use && !step_wide;
  if (PlStage == 1) begin : gen_release_direct
    always_ff @(posedge clk_i) release_q <= release_d;
  end else begin : gen_release_shift
    always_ff @(posedge clk_i) release_q <= {release_q[PlStage-1:1], release_d};
  end

  if (AndLanes != 0) begin : gen_words
    logic [13*PlStage-1:0] words_q;
    if (PlStage == 1) begin : gen_direct
      always_ff @(posedge clk_i) words_q <= 13'd0 - 13'(step_words);
    end else begin : gen_shift
      always_ff @(posedge clk_i) words_q <= {words_q[13*(PlStage-1)-1:0], 13'd0 - 13'(step_words)};
    end
    assign pl_words_o = words_q[13*PlStage-1-:13];
    // With one bit the count of a wide tile goes into the preload too.
    assign pl_count_o = zz_q[PlStage] && (MaxBits == 1 || !wide_q[PlStage]);
  end else begin : gen_no_words
    logic unused_words;
    assign pl_words_o   = '0;
    assign pl_count_o   = 1'b0;
    assign unused_words = ^step_words;
  end

  assign pl_load_o     = valid_q[PlStage] && first_q[PlStage];
  assign pl_set_o      = set_q[PlStage];
  assign pl_zero_o     = wide_q[PlStage];
  assign acc_valid_o   = valid_q[AccStage];
  assign acc_first_o   = first_q[AccStage];
  assign acc_double_o  = double_q[AccStage];
  assign bit_capture_o = bit_last_q[SumStage];

  // ---------------------------------------------------------------- column constants
  // Thresholds have done their duty when the preload is computed, zero counts of wide tiles when
  // they are captured with the sum.
  logic [1:0] zz_release, sets_taken, sets_released;
  logic pl_release;

  assign pl_release    = valid_q[PlStage] && release_q[PlStage];
  assign sets_taken    = (step && set_take) ? {step_set, !step_set} : 2'b00;
  assign sets_released = zz_release |
                         (pl_release ? {set_q[PlStage], !set_q[PlStage]} : 2'b00);

  threshold_loader #(
    .TDepth(TDepth),
    .ParW  (ParW),
    .TP    (TP),
    .TDataW(TDataW),
    .AndLanes(AndLanes)
  ) u_thresholds (
    .clk_i         (clk_i),
    .rst_ni        (rst_ni),
    .valid_i       (n_valid_q && n_uses_sets && !n_given_q),
    .instr_i       (n_instr_q),
    .ready_o       (loader_ready),
    .t_head_i      (t_head_i),
    .t_free_valid_o(t_free_valid_o),
    .t_free_words_o(t_free_words_o),
    .t_re_o        (t_re_o),
    .t_rd_addr_o   (t_rd_addr_o),
    .t_rd_data_i   (t_rd_data_i),
    .ct_we_o       (ct_we_o),
    .ct_set_o      (ct_set_o),
    .ct_data_o     (ct_data_o),
    .cz_re_o       (cz_re_o),
    .cz_addr_o     (cz_addr_o),
    .cz_load_o     (cz_load_o),
    .cz_set_o      (cz_set_o),
    .cz_zero_o     (cz_zero_o),
    .ready_sets_o  (ready_sets),
    .take_i        (sets_taken),
    .release_i     (sets_released)
  );

  // ---------------------------------------------------------------- results
  logic bit_finish, wide_finish, code_seg_last, code_seg_first;
  logic [255:0] code_instr;
  logic [9:0] code_tile, code_segment;
  logic [15:0] code_addr;
  logic [GrpW-1:0] code_grp;

  tile_writer #(
    .TR      (TR),
    .TC      (TC),
    .TK      (TK),
    .AndLanes(AndLanes)
  ) u_writer (
    .clk_i          (clk_i),
    .rst_ni         (rst_ni),
    .bit_push_i     (start && !n_wide),
    .bit_instr_i    (n_instr_q),
    .bit_ready_o    (bit_ready),
    .bit_valid_i    (bit_last_q[WriteStage]),
    .bit_finish_o   (bit_finish),
    .code_instr_i   (code_instr),
    .code_tile_i    (code_tile),
    .code_seg_last_i(code_seg_last),
    .code_seg_first_i(code_seg_first),
    .code_segment_i (code_segment),
    .code_addr_i    (code_addr),
    .code_grp_i     (code_grp),
    .cw_valid_i     (cw_valid_i),
    .cw_plane_i     (cw_plane_i),
    .cw_ready_o     (cw_ready_o),
    .tw_code_o      (tw_code_o),
    .tw_cmask_o     (tw_cmask_o),
    .tw_rmask_o     (tw_rmask_o),
    .tw_act_we_o    (tw_act_we_o),
    .tw_k_we_o      (tw_k_we_o),
    .tw_v_we_o      (tw_v_we_o),
    .tw_addr_o      (tw_addr_o),
    .tw_grp_o       (tw_grp_o),
    .tw_tg_o        (tw_tg_o),
    .tw_fill_o      (tw_fill_o),
    .zc_we_o        (zc_we_o),
    .zc_first_o     (zc_first_o),
    .zc_addr_o      (zc_addr_o),
    .zc_plane_o     (zc_plane_o)
  );

  wide_handoff #(
    .TC   (TC),
    .TK   (TK),
    .Lanes(Lanes),
    .BR   (BR),
    .AccW (AccW),
    .ZW   (ZW),
    .Way  (SumStage),
    .AndLanes(AndLanes),
    .MaxBits(MaxBits)
  ) u_wide (
    .clk_i          (clk_i),
    .rst_ni         (rst_ni),
    .push_i         (start && n_wide),
    .instr_i        (n_instr_q),
    .ready_o        (wide_ready),
    .finish_o       (wide_finish),
    .reserve_i      (step && step_wide && step_block_last && !step_branch),
    .hold_o         (hold),
    .arrive_i       (valid_q[SumStage] && wide_q[SumStage] && block_last_q[SumStage]),
    .arrive_branch_i(branch_q[SumStage]),
    .arrive_last_i  (tile_last_q[SumStage]),
    .arrive_zz_i    (zz_q[SumStage]),
    .arrive_set_i   (set_q[SumStage]),
    .sh_capture_o   (sh_capture_o),
    .zz_load_o      (zz_load_o),
    .zz_set_o       (zz_set_o),
    .zz_release_o   (zz_release),
    .wt_valid_o     (wt_valid_o),
    .wt_out_o       (wt_out_o),
    .wt_shift_o     (wt_shift_o),
    .wt_ob_o        (wt_ob_o),
    .wt_cvalid_o    (wt_cvalid_o),
    .wt_p_tail_o    (wt_p_tail_o),
    .wt_p_off_o     (wt_p_off_o),
    .wt_bcast_o     (wt_bcast_o),
    .wt_res_addr_o  (wt_res_addr_o),
    .wt_rt_o        (wt_rt_o),
    .wt_stat_first_o(wt_stat_first_o),
    .wt_skip0_o     (wt_skip0_o),
    .wt_slot_o      (wt_slot_o),
    .wt_s_addr_o    (wt_s_addr_o),
    .wt_s_first_o   (wt_s_first_o),
    .wt_l_base_o    (wt_l_base_o),
    .wt_p_free_o    (wt_p_free_o),
    .wt_done_i      (wt_done_i),
    .wt_retire_i    (wt_retire_i),
    .wt_shift_cols_i(wt_shift_cols_i),
    .z_lanes_i      (z_lanes_i),
    .sh_zz_o        (sh_zz_o),
    .code_instr_o   (code_instr),
    .code_tile_o    (code_tile),
    .code_seg_last_o(code_seg_last),
    .code_seg_first_o(code_seg_first),
    .code_segment_o (code_segment),
    .code_addr_o    (code_addr),
    .code_grp_o     (code_grp)
  );

  // ---------------------------------------------------------------- completion, in order
  localparam int OrderDepth = 8;
  localparam int CountW     = $clog2(OrderDepth + 1);

  logic order_valid, order_wide;
  logic [CountW-1:0] bits_done_q, wides_done_q;

  /* verilator lint_off PINCONNECTEMPTY */
  bat_fifo #(
    .Width(1),
    .Depth(OrderDepth)
  ) u_order (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .in_valid_i (start),
    .in_ready_o (order_ready),
    .in_data_i  (n_wide),
    .out_valid_o(order_valid),
    .out_ready_i(done_o),
    .out_data_o (order_wide),
    .count_o    ()
  );
  /* verilator lint_on PINCONNECTEMPTY */

  assign done_o = order_valid && (order_wide ? wides_done_q != '0 : bits_done_q != '0);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      bits_done_q  <= '0;
      wides_done_q <= '0;
    end else begin
      bits_done_q  <= bits_done_q + CountW'(bit_finish) - CountW'(done_o && !order_wide);
      wides_done_q <= wides_done_q + CountW'(wide_finish) - CountW'(done_o && order_wide);
    end
  end

`ifdef BAT_TAP_UNITS
  // The steps of an instruction begin; one cycle late, as the taps of fetch.
  import "DPI-C" function void bat_tap_start(input int unit);
  logic tap_start_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) tap_start_q <= 1'b0;
    else tap_start_q <= start;
  end
  always_ff @(posedge clk_i) begin
    if (tap_start_q) bat_tap_start(bat_pkg::UnitQmm);
  end
`endif
endmodule

`default_nettype wire
