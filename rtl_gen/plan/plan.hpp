// SPDX-License-Identifier: Apache-2.0
// Sizes that follow from a configuration: memory depths, widths, rings (docs/architecture.md
// sections 2 and 3). Every formula is the smallest that holds any model within the limits.
#pragma once

#include <cstdint>

#include "models/io/result.hpp"
#include "rtl_gen/config/config.hpp"

namespace bat {

/// ceil(a / b) for a >= 0, b > 0.
constexpr int ceil_div(int a, int b) { return (a + b - 1) / b; }

/// Bits of an address of `depth` words, at least 1.
constexpr int address_bits(int depth) {
  int bits = 1;
  while ((1 << bits) < depth) ++bits;
  return bits;
}

/// Abbreviations in the formulas: TR, TC, TK, Lanes, BR, b = MaxBits, AxiW; N, D, H, d, F, C, K, P
/// the limits tokens, hidden, heads, head_dim, ffn, classes, features, positions;
/// kw(x) = ceil(x / TK); KT = ceil(N / TC); VT = ceil(d / TC); RT = ceil(N / TR).
struct Plan {
  // --- Array, as in the configuration.
  int rows = 0;            ///< TR
  int cols = 0;            ///< TC
  int depth = 0;           ///< TK
  int lanes = 0;           ///< Lanes
  int branches = 0;        ///< BR
  int max_bits = 0;        ///< b, encoder activation bits
  bool and_lanes = false;  ///< AND form: zeros of K are counted, not those of V

  // --- Numbers.
  int max_planes = 0;      ///< 8: patch embedding and classifier always have 8 planes
  std::int64_t max_a = 0;  ///< largest A over all products (architecture section 2)
  int acc_bits = 0;        ///< AccW = bits of a signed value in -65536 .. max(max_a, 65535)
  int row_acc_bits = 0;    ///< the same for rows other than 0, which have no part in the classifier
  int score_bits = 0;      ///< ScoreW = bits of the unsigned value d * (2^b - 1)^2
  int zero_bits = 0;       ///< Z word: bits of N * (2^b - 1); AND form: of d * (2^b - 1)
  int sum_bits = 0;        ///< STAT S, signed: 16 + ceil(log2 D)
  int square_bits = 0;     ///< STAT Q, unsigned: 31 + ceil(log2 D)
  int root_pace = 0;  ///< cycles from one row's LayerNorm root to the next: 32 / TR within 1 .. 16
  int root_cycles = 0;  ///< start to end of the roots of a row tile, see rtl/layernorm_root.sv

  // --- Row slices (words a slice).
  int row_tiles = 0;  ///< RT
  int act_region =
      0;  ///< Q/context, FFN1 or pooler codes: max(RT*b*max(H*kw(d), kw(F)), sentences*8*kw(D))
  int prob_words = 0;      ///< probabilities of one (row tile, head): b * kw(N)
  int prob_slots = 0;      ///< 8: scores run ahead of the contexts
  int act_words = 0;       ///< act_region + prob_slots * prob_words
  int xb_codes = 0;        ///< codes: max(RT*b*kw(D), 8*kw(D)); row 0 alone has 8 planes at the end
  int xb_features = 0;     ///< RT * 8 * kw(K), 0 without feature rows
  int xb_words = 0;        ///< xb_codes + xb_features
  int res_row_words = 0;   ///< residual words of a row: ceil(D / Lanes)
  int res_bank_words = 0;  ///< of one of two banks: ceil(RT / 2) * res_row_words
  int stat_bank_words = 0;  ///< of one of two banks: ceil(RT / 2)
  int score_words = 0;      ///< of a slot: KT * TC / Lanes; 1 without softmax
  int score_slots = 0;      ///< 4: scores run ahead of softmax

  // --- Column slices (words a slice).
  int k_words = 0;  ///< H * KT * b * kw(d)
  int v_words = 0;  ///< H * VT * b * kw(N)
  int z_words = 0;  ///< sentences * H * VT; AND form: H * KT

  // --- Rings (words; powers of two).
  int w_ring_words = 0;  ///< a W word is TK bits in every column slice; planned: 1/4 of the largest
                         ///< layer rounded up, at least two of the largest indivisible chunk
  int t_ring_words = 0;  ///< planned: twice the words of the largest chunk or of all heads
  int p_ring_words = 0;  ///< same
  int l_ring_words = 0;  ///< planned: two LayerNorms
  bool resident =
      false;         ///< T, P and L hold the parameters of a whole model, exactly; nothing is freed
  int par_bits = 0;  ///< ParW = Lanes * 64 * BR, T and P ring word
  int l_bits = 0;    ///< Lanes * 64, L ring word
  int t_tile_words = 0;  ///< TP = max(1, TC * 16 / ParW), T words of a column tile
  int p_tile_words = 0;  ///< TC / Lanes, P words of a column tile
  int w_write_bits = 0;  ///< CW = clamp(AxiW, TK, TC * TK), W ring write width

  // --- Logits and memory port.
  int sentences = 0;    ///< most sentences of a program
  int logit_words = 0;  ///< sentences * C rounded up to TC
  int axi_bits = 0;     ///< AxiW
  int axi_bytes = 0;    ///< AxiW / 8
  int axi_addr_bits = 0;
  int max_burst = 0;  ///< beats
  int embed_burst =
      0;  ///< beats of an embedding row fetched at once: 4, or fewer if a burst or row is shorter
  int outstanding = 0;
  int queue_depth = 0;
  int job_queue_depth = 0;

  // --- Address widths (address_bits of the depth).
  int act_addr_bits = 0;
  int xb_addr_bits = 0;
  int res_addr_bits = 0;
  int stat_addr_bits = 0;
  int score_addr_bits = 0;
  int k_addr_bits = 0;
  int v_addr_bits = 0;
  int z_addr_bits = 0;
  int w_addr_bits = 0;
  int t_addr_bits = 0;
  int p_addr_bits = 0;
  int l_addr_bits = 0;
  int logit_addr_bits = 0;

  /// Words of TK bits that hold `bits` bits.
  int kwords(int bits) const { return ceil_div(bits, depth); }
  /// Column tiles of `columns` columns.
  int col_tiles(int columns) const { return ceil_div(columns, cols); }
  /// Row tiles of `tokens` rows.
  int row_tiles_for(int tokens) const { return ceil_div(tokens, rows); }
};

/// AND form: what a sum over `kw` words of `depth` lanes and `pa` by `pb` planes holds too much
/// (docs/architecture.md section 2); 0 for one plane each.
std::int64_t and_excess(int kw, int depth, int pa, int pb);

/// Derives and checks every size: fields of instructions, 16-bit ring counters, and that the rings
/// hold the largest chunk of every matrix that the limits allow. The message names the key and the
/// nearest value that helps.
Result<Plan> plan(const Config& config);

/// Whether `array.dsp_rows` of `config` is legal on a plan that is right but for this key: at most
/// all rows, and accumulators of at most 24 bits, half a DSP block, in the rows it names.
Status check_dsp_rows(const Config& config, const Plan& plan);

}  // namespace bat
