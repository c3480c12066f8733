// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/program/schedule.hpp"

#include <algorithm>
#include <utility>

namespace bat {
namespace {

using bmt::TensorId;
using isa::Instruction;

constexpr int kFeaturePlanes = 8;
constexpr int kPoolerBits = 8;

std::uint64_t u(std::int64_t value) { return static_cast<std::uint64_t>(value); }

Instruction make(isa::Op op) {
  Instruction instruction;
  instruction.set(isa::kOp, static_cast<std::uint64_t>(op));
  for (const isa::Field& wait :
       {isa::kWaitDma, isa::kWaitQmm, isa::kWaitRow, isa::kWaitSmx, isa::kWaitSto}) {
    instruction.set(wait, isa::kWaitNone);
  }
  return instruction;
}

/// Where a matrix product takes operand A from.
struct Operand {
  isa::SrcA source = isa::SrcA::kXb;
  int base = 0;
  int plane_stride = 0;
  int planes = 1;
};

class Builder {
 public:
  Builder(const Plan& plan, const ModelImage& image, int tokens)
      : p_(plan), m_(image), n_(tokens), row_tiles_(plan.row_tiles_for(tokens)) {}

  Schedule run() {
    embedding();
    for (std::size_t i = 0; i < m_.layers.size(); ++i) layer(static_cast<int>(i));
    classifier();
    return std::move(s_);
  }

 private:
  // --- Geometry.
  int bits() const { return m_.act_bits; }
  int kw_hidden() const { return p_.kwords(m_.hidden); }
  int kw_head() const { return p_.kwords(m_.head_dim); }
  int kw_tokens() const { return p_.kwords(n_); }
  int head_tiles() const { return p_.col_tiles(m_.head_dim); }
  int key_tiles() const { return p_.col_tiles(n_); }
  int rows_of(int rt) const { return std::min(p_.rows, n_ - rt * p_.rows); }
  int res_words() const { return ceil_div(m_.hidden, p_.lanes); }
  int res_base(int rt) const { return rt / 2 * res_words(); }
  int xb_codes(int rt) const { return rt * bits() * kw_hidden(); }
  int xb_features(int rt) const {
    return p_.xb_codes + rt * kFeaturePlanes * p_.kwords(m_.features);
  }
  int act_head_row(const PackedLayer& l) const { return l.heads * kw_head(); }
  int act_heads(const PackedLayer& l, int rt) const { return rt * bits() * act_head_row(l); }
  int act_ffn(const PackedLayer& l, int rt) const { return rt * bits() * p_.kwords(l.ffn); }
  int act_prob(int slot) const { return p_.act_region + slot * p_.prob_words; }
  int k_head_stride() const { return key_tiles() * bits() * kw_head(); }
  int v_tile_stride() const { return bits() * kw_tokens(); }
  int v_head_stride() const { return head_tiles() * v_tile_stride(); }

  Access res(int rt) const {
    const int begin = rt % 2 * p_.res_bank_words + res_base(rt);
    return {Store::kRes, begin, begin + res_words()};
  }
  static Access stat(int rt) { return {Store::kStat, rt, rt + 1}; }

  // --- Pieces of operations.
  int load(const Span& span) {
    s_.loads.push_back(span);
    return static_cast<int>(s_.loads.size()) - 1;
  }

  /// Valid columns of the last tile of `columns` columns.
  int last_tile_columns(int columns) const {
    return columns - (p_.col_tiles(columns) - 1) * p_.cols;
  }

  TensorCheck row_check(TensorId id, int layer, int rt) const {
    TensorCheck check;
    check.tensor = id;
    check.layer = layer;
    check.row_begin = rt * p_.rows;
    check.row_end = check.row_begin + rows_of(rt);
    return check;
  }

  TensorCheck residual_check(TensorId id, int layer, int rt, int col_begin, int col_end) const {
    TensorCheck check = row_check(id, layer, rt);
    check.col_begin = col_begin;
    check.col_end = col_end;
    check.memory = rt % 2 == 0 ? isa::Tap::kRes0 : isa::Tap::kRes1;
    check.layout = Layout::kValue;
    check.base = res_base(rt);
    return check;
  }

