// SPDX-License-Identifier: Apache-2.0
#include "models/train/image_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "models/bmt/dataset.hpp"
#include "models/io/idx.hpp"
#include "models/io/sha256.hpp"
#include "models/train/torch.hpp"

namespace bat::train {
namespace {

namespace fs = std::filesystem;

Result<io::IdxArray> read_part(const fs::path& folder, const std::string& name) {
  const fs::path plain = folder / name;
  const fs::path packed = folder / (name + ".gz");
  std::error_code ignored;
  if (fs::exists(plain, ignored)) return io::read_idx(plain);
  if (fs::exists(packed, ignored)) return io::read_idx(packed);
  return Error{fmt::format("{}: neither {} nor {}.gz is there", folder.string(), name, name)};
}

Result<ImageSet> read_half(const fs::path& folder, const std::string& half, io::Sha256& hash) {
  Result<io::IdxArray> images = read_part(folder, half + "-images-idx3-ubyte");
  if (!images) return images.error();
  Result<io::IdxArray> labels = read_part(folder, half + "-labels-idx1-ubyte");
  if (!labels) return labels.error();
  const std::vector<std::uint32_t>& shape = images.value().shape;
  const std::vector<std::uint32_t>& label_shape = labels.value().shape;
  const std::string where = folder.string() + ": " + half;
  if (shape.size() != 3 || label_shape.size() != 1 || shape[0] != label_shape[0] || shape[0] == 0) {
    return Error{where + ": images must be [n, height, width] and labels [n], n >= 1"};
  }
  if (shape[1] == 0 || shape[2] == 0 || shape[1] > 1024 || shape[2] > 1024) {
    return Error{where + ": height and width must be 1 .. 1024"};
  }
  hash.update(images.value().data);
  hash.update(labels.value().data);
  ImageSet set;
  set.count = static_cast<int>(shape[0]);
  set.height = static_cast<int>(shape[1]);
  set.width = static_cast<int>(shape[2]);
  set.pixels = std::move(images.value().data);
  set.labels = std::move(labels.value().data);
  const std::set<std::uint8_t> seen(set.labels.begin(), set.labels.end());
  set.classes = *seen.rbegin() + 1;
  if (set.classes > bmt::kMaxClasses || static_cast<int>(seen.size()) != set.classes) {
    return Error{fmt::format("{}: {} classes up to label {}, some are missing", where, seen.size(),
                             set.classes - 1)};
  }
  return set;
}

std::string hex(const std::array<std::uint8_t, 32>& digest) {
  std::string text;
  for (const std::uint8_t byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace

ImageSet ImageSet::slice(int first, int n) const {
  ImageSet part = *this;
  part.count = n;
  const std::ptrdiff_t size = static_cast<std::ptrdiff_t>(height) * width * channels;
  part.pixels.assign(pixels.begin() + first * size, pixels.begin() + (first + n) * size);
  part.labels.assign(labels.begin() + first, labels.begin() + first + n);
  return part;
}

Result<ImageData> load_images(const fs::path& folder) {
  io::Sha256 hash;
  Result<ImageSet> train = read_half(folder, "train", hash);
  if (!train) return train.error();
  Result<ImageSet> test = read_half(folder, "t10k", hash);
  if (!test) return test.error();
  ImageData data{std::move(train.value()), std::move(test.value()), hex(hash.digest())};
  if (data.train.height != data.test.height || data.train.width != data.test.width ||
      data.train.classes != data.test.classes) {
    return Error{folder.string() + ": the halves differ in image size or classes"};
  }
  return data;
}

Result<ImageData> load_rows(const fs::path& folder) {
  std::error_code ignored;
  if (fs::exists(folder / "train-images-idx3-ubyte", ignored) ||
      fs::exists(folder / "train-images-idx3-ubyte.gz", ignored)) {
    return load_images(folder);
  }
  ImageData data;
  io::Sha256 hash;
  for (const bmt::Split split : {bmt::Split::kTrain, bmt::Split::kTest}) {
    Result<bmt::SpokenDigits> half = bmt::load_spoken_digits(folder, split);
    if (!half) return half.error();
    ImageSet& set = split == bmt::Split::kTrain ? data.train : data.test;
    set.count = static_cast<int>(half.value().labels.size());
    set.height = bmt::kSpokenRows;
    set.width = bmt::kSpokenBands;
    set.classes = 10;
    set.pixels = std::move(half.value().codes);
    set.labels = std::move(half.value().labels);
    hash.update(set.pixels);
    hash.update(set.labels);
  }
  data.sha256 = hex(hash.digest());
  return data;
}

DeviceImages::DeviceImages(const ImageSet& set, const PatchSize& patch, int shift, bool flip,
                           double mix, const torch::Device& device)
    : count_(set.count),
      patches_((set.height / patch.height) * (set.width / patch.width)),
      features_(patch.height * patch.width * set.channels),
      padded_width_(set.width + 2 * shift),
      channels_(set.channels),
      shift_(shift),
      flip_(flip),
      mix_(mix) {
  const torch::Tensor raw =
      torch::from_blob(const_cast<std::uint8_t*>(set.pixels.data()),  // read only: copied below
                       {set.count, set.height, set.width, set.channels}, torch::kUInt8);
  const torch::Tensor padded =
      torch::constant_pad_nd(raw, {0, 0, shift, shift, shift, shift}, 0).flatten(1);
  pixels_ = padded.contiguous().to(device);
  labels_ =
      torch::tensor(std::vector<std::int64_t>(set.labels.begin(), set.labels.end()), torch::kInt64)
          .to(device);
  std::vector<std::int64_t> table;
  for (const bool mirror : {false, true}) {
    for (int pr = 0; pr < set.height / patch.height; ++pr) {
      for (int pc = 0; pc < set.width / patch.width; ++pc) {
        for (int k = 0; k < features_; ++k) {
          const int row = pr * patch.height + k / (patch.width * channels_);
          const int plain = pc * patch.width + k / channels_ % patch.width;
          const int column = mirror ? set.width - 1 - plain : plain;
          table.push_back((static_cast<std::int64_t>(row) * padded_width_ + column) * channels_ +
                          k % channels_);
        }
      }
    }
  }
  tables_ = torch::tensor(table, torch::kInt64).view({2, -1}).to(device);
  moves_ = torch::zeros_like(labels_);
  shares_ = torch::zeros_like(labels_, torch::kFloat);
}

std::int64_t DeviceImages::move_code(int down, int right, bool mirror) const {
  const std::int64_t place = (static_cast<std::int64_t>(down) * padded_width_ + right) * channels_;
  return 2 * place + (mirror ? 1 : 0);
}

void DeviceImages::start_epoch(std::mt19937_64& generator, const std::vector<std::int64_t>& order) {
  std::vector<std::int64_t> moves;
  const std::uint64_t steps = static_cast<std::uint64_t>(2 * shift_ + 1);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const int down = static_cast<int>(below(generator, steps));
    const int right = static_cast<int>(below(generator, steps));
    moves.push_back(move_code(down, right, flip_ && below(generator, 2) == 1));
  }
  std::vector<float> shares;
  for (std::size_t i = 0; mix_ > 0.0 && i < order.size(); ++i) {
    const std::uint64_t draw = below(generator, 2048);  // the upper half leaves the image alone
    shares.push_back(draw < 1024 ? static_cast<float>(mix_ * static_cast<double>(draw) / 1024.0)
                                 : 0.0F);
  }
  torch::NoGradGuard no_grad;
  if (mix_ > 0.0) {
    shares_.narrow(0, 0, static_cast<std::int64_t>(shares.size())).copy_(torch::tensor(shares));
  }
  moves_.narrow(0, 0, static_cast<std::int64_t>(moves.size()))
      .copy_(torch::tensor(moves, torch::kInt64));
}

torch::Tensor DeviceImages::gather(const torch::Tensor& pixels, const torch::Tensor& places) const {
  const torch::Tensor rows = pixels.gather(1, places);
  return rows.to(torch::kFloat).view({pixels.size(0), patches_, features_});
}

Batch DeviceImages::batch(const torch::Tensor& index, const torch::Tensor& places, int) const {
  const torch::Tensor moves = moves_.index_select(0, places);
  const torch::Tensor mirror = moves.remainder(2);
  const torch::Tensor start = moves.floor_divide(2).unsqueeze(1);
  Batch out;
  out.input.features =
      gather(pixels_.index_select(0, index), tables_.index_select(0, mirror) + start);
  out.labels = labels_.index_select(0, index);
  if (mix_ > 0.0) {
    // The partner is the image at the other end of the batch; pixels stay whole numbers.
    out.share = shares_.index_select(0, places);
    out.other_labels = out.labels.flip(0);
    const torch::Tensor part = out.share.view({-1, 1, 1});
    const torch::Tensor& own = out.input.features;
    out.input.features = (own + (own.flip(0) - own) * part).round();
  }
  return out;
}

Batch DeviceImages::slice(int first, int n) const {
  const torch::Tensor places = tables_.narrow(0, 0, 1) + move_code(shift_, shift_, false) / 2;
  Batch out;
  out.input.features = gather(pixels_.narrow(0, first, n), places.expand({n, -1}));
  out.labels = labels_.narrow(0, first, n);
  return out;
}

}  // namespace bat::train
