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
    i.set(isa::kEmbedN0, u(first_token(rt)));
    i.set(isa::kEmbedInRow, u(of(rt).first_in_row + first_token(rt)));
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
    for (const int rt : all_) {
      s_.ops.push_back(embed_op(rt, false, true));
      Op words = embed_op(rt, true, false);
      words.checks.push_back(residual_check(TensorId::kEmbedding, -1, rt, 0, m_.hidden));
      s_.ops.push_back(std::move(words));
      embedding_norm(records, rt);
    }
  }

  void embedding_norm(int records, int rt) {
    norm(m_.embed_norm, records, rt, bits(), Codes::kOfRowTile, rt == all_.back(),
         {TensorId::kEmbeddingNorm, TensorId::kInputCodes}, -1);
  }

  void feature_embedding() {
    for (const int rt : all_) {
      s_.ops.push_back(feature_op(rt));
      s_.ops.push_back(embed_op(rt, false, true));
    }
    int records = -1;
    const int kw = p_.kwords(m_.features);
    product(
        *m_.patch, all_,
        [&](int rt) {
          return Operand{isa::SrcA::kXb, xb_features(rt), kw, kWidePlanes};
        },
        [&](Op op, const Chunk& chunk, int rt, bool last_chunk) {
          residual(std::move(op), *m_.patch, chunk, rt, TensorId::kEmbedding, -1);
          s_.ops.back().instruction.set(isa::kQmmSkip0, local(rt) == 0 ? 1 : 0);
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
    i.set(isa::kFeatN0, u(first_token(rt)));
    i.set(isa::kFeatInRow, u(of(rt).first_in_row + first_token(rt)));
    i.set(isa::kFeatXbBase, u(xb_features(rt)));
    i.set(isa::kFeatXbPs, u(kw));
    i.set(isa::kFeatRvalid, u(rows_of(rt)));
    const int base = xb_features(rt);
    return {i, {}, {{Store::kXb, base, base + kWidePlanes * kw}}, {}, {}};
  }

  // --- Row 0 of each sentence to logits.
  TensorCheck first_row_check(TensorId id, int rt) const {
    TensorCheck check = row_check(id, -1, rt);
    check.row_end = 1;
    return check;
  }

  /// The 8 planes of a sentence's row 0, in XB behind the last LayerNorm or in ACT behind the
  /// pooler.
  int wide_row(int rt) const { return of(rt).index * kWidePlanes * kw_hidden(); }

  void classifier() {
    if (m_.pooler) {
      product(
          *m_.pooler, firsts_, [&](int rt) { return codes(rt); },
          [&](Op op, const Chunk& chunk, int rt, bool) {
            code_rows(std::move(op), *m_.pooler, chunk, m_.hidden, wide_row(rt), kWidePlanes,
                      first_row_check(TensorId::kPooler, rt));
          });
    }
    const isa::SrcA source = m_.pooler ? isa::SrcA::kAct : isa::SrcA::kXb;
    product(
        m_.classifier, firsts_,
        [&](int rt) {
          return Operand{source, wide_row(rt), kw_hidden(), kWidePlanes};
        },
        [&](Op op, const Chunk& chunk, int rt, bool) { logits(std::move(op), chunk, rt); });
    for (const Sentence& s : sentences_) {
      const int first = logit_base(s);
      Instruction store = make(isa::Op::kStore);
      store.set(isa::kStoreCount, u(m_.classes));
      store.set(isa::kStoreFirst, u(first));
      store.set(isa::kStoreOutOff, u(s.index * m_.classes));
      s_.ops.push_back({store, {{Store::kLogit, first, first + m_.classes}}, {}, {}, {}});
    }
    s_.ops.push_back({make(isa::Op::kEnd), {}, {}, {}, {}});
  }

  void logits(Op op, const Chunk& chunk, int rt) {
    const int first = chunk.first_tile * p_.cols;
    const int base = logit_base(of(rt));
    const int end = std::min(m_.classes, first + chunk.tiles * p_.cols);
    set_out(op.instruction, isa::Out::kLogit, 0, 0);
    op.instruction.set(isa::kQmmRvalid, 1);  // class tokens; other rows have no such planes
    op.instruction.set(isa::kQmmCvalid, u(end - first - (chunk.tiles - 1) * p_.cols));
    op.instruction.set(isa::kQmmLBase, u(base + first));
    op.writes.push_back({Store::kLogit, base + first, base + end});
    TensorCheck check = first_row_check(TensorId::kLogits, rt);
    check.base = base / p_.lanes;
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

Schedule make_schedule(const Plan& plan, const ModelImage& image, std::span<const int> lengths) {
  return schedule::Builder(plan, image, lengths).run();
}

}  // namespace bat