  /// A QMM with operand A of row tile `rt`.
  Instruction qmm(const Operand& a, int rt, isa::SrcB b_source, int kw, int tiles) const {
    Instruction i = make(isa::Op::kQmm);
    i.set(isa::kQmmASrc, static_cast<std::uint64_t>(a.source));
    i.set(isa::kQmmABase, u(a.base));
    i.set(isa::kQmmAPs, u(a.plane_stride));
    i.set(isa::kQmmPa, u(a.planes));
    i.set(isa::kQmmBSrc, static_cast<std::uint64_t>(b_source));
    i.set(isa::kQmmPb, 1);
    i.set(isa::kQmmBr, 1);
    i.set(isa::kQmmKw, u(kw));
    i.set(isa::kQmmNct, u(tiles));
    i.set(isa::kQmmRun, u(tiles));
    i.set(isa::kQmmRvalid, u(rows_of(rt)));
    i.set(isa::kQmmCvalid, u(p_.cols));
    return i;
  }

  static void set_out(Instruction& i, isa::Out out, int planes, int shift) {
    i.set(isa::kQmmOut, static_cast<std::uint64_t>(out));
    i.set(isa::kQmmOb, u(planes));
    i.set(isa::kQmmShift, u(shift));
  }

  static void set_dest(Instruction& i, isa::DestMem memory, int base, int segment,
                       int plane_stride) {
    i.set(isa::kQmmDMem, static_cast<std::uint64_t>(memory));
    i.set(isa::kQmmDBase, u(base));
    i.set(isa::kQmmDSeg, u(segment));
    i.set(isa::kQmmDPs, u(plane_stride));
  }

  static Access operand_words(const Operand& a, int plane, int kw) {
    const int begin = a.base + plane * a.plane_stride;
    return {a.source == isa::SrcA::kAct ? Store::kAct : Store::kXb, begin, begin + kw};
  }

  static void read_operand(Op& op, const Operand& a, int kw) {
    for (int plane = 0; plane < a.planes; ++plane) op.reads.push_back(operand_words(a, plane, kw));
  }

  /// One chunk of a matrix with static weights on one row tile; output fields still open.
  Op chunk_op(const PackedMatrix& matrix, const Chunk& chunk, const Operand& a, int rt) const {
    Op op{qmm(a, rt, isa::SrcB::kW, matrix.kw, chunk.tiles), {}, {}, {}, {}};
    op.instruction.set(isa::kQmmPb, u(matrix.planes));
    op.instruction.set(isa::kQmmBr, u(matrix.branches));
    read_operand(op, a, matrix.kw);
    return op;
  }

  /// For each chunk, for each of the first `row_tiles` row tiles: `operand(rt)` in,
  /// `emit(op, chunk, rt, last_chunk)` completes and appends the operation.
  template <typename OperandOf, typename Emit>
  void product(const PackedMatrix& matrix, int row_tiles, OperandOf operand, Emit emit) {
    for (const Chunk& chunk : matrix.chunks) {
      const int weights = load(chunk.weights);
      const int params = load(chunk.params);
      for (int rt = 0; rt < row_tiles; ++rt) {
        const bool last = rt + 1 == row_tiles;
        Op op = chunk_op(matrix, chunk, operand(rt), rt);
        op.rings.push_back({weights, 0, static_cast<int>(chunk.weights.words), last});
        op.rings.push_back({params, 0, static_cast<int>(chunk.params.words), last});
        emit(std::move(op), chunk, rt, &chunk == &matrix.chunks.back());
      }
    }
  }

  Operand codes(int rt) const { return {isa::SrcA::kXb, xb_codes(rt), kw_hidden(), bits()}; }

  isa::Out threshold_or_code(const PackedMatrix& matrix) const {
    return matrix.params == isa::Ring::kT ? isa::Out::kBit : isa::Out::kCode;
  }

  // --- Embedding.
  void embedding() {
    m_.input == bmt::InputKind::kTokens ? token_embedding() : feature_embedding();
  }

