// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/golden.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "models/bmt/planes.hpp"
#include "models/bmt/primitives.hpp"
#include "models/bmt/width_guard.hpp"

namespace bat::bmt {
namespace {

using Codes = std::vector<std::uint8_t>;
using Values = std::vector<std::int32_t>;

std::size_t idx(int i) { return static_cast<std::size_t>(i); }

/// A weight matrix packed for the kernels, one operand a branch.
struct PackedLinear {
  std::vector<ColumnPlanes> branches;
  const Requant* out = nullptr;

  PackedLinear() = default;
  explicit PackedLinear(const Linear& linear) : out(&linear.out) {
    for (int br = 0; br < linear.weight.branches; ++br) {
      branches.push_back(make_columns(linear.weight, br, linear.mask));
    }
  }
};

struct PackedLayer {
  PackedLinear q, k, v, o, f1, f2;

  explicit PackedLayer(const Layer& l) : q(l.q), k(l.k), v(l.v), o(l.o), f1(l.f1), f2(l.f2) {}
};

ColumnPlanes pack_code_weights(const CodeMatrix& w) {
  return make_columns(pack_planes(w.codes, w.out, idx(w.in), 0, w.in, kFeatureBits));
}

/// Accumulators of one product, one matrix (rows x outputs) a branch.
struct Accumulators {
  std::vector<Values> branches;
  int outputs = 0;

  std::int64_t affine(const Requant& rq, std::size_t row, int j, WidthGuard& guard) const {
    std::array<std::int64_t, 2> acc = {};
    const std::size_t at = row * idx(outputs) + idx(j);
    for (std::size_t br = 0; br < branches.size(); ++br) acc[br] = branches[br][at];
    return guard.check(affine_sum(rq, j, {acc.data(), branches.size()}), 48, "mul * acc + offset");
  }
};

Accumulators multiply(const BitPlanes& a, Signedness kind, const PackedLinear& w) {
  Accumulators acc;
  acc.outputs = w.branches.front().columns;
  for (const ColumnPlanes& branch : w.branches) {
    acc.branches.push_back(plane_product(a, kind, branch));
  }
  return acc;
}

/// One inference: the state that the steps of docs/numerics.md section 3 hand on.
class Run {
 public:
  Run(const Model& m, const std::vector<PackedLayer>& packed, Tap* tap, int tokens)
      : m_(m), packed_(packed), tap_(tap), n_(tokens), x_(idx(tokens) * idx(m.hidden)) {}

  void embed_tokens(const Sample& sample) {
    const std::size_t d = idx(m_.hidden);
    for (std::size_t n = 0; n < idx(n_); ++n) {
      const std::size_t segment = sample.segments.empty() ? 0 : sample.segments[n];
      const std::int8_t* pos = &m_.embed_position[(n + segment * idx(m_.max_tokens)) * d];
      const std::int8_t* word = &m_.embed_word[sample.ids[n] * d];
      for (std::size_t j = 0; j < d; ++j) {
        x_[n * d + j] = embed_token(word[j], pos[j], m_.embed_shift);
      }
    }
  }

  void embed_features(const Sample& sample, const ColumnPlanes& patch) {
    const std::size_t d = idx(m_.hidden);
    for (std::size_t j = 0; j < d; ++j) {
      x_[j] = embed_feature(m_.embed_position[j], m_.embed_shift, 0);
    }
    const int k = m_.features.count;
    const BitPlanes rows = pack_planes(sample.features, n_ - 1, idx(k), 0, k, kFeatureBits);
    const Accumulators acc{{plane_product(rows, Signedness::kUnsigned, patch)}, m_.hidden};
    for (std::size_t n = 1; n < idx(n_); ++n) {
      for (int j = 0; j < m_.hidden; ++j) {
        const std::int64_t sum = acc.affine(m_.patch_out, n - 1, j, guard_);
        x_[n * d + idx(j)] = embed_feature(m_.embed_position[n * d + idx(j)], m_.embed_shift,
                                           sum >> m_.patch_out.shift);
      }
    }
  }

  /// LayerNorm of `x_` in place, then its codes into `codes_`.
  void normalize(const LayerNorm& ln, int bits, int layer, TensorId before, TensorId after,
                 TensorId codes, StreamFilter* filter = nullptr) {
    const std::size_t d = idx(m_.hidden);
    emit(before, layer, -1, m_.hidden, x_);
    for (std::size_t n = 0; n < idx(n_); ++n) normalize_row(ln, {&x_[n * d], d});
    if (filter != nullptr) {
      filter->apply(m_.hidden, x_);
      std::transform(x_.begin(), x_.end(), x_.begin(), sat16);
    }
    codes_.resize(x_.size());
    Values row_codes(d);
    for (std::size_t n = 0; n < idx(n_); ++n) {
      const std::span<std::int32_t> row(&x_[n * d], d);
      quantize_row(ln, row, bits, row_codes);
      std::transform(row_codes.begin(), row_codes.end(), &codes_[n * d],
                     [](std::int32_t c) { return static_cast<std::uint8_t>(c); });
    }
    emit(after, layer, -1, m_.hidden, x_);
    emit_codes(codes, layer, m_.hidden, codes_);
  }

