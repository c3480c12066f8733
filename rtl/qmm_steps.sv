// SPDX-License-Identifier: Apache-2.0
// Walks the steps of QMM instructions: tiles, branches, plane pairs (i, j) by descending i + j with
// ascending i inside, words.
//
//   A address  a_base + i*a_ps + (place of word)
//   B address  b_base + ((tile*br + branch)*pb + j)*kw + word  (weights: from the ring tail)
//
// The place of a word is its number, or with a mask (Pruning) that of the next operand word whose
// mask bit is set: operand B holds words for these alone.
//
// Addresses only ever move by one word, one plane or one block (the pb*kw words of a branch), so
// there is nothing but adders behind them. Throughput: one step per cycle, also from one
// instruction to the next: start_ready_o is high in the cycle of the last step. A step waits for
// its weight word, for the column constants of its tile and for hold_i. Operand addresses leave one
// cycle after the step.
`default_nettype none

module qmm_steps #(
  parameter int Pruning = 0  // masks built in
) (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         start_valid_i,
  input  logic [255:0] start_instr_i,
  output logic         start_ready_o,
  // Weight ring.
  input  logic [ 15:0] w_head_i,
  output logic         w_free_valid_o,
  output logic [ 15:0] w_free_words_o,
  // Column constants: sets ready; the first step of a tile takes one.
  input  logic [  1:0] set_ready_i,
  output logic         set_take_o,
  output logic         set_index_o,
  // A tile still waits for the shadow: its sum must stay in the accumulators.
  input  logic         hold_i,
  // The step of this cycle.
  output logic         step_o,
  output logic         stalled_o,
  output logic         first_o,         // of a branch: take the preload
  output logic         double_o,        // first of a diagonal
  output logic         block_last_o,    // last of a branch
  output logic         branch_o,
  output logic         wide_o,          // not a bit tile
  output logic         tile_last_o,     // last of the tile
  output logic         tile_first_o,
  output logic         set_used_o,      // the tile uses constants of set set_index_o
  output logic         set_last_use_o,  // and is the last one to do so
  // AND form: 2*TK*words_o is what the preload of the tile takes back (kw, twice that for each
  // operand of several planes).
  output logic [ 11:0] words_o,
  // Operand reads, one cycle later.
  output logic         a_re_o,
  output logic         a_src_o,
  output logic [ 15:0] a_addr_o,
  output logic         b_re_o,
  output logic [  1:0] b_src_o,
  output logic [ 15:0] b_addr_o
);
  function automatic logic [15:0] times(input logic [15:0] value, input logic [2:0] factor);
    times = (factor[0] ? value : 16'd0) + (factor[1] ? value << 1 : 16'd0) +
            (factor[2] ? value << 2 : 16'd0);
  endfunction

  // ---------------------------------------------------------------- next instruction
  logic [15:0] n_a_ps, n_kw, n_a_top, n_b_base, n_kw_last;
  logic [2:0] n_pa_last, n_pb_last;
  logic [1:0] n_b_src;
  logic n_bit, n_z_use;

  assign n_a_ps    = 16'(start_instr_i[bat_pkg::QmmAPsLsb+:bat_pkg::QmmAPsW]);
  assign n_kw      = 16'(start_instr_i[bat_pkg::QmmKwLsb+:bat_pkg::QmmKwW]);
  assign n_pa_last = 3'(start_instr_i[bat_pkg::QmmPaLsb+:bat_pkg::QmmPaW] - 4'd1);
  assign n_pb_last = 3'(start_instr_i[bat_pkg::QmmPbLsb+:bat_pkg::QmmPbW] - 4'd1);
  assign n_b_src   = start_instr_i[bat_pkg::QmmBSrcLsb+:bat_pkg::QmmBSrcW];
  assign n_bit     = start_instr_i[bat_pkg::QmmOutLsb+:bat_pkg::QmmOutW] == 3'(bat_pkg::OutBit);
  assign n_z_use   = start_instr_i[bat_pkg::QmmZUseLsb];
  assign n_a_top   = start_instr_i[bat_pkg::QmmABaseLsb+:16] + n_a_first +
                     times(n_a_ps, n_pa_last);
  assign n_kw_last = times(n_kw, n_pb_last);
  assign n_b_base  = start_instr_i[bat_pkg::QmmBBaseLsb+:16] +
                     (n_b_src == 2'(bat_pkg::SrcW) ? w_tail_d : 16'd0);

  // ---------------------------------------------------------------- operand words of a mask
  // Every walk along the words of a plane starts at the first set bit; a_step leads from one word
  // to the next.
  logic [15:0] n_a_first, a_step;
  logic walk_next, walk_again;

  if (Pruning != 0) begin : gen_mask
    localparam int LowW  = bat_pkg::QmmMaskW;
    localparam int MaskW = LowW + bat_pkg::QmmMaskHighW;
    localparam int PosW  = $clog2(MaskW);

    /// Number of the only bit set.
    function automatic logic [PosW-1:0] number(input logic [MaskW-1:0] one_hot);
      number = '0;
      for (int i = 0; i < MaskW; i++) begin
        if (one_hot[i]) number = number | PosW'(i);
      end
    endfunction

    logic [MaskW-1:0] n_mask, n_low, rest_q, left_q, low;
    logic [PosW-1:0] n_place, first_place_q, place_q, place;
    logic [1:0] n_grain, grain_q, more_q, n_more;
    logic n_res;

    assign n_grain = start_instr_i[bat_pkg::QmmGrainLsb+:bat_pkg::QmmGrainW];
    assign n_res   = start_instr_i[bat_pkg::QmmOutLsb+:bat_pkg::QmmOutW] == 3'(bat_pkg::OutRes);
    assign n_mask  = {start_instr_i[bat_pkg::QmmMaskHighLsb+:bat_pkg::QmmMaskHighW] &
                      {bat_pkg::QmmMaskHighW{n_res}},
                      start_instr_i[bat_pkg::QmmMaskLsb+:LowW]};
    assign n_low   = n_mask & (~n_mask + MaskW'(1));
    assign n_place = number(n_low);
    assign n_more  = 2'((4'd1 << n_grain) >> 1) - 2'd1;  // words of a bit, less one
    assign low     = left_q & (~left_q + MaskW'(1));
    assign place   = number(low);

    assign n_a_first = (n_grain == 2'd0) ? 16'd0 : (16'(n_place) << n_grain) >> 1;
    assign a_step    = (grain_q == 2'd0 || more_q != 2'd0) ? 16'd1
                       : ((16'(PosW'(place - place_q - PosW'(1))) << grain_q) >> 1) + 16'd1;

    always_ff @(posedge clk_i) begin
      if (start) begin
        grain_q       <= n_grain;
        rest_q        <= n_mask ^ n_low;
        first_place_q <= n_place;
        left_q        <= n_mask ^ n_low;
        place_q       <= n_place;
        more_q        <= n_more;
      end else if (walk_again) begin
        left_q  <= rest_q;
        place_q <= first_place_q;
        more_q  <= 2'((4'd1 << grain_q) >> 1) - 2'd1;
      end else if (walk_next) begin
        if (more_q != 2'd0) begin
          more_q <= more_q - 2'd1;
        end else begin
          left_q  <= left_q ^ low;
          place_q <= place;
          more_q  <= 2'((4'd1 << grain_q) >> 1) - 2'd1;
        end
      end
    end
  end else begin : gen_dense
    logic unused_walk;
    assign n_a_first   = 16'd0;
    assign a_step      = 16'd1;
    assign unused_walk = walk_next ^ walk_again;
  end

  // ---------------------------------------------------------------- present instruction
  logic valid_q, a_src_q, two_q, w_free_q, bit_q, set_used_q, set_each_q;
  logic [1:0] b_src_q;
  logic [15:0] a_ps_q, kw_q, a_top_q, block_words_q;
  logic [2:0] pa_last_q, pb_last_q;

  // Position: words and tiles to go, branch, pair and first pair of the diagonal, with addresses.
  logic [9:0] words_q, tiles_q;
  logic branch_q, first_tile_q, first_q, double_q, set_q, tile_set_q;
  logic [2:0] i_q, j_q, diag_i_q, diag_j_q;
  logic [15:0] a_q, a_pair_q, a_diag_q, b_q, b_pair_q, b_diag_q, b_top_q;
  logic [15:0] w_tail_q, w_tail_d;

  logic last_word, last_pair, last_tile, diag_end, weight_ok, set_ok, inputs_ok, start;
  logic [15:0] w_ahead, b_top_next, a_diag_next, b_diag_next, a_pair_next, b_pair_next;

  assign last_word = words_q == 10'd0;
  assign last_pair = i_q == 3'd0 && j_q == 3'd0;
  assign last_tile = tiles_q == 10'd0;
  assign diag_end  = i_q == pa_last_q || j_q == 3'd0;

  // A word is there when the ring's head is beyond it; both counts run freely.
  assign w_ahead   = w_head_i - b_q;
  assign weight_ok = b_src_q != 2'(bat_pkg::SrcW) || (w_ahead != 16'd0 && !w_ahead[15]);
  assign set_ok    = !set_take_o || set_ready_i[set_q];
  assign inputs_ok = valid_q && weight_ok && set_ok;

  assign step_o         = inputs_ok && !hold_i;
  assign stalled_o      = inputs_ok && hold_i;
  assign first_o        = first_q;
  assign double_o       = double_q;
  assign block_last_o   = last_word && last_pair;
  assign branch_o       = branch_q;
  assign wide_o         = !bit_q;
  assign tile_last_o    = block_last_o && (branch_q || !two_q);
  assign tile_first_o   = first_q && !branch_q;
  assign set_used_o     = set_used_q;
  assign set_index_o    = tile_first_o ? set_q : tile_set_q;
  assign set_last_use_o = set_each_q || last_tile;
  assign set_take_o     = set_used_q && tile_first_o && (set_each_q || first_tile_q);

  assign words_o = 12'(kw_q) << (2'(pa_last_q != 3'd0) + 2'(pb_last_q != 3'd0));

  assign start_ready_o = !valid_q || (step_o && tile_last_o && last_tile);
  assign start         = start_valid_i && start_ready_o;

  assign walk_next  = step_o && !last_word;
  assign walk_again = step_o && last_word;

  assign b_top_next  = b_top_q + block_words_q;
  assign a_diag_next = (diag_i_q != 3'd0) ? a_diag_q - a_ps_q : a_diag_q;
  assign b_diag_next = (diag_i_q != 3'd0) ? b_diag_q : b_diag_q - kw_q;
  assign a_pair_next = a_pair_q + a_ps_q;
  assign b_pair_next = b_pair_q - kw_q;

  always_ff @(posedge clk_i) begin
    if (start) begin
      a_src_q       <= start_instr_i[bat_pkg::QmmASrcLsb];
      b_src_q       <= n_b_src;
      two_q         <= start_instr_i[bat_pkg::QmmBrLsb+:bat_pkg::QmmBrW] == 2'd2;
      w_free_q      <= start_instr_i[bat_pkg::QmmWFreeLsb] && n_b_src == 2'(bat_pkg::SrcW);
      bit_q         <= n_bit;
      set_used_q    <= n_bit || n_z_use;
      set_each_q    <= n_z_use || !start_instr_i[bat_pkg::QmmBcastLsb];
      a_ps_q        <= n_a_ps;
      kw_q          <= n_kw;
      pa_last_q     <= n_pa_last;
      pb_last_q     <= n_pb_last;
      a_top_q       <= n_a_top;
      block_words_q <= n_kw_last + n_kw;
    end
  end

  always_ff @(posedge clk_i) begin
    if (start) begin
      words_q      <= 10'(n_kw - 16'd1);
      tiles_q      <= start_instr_i[bat_pkg::QmmNctLsb+:bat_pkg::QmmNctW] - 10'd1;
      branch_q     <= 1'b0;
      first_tile_q <= 1'b1;
      first_q      <= 1'b1;
      double_q     <= 1'b0;
      i_q          <= n_pa_last;
      j_q          <= n_pb_last;
      diag_i_q     <= n_pa_last;
      diag_j_q     <= n_pb_last;
      a_q          <= n_a_top;
      a_pair_q     <= n_a_top;
      a_diag_q     <= n_a_top;
      b_q          <= n_b_base + n_kw_last;
      b_pair_q     <= n_b_base + n_kw_last;
      b_diag_q     <= n_b_base + n_kw_last;
      b_top_q      <= n_b_base + n_kw_last;
    end else if (step_o) begin
      first_q  <= 1'b0;
      double_q <= 1'b0;
      if (!last_word) begin
        words_q <= words_q - 10'd1;
        a_q     <= a_q + a_step;
        b_q     <= b_q + 16'd1;
      end else begin
        words_q <= 10'(kw_q - 16'd1);
        if (last_pair) begin  // next branch or tile
          first_q  <= 1'b1;
          branch_q <= two_q && !branch_q;
          if (tile_last_o) begin
            tiles_q      <= tiles_q - 10'd1;
            first_tile_q <= 1'b0;
          end
          i_q      <= pa_last_q;
          j_q      <= pb_last_q;
          diag_i_q <= pa_last_q;
          diag_j_q <= pb_last_q;
          a_q      <= a_top_q;
          a_pair_q <= a_top_q;
          a_diag_q <= a_top_q;
          b_q      <= b_top_next;
          b_pair_q <= b_top_next;
          b_diag_q <= b_top_next;
          b_top_q  <= b_top_next;
        end else if (diag_end) begin  // next diagonal: one plane down in A, or in B where A is at 0
          double_q <= 1'b1;
          if (diag_i_q != 3'd0) begin
            i_q      <= diag_i_q - 3'd1;
            j_q      <= diag_j_q;
            diag_i_q <= diag_i_q - 3'd1;
          end else begin
            i_q      <= 3'd0;
            j_q      <= diag_j_q - 3'd1;
            diag_j_q <= diag_j_q - 3'd1;
          end
          a_q      <= a_diag_next;
          a_pair_q <= a_diag_next;
          a_diag_q <= a_diag_next;
          b_q      <= b_diag_next;
          b_pair_q <= b_diag_next;
          b_diag_q <= b_diag_next;
        end else begin  // next pair of the diagonal
          i_q      <= i_q + 3'd1;
          j_q      <= j_q - 3'd1;
          a_q      <= a_pair_next;
          a_pair_q <= a_pair_next;
          b_q      <= b_pair_next;
          b_pair_q <= b_pair_next;
        end
      end
    end
  end

  // Weights are freed branch by branch, as soon as their last step is on its way.
  logic block_done;
  assign block_done = step_o && block_last_o && w_free_q;
  assign w_tail_d   = block_done ? w_tail_q + block_words_q : w_tail_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q        <= 1'b0;
      set_q          <= 1'b0;
      w_tail_q       <= 16'd0;
      w_free_valid_o <= 1'b0;
      a_re_o         <= 1'b0;
    end else begin
      valid_q        <= !start_ready_o || start_valid_i;
      w_tail_q       <= w_tail_d;
      w_free_valid_o <= block_done;
      a_re_o         <= step_o;
      if (step_o && set_used_q && tile_first_o && set_last_use_o) set_q <= !set_q;
    end
  end
  assign b_re_o = a_re_o;

  always_ff @(posedge clk_i) begin
    w_free_words_o <= block_words_q;
    if (step_o) begin
      tile_set_q <= set_index_o;
      a_src_o  <= a_src_q;
      a_addr_o <= a_q;
      b_src_o  <= b_src_q;
      b_addr_o <= b_q;
    end
  end

  logic unused_bits;
  assign unused_bits = ^start_instr_i;
endmodule

`default_nettype wire
