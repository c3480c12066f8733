// SPDX-License-Identifier: Apache-2.0
// Everything that belongs to column `Index` of the array: weight ring, keys, values, zero counts of
// V, the operand multiplexer, the preload -(t + z) of bit tiles and the column's link of the zero
// count chain for the drain.
//
// With AndLanes the zero counts are those of K, and the preload is t - z - 1 - 2*TK*words: t of a
// bit tile, z where pl_count_i says so, -words from pl_words_i.
//
// Operand B: b_re_i with b_src_i, b_addr_i -> b_data_o in the next cycle, held while b_re_i is low.
// Column constants live in two sets (ping-pong): ct_we_i writes the threshold of set ct_set_i;
// cz_re_i reads a zero count and cz_load_i, one cycle later, stores it (or 0 with cz_zero_i) in set
// cz_set_i. pl_load_i turns set pl_set_i into preload_o (0 with pl_zero_i), visible in the next
// cycle. Tile writes take effect at the end of the cycle; the zero count of a V plane one cycle
// later. One plane per cycle.
`default_nettype none

module column_slice #(
  parameter int Index   = 0,
  parameter int TR      = 32,
  parameter int TC      = 32,
  parameter int TK      = 64,
  parameter int AccW    = 24,
  parameter int MaxBits = 8,                                 // encoder activation bits
  parameter int ZW      = 13,                                // width of a zero count
  parameter int WDepth  = 256,                               // power of two
  parameter int AndLanes = 0,                                // AND form of the lanes
  parameter int Protection = 0,                              // of the weight ring: weight_memory
  parameter int KDepth  = 64,
  parameter int VDepth  = 64,
  parameter int ZDepth  = 16,
  parameter int WrGroup = 0,     // value of wr_cgrp_i that means this column
  parameter int WrGrpW  = 1,
  parameter int GrpW    = (TK > TC) ? $clog2(TK / TC) : 1,
  parameter int TgW     = bat_pkg::QmmDTgW
) (
  input  logic              clk_i,
  // Weight ring, written by the DMA.
  input  logic              wr_valid_i,
  input  logic [      15:0] wr_addr_i,
  input  logic [WrGrpW-1:0] wr_cgrp_i,
  input  logic [    TK-1:0] wr_data_i,
  // Operand B.
  input  logic              b_re_i,
  input  logic [       1:0] b_src_i,
  input  logic [      15:0] b_addr_i,
  output logic [    TK-1:0] b_data_o,
  output logic              w_fault_o,  // a weight word was wrong or corrected, two cycles ago
  // Column constants.
  input  logic              ct_we_i,
  input  logic              ct_set_i,
  input  logic [      15:0] ct_data_i,
  input  logic              cz_re_i,
  input  logic [       9:0] cz_addr_i,
  input  logic              cz_load_i,
  input  logic              cz_set_i,
  input  logic              cz_zero_i,
  input  logic              pl_load_i,
  input  logic              pl_set_i,
  input  logic              pl_zero_i,
  input  logic              pl_count_i,
  input  logic [      12:0] pl_words_i,
  output logic [  AccW-1:0] preload_o,
  // Zero count chain: column c takes over from column c + Lanes.
  input  logic              zz_load_i,
  input  logic              zz_set_i,
  input  logic              wt_shift_cols_i,
  input  logic [    ZW-1:0] zz_chain_i,
  output logic [    ZW-1:0] zz_chain_o,
  // Tile writes: k_bits_i from row Index mod TR, v_bits_i bit r from row r.
  input  logic              tw_k_we_i,
  input  logic              tw_v_we_i,
  input  logic [      15:0] tw_addr_i,
  input  logic [  GrpW-1:0] tw_grp_i,
  input  logic [   TgW-1:0] tw_tg_i,
  input  logic              tw_fill_i,
  input  logic [    TR-1:0] tw_rmask_i,
  input  logic [    TC-1:0] k_bits_i,
  input  logic [    TR-1:0] v_bits_i,
  input  logic              zc_we_i,
  input  logic              zc_first_i,
  input  logic [       9:0] zc_addr_i,
  input  logic [       2:0] zc_plane_i
);
  localparam int WAddrW  = (WDepth > 1) ? $clog2(WDepth) : 1;
  localparam int MostKv  = (KDepth > VDepth) ? KDepth : VDepth;
  localparam int KvAddrW = (MostKv > 1) ? $clog2(MostKv) : 1;
  localparam int VBase   = 1 << KvAddrW;
  localparam int ZAddrW  = (ZDepth > 1) ? $clog2(ZDepth) : 1;
  localparam int KGroups = TK / TC;
  localparam int VGroups = TK / TR;
  localparam int KSplit  = TC / TR;      // groups of values in a group of keys
  localparam int ZerosW  = $clog2(((AndLanes != 0) ? TC : TR) + 1);

  // ---------------------------------------------------------------- operand B
  logic [TK-1:0] w_data, kv_data;
  logic w_now_q;

  weight_memory #(
    .Width     (TK),
    .Depth     (WDepth),
    .Protection(Protection),
    .Slice     (Index)
  ) u_w_ring (
    .clk_i  (clk_i),
    .we_i   (wr_valid_i && wr_cgrp_i == WrGrpW'(WrGroup)),
    .waddr_i(wr_addr_i[WAddrW-1:0]),
    .wdata_i(wr_data_i),
    .re_i   (b_re_i && b_src_i == 2'(bat_pkg::SrcW)),
    .raddr_i(b_addr_i[WAddrW-1:0]),
    .rdata_o(w_data),
    .fault_o(w_fault_o)
  );

  // Keys and values share a memory, values behind a power of two: never are two of them written or
  // read in one cycle. Keys: a tile row is one token; its TC channels are group tw_grp_i of the
  // word. Values: the column of the tile is TR tokens of one channel, token group tw_tg_i of the
  // word. Groups above are padding (1).
  logic [VGroups-1:0] kv_we;
  logic [     TK-1:0] kv_word;
  logic [     TR-1:0] v_column;

  assign v_column = v_bits_i | ~tw_rmask_i;

  always_comb begin
    for (int g = 0; g < VGroups; g = g + 1) begin
      kv_we[g] = tw_v_we_i && ((tw_tg_i == TgW'(g)) || (tw_fill_i && TgW'(g) > tw_tg_i));
    end
    if (tw_k_we_i && tw_tg_i == TgW'(Index / TR)) begin
      for (int g = 0; g < KGroups; g = g + 1) begin
        kv_we[g*KSplit+:KSplit] = {KSplit{(tw_grp_i == GrpW'(g)) || (tw_fill_i && GrpW'(g) > tw_grp_i)}};
      end
    end
  end
  for (genvar g = 0; g < VGroups; g = g + 1) begin : gen_kv
    logic own;  // the group of the tile
    assign own = tw_v_we_i ? (tw_tg_i == TgW'(g)) : (tw_grp_i == GrpW'(g / KSplit));
    assign kv_word[g*TR+:TR] = (tw_v_we_i ? v_column : k_bits_i[(g%KSplit)*TR+:TR]) | {TR{!own}};
  end

  bat_ram #(
    .Width   (TK),
    .Depth   (VBase + VDepth),
    .Groups  (VGroups),
    .TapMem  (bat_pkg::TapK),
    .TapSlice(Index),
    .TapMem2 (bat_pkg::TapV),
    .TapSplit(VBase)
  ) u_keys_values (
    .clk_i  (clk_i),
    .we_i   (kv_we),
    .waddr_i({tw_v_we_i, tw_addr_i[KvAddrW-1:0]}),
    .wdata_i(kv_word),
    .re_i   (b_re_i && b_src_i != 2'(bat_pkg::SrcW)),
    .raddr_i({b_src_i == 2'(bat_pkg::SrcV), b_addr_i[KvAddrW-1:0]}),
    .rdata_o(kv_data)
  );

  always_ff @(posedge clk_i) begin
    if (b_re_i) w_now_q <= (b_src_i == 2'(bat_pkg::SrcW));
  end

  always_comb begin
    b_data_o = w_now_q ? w_data : kv_data;
  end

  // ---------------------------------------------------------------- zero counts of V or K
  // Z[addr] <= (first ? 0 : Z[addr]) + 2^plane * zeros, one plane per cycle: the planes of a tile
  // follow each other at one address, so the sum of the former cycle is forwarded. The counts are
  // kept twice, once for this loop and once for the readers. Padding of K is 1 and no zero.
  logic [ZerosW-1:0] zeros;
  logic              zc_we, add_q, add_first_q, sum_valid_q;
  logic [ZAddrW-1:0] add_addr_q, sum_addr_q;
  logic [    ZW-1:0] add_value_q, sum_q, sum_old, sum_d, z_data;

  if (AndLanes == 0) begin : gen_count_values
    assign zeros = ZerosW'($countones(tw_rmask_i & ~v_bits_i));
    assign zc_we = zc_we_i;
  end else begin : gen_count_keys
    assign zeros = ZerosW'($countones(~k_bits_i));
    assign zc_we = zc_we_i && tw_tg_i == TgW'(Index / TR);
  end

  // Without reset: a stray write before the first tile does no harm, every count starts with `first`.
  always_ff @(posedge clk_i) begin
    add_q       <= zc_we;
    add_first_q <= zc_first_i;
    add_addr_q  <= zc_addr_i[ZAddrW-1:0];
    add_value_q <= ZW'(zeros) << zc_plane_i;
    sum_valid_q <= add_q;
    sum_addr_q  <= add_addr_q;
    sum_q       <= sum_d;
  end

  always_comb begin
    if (add_first_q) sum_d = add_value_q;
    else if (sum_valid_q && sum_addr_q == add_addr_q) sum_d = sum_q + add_value_q;
    else sum_d = sum_old + add_value_q;
  end

  bat_ram #(
    .Width(ZW),
    .Depth(ZDepth)
  ) u_zeros_sum (
    .clk_i  (clk_i),
    .we_i   (add_q),
    .waddr_i(add_addr_q),
    .wdata_i(sum_d),
    .re_i   (zc_we),
    .raddr_i(zc_addr_i[ZAddrW-1:0]),
    .rdata_o(sum_old)
  );

  bat_ram #(
    .Width(ZW),
    .Depth(ZDepth)
  ) u_zeros_read (
    .clk_i  (clk_i),
    .we_i   (add_q),
    .waddr_i(add_addr_q),
    .wdata_i(sum_d),
    .re_i   (cz_re_i),
    .raddr_i(cz_addr_i[ZAddrW-1:0]),
    .rdata_o(z_data)
  );

  // ---------------------------------------------------------------- column constants
  logic [15:0] t0_q, t1_q, t_now;
  logic [ZW-1:0] z0_q, z1_q, z_now, z_next;

  assign z_next = cz_zero_i ? '0 : z_data;
  assign t_now  = pl_set_i ? t1_q : t0_q;
  assign z_now  = pl_set_i ? z1_q : z0_q;

  always_ff @(posedge clk_i) begin
    if (ct_we_i && !ct_set_i) t0_q <= ct_data_i;
    if (ct_we_i && ct_set_i) t1_q <= ct_data_i;
    if (cz_load_i && !cz_set_i) z0_q <= z_next;
    if (cz_load_i && cz_set_i) z1_q <= z_next;
  end

  if (AndLanes == 0) begin : gen_match_preload
    logic unused_words;
    always_ff @(posedge clk_i) begin
      if (pl_load_i) begin
        if (pl_zero_i) preload_o <= '0;
        else preload_o <= -({{(AccW - 16) {t_now[15]}}, t_now} + AccW'(z_now));
      end
    end
    assign unused_words = ^{pl_count_i, pl_words_i};
  end else begin : gen_and_preload
    localparam int WordShift = $clog2(2 * TK);
    logic [AccW-1:0] t_part, z_part, words_part;

    always_comb begin
      t_part     = pl_zero_i ? '0 : {{(AccW - 16) {t_now[15]}}, t_now};
      z_part     = ~(pl_count_i ? AccW'(z_now) : '0);
      words_part = AccW'($signed(pl_words_i)) << WordShift;
    end
    always_ff @(posedge clk_i) begin
      if (pl_load_i) preload_o <= t_part + z_part + words_part;
    end
  end

  // With one bit every product with V is a bit tile, and the drain needs no zero counts.
  if (MaxBits > 1) begin : gen_chain
    always_ff @(posedge clk_i) begin
      if (zz_load_i) zz_chain_o <= zz_set_i ? z1_q : z0_q;
      else if (wt_shift_cols_i) zz_chain_o <= zz_chain_i;
    end
  end else begin : gen_no_chain
    assign zz_chain_o = '0;
    logic unused_chain;
    assign unused_chain = ^{zz_load_i, zz_set_i, wt_shift_cols_i, zz_chain_i};
  end

  // Addresses come with the width of their instruction field; the plan keeps them inside the
  // memories.
  logic unused_bits;
  assign unused_bits = ^{wr_addr_i, b_addr_i, cz_addr_i, tw_addr_i, zc_addr_i};
endmodule

`default_nettype wire