  void layer(int i) {
    guard_.set_layer(i);
    const Layer& l = m_.at(i);
    const PackedLayer& p = packed_[idx(i)];
    const Codes context = attention(i, l, p);
    const int width = m_.attention_width(i);
    residual(multiply(planes(context, width), Signedness::kSigned, p.o), *p.o.out);
    normalize(l.ln1, m_.act_bits, i, TensorId::kResidual1, TensorId::kLn1, TensorId::kLn1Codes);
    const int f = m_.ffn(i);
    const Codes hidden = project(planes(codes_, m_.hidden), p.f1);
    emit_codes(TensorId::kFfn1, i, f, hidden);
    residual(multiply(planes(hidden, f), Signedness::kUnsigned, p.f2), *p.f2.out);
    normalize(l.ln2, m_.ln2_bits(i), i, TensorId::kResidual2, TensorId::kLn2, TensorId::kLn2Codes);
    guard_.set_layer(-1);
  }

  Values head(const PackedLinear& pooler) {
    Codes c(codes_.begin(), codes_.begin() + m_.hidden);
    if (m_.pooler) {
      n_ = 1;
      const BitPlanes row = pack_planes(c, 1, idx(m_.hidden), 0, m_.hidden, m_.act_bits);
      c = requantize_all(multiply(row, Signedness::kSigned, pooler), *pooler.out, kClassifierBits);
      emit_codes(TensorId::kPooler, -1, m_.hidden, c);
    }
    Values logits(idx(m_.classes));
    for (int k = 0; k < m_.classes; ++k) {
      std::int64_t sum = m_.classifier_offset[idx(k)];
      for (int j = 0; j < m_.hidden; ++j) {
        sum += signed_value(c[idx(j)], kClassifierBits) * m_.classifier.value(k, j);
      }
      logits[idx(k)] = sat32(sum);
    }
    n_ = 1;
    emit(TensorId::kLogits, -1, -1, m_.classes, logits);
    return logits;
  }

  const WidthGuard& guard() const { return guard_; }

 private:
  void emit(TensorId id, int layer, int head, int cols, std::span<const std::int32_t> values) {
    if (tap_ != nullptr) tap_->tensor(id, layer, head, n_, cols, values);
  }

  void emit_codes(TensorId id, int layer, int cols, const Codes& codes) {
    if (tap_ != nullptr) emit(id, layer, -1, cols, Values(codes.begin(), codes.end()));
  }

  BitPlanes planes(const Codes& codes, int width) const {
    return pack_planes(codes, n_, idx(width), 0, width, m_.act_bits);
  }

  void normalize_row(const LayerNorm& ln, std::span<std::int32_t> row) {
    const LayerNormStats stats = layernorm_stats(row);
    for (std::size_t j = 0; j < row.size(); ++j) {
      const std::int64_t n =
          guard_.check(layernorm_normalized(stats, m_.hidden, row[j]), 18, "LayerNorm n_j");
      row[j] = layernorm_scale(n, ln.gain[j], ln.offset[j], ln.shift);
    }
  }

  Codes requantize_all(const Accumulators& acc, const Requant& rq, int bits) {
    const Values& first = acc.branches.front();
    Codes codes(first.size());
    const std::size_t columns = idx(acc.outputs);
    for (std::size_t row = 0; row * columns < codes.size(); ++row) {
      for (int j = 0; j < acc.outputs; ++j) {
        const std::size_t at = row * columns + idx(j);
        const std::int32_t o = rq.is_bit() ? bit(first[at], rq.threshold[idx(j)])
                                           : code(acc.affine(rq, row, j, guard_), rq.shift, bits);
        codes[at] = static_cast<std::uint8_t>(o);
      }
    }
    return codes;
  }

  Codes project(const BitPlanes& input, const PackedLinear& w) {
    return requantize_all(multiply(input, Signedness::kSigned, w), *w.out, m_.act_bits);
  }

  void residual(const Accumulators& acc, const Requant& rq) {
    for (std::size_t n = 0; n < idx(n_); ++n) {
      for (int j = 0; j < m_.hidden; ++j) {
        std::int32_t& x = x_[n * idx(m_.hidden) + idx(j)];
        x = residual_add(x, acc.affine(rq, n, j, guard_), rq.shift);
      }
    }
  }

