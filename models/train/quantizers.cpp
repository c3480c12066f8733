// SPDX-License-Identifier: Apache-2.0
#include "models/train/quantizers.hpp"

#include <torch/autograd.h>

#include <cmath>
#include <limits>

#include "models/train/torch.hpp"

namespace bat::train {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

double top(std::int64_t bits) { return static_cast<double>((std::int64_t{1} << bits) - 1); }

/// +1 where x >= 0, else -1, in one kernel (the host scalar becomes its argument). `x` is a sum and
/// hence never -0.
Tensor signs(const Tensor& x) { return torch::copysign(torch::ones({}, torch::kFloat), x); }

struct SignedCodes : torch::autograd::Function<SignedCodes> {
  static Tensor forward(AutogradContext* ctx, const Tensor& u, std::int64_t bits) {
    ctx->save_for_backward({u});
    ctx->saved_data["bits"] = bits;
    if (bits == 1) return signs(u);
    const Tensor code = (u * 0.5 + std::ldexp(1.0, static_cast<int>(bits) - 1)).floor_();
    return code.clamp_(0.0, top(bits)).mul_(2.0).sub_(top(bits));
  }
  static variable_list backward(AutogradContext* ctx, variable_list grad) {
    const Tensor u = ctx->get_saved_variables()[0];
    const double bound = top(ctx->saved_data["bits"].toInt());
    return {at::hardtanh_backward(grad[0], u, -bound, bound), Tensor()};
  }
};

struct UnsignedCodes : torch::autograd::Function<UnsignedCodes> {
  static Tensor forward(AutogradContext* ctx, const Tensor& u, std::int64_t bits) {
    ctx->save_for_backward({u});
    ctx->saved_data["bits"] = bits;
    if (bits == 1) return u.ge(0.5).to(u.dtype());
    return (u + 0.5).floor_().clamp_(0.0, top(bits));
  }
  static variable_list backward(AutogradContext* ctx, variable_list grad) {
    const Tensor u = ctx->get_saved_variables()[0];
    const double bound = top(ctx->saved_data["bits"].toInt());
    return {at::hardtanh_backward(grad[0], u, 0.0, bound), Tensor()};
  }
};

enum class WeightKind : std::int64_t { kBinary, kPlain, kTernary, kMasked, kOdd, kInt8 };

Tensor quantized_value(const Tensor& weight, WeightKind kind, const Tensor& mask) {
  switch (kind) {
    case WeightKind::kBinary: {
      const BinaryWeight w = binary_weight(weight, mask);
      return w.sign * w.scale;
    }
    case WeightKind::kPlain: {
      const BinaryWeight w = plain_weight(weight);
      return w.sign * w.scale;
    }
    case WeightKind::kTernary: {
      const TernaryWeight w = ternary_weight(weight, mask);
      return w.level * w.scale;
    }
    case WeightKind::kMasked: {
      const TernaryWeight w = masked_weight(weight, mask);
      return w.level * w.scale;
    }
    case WeightKind::kOdd: {
      const OddWeight w = odd_weight(weight);
      return (w.codes * 2.0 - 255.0) * w.scale;
    }
    case WeightKind::kInt8:
      break;
  }
  const Int8Grid grid = int8_grid(weight);
  return grid.values * grid.step;
}

struct QuantizedWeight : torch::autograd::Function<QuantizedWeight> {
  static Tensor forward(AutogradContext*, const Tensor& weight, std::int64_t kind) {
    return quantized_value(weight, static_cast<WeightKind>(kind), {});
  }
  static variable_list backward(AutogradContext*, variable_list grad) {
    return {grad[0], Tensor()};
  }
};

struct PrunedWeight : torch::autograd::Function<PrunedWeight> {
  static Tensor forward(AutogradContext* ctx, const Tensor& weight, const Tensor& mask,
                        std::int64_t kind) {
    ctx->save_for_backward({mask});
    return quantized_value(weight, static_cast<WeightKind>(kind), mask);
  }
  static variable_list backward(AutogradContext* ctx, variable_list grad) {
    return {grad[0] * ctx->get_saved_variables()[0], Tensor(), Tensor()};
  }
};

Tensor quantized(const Tensor& weight, WeightKind kind, const Tensor& mask = {}) {
  if (mask.defined()) return PrunedWeight::apply(weight, mask, static_cast<std::int64_t>(kind));
  return QuantizedWeight::apply(weight, static_cast<std::int64_t>(kind));
}

/// Mean of `x` over the elements of each slice that `mask` keeps; 0 if there are none.
Tensor kept_mean(const Tensor& x, const Tensor& mask) {
  return (x * mask).sum({1, 2}, true) / mask.sum({1, 2}, true).clamp_min(1.0);
}

struct ScaledSigns : torch::autograd::Function<ScaledSigns> {
  static Tensor forward(AutogradContext* ctx, const Tensor& weight, const Tensor& scale) {
    const Tensor sign = signs(weight.detach() + 0.0);
    ctx->save_for_backward({sign});
    return sign * scale;
  }
  static variable_list backward(AutogradContext* ctx, variable_list grad) {
    const Tensor sign = ctx->get_saved_variables()[0];
    return {grad[0], (grad[0] * sign).sum({1, 2}, true)};
  }
};

struct Stepped : torch::autograd::Function<Stepped> {
  static Tensor forward(AutogradContext*, const Tensor& weight, const Tensor& step) {
    return step_codes(weight, step).mul_(step.detach());
  }
  static variable_list backward(AutogradContext*, variable_list grad) {
    return {grad[0], Tensor()};
  }
};

struct ScaleGradient : torch::autograd::Function<ScaleGradient> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, double factor) {
    ctx->saved_data["factor"] = factor;
    return x.view_as(x);
  }
  static variable_list backward(AutogradContext* ctx, variable_list grad) {
    return {grad[0] * ctx->saved_data["factor"].toDouble(), Tensor()};
  }
};

}  // namespace

