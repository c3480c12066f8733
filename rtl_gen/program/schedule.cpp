// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/program/schedule.hpp"

#include <utility>

#include "rtl_gen/program/schedule_layers.hpp"

namespace bat {
namespace schedule {
namespace {

/// Embedding, layers, classifier.
class Builder : public Layers {
 public:
  using Layers::Layers;

  Schedule run() {
    embedding();
    for (std::size_t i = 0; i < m_.layers.size(); ++i) layer(static_cast<int>(i));
    classifier();
    return std::move(s_);
  }

 private:
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
          return Operand{isa::SrcA::kXb, xb_features(rt), kw, kWidePlanes};
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
    return {i, {}, {{Store::kXb, base, base + kWidePlanes * kw}}, {}, {}};
  }

  // --- Row 0 to logits.
  TensorCheck first_row_check(TensorId id) const {
    TensorCheck check = row_check(id, -1, 0);
    check.row_end = 1;
    return check;
  }

  void classifier() {
    Operand c{isa::SrcA::kXb, 0, kw_hidden(), kWidePlanes};
    if (m_.pooler) {
      product(
          *m_.pooler, 1, [&](int rt) { return codes(rt); },
          [&](Op op, const Chunk& chunk, int, bool) {
            code_rows(std::move(op), *m_.pooler, chunk, m_.hidden, 0, kWidePlanes,
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
};

}  // namespace
}  // namespace schedule

Schedule make_schedule(const Plan& plan, const ModelImage& image, int tokens) {
  return schedule::Builder(plan, image, tokens).run();
}

}  // namespace bat
