// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "models/io/atomic_file.hpp"
#include "models/io/glue_tsv.hpp"
#include "models/io/idx.hpp"
#include "models/io/text_sets.hpp"
#include "models/io/wav.hpp"
#include "models/io/wordpiece.hpp"

namespace bat::bmt {
namespace {

namespace fs = std::filesystem;

struct FilePair {
  fs::path images, labels;
};

bool present(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

/// The file of that name in `folder`, plain or compressed.
std::optional<fs::path> plain_or_gz(const fs::path& folder, const std::string& name) {
  for (const char* suffix : {"", ".gz"}) {
    fs::path path = folder / (name + suffix);
    if (present(path)) return path;
  }
  return std::nullopt;
}

Result<FilePair> in_folder(const fs::path& folder, Split split) {
  const std::string half = split == Split::kTrain ? "train" : "t10k";
  const auto labels = plain_or_gz(folder, half + "-labels-idx1-ubyte");
  for (const char* kind : {"-images-idx3-ubyte", "-images-idx4-ubyte"}) {
    const auto images = plain_or_gz(folder, half + kind);
    if (images && labels) return FilePair{*images, *labels};
  }
  return Error{fmt::format("{}: no {}-images-idx3-ubyte[.gz] with {}-labels-idx1-ubyte[.gz]",
                           folder.string(), half, half)};
}

/// The labels beside an images file follow from its name.
Result<FilePair> beside(const fs::path& images) {
  std::string name = images.filename().string();
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"images", "labels"},
                                 {"idx3", "idx1"},
                                 {"idx4", "idx1"}}) {
    const std::size_t at = name.rfind(from);
    if (at != std::string::npos) name.replace(at, from.size(), to);
  }
  const fs::path labels = images.parent_path() / name;
  if (labels == images || !present(labels)) {
    return Error{fmt::format("{}: no labels file beside it (images -> labels, idx3 -> idx1)",
                             images.string())};
  }
  return FilePair{images, labels};
}

std::string join(const std::vector<std::uint32_t>& shape) {
  std::string text;
  for (const std::uint32_t n : shape) text += (text.empty() ? "" : " x ") + std::to_string(n);
  return text;
}

/// Rules between the two files and the model; empty when they fit.
std::string mismatch(const io::IdxArray& images, const io::IdxArray& labels, const Model& model) {
  if (labels.shape.size() != 1 || labels.shape[0] != images.shape[0]) {
    return fmt::format("labels are {}, images {}", join(labels.shape), join(images.shape));
  }
  const std::vector<std::uint32_t>& shape = images.shape;
  const FeatureShape& f = model.features;
  const auto is = [&](std::size_t i, int n) { return shape[i] == static_cast<std::uint32_t>(n); };
  if (f.kind == FeatureKind::kRows) {
    const bool fits = shape.size() == 3 && is(2, f.count) &&
                      shape[1] < static_cast<std::uint32_t>(model.max_tokens);
    if (fits) return {};
    return fmt::format("shape is {}, the model takes up to {} rows of {}", join(shape),
                       model.max_tokens - 1, f.count);
  }
  const bool plane = shape.size() == 3 && f.channels == 1;
  const bool cube = shape.size() == 4 && is(3, f.channels);
  if ((plane || cube) && is(1, f.height) && is(2, f.width)) return {};
  return fmt::format("shape is {}, the model takes images of {} x {} x {}", join(shape), f.height,
                     f.width, f.channels);
}

Sample row_sample(const FeatureShape& shape, std::span<const std::uint8_t> rows, int label) {
  Sample sample;
  sample.features.assign(rows.begin(), rows.end());
  sample.feature_count = shape.count;
  sample.label = label;
  return sample;
}

Result<std::vector<Sample>> load_idx(const FilePair& files, const Model& model) {
  const auto images = io::read_idx(files.images);
  if (!images) return images.error();
  const auto labels = io::read_idx(files.labels);
  if (!labels) return labels.error();
  const std::string problem = mismatch(images.value(), labels.value(), model);
  if (!problem.empty()) return Error{fmt::format("{}: {}", files.images.string(), problem)};
  std::vector<Sample> samples;
  const std::size_t count = labels.value().data.size();
  const std::size_t size = count == 0 ? 0 : images.value().data.size() / count;
  for (std::size_t i = 0; i < count; ++i) {
    const int label = labels.value().data[i];
    if (label >= model.classes) {
      return Error{fmt::format("{}: label {} of item {}, the model has {} classes",
                               files.labels.string(), label, i, model.classes)};
    }
    const std::span<const std::uint8_t> item(images.value().data.data() + i * size, size);
    samples.push_back(model.features.kind == FeatureKind::kImage
                          ? image_sample(model.features, item, label)
                          : row_sample(model.features, item, label));
  }
  return samples;
}

Sample text_sample(const io::GlueExample& example, const io::WordPiece& tokenizer,
                   const Model& model) {
  io::Encoding encoding =
      tokenizer.encode(example.sentence_a, example.sentence_b, model.max_tokens);
  Sample sample;
  sample.ids = std::move(encoding.ids);
  // A model without segment embeddings sees one segment.
  if (model.segments == 2) sample.segments = std::move(encoding.segments);
  sample.label = example.label;
  sample.target = example.score;
  return sample;
}

