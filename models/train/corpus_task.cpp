// SPDX-License-Identifier: Apache-2.0
// Masked-language-model pre-training as a task: passages of a fixed length, of which some tokens
// are hidden anew in each epoch. Reviews bring their polarity as a second thing to learn.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "models/io/atomic_file.hpp"
#include "models/io/sha256.hpp"
#include "models/io/text_sets.hpp"
#include "models/io/wordpiece.hpp"
#include "models/train/device_text.hpp"
#include "models/train/task.hpp"
#include "models/train/torch.hpp"
#include "models/train/vocabulary.hpp"

namespace bat::train {
namespace {

using torch::Tensor;

constexpr int kShortest = 16;   ///< pieces of the shortest passage
constexpr int kHiddenPart = 7;  ///< one token in so many is hidden

using Pieces = std::vector<std::vector<std::uint32_t>>;

/// All texts as pieces, on all cores.
Pieces tokenize(const std::vector<io::LabelledText>& texts, const io::WordPiece& tokenizer) {
  Pieces out(texts.size());
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> threads;
  for (unsigned t = 0; t < std::max(1U, std::thread::hardware_concurrency()); ++t) {
    threads.emplace_back([&] {
      for (std::size_t i = next++; i < texts.size(); i = next++) {
        out[i] = tokenizer.pieces(texts[i].text);
      }
    });
  }
  threads.clear();
  return out;
}

/// Cuts each text into passages "[CLS] pieces [SEP]" of at most `most` tokens.
std::vector<bmt::Sample> cut(const std::vector<io::LabelledText>& texts, const Pieces& pieces,
                             const io::WordPiece& tokenizer, int most) {
  std::vector<bmt::Sample> out;
  const auto room = static_cast<std::size_t>(most - 2);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (std::size_t at = 0; at + kShortest <= pieces[i].size(); at += room) {
      bmt::Sample s;
      s.ids.push_back(tokenizer.cls());
      const auto end = std::min(at + room, pieces[i].size());
      s.ids.insert(s.ids.end(), pieces[i].begin() + static_cast<std::ptrdiff_t>(at),
                   pieces[i].begin() + static_cast<std::ptrdiff_t>(end));
      s.ids.push_back(tokenizer.sep());
      s.label = texts[i].label.empty() ? -1 : texts[i].label[0] - '0';
      out.push_back(std::move(s));
    }
  }
  return out;
}

/// Passages on a device. In an epoch each has the same number of hidden tokens.
class DeviceCorpus : public DeviceText {
 public:
  DeviceCorpus(const bmt::Model& model, const std::vector<bmt::Sample>& samples, std::int64_t mask,
               const torch::Device& device)
      : DeviceText(model, samples, device),
        mask_(mask),
        vocab_(static_cast<std::uint64_t>(model.vocab_size)),
        hidden_(std::max<std::int64_t>(1, model.max_tokens / kHiddenPart)) {
    for (const bmt::Sample& s : samples) tokens_.push_back(s.tokens());
    const auto whole = torch::TensorOptions(torch::kInt64).device(device);
    places_ = torch::zeros({count(), hidden_}, whole);
    shown_ = torch::zeros({count(), hidden_}, whole);
  }

  /// Passages are of one length but for the ends of texts.
  int kinds() const override { return 1; }
  int kind(int) const override { return 0; }

  void start_epoch(std::mt19937_64& generator, const std::vector<std::int64_t>& order) override {
    std::vector<std::int64_t> places, shown;
    for (const std::int64_t item : order) {
      const auto inner = static_cast<std::uint64_t>(tokens_[static_cast<std::size_t>(item)] - 2);
      for (std::int64_t k = 0; k < hidden_; ++k) {
        places.push_back(static_cast<std::int64_t>(1 + below(generator, inner)));
        // 8 of 10 become [MASK], one another token, one stays (-1).
        const std::uint64_t draw = below(generator, 10);
        const auto other = static_cast<std::int64_t>(below(generator, vocab_));
        shown.push_back(draw < 8 ? mask_ : draw == 8 ? other : -1);
      }
    }
    torch::NoGradGuard no_grad;
    const auto used = static_cast<std::int64_t>(order.size());
    places_.narrow(0, 0, used).copy_(torch::tensor(places, torch::kInt64).view({used, hidden_}));
    shown_.narrow(0, 0, used).copy_(torch::tensor(shown, torch::kInt64).view({used, hidden_}));
  }