  Op embed_op(int rt, bool word, bool first) const {
    Instruction i = make(isa::Op::kEmbed);
    const int beats = ceil_div(m_.hidden * 8, p_.axi_bits);
    i.set(isa::kEmbedRt, u(rt));
    i.set(isa::kEmbedDw, u(res_words()));
    i.set(isa::kEmbedLastv, u(m_.hidden - (res_words() - 1) * p_.lanes));
    i.set(isa::kEmbedNb, u(beats));
    i.set(isa::kEmbedKind, word ? 1 : 0);
    i.set(isa::kEmbedIds, m_.input == bmt::InputKind::kTokens && first ? 1 : 0);
    i.set(isa::kEmbedAdd, first ? 0 : 1);
    i.set(isa::kEmbedStat, word ? 1 : 0);
    i.set(isa::kEmbedEshift, u(m_.embed_shift));
    i.set(isa::kEmbedN0, u(rt * p_.rows));
    i.set(isa::kEmbedPosRows, u(m_.max_tokens));
    i.set(isa::kEmbedTable, word ? m_.word_beat : m_.position_beat);
    i.set(isa::kEmbedResBase, u(res_base(rt)));
    i.set(isa::kEmbedRvalid, u(rows_of(rt)));
    Op op{i, {}, {res(rt)}, {}, {}};
    if (!first) op.reads.push_back(res(rt));
    if (word) op.writes.push_back(stat(rt));
    return op;
  }

  void token_embedding() {
    const int records = load(m_.embed_norm.records);
    for (int rt = 0; rt < row_tiles_; ++rt) {
      s_.ops.push_back(embed_op(rt, false, true));
      Op words = embed_op(rt, true, false);
      words.checks.push_back(residual_check(TensorId::kEmbedding, -1, rt, 0, m_.hidden));
      s_.ops.push_back(std::move(words));
      embedding_norm(records, rt);
    }
  }

  void embedding_norm(int records, int rt) {
    norm(m_.embed_norm, records, rt, bits(), rt + 1 == row_tiles_,
         {TensorId::kEmbeddingNorm, TensorId::kInputCodes}, -1);
  }

  void feature_embedding() {
    for (int rt = 0; rt < row_tiles_; ++rt) {
      s_.ops.push_back(feature_op(rt));
      s_.ops.push_back(embed_op(rt, false, true));
    }
    int records = -1;
    const int kw = p_.kwords(m_.features);
    product(
        *m_.patch, row_tiles_,
        [&](int rt) {
          return Operand{isa::SrcA::kXb, xb_features(rt), kw, kFeaturePlanes};
        },
        [&](Op op, const Chunk& chunk, int rt, bool last_chunk) {
          residual(std::move(op), *m_.patch, chunk, rt, TensorId::kEmbedding, -1);
          s_.ops.back().instruction.set(isa::kQmmSkip0, rt == 0 ? 1 : 0);
          if (!last_chunk) return;
          if (rt == 0) records = load(m_.embed_norm.records);
          embedding_norm(records, rt);
        });
  }

  Op feature_op(int rt) const {
    const int kw = p_.kwords(m_.features);
    Instruction i = make(isa::Op::kFeat);
    i.set(isa::kFeatKw, u(kw));
    i.set(isa::kFeatK, u(m_.features));
    i.set(isa::kFeatNb, u(ceil_div(m_.features * 8, p_.axi_bits)));
    i.set(isa::kFeatN0, u(rt * p_.rows));
    i.set(isa::kFeatXbBase, u(xb_features(rt)));
    i.set(isa::kFeatXbPs, u(kw));
    i.set(isa::kFeatRvalid, u(rows_of(rt)));
    const int base = xb_features(rt);
    return {i, {}, {{Store::kXb, base, base + kFeaturePlanes * kw}}, {}, {}};
  }

  // --- Streams into the residual.
  /// Appends a chunk of a residual product.
  void residual(Op op, const PackedMatrix& matrix, const Chunk& chunk, int rt, TensorId id,
                int layer) {
    const int first_col = chunk.first_tile * p_.cols;
    const int end_col = std::min(m_.hidden, first_col + chunk.tiles * p_.cols);
    Instruction& i = op.instruction;
    set_out(i, isa::Out::kRes, 0, matrix.shift);
    i.set(isa::kQmmCvalid, u(end_col - first_col - (chunk.tiles - 1) * p_.cols));
    i.set(isa::kQmmResBase, u(res_base(rt) + first_col / p_.lanes));
    i.set(isa::kQmmRt, u(rt));
    i.set(isa::kQmmStatFirst, chunk.first_tile == 0 ? 1 : 0);
    op.reads.push_back(res(rt));
    op.writes.push_back(res(rt));
    op.writes.push_back(stat(rt));
    op.checks.push_back(residual_check(id, layer, rt, first_col, end_col));
    s_.ops.push_back(std::move(op));
  }

