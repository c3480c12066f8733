// SPDX-License-Identifier: Apache-2.0
// Labelled images of the MNIST family, checked, and their way to the training device.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "models/io/result.hpp"

namespace bat::train {

/// Labelled images as read from disk.
struct ImageSet {
  int count = 0, height = 0, width = 0, channels = 1, classes = 0;
  std::vector<std::uint8_t> pixels;  ///< count x height x width x channels
  std::vector<std::uint8_t> labels;  ///< count

  /// The images [first, first + n).
  ImageSet slice(int first, int n) const;
};

struct ImageData {
  ImageSet train, test;
  std::string sha256;  ///< of all files, in the order train images, labels, test images, labels
};

/// Reads {train,t10k}-{images-idx3,labels-idx1}-ubyte[.gz] of `folder`. Checked: as many labels as
/// images, equal image sizes in both halves, every class below the largest label present in both.
Result<ImageData> load_images(const std::filesystem::path& folder);

/// An ImageSet on a device, from which batches are gathered as patch features. Images carry a
/// border of `shift` zero pixels, so that moving one is a change of its first index.
class DeviceImages {
 public:
  DeviceImages(const ImageSet& set, int patch, int shift, const torch::Device& device);

  int count() const { return count_; }
  int patches() const { return patches_; }
  int features() const { return features_; }

  /// Features [n, patches, K] as floats 0 .. 255 of the images `index` (int64 [n]), each moved and
  /// mirrored by its entry of `moves` (int64 [n]), see `move_code`.
  torch::Tensor features(const torch::Tensor& index, const torch::Tensor& moves) const;
  /// The same without moving anything, for images [first, first + n).
  torch::Tensor features(int first, int n) const;
  torch::Tensor labels(const torch::Tensor& index) const { return labels_.index_select(0, index); }
  torch::Tensor labels(int first, int n) const { return labels_.narrow(0, first, n); }

  /// Code of a move by (down, right), each in [0, 2 * shift], with or without mirroring.
  std::int64_t move_code(int down, int right, bool mirror) const;

 private:
  int count_, patches_, features_, padded_width_, channels_, shift_;
  torch::Tensor pixels_;  ///< u8 [count, padded pixels]
  torch::Tensor labels_;  ///< int64 [count]
  torch::Tensor tables_;  ///< int64 [2, patches * K]: places of the features, plain and mirrored
};

}  // namespace bat::train
