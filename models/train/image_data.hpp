// SPDX-License-Identifier: Apache-2.0
// Labelled images of the MNIST family, checked, and their way to the training device.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "models/io/result.hpp"
#include "models/train/device_data.hpp"

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

/// Rows of features as images of rows x count: such IDX files, or a folder of recordings.
Result<ImageData> load_rows(const std::filesystem::path& folder);

/// Size of a patch in pixels; the rows of a feature model are patches of one full row.
struct PatchSize {
  int height = 4, width = 4;
};

/// An ImageSet on a device, from which batches are gathered as patch features. Images carry a
/// border of `shift` zero pixels, so that moving one is a change of its first index.
class DeviceImages : public DeviceData {
 public:
  /// With `flip`, half of the images of an epoch are mirrored; half of them get up to the share
  /// `mix` of another image of the batch.
  DeviceImages(const ImageSet& set, const PatchSize& patch, int shift, bool flip, double mix,
               const torch::Device& device);

  int count() const override { return count_; }
  void start_epoch(std::mt19937_64& generator, const std::vector<std::int64_t>& order) override;
  Batch batch(const torch::Tensor& index, const torch::Tensor& places, int kind) const override;
  Batch slice(int first, int n) const override;

 private:
  /// Code of a move by (down, right), each in [0, 2 * shift], with or without mirroring.
  std::int64_t move_code(int down, int right, bool mirror) const;
  torch::Tensor gather(const torch::Tensor& pixels, const torch::Tensor& places) const;

  int count_, patches_, features_, padded_width_, channels_, shift_;
  bool flip_;
  double mix_;
  torch::Tensor pixels_;  ///< u8 [count, padded pixels]
  torch::Tensor labels_;  ///< int64 [count]
  torch::Tensor tables_;  ///< int64 [2, patches * K]: places of the features, plain and mirrored
  torch::Tensor moves_;   ///< int64 [count]: move code by place in the epoch
  torch::Tensor shares_;  ///< float [count]: share of another image by place in the epoch
};

}  // namespace bat::train