  /// Appends LayerNorm of a row tile: `x` back to the residual, `planes` code planes to XB.
  void norm(const PackedNorm& ln, int records, int rt, int planes, bool last,
            std::pair<TensorId, TensorId> ids, int layer) {
    Instruction i = make(isa::Op::kLn);
    const int kw = kw_hidden();
    const int xb = rt * planes * kw;
    i.set(isa::kLnRt, u(rt));
    i.set(isa::kLnDw, u(res_words()));
    i.set(isa::kLnLastv, u(m_.hidden - (res_words() - 1) * p_.lanes));
    i.set(isa::kLnD, u(m_.hidden));
    i.set(isa::kLnShift, u(ln.shift));
    i.set(isa::kLnQMul, u(ln.q_mul));
    i.set(isa::kLnQShift, u(ln.q_shift));
    i.set(isa::kLnPlanes, u(planes));
    i.set(isa::kLnXbBase, u(xb));
    i.set(isa::kLnXbPs, u(kw));
    i.set(isa::kLnResBase, u(res_base(rt)));
    i.set(isa::kLnRvalid, u(rows_of(rt)));
    Op op{i, {res(rt), stat(rt)}, {res(rt), {Store::kXb, xb, xb + planes * kw}}, {}, {}};
    op.rings.push_back({records, 0, static_cast<int>(ln.records.words), last});
    op.checks.push_back(residual_check(ids.first, layer, rt, 0, m_.hidden));
    TensorCheck codes_check = row_check(ids.second, layer, rt);
    codes_check.col_end = m_.hidden;
    codes_check.memory = isa::Tap::kXb;
    codes_check.base = xb;
    codes_check.planes = planes;
    codes_check.plane_stride = kw;
    codes_check.segment = m_.hidden;
    op.checks.push_back(codes_check);
    s_.ops.push_back(std::move(op));
  }

  /// A residual product with its LayerNorm behind the last chunk.
  template <typename OperandOf>
  void residual_product(const PackedMatrix& matrix, const PackedNorm& ln, int planes, int row_tiles,
                        int layer, TensorId residual_id, std::pair<TensorId, TensorId> norm_ids,
                        OperandOf operand) {
    int records = -1;
    product(matrix, row_tiles, operand, [&](Op op, const Chunk& chunk, int rt, bool last_chunk) {
      residual(std::move(op), matrix, chunk, rt, residual_id, layer);
      if (!last_chunk) return;
      if (rt == 0) records = load(ln.records);
      norm(ln, records, rt, planes, rt + 1 == row_tiles, norm_ids, layer);
    });
  }

  // --- Encoder layer.
  void layer(int index) {
    const PackedLayer& l = m_.layers[static_cast<std::size_t>(index)];
    const bool last_layer = index + 1 == static_cast<int>(m_.layers.size());
    const int row_tiles = last_layer ? 1 : row_tiles_;
    queries(l, index, row_tiles);
    keys(l, index);
    values(l, index);
    for (const HeadGroup& group : l.groups) attention(l, index, group, row_tiles);
    const int row = act_head_row(l);
    residual_product(l.o, l.ln1, bits(), row_tiles, index, TensorId::kResidual1,
                     {TensorId::kLn1, TensorId::kLn1Codes}, [&](int rt) {
                       return Operand{isa::SrcA::kAct, act_heads(l, rt), row, bits()};
                     });
    feed_forward(l, index, row_tiles);
    const int kw_ffn = p_.kwords(l.ffn);
    residual_product(l.f2, l.ln2, l.ln2_bits, row_tiles, index, TensorId::kResidual2,
                     {TensorId::kLn2, TensorId::kLn2Codes}, [&](int rt) {
                       return Operand{isa::SrcA::kAct, act_ffn(l, rt), kw_ffn, bits()};
                     });
  }

  /// Columns [begin, end) of the attention width that a chunk of a projection covers.
  std::pair<int, int> projected(const Chunk& chunk) const {
    const auto column = [&](int tile) {
      return tile / head_tiles() * m_.head_dim +
             std::min(m_.head_dim, tile % head_tiles() * p_.cols);
    };
    return {column(chunk.first_tile), column(chunk.first_tile + chunk.tiles)};
  }

