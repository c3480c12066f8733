// SPDX-License-Identifier: Apache-2.0
// Fetches the column constants of the tiles to come: thresholds from the T ring, zero counts from
// the Z memories, into the two sets of the column slices in turn. Runs ahead of the steps, also
// into the next instruction.
//
// An instruction that uses constants (bit tiles, or z_use) gets one set a tile; a broadcast
// threshold without zero counts gets one set for the whole instruction. A set is `ready` once its
// last read is issued (the constants then arrive in time for the first step that may follow) and
// occupied until it is released.
// Throughput: one T ring word per cycle. Waits for words of the ring and for a free set.
`default_nettype none

module threshold_loader #(
  parameter int TDepth = 64,  // words of the T ring, power of two
  parameter int ParW   = 256,
  parameter int TP     = 2,   // T words of a tile, power of two
  parameter int TDataW = 256,
  parameter int AndLanes = 0,  // counts of a head's key tiles lie QmmZStep apart, not one
  parameter int TAddrW = (TDepth > 1) ? $clog2(TDepth) : 1
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  // Instructions that use constants, in order.
  input  logic              valid_i,
  input  logic [     255:0] instr_i,
  output logic              ready_o,
  // T ring.
  input  logic [      15:0] t_head_i,
  output logic              t_free_valid_o,
  output logic [      15:0] t_free_words_o,
  output logic              t_re_o,
  output logic [TAddrW-1:0] t_rd_addr_o,
  input  logic [  ParW-1:0] t_rd_data_i,
  // Column slices.
  output logic [    TP-1:0] ct_we_o,
  output logic              ct_set_o,
  output logic [TDataW-1:0] ct_data_o,
  output logic              cz_re_o,
  output logic [       9:0] cz_addr_o,
  output logic              cz_load_o,
  output logic              cz_set_o,
  output logic              cz_zero_o,
  // Sets: bit i belongs to set i.
  output logic [       1:0] ready_sets_o,
  input  logic [       1:0] take_i,
  input  logic [       1:0] release_i
);
  localparam int WordW = (TP > 1) ? $clog2(TP) : 1;

  logic busy_q, bit_q, bcast_q, z_use_q, free_q, once_q, set_q;
  logic [WordW-1:0] word_q;
  logic [9:0] tiles_q, z_addr_q, z_step;
  logic [15:0] index_q, tail_q, tail_d, tail_end, ahead;
  logic [1:0] ready_q, occupied_q, set_mask;
  logic word_ok, read, last_word, finish, accept, n_bit;

  // ---------------------------------------------------------------- reads
  assign ahead     = t_head_i - index_q;
  assign word_ok   = !bit_q || (ahead != 16'd0 && !ahead[15]);
  assign read      = busy_q && !occupied_q[set_q] && word_ok;
  assign last_word = !bit_q || bcast_q || word_q == WordW'(TP - 1);
  assign finish    = read && last_word && (once_q || tiles_q == 10'd0);
  assign ready_o   = !busy_q || finish;
  assign accept    = valid_i && ready_o;

  assign t_re_o      = read && bit_q;
  assign t_rd_addr_o = index_q[TAddrW-1:0];
  assign cz_re_o     = read && last_word && z_use_q;
  assign cz_addr_o   = z_addr_q;

  // Offsets count from the tail after all earlier instructions' frees.
  assign tail_end = index_q + 16'd1;
  assign tail_d   = (finish && free_q) ? tail_end : tail_q;
  assign n_bit    = instr_i[bat_pkg::QmmOutLsb+:bat_pkg::QmmOutW] == 3'(bat_pkg::OutBit);

  always_ff @(posedge clk_i) begin
    if (accept) begin
      bit_q    <= n_bit;
      bcast_q  <= instr_i[bat_pkg::QmmBcastLsb];
      z_use_q  <= instr_i[bat_pkg::QmmZUseLsb];
      once_q   <= instr_i[bat_pkg::QmmBcastLsb] && !instr_i[bat_pkg::QmmZUseLsb];
      free_q   <= instr_i[bat_pkg::QmmTFreeLsb] && n_bit;
      tiles_q  <= instr_i[bat_pkg::QmmNctLsb+:bat_pkg::QmmNctW] - 10'd1;
      z_addr_q <= instr_i[bat_pkg::QmmZBaseLsb+:bat_pkg::QmmZBaseW];
      index_q  <= tail_d + 16'(instr_i[bat_pkg::QmmTOffLsb+:bat_pkg::QmmTOffW]);
      word_q   <= '0;
    end else if (read) begin
      if (bit_q && !bcast_q) index_q <= index_q + 16'd1;
      if (last_word) begin
        word_q   <= '0;
        tiles_q  <= tiles_q - 10'd1;
        z_addr_q <= z_addr_q + z_step;
      end else begin
        word_q <= word_q + 1'b1;
      end
    end
  end

  if (AndLanes == 0) begin : gen_next
    assign z_step = 10'd1;
  end else begin : gen_step
    logic [9:0] z_step_q;
    always_ff @(posedge clk_i) begin
      if (accept) z_step_q <= 10'(instr_i[bat_pkg::QmmZStepLsb+:bat_pkg::QmmZStepW]);
    end
    assign z_step = z_step_q;
  end

  // ---------------------------------------------------------------- sets
  assign set_mask     = {set_q, !set_q};
  assign ready_sets_o = ready_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q         <= 1'b0;
      set_q          <= 1'b0;
      tail_q         <= 16'd0;
      ready_q        <= 2'b00;
      occupied_q     <= 2'b00;
      t_free_valid_o <= 1'b0;
    end else begin
      busy_q         <= !ready_o || valid_i;
      tail_q         <= tail_d;
      t_free_valid_o <= finish && free_q;
      if (read && last_word) begin
        set_q      <= !set_q;
        ready_q    <= (ready_q & ~take_i) | set_mask;
        occupied_q <= (occupied_q & ~release_i) | set_mask;
      end else begin
        ready_q    <= ready_q & ~take_i;
        occupied_q <= occupied_q & ~release_i;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    t_free_words_o <= tail_end - tail_q;
  end

  // ---------------------------------------------------------------- one cycle later: the data
  logic spread_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      ct_we_o   <= '0;
      cz_load_o <= 1'b0;
    end else begin
      for (int w = 0; w < TP; w = w + 1) begin
        ct_we_o[w] <= t_re_o && (bcast_q || word_q == WordW'(w));
      end
      cz_load_o <= read && last_word;
    end
  end

  always_ff @(posedge clk_i) begin
    ct_set_o  <= set_q;
    cz_set_o  <= set_q;
    cz_zero_o <= !z_use_q;
    spread_q  <= bcast_q;
  end

  assign ct_data_o = spread_q ? {(TDataW / 16) {t_rd_data_i[15:0]}} : t_rd_data_i[TDataW-1:0];

  logic unused_bits;
  assign unused_bits = ^{instr_i, t_rd_data_i};
endmodule

`default_nettype wire
