// SPDX-License-Identifier: Apache-2.0
// Float view against integer view on the same images.
#include <torch/torch.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "models/bmt/dataset.hpp"
#include "models/bmt/primitives.hpp"
#include "models/train/export.hpp"
#include "models/train/session.hpp"

namespace bat::train {
namespace {

using bmt::TensorId;
using torch::Tensor;

constexpr int kComparedImages = 200;
constexpr int kTraceBatch = 50;

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

/// Counts differing bits of one image after another against the traces of the float view.
class Counter : public bmt::Tap {
 public:
  Counter(const bmt::Model& model, ViewReport& report) : model_(model), report_(report) {}

  void next_image(const Trace& trace, int item) {
    trace_ = &trace;
    item_ = item;
  }

  void tensor(TensorId id, int layer, int head, int rows, int cols,
              std::span<const std::int32_t> values) override {
    const bool last = layer + 1 == model_.layer_count();
    if (is_int16(id)) count_saturated(last ? values.first(static_cast<std::size_t>(cols)) : values);
    const auto found = trace_->tensors.find({id, layer});
    if (!is_codes(id) || found == trace_->tensors.end()) return;
    Tensor wanted = found->second[item_];
    if (head >= 0) wanted = wanted[head];
    // The float view holds row 0 alone where nothing else is used.
    wanted = wanted.contiguous().flatten();
    const auto count = std::min(static_cast<std::size_t>(wanted.numel()),
                                static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols));
    TensorAgreement& entry = entry_of(id, layer);
    const bool eight = id == TensorId::kLn2Codes && last;
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
  int item_ = 0;
};

bmt::Sample sample_of(const bmt::Model& model, const ImageSet& images, int i) {
  const std::size_t size = static_cast<std::size_t>(images.height) *
                           static_cast<std::size_t>(images.width) *
                           static_cast<std::size_t>(images.channels);
  const std::span<const std::uint8_t> all(images.pixels);
  const auto index = static_cast<std::size_t>(i);
  return bmt::image_sample(model.features, all.subspan(index * size, size), images.labels[index]);
}

/// Classes that the integer view gives, on all cores.
Result<std::vector<int>> integer_classes(const bmt::GoldenModel& golden, const ImageSet& images) {
  std::vector<int> classes(static_cast<std::size_t>(images.count));
  std::atomic<int> next = 0;
  std::optional<Error> error;
  std::mutex error_lock;
  const auto work = [&] {
    for (int i = next++; i < images.count; i = next++) {
      const auto logits = golden.logits(sample_of(golden.model(), images, i));
      if (!logits) {
        const std::scoped_lock lock(error_lock);
        error = logits.error();
        next = images.count;
        return;
      }
      classes[static_cast<std::size_t>(i)] = bmt::argmax(logits.value());
    }
  };
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < std::max(1U, std::thread::hardware_concurrency()); ++t) {
    threads.emplace_back(work);
  }
  for (std::thread& thread : threads) thread.join();
  if (error) return *error;
  return classes;
}

Status compare_codes(const Network& network, const bmt::GoldenModel& golden, const ImageSet& images,
                     const DeviceImages& device_images, ViewReport& report) {
  torch::NoGradGuard no_grad;
  report.compared = std::min(kComparedImages, images.count);
  Counter counter(golden.model(), report);
  for (int first = 0; first < report.compared; first += kTraceBatch) {
    const int n = std::min(kTraceBatch, report.compared - first);
    Trace trace;
    network.forward(device_images.features(first, n), &trace);
    for (int i = 0; i < n; ++i) {
      counter.next_image(trace, i);
      const auto logits = golden.logits(sample_of(golden.model(), images, first + i), &counter);
      if (!logits) return logits.error();
    }
  }
  return Ok{};
}

}  // namespace

Result<ViewReport> compare_views(const Network& network, const bmt::Model& model,
                                 const ImageSet& images) {
  ViewReport report;
  report.images = images.count;
  const bmt::GoldenModel golden(model);
  const DeviceImages device_images(images, model.features.patch, 0, torch::kCPU);
  if (Status s = compare_codes(network, golden, images, device_images, report); !s) {
    return s.error();
  }
  const Result<std::vector<int>> integer = integer_classes(golden, images);
  if (!integer) return integer.error();
  const Tensor float_classes = all_logits(network, device_images).argmax(1);
  int float_right = 0;
  int integer_right = 0;
  for (int i = 0; i < images.count; ++i) {
    const auto index = static_cast<std::size_t>(i);
    const int label = images.labels[index];
    const int from_float = float_classes[i].item<int>();
    float_right += from_float == label ? 1 : 0;
    integer_right += integer.value()[index] == label ? 1 : 0;
    report.same_class += from_float == integer.value()[index] ? 1 : 0;
  }
  report.float_accuracy = static_cast<double>(float_right) / images.count;
  report.integer_accuracy = static_cast<double>(integer_right) / images.count;
  return report;
}

}  // namespace bat::train