/// Class of `label`: its place among the model's labels, or the number that it is.
int class_of(const std::string& label, const Model& model) {
  const auto found = std::find(model.labels.begin(), model.labels.end(), label);
  if (found != model.labels.end()) return static_cast<int>(found - model.labels.begin());
  int number = -1;
  const char* end = label.data() + label.size();
  const auto parsed = std::from_chars(label.data(), end, number);
  return parsed.ec == std::errc{} && parsed.ptr == end ? number : -1;
}

/// Texts with a class name each, as examples; the class is -1 where the model does not know it.
std::vector<io::GlueExample> labelled(const std::vector<io::LabelledText>& texts,
                                      const Model& model) {
  std::vector<io::GlueExample> examples;
  for (const io::LabelledText& each : texts) {
    examples.push_back({each.text, "", class_of(each.label, model), 0.0F});
  }
  return examples;
}

Result<std::vector<io::GlueExample>> read_clinc(const fs::path& path, const Model& model,
                                                Split split) {
  const fs::path file = is_folder(path) ? path / kClincFile : path;
  const auto text = io::read_text(file);
  if (!text) return text.error();
  const char* part = split == Split::kTrain ? "train" : "test";
  const auto texts = io::parse_clinc(text.value(), part, file.string());
  if (!texts) return texts.error();
  return labelled(texts.value(), model);
}

Result<std::vector<io::GlueExample>> read_reviews(const fs::path& path, const Model& model,
                                                  Split split) {
  const fs::path file = is_folder(path) ? path / kReviewsFile : path;
  const auto text = io::read_text(file);
  if (!text) return text.error();
  const auto reviews = io::parse_reviews(text.value(), file.string());
  if (!reviews) return reviews.error();
  std::vector<io::LabelledText> half;
  for (std::size_t i = 0; i < reviews.value().size(); ++i) {
    const bool test = i % io::kReviewsPerTest == 0;
    if (test == (split == Split::kTest)) half.push_back(reviews.value()[i]);
  }
  return labelled(half, model);
}

Result<std::vector<io::GlueExample>> read_examples(const fs::path& path, const Model& model,
                                                   Split split) {
  if (model.task == "clinc150") return read_clinc(path, model, split);
  if (model.task == "imdb") return read_reviews(path, model, split);
  const auto task = io::glue_task(model.task);
  if (!task) {
    return Error{
        fmt::format("{}: task \"{}\" has no text layout (sst2, cola, mrpc, rte, stsb, clinc150, "
                    "imdb)",
                    path.string(), model.task)};
  }
  const char* half = split == Split::kTrain ? "train.tsv" : "dev.tsv";
  const fs::path file = is_folder(path) ? path / half : path;
  if (*task == io::GlueTask::kSst2 && file.extension() != ".tsv") {
    const auto text = io::read_text(file);
    if (!text) return text.error();
    const auto texts = io::parse_label_first(text.value(), file.string());
    if (!texts) return texts.error();
    return labelled(texts.value(), model);
  }
  return io::read_glue(file, *task);
}

/// What a text needs besides its data.
Result<io::WordPiece> tokenizer_of(const Model& model) {
  if (model.vocab.empty()) return Error{"model " + model.name + ": holds no vocabulary"};
  if (model.max_tokens < 3) return Error{"model " + model.name + ": max_tokens below 3"};
  return io::WordPiece::from_vocab(model.vocab, model.lower_case);
}

Result<std::vector<Sample>> load_text(const fs::path& path, const Model& model, Split split) {
  const auto tokenizer = tokenizer_of(model);
  if (!tokenizer) return tokenizer.error();
  if (path.empty()) {
    return Error{"model " + model.name + ": name its data (a " + model.task + " file or folder)"};
  }
  const auto examples = read_examples(path, model, split);
  if (!examples) return examples.error();
  std::vector<Sample> samples;
  for (const io::GlueExample& example : examples.value()) {
    if (model.task_kind == TaskKind::kClassification &&
        (example.label < 0 || example.label >= model.classes)) {
      return Error{fmt::format("{}: label {} of example {} does not fit a model of {} classes",
                               path.string(), example.label, samples.size(), model.classes)};
    }
    samples.push_back(text_sample(example, tokenizer.value(), model));
  }
  return samples;
}

/// "7_name_12.wav": the digit and the index; nothing for other names.
std::optional<std::pair<int, int>> digit_and_index(const std::string& name) {
  const std::size_t last = name.rfind('_');
  if (name.size() < 8 || name[1] != '_' || name[0] < '0' || name[0] > '9' || last < 2) {
    return std::nullopt;
  }
  int index = -1;
  const char* end = name.data() + name.size() - 4;  // ".wav"
  const auto parsed = std::from_chars(name.data() + last + 1, end, index);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return std::pair{name[0] - '0', index};
}

bool holds_recordings(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".wav") return true;
  }
  return false;
}

