// SPDX-License-Identifier: Apache-2.0
// Data sets as samples of a model.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "models/bmt/model.hpp"
#include "models/bmt/sample.hpp"
#include "models/io/result.hpp"

namespace bat::bmt {

/// Which half of a data set a folder is asked for.
enum class Split { kTrain, kTest };

/// Where Debian's dataset-fashion-mnist installs.
inline constexpr const char* kFashionMnistPath = "/usr/share/datasets/fashion-mnist";

/// CLINC150 in its folder.
inline constexpr const char* kClincFile = "data_full.json";

/// Reads `path` for `model`.
/// Image models: a folder with {train,t10k}-{images-idx3,labels-idx1}-ubyte[.gz], or the images
/// file itself with its labels file beside it. Images are cut into patches (numerics section 3).
/// Token models: a GLUE .tsv file, or a folder with train.tsv and dev.tsv; the layout follows
/// `model.task` ("sst2", "cola", "mrpc", "rte", "stsb"). For "sst2" a file with another extension
/// holds label-first lines (the labelled test set). For "clinc150" the file is data_full.json and
/// the intents are the model's labels. Sequences are "[CLS] a [SEP]" or "[CLS] a [SEP] b [SEP]" cut
/// to `max_tokens`. The model must hold a vocabulary.
/// An empty path means the installed Fashion-MNIST for image models.
Result<std::vector<Sample>> load_dataset(const std::filesystem::path& path, const Model& model,
                                         Split split = Split::kTest);

/// Cuts one row-major image (row, column, channel) into the rows of a sample.
Sample image_sample(const FeatureShape& shape, std::span<const std::uint8_t> pixels, int label);

}  // namespace bat::bmt
