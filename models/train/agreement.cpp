// SPDX-License-Identifier: Apache-2.0
// Float view against integer view on the same samples.

#include <algorithm>
#include <atomic>
#include <bit>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "models/bmt/primitives.hpp"
#include "models/train/export.hpp"
#include "models/train/task.hpp"
#include "models/train/torch.hpp"

namespace bat::train {
namespace {

using bmt::TensorId;
using torch::Tensor;

constexpr std::size_t kComparedSamples = 200;
constexpr std::size_t kForwardBatch = 100;

bool is_codes(TensorId id) {
  switch (id) {
    case TensorId::kInputCodes:
    case TensorId::kQ:
    case TensorId::kK:
    case TensorId::kV:
    case TensorId::kProbabilities:
    case TensorId::kContext:
    case TensorId::kLn1Codes:
    case TensorId::kFfn1:
    case TensorId::kLn2Codes:
    case TensorId::kPooler:
      return true;
    default:
      return false;
  }
}

bool is_unsigned(TensorId id) { return id == TensorId::kProbabilities || id == TensorId::kFfn1; }

bool is_int16(TensorId id) {
  switch (id) {
    case TensorId::kEmbedding:
    case TensorId::kEmbeddingNorm:
    case TensorId::kResidual1:
    case TensorId::kLn1:
    case TensorId::kResidual2:
    case TensorId::kLn2:
      return true;
    default:
      return false;
  }
}

/// Counts differing bits of one sample after another against the traces of the float view.
class Counter : public bmt::Tap {
 public:
  Counter(const bmt::Model& model, ViewReport& report) : model_(model), report_(report) {}

  /// `trace` holds a batch of one.
  void next_sample(const Trace& trace) { trace_ = &trace; }

  void tensor(TensorId id, int layer, int head, int rows, int cols,
              std::span<const std::int32_t> values) override {
    const bool last = layer + 1 == model_.layer_count();
    if (is_int16(id)) count_saturated(last ? values.first(static_cast<std::size_t>(cols)) : values);
    const auto found = trace_->tensors.find({id, layer});
    if (!is_codes(id) || found == trace_->tensors.end()) return;
    Tensor wanted = found->second[0];
    if (head >= 0) wanted = wanted[head];
    // The float view holds row 0 alone where nothing else is used.
    wanted = wanted.contiguous().flatten();
    const auto count = std::min(static_cast<std::size_t>(wanted.numel()),
                                static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols));
    TensorAgreement& entry = entry_of(id, layer);
    const bool eight =
        id == TensorId::kPooler || (id == TensorId::kLn2Codes && last && !model_.pooler);
    const int bits = eight ? bmt::kClassifierBits : model_.act_bits;
    const float* data = wanted.data_ptr<float>();
    for (std::size_t i = 0; i < count; ++i) {
      const int value = static_cast<int>(data[i]);
      const int code = is_unsigned(id) ? value : (value + bmt::max_code(bits)) / 2;
      entry.different_bits += std::popcount(static_cast<unsigned>(code ^ values[i]));
    }
    entry.bits += static_cast<std::int64_t>(count) * bits;
  }

 private:
  void count_saturated(std::span<const std::int32_t> values) {
    report_.saturated += std::count_if(values.begin(), values.end(),
                                       [](std::int32_t v) { return v == 32767 || v == -32768; });
  }

  TensorAgreement& entry_of(TensorId id, int layer) {
    for (TensorAgreement& each : report_.tensors) {
      if (each.id == id && each.layer == layer) return each;
    }
    report_.tensors.push_back({id, layer});
    return report_.tensors.back();
  }

  const bmt::Model& model_;
  ViewReport& report_;
  const Trace* trace_ = nullptr;
};

/// Logits that the integer view gives, on all cores.
Result<std::vector<std::vector<std::int32_t>>> integer_logits(
    const bmt::GoldenModel& golden, std::span<const bmt::Sample> samples) {
  std::vector<std::vector<std::int32_t>> out(samples.size());
  std::atomic<std::size_t> next = 0;
  std::optional<Error> error;
  std::mutex error_lock;
  const auto work = [&] {
    for (std::size_t i = next++; i < samples.size(); i = next++) {
      auto logits = golden.logits(samples[i]);
      if (!logits) {
        const std::scoped_lock lock(error_lock);
        error = logits.error();
        next = samples.size();
        return;
      }
      out[i] = std::move(logits.value());
    }
  };
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < std::max(1U, std::thread::hardware_concurrency()); ++t) {
    threads.emplace_back(work);
  }
  for (std::thread& thread : threads) thread.join();
  if (error) return *error;
  return out;
}

