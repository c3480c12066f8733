// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/estimate/bound.hpp"

#include <algorithm>

namespace bat {
namespace {

constexpr int kWidePlanes = 8;  // patch embedding, pooler's output, classifier

enum : std::size_t { kQ, kK, kV, kO, kF1, kF2 };

WorkShape::Matrix matrix_of(const bmt::Linear& linear) {
  WorkShape::Matrix matrix{linear.weight.branches, linear.weight.in};
  for (int group = 0; group < linear.mask.groups; ++group) {
    matrix.kept_inputs =
        std::min(matrix.kept_inputs, linear.mask.kept_inputs(group, linear.weight.in));
  }
  return matrix;
}

/// Adds up the work, part of the network by part of the network (rtl_gen/program/schedule.cpp).
class Counter {
 public:
  Counter(const Plan& plan, const WorkShape& shape, int tokens)
      : p_(plan),
        s_(shape),
        tokens_(tokens),
        row_tiles_(plan.row_tiles_for(tokens)),
        bits_(shape.act_bits) {}

  Work run() {
    embedding();
    for (std::size_t i = 0; i < s_.layers.size(); ++i) {
      layer(s_.layers[i], i + 1 == s_.layers.size());
    }
    head();
    return work_;
  }

 private:
  enum class Out { kBit, kCode, kNumbers };

  /// `rows` row tiles of a product with `tiles` column tiles of `kw` words.
  void product(int rows, int tiles, int kw, int planes, int branches, Out out, int out_bits) {
    const auto count = std::int64_t{rows} * tiles;
    work_.steps += count * planes * branches * kw;
    if (out == Out::kBit) return;
    const int beats = p_.cols / p_.lanes;
    work_.drain_cycles += count * (beats + (out == Out::kCode ? out_bits : 0));
  }

  void weights(int tiles, int words, bool thresholds) {
    work_.read_bits += std::int64_t{tiles} * words * p_.cols * p_.depth;
    parameters(tiles, thresholds);
  }

  void parameters(int tiles, bool thresholds) {
    work_.read_bits +=
        std::int64_t{tiles} * (thresholds ? p_.t_tile_words : p_.p_tile_words) * p_.par_bits;
  }

  int norm_pass(int planes) const {
    const int beats = p_.depth / p_.lanes;
    const int words = p_.kwords(s_.hidden);
    int cycles = 0;
    for (int left = planes; left > 0; left -= p_.max_bits) {
      cycles += (words - 1) * std::max(beats, std::min(left, p_.max_bits)) + beats;
    }
    return cycles;
  }
  /// From the last sum of a row tile to its codes.
  int norm_latency(int planes) const { return p_.root_cycles + 3 + norm_pass(planes); }

  void norm(int rows, int planes, bool exposed) {
    work_.row_cycles += std::int64_t{rows} * std::max(p_.root_cycles + 3, norm_pass(planes));
    if (exposed) work_.serial_cycles += norm_latency(planes) + p_.cols / p_.lanes;
  }

  void norm_records() { work_.read_bits += std::int64_t{p_.res_row_words} * p_.l_bits; }

  void embedding() {
    const int beats = ceil_div(s_.hidden * 8, p_.axi_bits);
    work_.read_bits += std::int64_t{tokens_} * beats * p_.axi_bits;
    work_.row_cycles += std::int64_t{tokens_} * beats;
    if (s_.input == bmt::InputKind::kTokens) {
      work_.read_bits += std::int64_t{tokens_} * (beats * p_.axi_bits + 32);
      work_.row_cycles += std::int64_t{tokens_} * beats;
      const int first = std::min(tokens_, p_.rows);
      work_.serial_cycles += 2 * std::int64_t{first} * beats;
    } else {
      const int kw = p_.kwords(s_.features);
      const int tiles = p_.col_tiles(s_.hidden);
      product(row_tiles_, tiles, kWidePlanes * kw, kWidePlanes, 1, Out::kNumbers, 0);
      weights(tiles, kWidePlanes * kw, false);
      work_.read_bits +=
          std::int64_t{tokens_ - 1} * ceil_div(s_.features * 8, p_.axi_bits) * p_.axi_bits;
      // The first row tile's features are there before the first step.
      work_.serial_cycles += std::min(tokens_, p_.rows) * ceil_div(s_.features * 8, p_.axi_bits);
    }
    norm_records();
    // Nothing but the embedding can use the engine before the first row tile is normalized.
    norm(row_tiles_, bits_, row_tiles_ == 1 || s_.input == bmt::InputKind::kTokens);
  }

  Out code_out(int branches) const { return bits_ == 1 && branches == 1 ? Out::kBit : Out::kCode; }

  int kept_words(const WorkShape::Matrix& matrix, int inputs, int all_words) const {
    return matrix.kept_inputs < inputs ? std::max(1, p_.kwords(matrix.kept_inputs)) : all_words;
  }

