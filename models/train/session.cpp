// SPDX-License-Identifier: Apache-2.0
#include "models/train/session.hpp"

#include <torch/torch.h>

#include <chrono>
#include <numeric>
#include <random>
#include <vector>

namespace bat::train {
namespace {

using torch::Tensor;

constexpr int kEvaluationBatch = 500;
constexpr int kCalibrationImages = 512;

/// The generator of one epoch: it does not depend on the epochs before, so that a resumed run sees
/// the same data. The 64-bit Mersenne twister is specified bit by bit; distributions are not, hence
/// plain remainders below.
std::mt19937_64 epoch_generator(std::int64_t seed, int epoch) {
  std::seed_seq sequence{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                         static_cast<std::uint32_t>(epoch)};
  return std::mt19937_64(sequence);
}

std::uint64_t below(std::mt19937_64& generator, std::uint64_t bound) { return generator() % bound; }

}  // namespace

Session::Session(Network& network, const DeviceImages& images, const Network* teacher,
                 const SessionOptions& options, const torch::Device& device)
    : network_(network),
      images_(images),
      teacher_(teacher),
      options_(options),
      device_(device),
      steps_per_epoch_(images.count() / options.batch) {
  options_.schedule.steps = static_cast<std::int64_t>(steps_per_epoch_) * options.epochs;
  graph_ = std::make_unique<StepGraph>([this] { step(); }, device);
  graph_->on_stream([&] {
    optimizer_ = std::make_unique<Optimizer>(network.parameters().flat(), options_.schedule,
                                             options.weight_decay, options.clip);
    const auto whole = torch::TensorOptions(torch::kInt64).device(device);
    order_ = torch::zeros({images.count()}, whole);
    moves_ = torch::zeros({images.count()}, whole);
    batch_ = torch::arange(options.batch, whole);
    loss_sum_ = torch::zeros({}, torch::TensorOptions(torch::kFloat).device(device));
    right_sum_ = torch::zeros_like(loss_sum_);
  });
}

void Session::calibrate() {
  graph_->on_stream([&] {
    network_.calibrate(images_.features(0, std::min(kCalibrationImages, images_.count())));
  });
}

void Session::start_epoch() {
  std::mt19937_64 generator = epoch_generator(options_.seed, epoch_);
  const auto count = static_cast<std::size_t>(images_.count());
  std::vector<std::int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::vector<std::int64_t> moves(count);
  const std::uint64_t places = static_cast<std::uint64_t>(2 * options_.shift + 1);
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(order[i], order[i + below(generator, count - i)]);
    const int down = static_cast<int>(below(generator, places));
    const int right = static_cast<int>(below(generator, places));
    moves[i] = images_.move_code(down, right, options_.flip && below(generator, 2) == 1);
  }
  graph_->on_stream([&] {
    torch::NoGradGuard no_grad;
    order_.copy_(torch::tensor(order, torch::kInt64));
    moves_.copy_(torch::tensor(moves, torch::kInt64));
    loss_sum_.zero_();
    right_sum_.zero_();
  });
}

Tensor Session::loss(const Output& out, const Tensor& features, const Tensor& labels) const {
  const Tensor log_prob = torch::log_softmax(out.logits, 1);
  Tensor total = torch::nll_loss(log_prob, labels) * options_.hard_weight;
  if (teacher_ == nullptr) return total;
  const Output wanted = [&] {
    torch::NoGradGuard no_grad;
    return teacher_->forward(features);
  }();
  if (options_.soft_weight > 0.0) {
    const Tensor soft = torch::softmax(wanted.logits, 1);
    total = total - (soft * log_prob).sum(1).mean() * options_.soft_weight;
  }
  if (options_.hidden_weight > 0.0) {
    for (std::size_t i = 0; i < out.hidden.size(); ++i) {
      total = total + torch::mse_loss(out.hidden[i], wanted.hidden[i]) * options_.hidden_weight;
    }
  }
  return total;
}

void Session::step() {
  Tensor features, labels;
  {
    torch::NoGradGuard no_grad;
    const Tensor first = optimizer_->state().step.remainder(steps_per_epoch_) * options_.batch;
    const Tensor places = batch_ + first;
    const Tensor index = order_.index_select(0, places);
    features = images_.features(index, moves_.index_select(0, places));
    labels = images_.labels(index);
  }
  const Output out = network_.forward(features);
  const Tensor value = loss(out, features, labels);
  optimizer_->apply(network_.parameters().gradient(value));
  torch::NoGradGuard no_grad;
  loss_sum_.add_(value.detach());
  right_sum_.add_(out.logits.detach().argmax(1).eq(labels).sum());
}

void Session::record() {
  start_epoch();
  epoch_steps_ = steps_per_epoch_ > 8 ? graph_->record() : 0;
}

EpochStats Session::run_epoch() {
  const auto start = std::chrono::steady_clock::now();
  if (epoch_steps_ == 0) start_epoch();
  graph_->run(steps_per_epoch_ - epoch_steps_);
  epoch_steps_ = 0;
  ++epoch_;
  EpochStats stats;
  stats.epoch = epoch_;
  graph_->on_stream([&] {
    stats.loss = loss_sum_.item<double>() / steps_per_epoch_;
    stats.accuracy = right_sum_.item<double>() / (steps_per_epoch_ * options_.batch);
  });
  stats.rate = options_.schedule.rate(static_cast<std::int64_t>(epoch_) * steps_per_epoch_ - 1);
  stats.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return stats;
}

double Session::accuracy(const DeviceImages& images) const {
  double right = 0.0;
  graph_->on_stream([&] {
    const Tensor labels = images.labels(0, images.count()).cpu();
    right = all_logits(network_, images).argmax(1).eq(labels).sum().item<double>();
  });
  return right / images.count();
}

Tensor all_logits(const Network& network, const DeviceImages& images) {
  torch::NoGradGuard no_grad;
  std::vector<Tensor> parts;
  for (int first = 0; first < images.count(); first += kEvaluationBatch) {
    const int n = std::min(kEvaluationBatch, images.count() - first);
    parts.push_back(network.forward(images.features(first, n)).logits);
  }
  return torch::cat(parts).cpu();
}

}  // namespace bat::train
