// SPDX-License-Identifier: Apache-2.0
// What the parts of a schedule share: geometry of the layouts (docs/architecture.md section 3) and
// the common pieces of operations. Internal to the schedule.
#pragma once

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "rtl_gen/program/schedule.hpp"

namespace bat::schedule {

using bmt::TensorId;
using isa::Instruction;

/// Planes of pixels and of the classifier's input.
inline constexpr int kWidePlanes = 8;

using RowTiles = std::vector<int>;

/// A non-negative size as a field value.
inline std::uint64_t u(std::int64_t value) { return static_cast<std::uint64_t>(value); }

/// An instruction without waits.
Instruction make(isa::Op op);

/// Where a matrix product takes operand A from.
struct Operand {
  isa::SrcA source = isa::SrcA::kXb;
  int base = 0;
  int plane_stride = 0;
  int planes = 1;
};

/// One sentence of a program. Row tiles, key tiles and words of tokens of the sentences follow each
/// other, each sentence starting new ones.
struct Sentence {
  int index = 0;
  int tokens = 0;
  int first_tile = 0;      ///< row tile
  int first_key_tile = 0;  ///< of K, in tiles of TC tokens
  int first_word = 0;      ///< of V, in words of TK tokens
  int first_in_row = 0;    ///< row of JOB_INPUT of token 0 (features: of the row before token 1's)
};

class Base {
 public:
  Base(const Plan& plan, const ModelImage& image, std::span<const int> lengths);

 protected:
  // --- Geometry.
  int bits() const { return m_.act_bits; }
  int kw_hidden() const { return p_.kwords(m_.hidden); }
  int kw_head() const { return p_.kwords(m_.head_dim); }
  int head_tiles() const { return p_.col_tiles(m_.head_dim); }
  /// Sentence of a row tile, and the place of the row tile in it.
  const Sentence& of(int rt) const {
    return sentences_[static_cast<std::size_t>(sentence_of_[static_cast<std::size_t>(rt)])];
  }
  int local(int rt) const { return rt - of(rt).first_tile; }
  int first_token(int rt) const { return local(rt) * p_.rows; }
  int rows_of(int rt) const { return std::min(p_.rows, of(rt).tokens - first_token(rt)); }
  bool last_of_sentence(int rt) const { return first_token(rt) + p_.rows >= of(rt).tokens; }
  int kw_tokens(const Sentence& s) const { return p_.kwords(s.tokens); }
  int key_tiles(const Sentence& s) const { return p_.col_tiles(s.tokens); }
  int res_words() const { return ceil_div(m_.hidden, p_.lanes); }
  int res_base(int rt) const { return rt / 2 * res_words(); }
  int xb_codes(int rt) const { return rt * bits() * kw_hidden(); }
  int xb_features(int rt) const;
  int act_head_row(const PackedLayer& l) const { return l.heads * kw_head(); }
  int act_heads(const PackedLayer& l, int rt) const { return rt * bits() * act_head_row(l); }
  int act_ffn(const PackedLayer& l, int rt) const { return rt * bits() * p_.kwords(l.ffn); }
  int act_prob(int slot) const { return p_.act_region + slot * p_.prob_words; }
  int k_head_stride(const Sentence& s) const { return key_tiles(s) * bits() * kw_head(); }
  int k_base(const PackedLayer& l, const Sentence& s) const {
    return l.heads * s.first_key_tile * bits() * kw_head();
  }
  int v_tile_stride(const Sentence& s) const { return bits() * kw_tokens(s); }
  int v_head_stride(const Sentence& s) const { return head_tiles() * v_tile_stride(s); }
  int v_base(const PackedLayer& l, const Sentence& s) const {
    return l.heads * head_tiles() * bits() * s.first_word;
  }
  int z_base(const PackedLayer& l, const Sentence& s) const {
    return s.index * l.heads * head_tiles();
  }
  /// AND form: zero counts of key tile `tile` of the sentence, head 0; the other heads follow.
  int key_z(const PackedLayer& l, const Sentence& s, int tile) const {
    return (s.first_key_tile + tile) * l.heads;
  }
  int logit_base(const Sentence& s) const { return s.index * p_.col_tiles(m_.classes) * p_.cols; }
  Access res(int rt) const;
  static Access stat(int rt) { return {Store::kStat, rt, rt + 1}; }
  // --- Pieces of operations.
  int load(const Span& span);
  /// Valid columns of the last tile of `columns` columns.
  int last_tile_columns(int columns) const;
  TensorCheck row_check(TensorId id, int layer, int rt) const;
  TensorCheck residual_check(TensorId id, int layer, int rt, int col_begin, int col_end) const;
  /// A QMM with operand A of row tile `rt`.
  Instruction qmm(const Operand& a, int rt, isa::SrcB b_source, int kw, int tiles) const;
  static void set_out(Instruction& i, isa::Out out, int planes, int shift);
  static void set_dest(Instruction& i, isa::DestMem memory, int base, int segment,
                       int plane_stride);
  static Access operand_words(const Operand& a, int plane, int kw);
  static void read_operand(Op& op, const Operand& a, int kw);
  /// Loads of a chunk.
  struct Loaded {
    int weights = 0;
    int params = 0;
  };
  Loaded load(const Chunk& chunk) { return {load(chunk.weights), load(chunk.params)}; }
  /// Column tiles [first, first + tiles) of a chunk, cut where the mask changes: a part has one
  /// run.
  static std::vector<Chunk> pieces_of(const Chunk& chunk, int first, int tiles);
  /// Part of a chunk of a matrix with static weights on one row tile; output fields still open.
  /// `last`: no later row tile uses the part.
  Op piece_op(const PackedMatrix& matrix, const Chunk& chunk, const Chunk& part, Loaded loaded,
              const Operand& a, int rt, bool last) const;
  /// For each chunk, for each of `tiles`, for each of its parts: `operand(rt)` in, `emit(op, part,
  /// rt, last)` completes and appends the operation; `last`: the last part of the matrix.
  template <typename OperandOf, typename Emit>
  void product(const PackedMatrix& matrix, const RowTiles& tiles, OperandOf operand, Emit emit) {
    for (const Chunk& chunk : matrix.chunks) {
      const Loaded loaded = load(chunk);
      const std::vector<Chunk> parts = pieces_of(chunk, 0, chunk.tiles);
      for (const int rt : tiles) {
        for (const Chunk& part : parts) {
          emit(piece_op(matrix, chunk, part, loaded, operand(rt), rt, rt == tiles.back()), part, rt,
               &chunk == &matrix.chunks.back() && &part == &parts.back());
        }
      }
    }
  }

