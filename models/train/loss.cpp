// SPDX-License-Identifier: Apache-2.0
#include "models/train/loss.hpp"

#include "models/train/torch.hpp"

namespace bat::train {
namespace {

using torch::Tensor;

/// Mean of the squares of `difference`, [batch, n, D], over tokens that are no padding.
Tensor token_mean(const Tensor& difference, const Input& input) {
  if (!input.mask.defined()) return difference.square().mean();
  const Tensor valid = input.mask.narrow(1, 0, difference.size(1)).to(torch::kFloat).unsqueeze(2);
  const double width = static_cast<double>(difference.size(2));
  return (difference.square() * valid).sum() / (valid.sum() * width);
}

/// The same for scores, [batch, heads, n, m]: both tokens must be valid.
Tensor pair_mean(const Tensor& difference, const Input& input) {
  if (!input.mask.defined()) return difference.square().mean();
  const Tensor mask = input.mask.to(torch::kFloat);
  const Tensor rows = mask.narrow(1, 0, difference.size(2)).unsqueeze(1).unsqueeze(3);
  const Tensor valid = rows * mask.unsqueeze(1).unsqueeze(1);
  const double heads = static_cast<double>(difference.size(1));
  return (difference.square() * valid).sum() / (valid.sum() * heads);
}

Tensor label_loss(const Network& network, const Output& out, const Batch& batch) {
  // A batch may hold unlabelled text alone: the mean over nothing is 0.
  const Tensor known = batch.labels.ge(0).to(torch::kFloat);
  const Tensor count = known.sum().clamp_min(1.0);
  if (network.spec().regression) {
    return ((out.logits.select(1, 0) - batch.targets).square() * known).sum() / count;
  }
  const Tensor log_prob = torch::log_softmax(out.logits, 1);
  if (batch.share.defined()) {
    const Tensor own = torch::nll_loss(log_prob, batch.labels, {}, at::Reduction::None);
    const Tensor other = torch::nll_loss(log_prob, batch.other_labels, {}, at::Reduction::None);
    return (own + (other - own) * batch.share).mean();
  }
  return torch::nll_loss(log_prob, batch.labels, {}, at::Reduction::Sum, -1) / count;
}

Tensor soft_loss(const Network& network, const Output& out, const Output& wanted) {
  if (network.spec().regression) return torch::mse_loss(out.logits, wanted.logits);
  const Tensor soft = torch::softmax(wanted.logits, 1);
  return -(soft * torch::log_softmax(out.logits, 1)).sum(1).mean();
}

}  // namespace

Tensor loss(const LossWeights& weights, const Network& network, const Network* teacher,
            const Output& out, const Batch& batch) {
  Tensor total = label_loss(network, out, batch) * weights.hard;
  if (weights.words > 0.0) {
    const Tensor rows = out.hidden.back().flatten(0, 1).index_select(0, batch.masked.rows);
    const Tensor log_prob = torch::log_softmax(network.word_logits(rows), 1);
    total = total + torch::nll_loss(log_prob, batch.masked.ids) * weights.words;
  }
  if (teacher == nullptr || !weights.teacher()) return total;
  const Output wanted = [&] {
    torch::NoGradGuard no_grad;
    Input input = batch.input;
    input.dropout = 0.0;
    return teacher->forward(input);
  }();
  if (weights.soft > 0.0) total = total + soft_loss(network, out, wanted) * weights.soft;
  if (weights.hidden > 0.0) {
    for (std::size_t i = 0; i < out.hidden.size(); ++i) {
      total = total + token_mean(out.hidden[i] - wanted.hidden[i], batch.input) * weights.hidden;
    }
  }
  if (weights.attention > 0.0) {
    for (std::size_t i = 0; i < out.scores.size(); ++i) {
      total = total + pair_mean(out.scores[i] - wanted.scores[i], batch.input) * weights.attention;
    }
  }
  return total;
}

}  // namespace bat::train