Tensor signed_codes(const Tensor& u, int bits) {
  return SignedCodes::apply(u, static_cast<std::int64_t>(bits));
}

Tensor unsigned_codes(const Tensor& u, int bits) {
  return UnsignedCodes::apply(u, static_cast<std::int64_t>(bits));
}

BinaryWeight binary_weight(const Tensor& weight, const Tensor& mask) {
  const Tensor w = weight.detach();
  if (mask.defined()) return {signs(w - kept_mean(w, mask)) * mask, kept_mean(w.abs(), mask)};
  const Tensor mean = w.mean({1, 2}, true);
  return {signs(w - mean), w.abs().mean({1, 2}, true)};
}

Tensor binarized(const Tensor& weight, const Tensor& mask) {
  return quantized(weight, WeightKind::kBinary, mask);
}

BinaryWeight plain_weight(const Tensor& weight) {
  const Tensor w = weight.detach();
  return {signs(w + 0.0), w.abs().mean({1, 2}, true)};
}

Tensor plain_binarized(const Tensor& weight) { return quantized(weight, WeightKind::kPlain); }

TernaryWeight ternary_weight(const Tensor& weight, const Tensor& mask) {
  const Tensor w = weight.detach();
  const Tensor size = w.abs();
  const Tensor mean = mask.defined() ? kept_mean(size, mask) : size.mean({1, 2}, true);
  Tensor kept = size.gt(mean * 0.7).to(w.dtype());
  if (mask.defined()) kept = kept * mask;
  const Tensor scale = (size * kept).sum({1, 2}, true) / kept.sum({1, 2}, true).clamp_min(1.0);
  return {w.sign() * kept, scale};
}

Tensor ternarized(const Tensor& weight, const Tensor& mask) {
  return quantized(weight, WeightKind::kTernary, mask);
}

TernaryWeight masked_weight(const Tensor& weight, const Tensor& mask) {
  const Tensor w = weight.detach();
  return {w.sign() * mask, kept_mean(w.abs(), mask)};
}

Tensor mask_ternarized(const Tensor& weight, const Tensor& mask) {
  return quantized(weight, WeightKind::kMasked, mask);
}

Tensor scaled_signs(const Tensor& weight, const Tensor& scale) {
  return ScaledSigns::apply(weight, scale);
}

OddWeight odd_weight(const Tensor& weight) {
  const Tensor w = weight.detach();
  const Tensor scale = w.abs().max().clamp_min(1e-12) / 255.0;
  const Tensor codes = (w / scale * 0.5 + 128.0).floor_().clamp_(0.0, 255.0);
  return {codes, scale};
}

Tensor odd_quantized(const Tensor& weight) { return quantized(weight, WeightKind::kOdd); }

Int8Grid int8_grid(const Tensor& weight) {
  const Tensor w = weight.detach();
  const Tensor step = torch::exp2((w.abs().max().clamp_min(1e-12) / 127.0).log2().ceil());
  return {(w / step).round().clamp_(-127.0, 127.0), step};
}

Tensor int8_quantized(const Tensor& weight) { return quantized(weight, WeightKind::kInt8); }

Tensor step_codes(const Tensor& weight, const Tensor& step) {
  return (weight.detach() / step.detach()).round_().clamp_(-127.0, 127.0);
}

Tensor stepped(const Tensor& weight, const Tensor& step) { return Stepped::apply(weight, step); }

Tensor best_step(const Tensor& weight) {
  const Tensor w = weight.detach();
  const Tensor largest = w.abs().max().clamp_min(1e-12) / 127.0;
  Tensor best = largest;
  double least = std::numeric_limits<double>::infinity();
  for (int k = 0; k <= 24; ++k) {  // down to 1/64 of the step that clips nothing
    const Tensor step = largest * std::exp2(-0.25 * k);
    const double error = (step_codes(w, step) * step - w).square().sum().item<double>();
    if (error < least) {
      least = error;
      best = step;
    }
  }
  return best;
}

Tensor scale_gradient(const Tensor& x, double factor) { return ScaleGradient::apply(x, factor); }

}  // namespace bat::train