  /// Valid columns of the last tile of each segment. A chunk that ends inside a head ends at a
  /// word.
  int projected_last(const Chunk& chunk) const {
    const bool head_end = (chunk.first_tile + chunk.tiles) % head_tiles() == 0;
    return head_end ? last_tile_columns(m_.head_dim) : p_.cols;
  }

  int first_head(const Chunk& chunk) const { return chunk.first_tile / head_tiles(); }
  int end_head(const Chunk& chunk) const {
    return ceil_div(chunk.first_tile + chunk.tiles, head_tiles());
  }
  /// Word inside the first head at which a chunk starts.
  int first_word(const Chunk& chunk) const {
    return chunk.first_tile % head_tiles() * p_.cols / p_.depth;
  }

  TensorCheck projection_check(TensorId id, int layer, const Chunk& chunk, int rt) const {
    TensorCheck check = row_check(id, layer, rt);
    std::tie(check.col_begin, check.col_end) = projected(chunk);
    check.planes = bits();
    check.segment = m_.head_dim;
    return check;
  }

  void queries(const PackedLayer& l, int index, int row_tiles) {
    const int row = act_head_row(l);
    product(
        l.q, row_tiles, [&](int rt) { return codes(rt); },
        [&](Op op, const Chunk& chunk, int rt, bool) {
          const int base = act_heads(l, rt);
          set_out(op.instruction, threshold_or_code(l.q), bits(), l.q.shift);
          set_dest(op.instruction, isa::DestMem::kAct,
                   base + first_head(chunk) * kw_head() + first_word(chunk), kw_head(), row);
          op.instruction.set(isa::kQmmRun, u(std::min(head_tiles(), chunk.tiles)));
          op.instruction.set(isa::kQmmCvalid, u(projected_last(chunk)));
          for (int plane = 0; plane < bits(); ++plane) {
            const int words = base + plane * row;
            op.writes.push_back({Store::kAct, words + first_head(chunk) * kw_head(),
                                 words + end_head(chunk) * kw_head()});
          }
          TensorCheck check = projection_check(TensorId::kQ, index, chunk, rt);
          check.memory = isa::Tap::kAct;
          check.base = base;
          check.plane_stride = row;
          check.segment_stride = kw_head();
          op.checks.push_back(check);
          s_.ops.push_back(std::move(op));
        });
  }

  void keys(const PackedLayer& l, int index) {
    product(
        l.k, row_tiles_, [&](int rt) { return codes(rt); },
        [&](Op op, const Chunk& chunk, int rt, bool) {
          const int tile_words = bits() * kw_head();
          const int key_tile = rt * p_.rows / p_.cols;
          set_out(op.instruction, threshold_or_code(l.k), bits(), l.k.shift);
          set_dest(op.instruction, isa::DestMem::kK,
                   first_head(chunk) * k_head_stride() + key_tile * tile_words + first_word(chunk),
                   k_head_stride(), kw_head());
          op.instruction.set(isa::kQmmRun, u(std::min(head_tiles(), chunk.tiles)));
          op.instruction.set(isa::kQmmCvalid, u(projected_last(chunk)));
          op.instruction.set(isa::kQmmDTg, u(rt * p_.rows % p_.cols / p_.rows));
          for (int h = first_head(chunk); h < end_head(chunk); ++h) {
            const int begin = h * k_head_stride() + key_tile * tile_words;
            op.writes.push_back({Store::kK, begin, begin + tile_words});
          }
          TensorCheck check = projection_check(TensorId::kK, index, chunk, rt);
          check.memory = isa::Tap::kK;
          check.layout = Layout::kKeys;
          check.plane_stride = kw_head();
          check.segment_stride = k_head_stride();
          check.tile_stride = tile_words;
          op.checks.push_back(check);
          s_.ops.push_back(std::move(op));
        });
  }