  /// Steps 2 to 5: the context codes, N x A.
  Codes attention(int i, const Layer& l, const PackedLayer& p) {
    const int width = m_.attention_width(i);
    const BitPlanes input = planes(codes_, m_.hidden);
    const Codes q = project(input, p.q);
    const Codes k = project(input, p.k);
    const Codes v = project(input, p.v);
    emit_codes(TensorId::kQ, i, width, q);
    emit_codes(TensorId::kK, i, width, k);
    emit_codes(TensorId::kV, i, width, v);
    Accumulators context{{Values(idx(n_) * idx(width))}, width};
    for (int h = 0; h < m_.heads(i); ++h) {
      const Codes probabilities = attend(i, l, h, q, k);
      weighted_sum(probabilities, v, width, h, context.branches.front());
    }
    Codes codes = requantize_all(context, l.context, m_.act_bits);
    emit_codes(TensorId::kContext, i, width, codes);
    return codes;
  }

  /// Steps 3 and 4 of head `h`: probability codes, N x N.
  Codes attend(int i, const Layer& l, int h, const Codes& q, const Codes& k) {
    const std::size_t width = idx(m_.attention_width(i));
    const std::size_t first = idx(h) * idx(m_.head_dim);
    const BitPlanes queries = pack_planes(q, n_, width, first, m_.head_dim, m_.act_bits);
    const BitPlanes keys = pack_planes(k, n_, width, first, m_.head_dim, m_.act_bits);
    const Values scores = plane_product(queries, Signedness::kSigned, make_columns(keys));
    emit(TensorId::kScores, i, h, n_, scores);
    Values codes(scores.size());
    if (m_.attention == Attention::kSoftmax) {
      for (std::size_t at = 0; at < scores.size(); at += idx(n_)) {
        softmax_codes(l.softmax, h, {&scores[at], idx(n_)}, m_.act_bits, {&codes[at], idx(n_)});
      }
    } else {
      std::transform(scores.begin(), scores.end(), codes.begin(), [&](std::int64_t s) {
        return requantize(l.threshold, h, {&s, 1}, m_.act_bits);
      });
    }
    emit(TensorId::kProbabilities, i, h, n_, codes);
    return {codes.begin(), codes.end()};
  }

  /// Step 5 of head `h`: sum_m p_nm * v_mj into the head's columns of `context`.
  void weighted_sum(const Codes& probabilities, const Codes& v, int width, int h,
                    Values& context) const {
    const std::size_t d = idx(m_.head_dim);
    const std::size_t first = idx(h) * d;
    Codes columns(d * idx(n_));
    for (std::size_t n = 0; n < idx(n_); ++n) {
      for (std::size_t j = 0; j < d; ++j) {
        columns[j * idx(n_) + n] = v[n * idx(width) + first + j];
      }
    }
    const ColumnPlanes values =
        make_columns(pack_planes(columns, m_.head_dim, idx(n_), 0, n_, m_.act_bits));
    const BitPlanes p = pack_planes(probabilities, n_, idx(n_), 0, n_, m_.act_bits);
    const Values acc = plane_product(p, Signedness::kUnsigned, values);
    for (std::size_t n = 0; n < idx(n_); ++n) {
      std::copy_n(&acc[n * d], d, &context[n * idx(width) + first]);
    }
  }

  const Model& m_;
  const std::vector<PackedLayer>& packed_;
  Tap* tap_;
  int n_;
  Values x_;     ///< residual stream, N x D
  Codes codes_;  ///< codes of the last LayerNorm, N x D
  WidthGuard guard_;
};

}  // namespace

class GoldenModel::Impl {
 public:
  explicit Impl(const Model& m) : model(m), status(validate(m)) {
    if (!status) return;
    for (const Layer& l : m.layers) layers.emplace_back(l);
    if (m.input == InputKind::kFeatures) patch = pack_code_weights(m.patch);
    if (m.pooler) pooler = PackedLinear(*m.pooler);
  }

  const Model& model;
  Status status;
  std::vector<PackedLayer> layers;
  ColumnPlanes patch;
  PackedLinear pooler;
};

GoldenModel::GoldenModel(const Model& model) : impl_(std::make_unique<const Impl>(model)) {}
GoldenModel::~GoldenModel() = default;
GoldenModel::GoldenModel(GoldenModel&&) noexcept = default;
GoldenModel& GoldenModel::operator=(GoldenModel&&) noexcept = default;

const Model& GoldenModel::model() const { return impl_->model; }

Result<std::vector<std::int32_t>> GoldenModel::logits(const Sample& sample, Tap* tap,
                                                      StreamFilter* filter) const {
  if (!impl_->status) return impl_->status.error();
  const Model& m = impl_->model;
  if (Status status = validate(m, sample); !status) return status.error();
  Run run(m, impl_->layers, tap, sample.tokens());
  if (m.input == InputKind::kTokens) {
    run.embed_tokens(sample);
  } else {
    run.embed_features(sample, impl_->patch);
  }
  run.normalize(m.embed_ln, m.act_bits, -1, TensorId::kEmbedding, TensorId::kEmbeddingNorm,
                TensorId::kInputCodes, filter);
  for (int i = 0; i < m.layer_count() && run.guard().ok(); ++i) run.layer(i);
  std::vector<std::int32_t> logits = run.head(impl_->pooler);
  if (!run.guard().ok()) return run.guard().error();
  return logits;
}

}  // namespace bat::bmt
