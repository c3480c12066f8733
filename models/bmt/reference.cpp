// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/reference.hpp"

#include <array>
#include <span>

#include "models/bmt/primitives.hpp"
#include "models/bmt/width_guard.hpp"

namespace bat::bmt {
namespace {

std::size_t idx(int i) { return static_cast<std::size_t>(i); }

/// rows x cols integers.
struct Matrix {
  int rows = 0;
  int cols = 0;
  std::vector<std::int32_t> v;

  Matrix(int r, int c) : rows(r), cols(c), v(idx(r) * idx(c), 0) {}
  std::int32_t& at(int r, int c) { return v[idx(r) * idx(cols) + idx(c)]; }
  std::int32_t at(int r, int c) const { return v[idx(r) * idx(cols) + idx(c)]; }
  std::span<std::int32_t> row(int r) { return {&v[idx(r) * idx(cols)], idx(cols)}; }
};

/// The steps of docs/numerics.md section 3, in its order and with its names.
class Reference {
 public:
  Reference(const Model& m, Tap* tap) : m_(m), tap_(tap) {}

  Result<std::vector<std::int32_t>> run(const Sample& s) {
    Matrix x = m_.input == InputKind::kTokens ? tokens(s) : features(s);
    emit(TensorId::kEmbedding, -1, x);
    norm(m_.embed_ln, x);
    emit(TensorId::kEmbeddingNorm, -1, x);
    Matrix codes = quantized(m_.embed_ln, x, m_.act_bits);
    emit(TensorId::kInputCodes, -1, codes);
    for (int i = 0; i < m_.layer_count(); ++i) {
      guard_.set_layer(i);
      layer(i, x, codes);
    }
    guard_.set_layer(-1);
    Matrix logits = head(codes);
    if (!guard_.ok()) return guard_.error();
    return logits.v;
  }

 private:
  void emit(TensorId id, int layer, const Matrix& t, int head = -1) {
    if (tap_ != nullptr) tap_->tensor(id, layer, head, t.rows, t.cols, t.v);
  }

  Matrix tokens(const Sample& s) const {
    Matrix y(s.tokens(), m_.hidden);
    for (int n = 0; n < y.rows; ++n) {
      const int segment = s.segments.empty() ? 0 : s.segments[idx(n)];
      for (int j = 0; j < m_.hidden; ++j) {
        const int word = m_.embed_word[s.ids[idx(n)] * idx(m_.hidden) + idx(j)];
        const int pos =
            m_.embed_position[idx(n + segment * m_.max_tokens) * idx(m_.hidden) + idx(j)];
        y.at(n, j) = sat16((word + pos) << m_.embed_shift);
      }
    }
    return y;
  }

  Matrix features(const Sample& s) {
    Matrix y(s.tokens(), m_.hidden);
    const int count = m_.features.count;
    for (int n = 0; n < y.rows; ++n) {
      for (int j = 0; j < m_.hidden; ++j) {
        std::int64_t v = m_.embed_position[idx(n) * idx(m_.hidden) + idx(j)] << m_.embed_shift;
        if (n >= 1) {
          std::int64_t acc = 0;
          for (int k = 0; k < count; ++k) {
            acc += s.features[idx(n - 1) * idx(count) + idx(k)] * m_.patch.value(j, k);
          }
          v += affine(m_.patch_out, j, {&acc, 1}) >> m_.patch_out.shift;
        }
        y.at(n, j) = sat16(v);
      }
    }
    return y;
  }

  std::int64_t affine(const Requant& rq, int j, std::span<const std::int64_t> acc) {
    return guard_.check(affine_sum(rq, j, acc), 48, "mul * acc + offset");
  }

  void norm(const LayerNorm& ln, Matrix& x) {
    for (int n = 0; n < x.rows; ++n) {
      const LayerNormStats stats = layernorm_stats(x.row(n));
      for (const std::int32_t y : x.row(n)) {
        guard_.check(layernorm_normalized(stats, x.cols, y), 18, "LayerNorm n_j");
      }
      layernorm_row(ln, x.row(n), x.row(n));
    }
  }

  static Matrix quantized(const LayerNorm& ln, Matrix& x, int bits) {
    Matrix codes(x.rows, x.cols);
    for (int n = 0; n < x.rows; ++n) quantize_row(ln, x.row(n), bits, codes.row(n));
    return codes;
  }

  /// Accumulators of row `n`, output `j`, one a branch. `is_signed` tells how codes are read.
  std::array<std::int64_t, 2> dot(const Matrix& codes, int n, const Linear& l, int j,
                                  bool is_signed) const {
    const BitMatrix& w = l.weight;
    std::array<std::int64_t, 2> acc = {};
    for (int br = 0; br < w.branches; ++br) {
      for (int i = 0; i < w.in; ++i) {
        if (!l.mask.keeps_input(j, i)) continue;
        const int o = codes.at(n, i);
        const int value = is_signed ? signed_value(o, m_.act_bits) : o;
        acc[idx(br)] += value * (w.bit(br, j, i) ? 1 : -1);
      }
    }
    return acc;
  }

  std::int32_t bit_or_code(const Requant& rq, int j, std::span<const std::int64_t> acc, int bits) {
    if (rq.is_bit()) return bit(acc[0], rq.threshold[idx(j)]);
    return clamp_code(affine(rq, j, acc) >> rq.shift, bits);
  }