  void values(const PackedLayer& l, int index) {
    product(
        l.v, row_tiles_, [&](int rt) { return codes(rt); },
        [&](Op op, const Chunk& chunk, int rt, bool) {
          const int word = rt * p_.rows / p_.depth;
          const bool last = rt + 1 == row_tiles_;
          Instruction& i = op.instruction;
          set_out(i, threshold_or_code(l.v), bits(), l.v.shift);
          set_dest(i, isa::DestMem::kV, chunk.first_tile * v_tile_stride() + word, v_tile_stride(),
                   kw_tokens());
          i.set(isa::kQmmRun, 1);  // every tile has its own words
          i.set(isa::kQmmDTg, u(rt * p_.rows % p_.depth / p_.rows));
          i.set(isa::kQmmFill, last ? 1 : 0);
          i.set(isa::kQmmZCnt, 1);
          i.set(isa::kQmmZFirst, rt == 0 ? 1 : 0);
          i.set(isa::kQmmZBase, u(chunk.first_tile));
          const int end_tile = chunk.first_tile + chunk.tiles;
          for (int w = chunk.first_tile * bits(); w < end_tile * bits(); ++w) {
            op.writes.push_back({Store::kV, w * kw_tokens() + word, w * kw_tokens() + word + 1});
          }
          op.writes.push_back({Store::kZ, chunk.first_tile, end_tile});
          TensorCheck check = projection_check(TensorId::kV, index, chunk, rt);
          check.memory = isa::Tap::kV;
          check.layout = Layout::kTokens;
          check.plane_stride = kw_tokens();
          check.segment_stride = v_head_stride();
          check.tile_stride = v_tile_stride();
          op.checks.push_back(check);
          s_.ops.push_back(std::move(op));
        });
  }

  // --- Attention.
  /// What the operations of one head on one row tile share.
  struct HeadJob {
    const PackedLayer& l;
    const HeadGroup& group;
    int layer;
    int rt;
    int local;   ///< head within the group
    int params;  ///< load of the group's parameters
    bool last;   ///< last row tile: parameters are freed

    int head() const { return group.first_head + local; }
    /// Slots alternate along the sequence of heads and row tiles.
    int slot() const { return (rt * group.heads + local) % 2; }
  };

  void attention(const PackedLayer& l, int index, const HeadGroup& group, int row_tiles) {
    const int params = load(group.params);
    for (int rt = 0; rt < row_tiles; ++rt) {
      const bool last = rt + 1 == row_tiles;
      for (int h = 0; h <= group.heads; ++h) {
        if (h < group.heads) scores({l, group, index, rt, h, params, last});
        if (h > 0) context({l, group, index, rt, h - 1, params, last});
      }
    }
  }

  static void use_params(Op& op, const HeadJob& job, const HeadParams& use) {
    if (use.words > 0) op.rings.push_back({job.params, use.offset, use.words, job.last});
  }

  void scores(const HeadJob& job) {
    const int row = act_head_row(job.l);
    const Operand q{isa::SrcA::kAct, act_heads(job.l, job.rt) + job.head() * kw_head(), row,
                    bits()};
    Op op{qmm(q, job.rt, isa::SrcB::kK, kw_head(), key_tiles()), {}, {}, {}, {}};
    op.instruction.set(isa::kQmmBBase, u(job.head() * k_head_stride()));
    op.instruction.set(isa::kQmmPb, u(bits()));
    op.instruction.set(isa::kQmmCvalid, u(last_tile_columns(n_)));
    read_operand(op, q, kw_head());
    const int k = job.head() * k_head_stride();
    op.reads.push_back({Store::kK, k, k + k_head_stride()});
    const auto& uses = job.group.score;
    use_params(op, job, uses[static_cast<std::size_t>(job.local)]);
    m_.attention == bmt::Attention::kSoftmax ? softmax_scores(std::move(op), job)
                                             : threshold_scores(std::move(op), job);
  }

  TensorCheck attention_check(TensorId id, const HeadJob& job) const {
    TensorCheck check = row_check(id, job.layer, job.rt);
    check.head = job.head();
    check.col_end = n_;
    return check;
  }

  TensorCheck probability_check(const HeadJob& job) const {
    TensorCheck check = attention_check(TensorId::kProbabilities, job);
    check.memory = isa::Tap::kAct;
    check.base = act_prob(job.slot());
    check.planes = bits();
    check.plane_stride = kw_tokens();
    check.segment = n_;
    return check;
  }

  Access probabilities(const HeadJob& job) const {
    const int begin = act_prob(job.slot());
    return {Store::kAct, begin, begin + bits() * kw_tokens()};
  }