Result<std::vector<Sample>> load_recordings(const fs::path& folder, const Model& model,
                                            Split split) {
  if (model.features.kind != FeatureKind::kRows || model.features.count != kSpokenBands ||
      model.max_tokens <= kSpokenRows || model.classes < 10) {
    return Error{folder.string() + ": holds recordings, which do not fit the model " + model.name};
  }
  const auto digits = load_spoken_digits(folder, split);
  if (!digits) return digits.error();
  std::vector<Sample> samples;
  constexpr std::size_t kSize = std::size_t{kSpokenRows} * kSpokenBands;
  for (std::size_t i = 0; i < digits.value().labels.size(); ++i) {
    const std::span<const std::uint8_t> item(digits.value().codes.data() + i * kSize, kSize);
    samples.push_back(row_sample(model.features, item, digits.value().labels[i]));
  }
  return samples;
}

/// Second index of a recording that is still in the test half.
constexpr int kSpokenTestIndex = 5;
/// Shortest sentence of a review that serves as text without a label.
constexpr int kLeastWords = 4;

/// Unlabelled examples of a file; the label 0 is never read.
Result<std::vector<io::GlueExample>> read_unlabelled(const fs::path& path) {
  const auto text = io::read_text(path);
  if (!text) return text.error();
  std::vector<io::GlueExample> out;
  if (path.extension() == ".json") {
    const auto reviews = io::parse_reviews(text.value(), path.string());
    if (!reviews) return reviews.error();
    for (const io::LabelledText& review : reviews.value()) {
      for (std::string& s : io::sentences(review.text, kLeastWords)) {
        out.push_back({std::move(s), "", -1, 0.0F});
      }
    }
    return out;
  }
  std::string_view rest = text.value();
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t tab = line.find('\t');
    const bool pair = tab != std::string_view::npos;
    if (line.empty()) continue;
    out.push_back({std::string(line.substr(0, tab)),
                   pair ? std::string(line.substr(tab + 1)) : std::string(), -1, 0.0F});
  }
  if (out.empty()) return Error{path.string() + ": holds no text"};
  return out;
}

}  // namespace

Result<std::vector<Sample>> load_unlabelled(const fs::path& path, const Model& model) {
  const auto tokenizer = tokenizer_of(model);
  if (!tokenizer) return tokenizer.error();
  const auto examples = read_unlabelled(path);
  if (!examples) return examples.error();
  std::vector<Sample> samples;
  for (const io::GlueExample& example : examples.value()) {
    samples.push_back(text_sample(example, tokenizer.value(), model));
  }
  return samples;
}

Result<SpokenDigits> load_spoken_digits(const fs::path& folder, Split split) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".wav") files.push_back(entry.path());
  }
  if (error) return Error{folder.string() + ": " + error.message()};
  std::sort(files.begin(), files.end());
  SpokenDigits out;
  for (const fs::path& file : files) {
    const auto name = digit_and_index(file.filename().string());
    if (!name) return Error{file.string() + ": name must be DIGIT_SPEAKER_INDEX.wav"};
    const bool test = name->second < kSpokenTestIndex;
    if (test != (split == Split::kTest)) continue;
    const auto recording = io::read_wav(file);
    if (!recording) return recording.error();
    const auto codes = io::spectrogram(recording.value(), {kSpokenRows, kSpokenBands});
    out.codes.insert(out.codes.end(), codes.begin(), codes.end());
    out.labels.push_back(static_cast<std::uint8_t>(name->first));
  }
  if (out.labels.empty()) return Error{folder.string() + ": no recordings of this half"};
  return out;
}

Sample image_sample(const FeatureShape& shape, std::span<const std::uint8_t> pixels, int label) {
  Sample sample;
  sample.label = label;
  sample.feature_count = shape.count;
  sample.features.reserve(pixels.size());
  const auto row_size =
      static_cast<std::size_t>(shape.patch) * static_cast<std::size_t>(shape.channels);
  for (int top = 0; top + shape.patch <= shape.height; top += shape.patch) {
    for (int left = 0; left + shape.patch <= shape.width; left += shape.patch) {
      for (int r = top; r < top + shape.patch; ++r) {
        const auto first = (static_cast<std::size_t>(r) * static_cast<std::size_t>(shape.width) +
                            static_cast<std::size_t>(left)) *
                           static_cast<std::size_t>(shape.channels);
        const auto row = pixels.subspan(first, row_size);
        sample.features.insert(sample.features.end(), row.begin(), row.end());
      }
    }
  }
  return sample;
}

Result<std::vector<Sample>> load_dataset(const fs::path& path, const Model& model, Split split) {
  if (model.input == InputKind::kTokens) return load_text(path, model, split);
  if (path.empty() && (model.task == "mnist" || model.task == kSpokenDigits)) {
    return Error{"model " + model.name + ": name its data (a folder of " + model.task + ")"};
  }
  const fs::path place = path.empty() ? fs::path(kFashionMnistPath) : path;
  if (model.task == kSpokenDigits && holds_recordings(place)) {
    return load_recordings(place, model, split);
  }
  const auto files = is_folder(place) ? in_folder(place, split) : beside(place);
  if (!files) return files.error();
  return load_idx(files.value(), model);
}

}  // namespace bat::bmt