  Matrix projection(const Matrix& codes, const Linear& l, int bits) {
    Matrix out(codes.rows, l.weight.out);
    for (int n = 0; n < out.rows; ++n) {
      for (int j = 0; j < out.cols; ++j) {
        const auto acc = dot(codes, n, l, j, true);
        out.at(n, j) = bit_or_code(l.out, j, {acc.data(), idx(l.weight.branches)}, bits);
      }
    }
    return out;
  }

  void residual(const Matrix& codes, const Linear& l, bool is_signed, Matrix& x) {
    for (int n = 0; n < x.rows; ++n) {
      for (int j = 0; j < x.cols; ++j) {
        const auto acc = dot(codes, n, l, j, is_signed);
        const std::int64_t sum = affine(l.out, j, {acc.data(), idx(l.weight.branches)});
        x.at(n, j) = sat16(x.at(n, j) + (sum >> l.out.shift));
      }
    }
  }

  Matrix scores(const Matrix& q, const Matrix& k, int h) const {
    Matrix s(q.rows, q.rows);
    for (int n = 0; n < s.rows; ++n) {
      for (int m = 0; m < s.cols; ++m) {
        for (int c = h * m_.head_dim; c < (h + 1) * m_.head_dim; ++c) {
          s.at(n, m) +=
              signed_value(q.at(n, c), m_.act_bits) * signed_value(k.at(m, c), m_.act_bits);
        }
      }
    }
    return s;
  }

  Matrix probabilities(const Layer& l, Matrix& s, int h) {
    Matrix p(s.rows, s.cols);
    for (int n = 0; n < s.rows; ++n) {
      if (m_.attention == Attention::kSoftmax) {
        softmax_codes(l.softmax, h, s.row(n), m_.act_bits, p.row(n));
        continue;
      }
      for (int m = 0; m < s.cols; ++m) {
        const std::int64_t score = s.at(n, m);
        p.at(n, m) = bit_or_code(l.threshold, h, {&score, 1}, m_.act_bits);
      }
    }
    return p;
  }

  void context(const Layer& l, const Matrix& p, const Matrix& v, int h, Matrix& out) {
    for (int n = 0; n < out.rows; ++n) {
      for (int j = h * m_.head_dim; j < (h + 1) * m_.head_dim; ++j) {
        std::int64_t acc = 0;
        for (int m = 0; m < p.cols; ++m) {
          acc += p.at(n, m) * signed_value(v.at(m, j), m_.act_bits);
        }
        out.at(n, j) = bit_or_code(l.context, j, {&acc, 1}, m_.act_bits);
      }
    }
  }

  Matrix attention(int i, const Layer& l, const Matrix& codes) {
    const Matrix q = projection(codes, l.q, m_.act_bits);
    const Matrix k = projection(codes, l.k, m_.act_bits);
    const Matrix v = projection(codes, l.v, m_.act_bits);
    emit(TensorId::kQ, i, q);
    emit(TensorId::kK, i, k);
    emit(TensorId::kV, i, v);
    Matrix out(q.rows, q.cols);
    for (int h = 0; h < m_.heads(i); ++h) {
      Matrix s = scores(q, k, h);
      emit(TensorId::kScores, i, s, h);
      const Matrix p = probabilities(l, s, h);
      emit(TensorId::kProbabilities, i, p, h);
      context(l, p, v, h, out);
    }
    emit(TensorId::kContext, i, out);
    return out;
  }

  void layer(int i, Matrix& x, Matrix& codes) {
    const Layer& l = m_.at(i);
    residual(attention(i, l, codes), l.o, true, x);
    emit(TensorId::kResidual1, i, x);
    norm(l.ln1, x);
    emit(TensorId::kLn1, i, x);
    codes = quantized(l.ln1, x, m_.act_bits);
    emit(TensorId::kLn1Codes, i, codes);
    const Matrix hidden = projection(codes, l.f1, m_.act_bits);
    emit(TensorId::kFfn1, i, hidden);
    residual(hidden, l.f2, false, x);
    emit(TensorId::kResidual2, i, x);
    norm(l.ln2, x);
    emit(TensorId::kLn2, i, x);
    codes = quantized(l.ln2, x, m_.ln2_bits(i));
    emit(TensorId::kLn2Codes, i, codes);
  }

  Matrix head(const Matrix& codes) {
    Matrix c(1, m_.hidden);
    for (int j = 0; j < m_.hidden; ++j) c.at(0, j) = codes.at(0, j);
    if (m_.pooler) {
      c = projection(c, *m_.pooler, kClassifierBits);
      emit(TensorId::kPooler, -1, c);
    }
    Matrix logits(1, m_.classes);
    for (int k = 0; k < m_.classes; ++k) {
      std::int64_t sum = 0;
      for (int j = 0; j < m_.hidden; ++j) {
        sum += signed_value(c.at(0, j), kClassifierBits) * m_.classifier.value(k, j);
      }
      logits.at(0, k) = sat32(sum + m_.classifier_offset[idx(k)]);
    }
    emit(TensorId::kLogits, -1, logits);
    return logits;
  }

  const Model& m_;
  Tap* tap_;
  WidthGuard guard_;
};

}  // namespace

Result<std::vector<std::int32_t>> reference_logits(const Model& model, const Sample& sample,
                                                   Tap* tap) {
  if (Status status = validate(model); !status) return status.error();
  if (Status status = validate(model, sample); !status) return status.error();
  return Reference(model, tap).run(sample);
}

}  // namespace bat::bmt