  void threshold_scores(Op op, const HeadJob& job) {
    const bool bit = bits() == 1;
    set_out(op.instruction, bit ? isa::Out::kBit : isa::Out::kCode, bits(), job.l.score_shift);
    set_dest(op.instruction, isa::DestMem::kAct, act_prob(job.slot()), 0, kw_tokens());
    op.instruction.set(isa::kQmmBcast, 1);
    op.writes.push_back(probabilities(job));
    op.checks.push_back(probability_check(job));
    s_.ops.push_back(std::move(op));
  }

  void softmax_scores(Op op, const HeadJob& job) {
    const int words = key_tiles() * p_.cols / p_.lanes;
    const Access slot{Store::kScore, job.slot() * p_.score_words,
                      job.slot() * p_.score_words + words};
    const int max_code = (1 << bits()) - 1;
    set_out(op.instruction, isa::Out::kScore, 0, 0);
    op.instruction.set(isa::kQmmSlot, u(job.slot()));
    op.writes.push_back(slot);
    TensorCheck check = attention_check(TensorId::kScores, job);
    check.memory = isa::Tap::kScore;
    check.layout = Layout::kScore;
    check.base = slot.begin;
    check.score_bias = m_.head_dim * max_code * max_code;
    op.checks.push_back(check);
    s_.ops.push_back(std::move(op));
    s_.ops.push_back(softmax_op(job, slot));
  }

  Op softmax_op(const HeadJob& job, const Access& slot) const {
    const auto h = static_cast<std::size_t>(job.head());
    const bmt::SoftmaxParams& softmax = job.l.softmax;
    Instruction i = make(isa::Op::kSmx);
    i.set(isa::kSmxSlot, u(job.slot()));
    i.set(isa::kSmxN, u(n_));
    i.set(isa::kSmxWords, u(ceil_div(n_, p_.lanes)));
    i.set(isa::kSmxIdxMul, u(softmax.idx_mul[h]));
    i.set(isa::kSmxIdxShift, u(softmax.idx_shift));
    i.set(isa::kSmxProbMul, u(softmax.prob_mul[h]));
    i.set(isa::kSmxProbShift, u(softmax.prob_shift));
    i.set(isa::kSmxOb, u(bits()));
    i.set(isa::kSmxDBase, u(act_prob(job.slot())));
    i.set(isa::kSmxDPs, u(kw_tokens()));
    return {i, {slot}, {probabilities(job)}, {}, {probability_check(job)}};
  }

  void context(const HeadJob& job) {
    const Operand probs{isa::SrcA::kAct, act_prob(job.slot()), kw_tokens(), bits()};
    Op op{qmm(probs, job.rt, isa::SrcB::kV, kw_tokens(), head_tiles()), {}, {}, {}, {}};
    Instruction& i = op.instruction;
    const int row = act_head_row(job.l);
    const int base = act_heads(job.l, job.rt);
    const int first = job.head() * kw_head();
    i.set(isa::kQmmBBase, u(job.head() * v_head_stride()));
    i.set(isa::kQmmPb, u(bits()));
    i.set(isa::kQmmCvalid, u(last_tile_columns(m_.head_dim)));
    i.set(isa::kQmmZUse, 1);
    i.set(isa::kQmmZBase, u(job.head() * head_tiles()));
    set_out(i, bits() == 1 ? isa::Out::kBit : isa::Out::kCode, bits(), job.l.context_shift);
    set_dest(i, isa::DestMem::kAct, base + first, 0, row);
    read_operand(op, probs, kw_tokens());
    const int v = job.head() * v_head_stride();
    op.reads.push_back({Store::kV, v, v + v_head_stride()});
    op.reads.push_back({Store::kZ, job.head() * head_tiles(), (job.head() + 1) * head_tiles()});
    for (int plane = 0; plane < bits(); ++plane) {
      const int begin = base + plane * row + first;
      op.writes.push_back({Store::kAct, begin, begin + kw_head()});
    }
    use_params(op, job, job.group.context[static_cast<std::size_t>(job.local)]);
    TensorCheck check = row_check(TensorId::kContext, job.layer, job.rt);
    check.col_begin = job.head() * m_.head_dim;
    check.col_end = check.col_begin + m_.head_dim;
    check.memory = isa::Tap::kAct;
    check.base = base;
    check.planes = bits();
    check.plane_stride = row;
    check.segment = m_.head_dim;
    check.segment_stride = kw_head();
    op.checks.push_back(check);
    s_.ops.push_back(std::move(op));
  }

