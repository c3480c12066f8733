// SPDX-License-Identifier: Apache-2.0
#include "models/train/session.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "models/train/torch.hpp"

namespace bat::train {
namespace {

using torch::Tensor;

constexpr int kEvaluationBatch = 256;
constexpr int kCalibrationSamples = 512;
constexpr std::size_t kEagerSteps = 3;  ///< before a recording: libraries allocate what they need
constexpr std::size_t kWorthRecording = 8;

/// The generator of one epoch: it does not depend on the epochs before, so that a resumed run sees
/// the same data.
std::mt19937_64 epoch_generator(std::int64_t seed, int epoch) {
  std::seed_seq sequence{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                         static_cast<std::uint32_t>(epoch)};
  return std::mt19937_64(sequence);
}

template <typename T>
void shuffle(std::vector<T>& list, std::mt19937_64& generator) {
  for (std::size_t i = 0; i + 1 < list.size(); ++i) {
    std::swap(list[i], list[i + below(generator, list.size() - i)]);
  }
}

}  // namespace

Session::Session(Network& network, DeviceData& data, const Network* teacher,
                 const SessionOptions& options, const torch::Device& device)
    : network_(network),
      data_(data),
      teacher_(teacher),
      options_(options),
      device_(device),
      steps_per_epoch_(0) {
  steps_per_epoch_ = epoch_items() / options.batch;
  options_.schedule.steps = static_cast<std::int64_t>(steps_per_epoch_) * options.epochs;
  graph_ = std::make_unique<StepGraph>([this](int kind) { step(kind); }, data.kinds(), device);
  graph_->on_stream([&] {
    optimizer_ = std::make_unique<Optimizer>(network.parameters().flat(), options_.schedule,
                                             options.weight_decay, options.clip);
    if (options.prune) pruner_ = std::make_unique<Pruner>(network, *options.prune);
    const auto whole = torch::TensorOptions(torch::kInt64).device(device);
    order_ = torch::zeros({epoch_items()}, whole);
    batch_ = torch::arange(options.batch, whole);
    loss_sum_ = torch::zeros({}, torch::TensorOptions(torch::kFloat).device(device));
    right_sum_ = torch::zeros_like(loss_sum_);
    known_sum_ = torch::zeros_like(loss_sum_);
  });
}

/// Samples of an epoch: all labelled ones and so many others that they make up their part.
int Session::epoch_items() const {
  const double part = options_.extra_part;
  const int wanted = static_cast<int>(data_.count() * part / (1.0 - part));
  return data_.count() + std::min(wanted, data_.extra());
}

void Session::calibrate() {
  graph_->on_stream([&] {
    network_.calibrate(data_.slice(0, std::min(kCalibrationSamples, data_.count())).input);
  });
}

/// Batches hold samples of one kind; what is left over of a kind joins the next larger one, so that
/// the number of batches of each kind is the same in every epoch.
Session::Plan Session::plan(std::mt19937_64& generator) const {
  std::vector<std::int64_t> items(static_cast<std::size_t>(data_.count() + data_.extra()));
  std::iota(items.begin(), items.end(), 0);
  if (data_.extra() > 0) {
    const auto labelled = static_cast<std::size_t>(data_.count());
    const auto size = static_cast<std::size_t>(epoch_items());
    for (std::size_t i = labelled; i < size; ++i) {
      std::swap(items[i], items[i + below(generator, items.size() - i)]);
    }
    items.resize(size);
  }
  shuffle(items, generator);
  std::vector<std::vector<std::int64_t>> of_kind(static_cast<std::size_t>(data_.kinds()));
  for (const std::int64_t item : items) {
    of_kind[static_cast<std::size_t>(data_.kind(static_cast<int>(item)))].push_back(item);
  }
  const auto size = static_cast<std::size_t>(options_.batch);
  std::vector<std::pair<int, std::vector<std::int64_t>>> batches;
  std::vector<std::int64_t> left;
  for (std::size_t kind = 0; kind < of_kind.size(); ++kind) {
    left.insert(left.end(), of_kind[kind].begin(), of_kind[kind].end());
    std::size_t at = 0;
    for (; at + size <= left.size(); at += size) {
      const auto first = left.begin() + static_cast<std::ptrdiff_t>(at);
      batches.emplace_back(static_cast<int>(kind),
                           std::vector<std::int64_t>(first, first + options_.batch));
    }
    left.erase(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(at));
  }
  if (data_.kinds() > 1) shuffle(batches, generator);
  Plan out;
  for (const auto& [kind, batch] : batches) {
    out.kinds.push_back(kind);
    out.order.insert(out.order.end(), batch.begin(), batch.end());
  }
  return out;
}

void Session::start_epoch() {
  std::mt19937_64 generator = epoch_generator(options_.seed, epoch_);
  // Dropout draws from the library's own generator: set so that a resumed run sees the same.
  if (options_.dropout > 0.0) {
    torch::manual_seed(static_cast<std::uint64_t>(options_.seed) * 100003U +
                       static_cast<std::uint64_t>(epoch_));
  }
  Plan next = plan(generator);
  kinds_ = std::move(next.kinds);
  graph_->on_stream([&] {
    torch::NoGradGuard no_grad;
    data_.start_epoch(generator, next.order);
    order_.narrow(0, 0, static_cast<std::int64_t>(next.order.size()))
        .copy_(torch::tensor(next.order, torch::kInt64));
    loss_sum_.zero_();
    right_sum_.zero_();
    known_sum_.zero_();
  });
}

void Session::step(int kind) {
  Batch batch;
  {
    torch::NoGradGuard no_grad;
    const Tensor first = optimizer_->state().step.remainder(steps_per_epoch_) * options_.batch;
    const Tensor places = batch_ + first;
    batch = data_.batch(order_.index_select(0, places), places, kind);
  }
  batch.input.dropout = options_.dropout;
  const Output out = network_.forward(batch.input);
  const Tensor value = loss(options_.weights, network_, teacher_, out, batch);
  const Tensor gradient = network_.parameters().gradient(value);
  if (pruner_) pruner_->observe(gradient);
  optimizer_->apply(gradient);
  torch::NoGradGuard no_grad;
  loss_sum_.add_(value.detach());
  if (network_.spec().regression) return;
  right_sum_.add_(out.logits.detach().argmax(1).eq(batch.labels).sum());
  known_sum_.add_(batch.labels.ge(0).sum());
}

void Session::record() {
  start_epoch();
  started_ = 0;
  if (!graph_->records() || kinds_.size() <= kWorthRecording) return;
  std::vector<bool> wanted(static_cast<std::size_t>(data_.kinds()), false);
  for (const int kind : kinds_) wanted[static_cast<std::size_t>(kind)] = true;
  graph_->record({kinds_.data(), kEagerSteps}, wanted);
  started_ = kEagerSteps;
}

EpochStats Session::run_epoch() {
  const auto start = std::chrono::steady_clock::now();
  if (started_ == 0) start_epoch();
  graph_->run({kinds_.data() + started_, kinds_.size() - started_});
  started_ = 0;
  ++epoch_;
  if (pruner_) graph_->on_stream([&] { pruner_->update(epoch_); });
  EpochStats stats;
  stats.epoch = epoch_;
  graph_->on_stream([&] {
    stats.loss = loss_sum_.item<double>() / steps_per_epoch_;
    stats.accuracy = right_sum_.item<double>() / std::max(1.0, known_sum_.item<double>());
  });
  stats.rate = options_.schedule.rate(static_cast<std::int64_t>(epoch_) * steps_per_epoch_ - 1);
  stats.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return stats;
}

void Session::copy_parameters(const Network& other) const {
  torch::NoGradGuard no_grad;
  graph_->on_stream(
      [&] { other.parameters().flat().detach().copy_(network_.parameters().flat().detach()); });
}

Tensor Session::logits(const DeviceData& data) const {
  Tensor out;
  graph_->on_stream([&] { out = all_logits(network_, data); });
  return out;
}

Tensor all_logits(const Network& network, const DeviceData& data) {
  torch::NoGradGuard no_grad;
  std::vector<Tensor> parts;
  for (int first = 0; first < data.count(); first += kEvaluationBatch) {
    const int n = std::min(kEvaluationBatch, data.count() - first);
    parts.push_back(network.forward(data.slice(first, n).input).logits);
  }
  return torch::cat(parts).cpu();
}

}  // namespace bat::train
