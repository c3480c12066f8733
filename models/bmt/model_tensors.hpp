// SPDX-License-Identifier: Apache-2.0
// The table of tensors of docs/numerics.md section 4, written once for reading and for writing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/bmt/model.hpp"

namespace bat::bmt {

using TensorShape = std::vector<std::uint64_t>;

/// Names every tensor of a model to an archive, which copies it in or out. `M` is Model or const
/// Model. An archive offers
///   values(name, shape, vector)   integers, row-major
///   scalar(name, int)             I32 [1]
///   bits(name, out, in, matrix, mask)  U8 [branches, out, ceil(in/8)], or packed rows
///   codes(name, out, in, matrix)  U8 [out, in]
///   mask(name, out, in, pruning, mask)  U8 [groups, ceil(blocks/8)], optional
/// and, since some shapes follow from others,
///   rows(name, matrix)            number of output rows of a bit matrix,
///   branches(count, requant)      told the number of branches of a requant.
template <class Archive, class M>
class TensorTable {
 public:
  TensorTable(Archive& archive, M& model) : ar_(archive), m_(model) {}

  void visit() {
    embedding();
    for (std::size_t i = 0; i < m_.layers.size(); ++i) {
      layer("layers." + std::to_string(i), m_.layers[i]);
    }
    if (m_.pooler) linear("pooler", *m_.pooler, m_.hidden, m_.hidden, false);
    ar_.codes("classifier.weight", m_.classes, m_.hidden, m_.classifier);
    ar_.values("classifier.offset", {size(m_.classes)}, m_.classifier_offset);
  }

 private:
  static std::uint64_t size(int n) { return static_cast<std::uint64_t>(n); }

  void embedding() {
    const std::uint64_t d = size(m_.hidden);
    if (m_.input == InputKind::kTokens) {
      ar_.values("embed.word", {size(m_.vocab_size), d}, m_.embed_word);
    } else {
      ar_.codes("embed.patch.weight", m_.hidden, m_.features.count, m_.patch);
      requant("embed.patch", m_.patch_out, m_.hidden, 1, false);
    }
    ar_.values("embed.position", {size(m_.segments * m_.max_tokens), d}, m_.embed_position);
    layer_norm("embed.ln", m_.embed_ln);
  }

  template <class L>
  void layer(const std::string& prefix, L& l) {
    const int width = ar_.rows(prefix + ".q.weight", l.q.weight);
    const int ffn = ar_.rows(prefix + ".f1.weight", l.f1.weight);
    masked(prefix + ".q", l.q, width, m_.hidden, true);
    masked(prefix + ".k", l.k, width, m_.hidden, true);
    masked(prefix + ".v", l.v, width, m_.hidden, true);
    attention(prefix + ".attention", l, width / m_.head_dim);
    requant(prefix + ".context", l.context, width, 1, m_.act_bits == 1);
    masked(prefix + ".o", l.o, m_.hidden, width, false);
    layer_norm(prefix + ".ln1", l.ln1);
    masked(prefix + ".f1", l.f1, ffn, m_.hidden, true);
    masked(prefix + ".f2", l.f2, m_.hidden, ffn, false);
    layer_norm(prefix + ".ln2", l.ln2);
  }

  template <class L>
  void attention(const std::string& prefix, L& l, int heads) {
    if (m_.attention == Attention::kThreshold) {
      requant(prefix, l.threshold, heads, 1, m_.act_bits == 1);
      return;
    }
    ar_.values(prefix + ".idx_mul", {size(heads)}, l.softmax.idx_mul);
    ar_.scalar(prefix + ".idx_shift", l.softmax.idx_shift);
    ar_.values(prefix + ".prob_mul", {size(heads)}, l.softmax.prob_mul);
    ar_.scalar(prefix + ".prob_shift", l.softmax.prob_shift);
  }

  /// A matrix that may be pruned.
  template <class L>
  void masked(const std::string& prefix, L& l, int out, int in, bool bit_capable) {
    if (m_.pruning.used()) ar_.mask(prefix + ".mask", out, in, m_.pruning, l.mask);
    linear(prefix, l, out, in, bit_capable);
  }

  template <class L>
  void linear(const std::string& prefix, L& l, int out, int in, bool bit_capable) {
    ar_.bits(prefix + ".weight", out, in, l.weight, l.mask);
    const bool bits = bit_capable && m_.act_bits == 1 && m_.branches == 1;
    requant(prefix, l.out, out, m_.branches, bits);
  }

  template <class R>
  void requant(const std::string& prefix, R& rq, int outputs, int branches, bool bits) {
    if (bits) {
      ar_.values(prefix + ".threshold", {size(outputs)}, rq.threshold);
      return;
    }
    ar_.values(prefix + ".mul", {size(branches), size(outputs)}, rq.mul);
    ar_.values(prefix + ".offset", {size(outputs)}, rq.offset);
    ar_.scalar(prefix + ".shift", rq.shift);
    ar_.branches(branches, rq);
  }

  template <class N>
  void layer_norm(const std::string& prefix, N& ln) {
    const TensorShape d = {size(m_.hidden)};
    ar_.values(prefix + ".gain", d, ln.gain);
    ar_.values(prefix + ".offset", d, ln.offset);
    ar_.scalar(prefix + ".shift", ln.shift);
    ar_.scalar(prefix + ".q_mul", ln.q_mul);
    ar_.values(prefix + ".q_offset", d, ln.q_offset);
    ar_.scalar(prefix + ".q_shift", ln.q_shift);
  }

  Archive& ar_;
  M& m_;
};

}  // namespace bat::bmt