  Operand codes(int rt) const { return {isa::SrcA::kXb, xb_codes(rt), kw_hidden(), bits()}; }
  isa::Out threshold_or_code(const PackedMatrix& matrix) const;
  // --- Streams into the residual.
  /// Appends a chunk of a residual product.
  void residual(Op op, const PackedMatrix& matrix, const Chunk& chunk, int rt, TensorId id,
                int layer);
  /// Whose place the codes of a LayerNorm take in XB: where only first row tiles are left, they may
  /// have more planes and lie closer.
  enum class Codes { kOfRowTile, kOfSentence };
  /// Appends LayerNorm of a row tile: `x` back to the residual, `planes` code planes to XB.
  void norm(const PackedNorm& ln, int records, int rt, int planes, Codes codes, bool last,
            std::pair<TensorId, TensorId> ids, int layer);
  /// A residual product with its LayerNorm behind the last chunk.
  template <typename OperandOf>
  void residual_product(const PackedMatrix& matrix, const PackedNorm& ln, int planes, Codes codes,
                        const RowTiles& tiles, int layer, TensorId residual_id,
                        std::pair<TensorId, TensorId> norm_ids, OperandOf operand) {
    int records = -1;
    product(matrix, tiles, operand, [&](Op op, const Chunk& chunk, int rt, bool last_chunk) {
      residual(std::move(op), matrix, chunk, rt, residual_id, layer);
      if (!last_chunk) return;
      if (rt == tiles.front()) records = load(ln.records);
      norm(ln, records, rt, planes, codes, rt == tiles.back(), norm_ids, layer);
    });
  }

  // --- Rows of codes in ACT: FFN1 and pooler.
  void code_rows(Op op, const PackedMatrix& matrix, const Chunk& chunk, int columns, int base,
                 int planes, TensorCheck check);

  const Plan& p_;
  const ModelImage& m_;
  std::vector<Sentence> sentences_;
  std::vector<int> sentence_of_;  ///< by row tile
  RowTiles all_;                  ///< row tiles
  RowTiles firsts_;  ///< the first row tile of each sentence: its row 0 becomes the logits
  Schedule s_;
};

}  // namespace bat::schedule
