// SPDX-License-Identifier: Apache-2.0
// Drains wide tiles: shifts the shadow accumulators through the lanes of all row slices, Lanes columns a cycle, and
// steers what becomes of the results (RES, SCORE, LOGIT, CODE; docs/architecture.md, sections 2, 3, 5).
//
// A tile starts when its P ring words are there and, for RES, its bank is not locked by the row unit; then it issues
// one beat a cycle (d0) until TC/Lanes are done. Stages: d0 difference, d1 parameter record (SCORE written), d2
// products, d3 sum, d4 shift, d5 residual add, clamp or saturation, d6 RES and logit write,
// d7, d8 sums and STAT write, d9 retire.
// Throughput: TC/Lanes cycles a tile, tiles back to back; a CODE tile keeps the shadow TC/Lanes + 7 + ob cycles,
// until its planes are taken. Flow control: wt_valid_i/wt_done_o, cw_valid_o/cw_ready_i, bank want/block.
`default_nettype none

module drain_control #(
  parameter int TC         = 64,
  parameter int Lanes      = 4,
  parameter int BR         = 1,
  parameter int ResDepth   = 64,  // words of one bank
  parameter int StatDepth  = 2,   // row tiles of one bank
  parameter int ScoreDepth = 16,  // words of one slot
  // Derived, not to be set.
  parameter int ParW       = Lanes * 64 * BR,
  parameter int ResAw      = (ResDepth > 1) ? $clog2(ResDepth) : 1,
  parameter int StatAw     = (StatDepth > 1) ? $clog2(StatDepth) : 1,
  parameter int ScoreAw    = $clog2(4 * ScoreDepth)
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,
  // Wide tile, held from wt_valid_i to wt_done_o.
  input  logic                   wt_valid_i,
  input  logic [            2:0] wt_out_i,
  input  logic [            5:0] wt_shift_i,
  input  logic [            3:0] wt_ob_i,
  input  logic [            6:0] wt_cvalid_i,
  input  logic [           15:0] wt_p_tail_i,      // the tile's first P ring word is this
  input  logic [           15:0] wt_p_off_i,       // and this together
  input  logic                   wt_bcast_i,
  input  logic [           15:0] wt_res_addr_i,
  input  logic [            9:0] wt_rt_i,
  input  logic                   wt_stat_first_i,
  input  logic                   wt_skip0_i,
  input  logic [            1:0] wt_slot_i,
  input  logic [           12:0] wt_s_addr_i,
  input  logic                   wt_s_first_i,
  input  logic [           10:0] wt_l_base_i,
  input  logic [           15:0] wt_p_free_i,
  output logic                   wt_done_o,        // the shadow is free (CODE: the planes are taken)
  output logic                   wt_shift_cols_o,  // shift shadow and zero counts by Lanes columns
  output logic                   wt_retire_o,      // one pulse a tile, in order: all its writes took effect
  // P ring.
  input  logic [           15:0] p_head_i,         // words complete, free-running
  output logic                   p_re_o,
  output logic [           15:0] p_rd_addr_o,      // absolute word; address = count mod depth
  input  logic [       ParW-1:0] p_rd_data_i,      // in the cycle after p_re_o
  output logic                   p_free_valid_o,
  output logic [           15:0] p_free_words_o,
  // Code planes to the tile writer.
  output logic                   cw_valid_o,
  output logic [            2:0] cw_plane_o,       // also to the row slices
  input  logic                   cw_ready_i,
  // Logits of row 0; data is lg_data_o of row slice 0 in the same cycle.
  output logic [      Lanes-1:0] lg_we_o,
  output logic [           10:0] lg_addr_o,        // index of lane 0
  // Banks, to bank_arbiter.
  output logic [            1:0] dr_want_o,
  output logic [            1:0] dr_busy_o,
  input  logic [            1:0] dr_block_i,
  output logic [            1:0] dr_res_re_o,
  output logic [      ResAw-1:0] dr_res_raddr_o,
  output logic [            1:0] dr_res_we_o,
  output logic [      Lanes-1:0] dr_res_mask_o,
  output logic [      ResAw-1:0] dr_res_waddr_o,
  output logic [            1:0] dr_stat_re_o,
  output logic [     StatAw-1:0] dr_stat_raddr_o,
  output logic [            1:0] dr_stat_we_o,
  output logic [     StatAw-1:0] dr_stat_waddr_o,
  // To the row slices.
  output logic [            8:0] dr_en_o,
  output logic [BR*Lanes*16-1:0] dr_mul_o,
  output logic [   Lanes*48-1:0] dr_off_o,
  output logic [            5:0] dr_shift_o,
  output logic                   dr_bank_o,
  output logic                   dr_skip0_o,
  output logic [            7:0] dr_cmax_o,
  output logic                   dr_code_en_o,
  output logic [      Lanes-1:0] dr_mask_o,
  output logic                   dr_stat_bank_o,
  output logic                   dr_stat_zero_o,
  output logic                   dr_stat_keep_o,
  output logic                   dr_s_we_o,
  output logic [    ScoreAw-1:0] dr_s_addr_o,
  output logic [      Lanes-1:0] dr_s_mask_o,
  output logic [            3:0] dr_s_upd_o,
  output logic                   dr_s_first_o
);
  localparam int NB = TC / Lanes;  // beats of a tile
  localparam int BeatW = (NB > 1) ? $clog2(NB) : 1;
  localparam int RecW = 64 * BR;
  localparam int OffLsb = 16 * BR;

  // ---------------------------------------------------------------------------------------------------------------
  // Issue (d0): a tile starts when its parameter words are there and its bank is free; then one beat a cycle.
  logic             run_q;
  logic             code_wait_q;  // a CODE tile is in the lanes or in the tile writer
  logic [BeatW-1:0] beat_q;
  logic             is_res;
  logic             is_score;
  logic             is_code;
  logic             is_logit;
  logic [     15:0] p_ahead;
  logic             p_ok;
  logic             want;
  logic             issue;
  logic             last;
  logic             code_done;
  logic [      6:0] column;
  logic [Lanes-1:0] mask;
  logic             any;

  assign is_res   = (wt_out_i == 3'(bat_pkg::OutRes));
  assign is_score = (wt_out_i == 3'(bat_pkg::OutScore));
  assign is_code  = (wt_out_i == 3'(bat_pkg::OutCode));
  assign is_logit = (wt_out_i == 3'(bat_pkg::OutLogit));

  // Words present beyond the tile's first; negative while the DMA has not come so far.
  assign p_ahead = (p_head_i - wt_p_tail_i) - wt_p_off_i;
  assign p_ok    = is_score || (!p_ahead[15] && p_ahead >= (wt_bcast_i ? 16'd1 : 16'(NB)));
  assign want    = wt_valid_i && !run_q && p_ok;
  assign issue   = wt_valid_i && !code_wait_q && (run_q || (p_ok && !(is_res && dr_block_i[wt_rt_i[0]])));
  assign last    = (beat_q == BeatW'(NB - 1));
  assign column  = 7'(32'(beat_q) * Lanes);

  for (genvar l = 0; l < Lanes; l = l + 1) begin : gen_mask
    assign mask[l] = (column + 7'(l) < wt_cvalid_i);
  end
  assign any = mask[0];

  assign dr_want_o       = {want && is_res && wt_rt_i[0], want && is_res && !wt_rt_i[0]};
  assign wt_shift_cols_o = issue;
  assign p_re_o          = issue && !is_score;
  assign p_rd_addr_o     = wt_p_tail_i + wt_p_off_i + (wt_bcast_i ? 16'd0 : 16'(beat_q));
  assign wt_done_o       = (issue && last && !is_code) || code_done;
  assign p_free_valid_o  = wt_done_o && (wt_p_free_i != 16'd0);
  assign p_free_words_o  = wt_p_free_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      run_q       <= 1'b0;
      code_wait_q <= 1'b0;
      beat_q      <= '0;
    end else begin
      if (issue) begin
        run_q  <= !last;
        beat_q <= last ? '0 : (beat_q + 1'b1);
      end
      if (issue && last && is_code) code_wait_q <= 1'b1;
      else if (code_done) code_wait_q <= 1'b0;
    end
  end

  // ---------------------------------------------------------------------------------------------------------------
  // Pipeline d1 .. d9 beside the lanes. Bit k-1 (or field k-1) of a vector belongs to stage dk.
  logic [        8:0] v_q;
  logic               res8;  // a RES beat at d8
  logic [        8:0] last_q;
  logic [        8:0] code_q;
  logic [        7:0] res_q;
  logic [        7:0] bank_q;
  logic [        7:0] first_q;
  logic [        7:0] stat_first_q;
  logic               score_q;
  logic [        1:0] s_first_q;
  logic [        3:0] slot_q;
  logic               any_q;
  logic [  ScoreAw-1:0] s_addr_q;
  logic [        5:0] logit_q;
  logic [ 11*6-1:0]   l_addr_q;
  logic [ Lanes*6-1:0] mask_q;
  logic [ ResAw*6-1:0] res_addr_q;
  logic [StatAw*8-1:0] stat_addr_q;
  logic [    6*4-1:0] shift_q;
  logic [    8*5-1:0] cmax_q;
  logic [        4:0] skip0_q;
  logic               bcast_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      v_q <= '0;
    end else begin
      v_q <= {v_q[7:0], issue};
    end
  end

  always_ff @(posedge clk_i) begin
    last_q       <= {last_q[7:0], last};
    code_q       <= {code_q[7:0], is_code};
    res_q        <= {res_q[6:0], is_res};
    bank_q       <= {bank_q[6:0], wt_rt_i[0]};
    first_q      <= {first_q[6:0], !run_q};
    stat_first_q <= {stat_first_q[6:0], wt_stat_first_i};
    score_q      <= is_score;
    s_first_q    <= {s_first_q[0], wt_s_first_i && !run_q};
    slot_q       <= {slot_q[1:0], wt_slot_i};
    any_q        <= any;
    s_addr_q     <= ScoreAw'(wt_s_addr_i) + ScoreAw'(beat_q) + ScoreAw'(32'(wt_slot_i) * ScoreDepth);
    logit_q      <= {logit_q[4:0], is_logit};
    l_addr_q     <= {l_addr_q[11*5-1:0], wt_l_base_i + 11'(column)};
    mask_q       <= {mask_q[Lanes*5-1:0], mask};
    res_addr_q   <= {res_addr_q[ResAw*5-1:0], wt_res_addr_i[ResAw-1:0] + ResAw'(beat_q)};
    stat_addr_q  <= {stat_addr_q[StatAw*7-1:0], StatAw'(wt_rt_i[9:1])};
    shift_q      <= {shift_q[6*3-1:0], wt_shift_i};
    cmax_q       <= {cmax_q[8*4-1:0], 8'((9'd1 << wt_ob_i) - 9'd1)};
    skip0_q      <= {skip0_q[3:0], wt_skip0_i};
    bcast_q      <= wt_bcast_i;
  end

  // The sums of d8 belong to RES beats only.
  assign dr_en_o = {res8, v_q[6:0], issue};

  // Parameter words: read at d0, here at d1, multipliers in use at d2, offsets at d3.
  logic [BR*Lanes*16-1:0] mul_q;
  logic [   Lanes*48-1:0] off_q;
  logic [   Lanes*48-1:0] off2_q;
  for (genvar l = 0; l < Lanes; l = l + 1) begin : gen_record
    logic [RecW-1:0] record;
    assign record = bcast_q ? p_rd_data_i[RecW-1:0] : p_rd_data_i[l*RecW+:RecW];
    for (genvar b = 0; b < BR; b = b + 1) begin : gen_branch
      always_ff @(posedge clk_i) if (v_q[0]) mul_q[(b*Lanes+l)*16+:16] <= record[b*16+:16];
    end
    always_ff @(posedge clk_i) if (v_q[0]) off_q[l*48+:48] <= record[OffLsb+:48];
    if (BR == 2) begin : gen_unused_record
      /* verilator lint_off UNUSED */
      wire unused_record = |record[RecW-1:80];
      /* verilator lint_on UNUSED */
    end
  end
  always_ff @(posedge clk_i) if (v_q[1]) off2_q <= off_q;
  assign dr_mul_o   = mul_q;
  assign dr_off_o   = off2_q;
  assign dr_shift_o = shift_q[6*3+:6];

  // Scores: written at d1, maximum at d2.
  logic score_upd_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) score_upd_q <= 1'b0;
    else score_upd_q <= dr_s_we_o;
  end
  assign dr_s_we_o    = v_q[0] && score_q && any_q;
  assign dr_s_addr_o  = s_addr_q;
  assign dr_s_mask_o  = mask_q[Lanes-1:0];
  assign dr_s_upd_o   = score_upd_q ? (4'b0001 << slot_q[3:2]) : 4'b0000;
  assign dr_s_first_o = s_first_q[1];

  // RES: read at d4, added at d5, written at d6.
  logic [1:0] at_bank4;
  logic [1:0] at_bank6;
  assign at_bank4        = {bank_q[3], !bank_q[3]};
  assign at_bank6        = {bank_q[5], !bank_q[5]};
  assign dr_res_re_o     = at_bank4 & {2{v_q[3] && res_q[3]}};
  assign dr_res_raddr_o  = res_addr_q[ResAw*3+:ResAw];
  assign dr_bank_o       = bank_q[4];
  assign dr_skip0_o      = skip0_q[4];
  assign dr_cmax_o       = cmax_q[8*4+:8];
  assign dr_res_we_o     = at_bank6 & {2{v_q[5] && res_q[5]}};
  assign dr_res_waddr_o  = res_addr_q[ResAw*5+:ResAw];
  assign dr_mask_o       = mask_q[Lanes*5+:Lanes];
  assign dr_res_mask_o   = mask_q[Lanes*5+:Lanes];
  assign dr_code_en_o    = v_q[5] && code_q[5];
  assign lg_we_o         = mask_q[Lanes*5+:Lanes] & {Lanes{v_q[5] && logit_q[5]}};
  assign lg_addr_o       = l_addr_q[11*5+:11];

  // STAT: read at d7, summed and written at d8. A tile goes on from the sums of the tile before it when that had the
  // same row tile and nobody else could have had the bank in between.
  logic              tag_valid_q;
  logic              tag_bank_q;
  logic [StatAw-1:0] tag_addr_q;
  logic [StatAw-1:0] stat_addr8;
  assign res8            = v_q[7] && res_q[7];
  assign stat_addr8      = stat_addr_q[StatAw*7+:StatAw];
  assign dr_stat_re_o    = {bank_q[6], !bank_q[6]} & {2{v_q[6] && res_q[6] && first_q[6]}};
  assign dr_stat_raddr_o = stat_addr_q[StatAw*6+:StatAw];
  assign dr_stat_bank_o  = bank_q[7];
  assign dr_stat_zero_o  = first_q[7] && stat_first_q[7];
  assign dr_stat_keep_o  = !first_q[7] || (tag_valid_q && tag_bank_q == bank_q[7] && tag_addr_q == stat_addr8);
  assign dr_stat_we_o    = {bank_q[7], !bank_q[7]} & {2{res8 && last_q[7]}};
  assign dr_stat_waddr_o = stat_addr8;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      tag_valid_q <= 1'b0;
    end else if (res8) begin
      tag_valid_q <= 1'b1;
    end else if (!dr_busy_o[tag_bank_q]) begin
      tag_valid_q <= 1'b0;
    end
  end
  always_ff @(posedge clk_i) begin
    if (res8) begin
      tag_bank_q <= bank_q[7];
      tag_addr_q <= stat_addr8;
    end
  end

  // A tile in its first d0 is still waited for (dr_want_o).
  assign dr_busy_o = {(v_q[7:0] & res_q & bank_q) != 8'd0, (v_q[7:0] & res_q & ~bank_q) != 8'd0};

  // ---------------------------------------------------------------------------------------------------------------
  // CODE: the planes are complete after d6 of the last beat; the tile writer takes one at a time.
  logic       cw_valid_q;
  logic [2:0] cw_plane_q;
  logic       plane_last;
  assign plane_last = ({1'b0, cw_plane_q} + 4'd1 >= wt_ob_i);
  assign code_done  = cw_valid_q && cw_ready_i && plane_last;
  assign cw_valid_o = cw_valid_q;
  assign cw_plane_o = cw_plane_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      cw_valid_q <= 1'b0;
      cw_plane_q <= 3'd0;
    end else if (dr_code_en_o && last_q[5]) begin
      cw_valid_q <= 1'b1;
      cw_plane_q <= 3'd0;
    end else if (cw_valid_q && cw_ready_i) begin
      cw_valid_q <= !plane_last;
      cw_plane_q <= cw_plane_q + 3'd1;
    end
  end

  // Retirement in order: d9 of the last beat; a CODE tile two cycles after its last plane, when all before it retired.
  logic [1:0] code_retire_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) code_retire_q <= 2'b00;
    else code_retire_q <= {code_retire_q[0], code_done};
  end
  assign wt_retire_o = (v_q[8] && last_q[8] && !code_q[8]) || code_retire_q[1];

  // Addresses have the width of the instruction fields; the planner sizes the memories.
  /* verilator lint_off UNUSED */
  wire unused_bits = |{wt_res_addr_i, wt_rt_i, wt_s_addr_i};
  /* verilator lint_on UNUSED */
endmodule

`default_nettype wire