  Batch batch(const Tensor& index, const Tensor& places, int) const override {
    Batch out = gather(index, width());
    const Tensor hidden = places_.index_select(0, places);
    const Tensor shown = shown_.index_select(0, places);
    const Tensor wanted = out.input.ids.gather(1, hidden);
    const Tensor put = torch::where(shown.lt(0), wanted, shown);
    out.input.ids = out.input.ids.scatter(1, hidden, put);
    out.input.all_rows = true;
    const Tensor first = torch::arange(hidden.size(0), hidden.options()).mul_(width()).unsqueeze(1);
    out.masked = {(hidden + first).flatten(), wanted.flatten()};
    return out;
  }

 private:
  std::int64_t mask_;
  std::uint64_t vocab_;
  std::int64_t hidden_;
  std::vector<int> tokens_;
  Tensor places_;  ///< int64 [count, hidden]: hidden columns, by place in the epoch
  Tensor shown_;   ///< int64 [count, hidden]: what stands there; -1: what stood there
};

class CorpusTask : public Task {
 public:
  CorpusTask(bmt::Model header, std::string sha256, std::vector<bmt::Sample> samples)
      : samples_(std::move(samples)) {
    header_ = std::move(header);
    sha256_ = std::move(sha256);
  }

  int train_count() const override { return static_cast<int>(samples_.size()); }
  int test_count() const override { return 0; }
  std::vector<bmt::Sample> train_samples(int first, int n) const override {
    return {samples_.begin() + first, samples_.begin() + first + n};
  }
  std::vector<bmt::Sample> test_samples(int, int) const override { return {}; }
  std::unique_ptr<DeviceData> on_device(int first, int n, bool,
                                        const torch::Device& device) const override {
    return std::make_unique<DeviceCorpus>(header_, train_samples(first, n),
                                          mask_line(header_.vocab), device);
  }

 private:
  std::vector<bmt::Sample> samples_;
};

Result<std::vector<io::LabelledText>> read_corpus(const std::filesystem::path& path,
                                                  std::string& sha256) {
  const auto text = io::read_text(path);
  if (!text) return text.error();
  const std::string& all = text.value();
  sha256 = io::sha256_hex({reinterpret_cast<const std::uint8_t*>(all.data()), all.size()});
  if (path.extension() == ".json") return io::parse_reviews(all, path.string());
  std::vector<io::LabelledText> out;
  for (std::string& line : pieces_of(all)) out.push_back({std::move(line), ""});
  return out;
}

std::string most_frequent(const std::string& vocab, const Pieces& pieces, int most) {
  std::vector<std::int64_t> counts(pieces_of(vocab).size());
  for (const auto& text : pieces) {
    for (const std::uint32_t id : text) ++counts[id];
  }
  return subset(vocab, counts, most);
}

}  // namespace

Result<std::unique_ptr<Task>> load_corpus_task(const TrainOptions& o, const std::string& known) {
  std::string sha256;
  const auto texts = read_corpus(o.corpus, sha256);
  if (!texts) return texts.error();
  std::string vocab = known;
  if (vocab.empty()) {
    const auto file = io::read_text(o.vocab);
    if (!file) return file.error();
    vocab = file.value();
  }
  auto tokenizer = io::WordPiece::from_vocab(vocab, true);
  if (!tokenizer) return tokenizer.error();
  Pieces pieces = tokenize(texts.value(), tokenizer.value());
  if (known.empty() && o.vocab_pieces > 0) {
    vocab = most_frequent(vocab, pieces, o.vocab_pieces);
    tokenizer = io::WordPiece::from_vocab(vocab, true);
    if (!tokenizer) return tokenizer.error();
    pieces = tokenize(texts.value(), tokenizer.value());
  }
  if (mask_line(vocab) < 0) return Error{o.vocab.string() + ": holds no piece [MASK]"};
  bmt::Model header;
  header.name = o.name;
  header.task = o.task;
  header.input = bmt::InputKind::kTokens;
  header.classes = 2;
  header.max_tokens = o.max_tokens;
  header.vocab = vocab;
  header.vocab_size = static_cast<int>(pieces_of(vocab).size());
  std::vector<bmt::Sample> samples = cut(texts.value(), pieces, tokenizer.value(), o.max_tokens);
  if (o.train_limit > 0 && static_cast<std::size_t>(o.train_limit) < samples.size()) {
    samples.resize(static_cast<std::size_t>(o.train_limit));
  }
  return std::unique_ptr<Task>(
      std::make_unique<CorpusTask>(std::move(header), sha256, std::move(samples)));
}

}  // namespace bat::train