Status compare_codes(const Network& network, const bmt::GoldenModel& golden,
                     std::span<const bmt::Sample> samples, ViewReport& report) {
  torch::NoGradGuard no_grad;
  const std::size_t count = std::min(kComparedSamples, samples.size());
  report.compared = static_cast<int>(count);
  Counter counter(golden.model(), report);
  for (std::size_t i = 0; i < count; ++i) {
    Trace trace;
    network.forward(input_of(network.spec(), samples.subspan(i, 1)), &trace);
    counter.next_sample(trace);
    const auto logits = golden.logits(samples[i], &counter);
    if (!logits) return logits.error();
  }
  return Ok{};
}

std::vector<bmt::Prediction> float_predictions(const Network& network,
                                               std::span<const bmt::Sample> samples) {
  torch::NoGradGuard no_grad;
  std::vector<bmt::Prediction> out;
  for (std::size_t first = 0; first < samples.size(); first += kForwardBatch) {
    const auto part = samples.subspan(first, std::min(kForwardBatch, samples.size() - first));
    const Tensor logits = network.forward(input_of(network.spec(), part)).logits;
    for (const bmt::Prediction& p : predictions(logits, part)) out.push_back(p);
  }
  return out;
}

}  // namespace

std::vector<bmt::Prediction> predictions(const Tensor& logits,
                                         std::span<const bmt::Sample> samples) {
  const Tensor classes = logits.argmax(1).cpu();
  const Tensor scores = logits.select(1, 0).to(torch::kCPU, torch::kDouble).contiguous();
  std::vector<bmt::Prediction> out;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    out.push_back({static_cast<int>(classes.data_ptr<std::int64_t>()[i]), samples[i].label,
                   scores.data_ptr<double>()[i], static_cast<double>(samples[i].target)});
  }
  return out;
}

double float_metric(const Network& network, const bmt::Model& header,
                    std::span<const bmt::Sample> samples) {
  return bmt::metric(header, float_predictions(network, samples));
}

Result<double> integer_metric(const bmt::Model& model, std::span<const bmt::Sample> samples) {
  const bmt::GoldenModel golden(model);
  const auto integer = integer_logits(golden, samples);
  if (!integer) return integer.error();
  std::vector<bmt::Prediction> all;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    all.push_back(bmt::predict(model, integer.value()[i], samples[i]));
  }
  return bmt::metric(model, all);
}

Result<ViewReport> compare_views(const Network& network, const bmt::Model& model,
                                 std::span<const bmt::Sample> samples) {
  ViewReport report;
  report.samples = static_cast<int>(samples.size());
  const bmt::GoldenModel golden(model);
  if (Status s = compare_codes(network, golden, samples, report); !s) return s.error();
  const auto integer = integer_logits(golden, samples);
  if (!integer) return integer.error();
  const std::vector<bmt::Prediction> from_float = float_predictions(network, samples);
  std::vector<bmt::Prediction> from_integer;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    from_integer.push_back(bmt::predict(model, integer.value()[i], samples[i]));
    report.same_class += from_integer[i].predicted == from_float[i].predicted ? 1 : 0;
  }
  report.metric = bmt::metric_name(model);
  report.float_metric = bmt::metric(model, from_float);
  report.integer_metric = bmt::metric(model, from_integer);
  if (model.task_kind == bmt::TaskKind::kRegression) {
    report.others.emplace_back("spearman", bmt::spearman(from_integer));
  } else if (model.classes == 2) {
    report.others.emplace_back("accuracy", bmt::accuracy(from_integer));
    report.others.emplace_back("f1", bmt::f1(from_integer));
    report.others.emplace_back("matthews", bmt::matthews(from_integer));
  }
  return report;
}

}  // namespace bat::train