  void projection(const WorkShape::Matrix& matrix, int tiles, int rows) {
    const int kw = kept_words(matrix, s_.hidden, p_.kwords(s_.hidden));
    product(rows, tiles, kw, bits_, matrix.branches, code_out(matrix.branches), bits_);
    weights(tiles, matrix.branches * kw, code_out(matrix.branches) == Out::kBit);
  }

  void residual(const WorkShape::Matrix& matrix, int inputs, int words, int rows) {
    const int kw = kept_words(matrix, inputs, words);
    const int tiles = p_.col_tiles(s_.hidden);
    product(rows, tiles, kw, bits_, matrix.branches, Out::kNumbers, 0);
    weights(tiles, matrix.branches * kw, false);
  }

  void attention(const WorkShape::Layer& l, int rows) {
    const int head_tiles = p_.col_tiles(s_.head_dim);
    const bool softmax = s_.attention == bmt::Attention::kSoftmax;
    const Out scores = softmax ? Out::kNumbers : code_out(1);
    product(rows * l.heads, p_.col_tiles(tokens_), p_.kwords(s_.head_dim), bits_ * bits_, 1, scores,
            bits_);
    product(rows * l.heads, head_tiles, p_.kwords(tokens_), bits_ * bits_, 1, code_out(1), bits_);
    parameters(l.heads * head_tiles, bits_ == 1);
    if (softmax) work_.softmax_cycles += std::int64_t{rows} * l.heads * ceil_div(tokens_, p_.lanes);
  }

  void layer(const WorkShape::Layer& l, bool last) {
    const int rows = last ? 1 : row_tiles_;
    const int head_tiles = p_.col_tiles(s_.head_dim);
    const bool alone = row_tiles_ == 1 || last;
    projection(l.matrices[kQ], l.heads * head_tiles, rows);
    projection(l.matrices[kK], l.heads * head_tiles, row_tiles_);
    projection(l.matrices[kV], l.heads * head_tiles, row_tiles_);
    attention(l, rows);
    residual(l.matrices[kO], l.heads * s_.head_dim, l.heads * p_.kwords(s_.head_dim), rows);
    norm_records();
    norm(rows, bits_, alone);
    projection(l.matrices[kF1], p_.col_tiles(l.ffn), rows);
    residual(l.matrices[kF2], l.ffn, p_.kwords(l.ffn), rows);
    norm_records();
    norm(rows, last && s_.pooler_branches == 0 ? kWidePlanes : bits_, alone);
  }

  void head() {
    const int kw = p_.kwords(s_.hidden);
    if (s_.pooler_branches > 0) {
      product(1, p_.col_tiles(s_.hidden), kw, bits_, s_.pooler_branches, Out::kCode, kWidePlanes);
      weights(p_.col_tiles(s_.hidden), s_.pooler_branches * kw, false);
    }
    const int tiles = p_.col_tiles(s_.classes);
    product(1, tiles, kWidePlanes * kw, kWidePlanes, 1, Out::kNumbers, 0);
    weights(tiles, kWidePlanes * kw, false);
    work_.serial_cycles += p_.cols / p_.lanes + 2 * std::int64_t{s_.classes};
  }

  const Plan& p_;
  const WorkShape& s_;
  int tokens_;
  int row_tiles_;
  int bits_;
  Work work_;
};

}  // namespace

WorkShape work_shape(const bmt::Model& model) {
  WorkShape shape;
  shape.input = model.input;
  shape.attention = model.attention;
  shape.hidden = model.hidden;
  shape.head_dim = model.head_dim;
  shape.act_bits = model.act_bits;
  shape.classes = model.classes;
  shape.features = model.features.count;
  shape.pooler_branches = model.pooler ? model.pooler->weight.branches : 0;
  for (int i = 0; i < model.layer_count(); ++i) {
    const bmt::Layer& l = model.at(i);
    shape.layers.push_back({model.heads(i),
                            model.ffn(i),
                            {matrix_of(l.q), matrix_of(l.k), matrix_of(l.v), matrix_of(l.o),
                             matrix_of(l.f1), matrix_of(l.f2)}});
  }
  return shape;
}

Work work_of(const Plan& plan, const WorkShape& shape, int tokens) {
  return Counter(plan, shape, tokens).run();
}

std::int64_t cycle_bound(const Plan& plan, const WorkShape& shape, int tokens,
                         const MemoryModel& memory) {
  const Work work = work_of(plan, shape, tokens);
  const std::int64_t beats = work.read_bits / plan.axi_bits;
  const std::int64_t port = beats * 100 / memory.bandwidth;
  // The program's header, its first instructions, the first data; the answer to the last write.
  const std::int64_t memory_latency = 3 * std::int64_t{memory.latency};
  const std::int64_t engine = std::max(work.steps, work.drain_cycles) + work.serial_cycles;
  return std::max({engine, port, work.row_cycles, work.softmax_cycles}) + memory_latency;
}

}  // namespace bat
