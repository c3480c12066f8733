// SPDX-License-Identifier: Apache-2.0
// Image classification as a task.
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
      : data_(std::move(data)), shift_(options.shift), flip_(options.flip) {
    sha256_ = data_.sha256;
    const ImageSet& set = data_.train;
    header_.name = options.name;
    header_.task = options.data.empty() ? "fashion-mnist" : options.data.filename().string();
    if (options.data.empty()) {
      header_.labels = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                        "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
      header_.source = "Fashion-MNIST, Debian package dataset-fashion-mnist";
      header_.license = "Apache-2.0";
    }
    header_.input = bmt::InputKind::kFeatures;
    header_.classes = set.classes;
    header_.features = {bmt::FeatureKind::kImage,
                        set.height,
                        set.width,
                        set.channels,
                        options.patch,
                        options.patch * options.patch * set.channels};
    header_.max_tokens = header_.features.patches() + 1;
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
    return std::make_unique<DeviceImages>(data_.train.slice(first, n), header_.features.patch,
                                          moving ? shift_ : 0, moving && flip_, device);
  }

 private:
  std::vector<bmt::Sample> samples(const ImageSet& set, int first, int n) const {
    const std::size_t size = set.pixels.size() / static_cast<std::size_t>(set.count);
    const std::span<const std::uint8_t> all(set.pixels);
    std::vector<bmt::Sample> out;
    for (int i = first; i < first + n; ++i) {
      const auto index = static_cast<std::size_t>(i);
      out.push_back(
          bmt::image_sample(header_.features, all.subspan(index * size, size), set.labels[index]));
    }
    return out;
  }

  ImageData data_;
  int shift_, train_count_ = 0, test_count_ = 0;
  bool flip_;
};

}  // namespace

Result<std::unique_ptr<Task>> load_image_task(const TrainOptions& o) {
  const std::filesystem::path folder =
      o.data.empty() ? std::filesystem::path(bmt::kFashionMnistPath) : o.data;
  Result<ImageData> data = load_images(folder);
  if (!data) return data.error();
  const ImageSet& set = data.value().train;
  if (set.height % o.patch != 0 || set.width % o.patch != 0) {
    return Error{fmt::format("option patch: {} does not divide images of {} x {}", o.patch,
                             set.height, set.width)};
  }
  return std::unique_ptr<Task>(std::make_unique<ImageTask>(o, std::move(data.value())));
}

}  // namespace bat::train
