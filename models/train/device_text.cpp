// SPDX-License-Identifier: Apache-2.0
#include "models/train/device_text.hpp"

#include <algorithm>

#include "models/train/torch.hpp"

namespace bat::train {
namespace {

using torch::Tensor;

/// Lengths to which batches are cut, below the longest.
constexpr int kWidths[] = {12, 20, 32, 48, 64, 96, 128, 192, 256};

}  // namespace

DeviceText::DeviceText(const bmt::Model& model, const std::vector<bmt::Sample>& samples,
                       const torch::Device& device, int extra)
    : extra_(extra), two_segments_(model.segments == 2) {
  const bool regression = model.task_kind == bmt::TaskKind::kRegression;
  for (const int width : kWidths) {
    if (width < model.max_tokens) widths_.push_back(width);
  }
  widths_.push_back(model.max_tokens);
  const auto count = static_cast<std::int64_t>(samples.size());
  const std::int64_t most = model.max_tokens;
  Tensor ids = torch::zeros({count, most}, torch::kInt64);
  std::vector<std::int64_t> length, first, labels;
  std::vector<float> targets;
  std::int64_t* row = ids.data_ptr<std::int64_t>();
  for (const bmt::Sample& s : samples) {
    std::copy(s.ids.begin(), s.ids.end(), row);
    row += most;
    lengths_.push_back(s.tokens());
    const auto width = std::lower_bound(widths_.begin(), widths_.end(), s.tokens());
    kinds_of_.push_back(static_cast<int>(width - widths_.begin()));
    length.push_back(s.tokens());
    first.push_back(s.segments.empty()
                        ? s.tokens()
                        : std::count(s.segments.begin(), s.segments.end(), std::uint8_t{0}));
    const bool labelled = labels.size() + static_cast<std::size_t>(extra) < samples.size();
    labels.push_back(!labelled ? -1 : regression ? 0 : s.label);
    targets.push_back(s.target);
  }
  ids_ = ids.to(device);
  length_ = torch::tensor(length, torch::kInt64).view({-1, 1}).to(device);
  first_ = torch::tensor(first, torch::kInt64).view({-1, 1}).to(device);
  labels_ = torch::tensor(labels, torch::kInt64).to(device);
  targets_ = torch::tensor(targets, torch::kFloat).to(device);
  columns_ = torch::arange(most, torch::TensorOptions(torch::kInt64).device(device)).view({1, -1});
}

Batch DeviceText::gather(const Tensor& index, std::int64_t width) const {
  Batch out;
  const Tensor columns = columns_.narrow(1, 0, width);
  out.input.ids = ids_.narrow(1, 0, width).index_select(0, index);
  out.input.mask = columns.lt(length_.index_select(0, index));
  if (two_segments_) {
    const Tensor second = columns.ge(first_.index_select(0, index));
    out.input.segment = second.to(torch::kFloat).unsqueeze(2);
  }
  out.labels = labels_.index_select(0, index);
  out.targets = targets_.index_select(0, index);
  return out;
}

Batch DeviceText::batch(const Tensor& index, const Tensor&, int kind) const {
  return gather(index, widths_[static_cast<std::size_t>(kind)]);
}

Batch DeviceText::slice(int first, int n) const {
  const auto begin = lengths_.begin() + first;
  const int width = *std::max_element(begin, begin + n);
  return gather(torch::arange(first, first + n, columns_.options()), width);
}

}  // namespace bat::train
