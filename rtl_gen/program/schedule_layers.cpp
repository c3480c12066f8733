// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/program/schedule_layers.hpp"

#include <algorithm>
#include <tuple>

namespace bat::schedule {

void Layers::layer(int index) {
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

std::pair<int, int> Layers::projected(const Chunk& chunk) const {
  const auto column = [&](int tile) {
    return tile / head_tiles() * m_.head_dim + std::min(m_.head_dim, tile % head_tiles() * p_.cols);
  };
  return {column(chunk.first_tile), column(chunk.first_tile + chunk.tiles)};
}

int Layers::projected_last(const Chunk& chunk) const {
  const bool head_end = (chunk.first_tile + chunk.tiles) % head_tiles() == 0;
  return head_end ? last_tile_columns(m_.head_dim) : p_.cols;
}

int Layers::end_head(const Chunk& chunk) const {
  return ceil_div(chunk.first_tile + chunk.tiles, head_tiles());
}

int Layers::first_word(const Chunk& chunk) const {
  return chunk.first_tile % head_tiles() * p_.cols / p_.depth;
}

TensorCheck Layers::projection_check(TensorId id, int layer, const Chunk& chunk, int rt) const {
  TensorCheck check = row_check(id, layer, rt);
  std::tie(check.col_begin, check.col_end) = projected(chunk);
  check.planes = bits();
  check.segment = m_.head_dim;
  return check;
}

void Layers::queries(const PackedLayer& l, int index, int row_tiles) {
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

void Layers::keys(const PackedLayer& l, int index) {
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

void Layers::values(const PackedLayer& l, int index) {
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

void Layers::attention(const PackedLayer& l, int index, const HeadGroup& group, int row_tiles) {
  const int params = load(group.params);
  for (int rt = 0; rt < row_tiles; ++rt) {
    const bool last = rt + 1 == row_tiles;
    for (int h = 0; h <= group.heads; ++h) {
      if (h < group.heads) scores({l, group, index, rt, h, params, last});
      if (h > 0) context({l, group, index, rt, h - 1, params, last});
    }
  }
}

void Layers::use_params(Op& op, const HeadJob& job, const HeadParams& use) {
  if (use.words > 0) op.rings.push_back({job.params, use.offset, use.words, job.last});
}

void Layers::scores(const HeadJob& job) {
  const int row = act_head_row(job.l);
  const Operand q{isa::SrcA::kAct, act_heads(job.l, job.rt) + job.head() * kw_head(), row, bits()};
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

TensorCheck Layers::attention_check(TensorId id, const HeadJob& job) const {
  TensorCheck check = row_check(id, job.layer, job.rt);
  check.head = job.head();
  check.col_end = n_;
  return check;
}

TensorCheck Layers::probability_check(const HeadJob& job) const {
  TensorCheck check = attention_check(TensorId::kProbabilities, job);
  check.memory = isa::Tap::kAct;
  check.base = act_prob(job.slot());
  check.planes = bits();
  check.plane_stride = kw_tokens();
  check.segment = n_;
  return check;
}

Access Layers::probabilities(const HeadJob& job) const {
  const int begin = act_prob(job.slot());
  return {Store::kAct, begin, begin + bits() * kw_tokens()};
}

void Layers::threshold_scores(Op op, const HeadJob& job) {
  const bool bit = bits() == 1;
  set_out(op.instruction, bit ? isa::Out::kBit : isa::Out::kCode, bits(), job.l.score_shift);
  set_dest(op.instruction, isa::DestMem::kAct, act_prob(job.slot()), 0, kw_tokens());
  op.instruction.set(isa::kQmmBcast, 1);
  op.writes.push_back(probabilities(job));
  op.checks.push_back(probability_check(job));
  s_.ops.push_back(std::move(op));
}

void Layers::softmax_scores(Op op, const HeadJob& job) {
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

Op Layers::softmax_op(const HeadJob& job, const Access& slot) const {
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

void Layers::context(const HeadJob& job) {
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

void Layers::feed_forward(const PackedLayer& l, int index, int row_tiles) {
  product(
      l.f1, row_tiles, [&](int rt) { return codes(rt); },
      [&](Op op, const Chunk& chunk, int rt, bool) {
        code_rows(std::move(op), l.f1, chunk, l.ffn, act_ffn(l, rt), bits(),
                  row_check(TensorId::kFfn1, index, rt));
      });
}

}  // namespace bat::schedule