  // --- Rows of codes in ACT: FFN1 and pooler.
  void code_rows(Op op, const PackedMatrix& matrix, const Chunk& chunk, int columns, int base,
                 int planes, TensorCheck check) {
    const int kw = p_.kwords(columns);
    const int first_col = chunk.first_tile * p_.cols;
    const int end_col = std::min(columns, first_col + chunk.tiles * p_.cols);
    set_out(op.instruction, threshold_or_code(matrix), planes, matrix.shift);
    set_dest(op.instruction, isa::DestMem::kAct, base + first_col / p_.depth, 0, kw);
    op.instruction.set(isa::kQmmCvalid, u(end_col - first_col - (chunk.tiles - 1) * p_.cols));
    for (int plane = 0; plane < planes; ++plane) {
      const int begin = base + plane * kw;
      op.writes.push_back(
          {Store::kAct, begin + first_col / p_.depth, begin + ceil_div(end_col, p_.depth)});
    }
    check.col_begin = first_col;
    check.col_end = end_col;
    check.memory = isa::Tap::kAct;
    check.base = base;
    check.planes = planes;
    check.plane_stride = kw;
    check.segment = columns;
    op.checks.push_back(check);
    s_.ops.push_back(std::move(op));
  }

  void feed_forward(const PackedLayer& l, int index, int row_tiles) {
    product(
        l.f1, row_tiles, [&](int rt) { return codes(rt); },
        [&](Op op, const Chunk& chunk, int rt, bool) {
          code_rows(std::move(op), l.f1, chunk, l.ffn, act_ffn(l, rt), bits(),
                    row_check(TensorId::kFfn1, index, rt));
        });
  }

  // --- Row 0 to logits.
  TensorCheck first_row_check(TensorId id) const {
    TensorCheck check = row_check(id, -1, 0);
    check.row_end = 1;
    return check;
  }

  void classifier() {
    Operand c{isa::SrcA::kXb, 0, kw_hidden(), kPoolerBits};
    if (m_.pooler) {
      product(
          *m_.pooler, 1, [&](int rt) { return codes(rt); },
          [&](Op op, const Chunk& chunk, int, bool) {
            code_rows(std::move(op), *m_.pooler, chunk, m_.hidden, 0, kPoolerBits,
                      first_row_check(TensorId::kPooler));
          });
      c.source = isa::SrcA::kAct;
    }
    product(
        m_.classifier, 1, [&](int) { return c; },
        [&](Op op, const Chunk& chunk, int, bool) { logits(std::move(op), chunk); });
    Instruction store = make(isa::Op::kStore);
    store.set(isa::kStoreCount, u(m_.classes));
    s_.ops.push_back({store, {{Store::kLogit, 0, m_.classes}}, {}, {}, {}});
    s_.ops.push_back({make(isa::Op::kEnd), {}, {}, {}, {}});
  }

  void logits(Op op, const Chunk& chunk) {
    const int first = chunk.first_tile * p_.cols;
    const int end = std::min(m_.classes, first + chunk.tiles * p_.cols);
    set_out(op.instruction, isa::Out::kLogit, 0, 0);
    op.instruction.set(isa::kQmmCvalid, u(end - first - (chunk.tiles - 1) * p_.cols));
    op.instruction.set(isa::kQmmLBase, u(first));
    op.writes.push_back({Store::kLogit, first, end});
    TensorCheck check = first_row_check(TensorId::kLogits);
    check.col_begin = first;
    check.col_end = end;
    check.memory = isa::Tap::kLogit;
    check.layout = Layout::kLogit;
    op.checks.push_back(check);
    s_.ops.push_back(std::move(op));
  }

  const Plan& p_;
  const ModelImage& m_;
  int n_;
  int row_tiles_;
  Schedule s_;
};

}  // namespace

Schedule make_schedule(const Plan& plan, const ModelImage& image, int tokens) {
  return Builder(plan, image, tokens).run();
}

}  // namespace bat
