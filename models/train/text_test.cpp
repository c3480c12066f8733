// SPDX-License-Identifier: Apache-2.0
// Text tasks on synthetic data: tokens in, all heads, pre-training, import, step by step.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <random>

#include "models/bmt/model_file.hpp"
#include "models/io/atomic_file.hpp"
#include "models/io/safetensors.hpp"
#include "models/io/temporary_folder.hpp"
#include "models/train/bert_import.hpp"
#include "models/train/text_copies.hpp"
#include "models/train/trainer.hpp"
#include "models/train/vocabulary.hpp"

namespace bat::train {
namespace {

namespace fs = std::filesystem;
using torch::Tensor;

constexpr const char* kVocab =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ngood\nfine\nbad\npoor\nfilm\nplot\nthe\n##s\n";

/// Sentences of fillers with words of one mood.
std::string sentence(int label, std::mt19937_64& generator) {
  static const char* const kMood[2][2] = {{"bad", "poor"}, {"good", "fine"}};
  static const char* const kFiller[] = {"the", "film", "plot", "films"};
  std::string text;
  const auto words = 3 + generator() % 8;
  const auto mood = generator() % words;
  for (std::uint64_t w = 0; w < words; ++w) {
    text += w == mood ? kMood[label][generator() % 2] : kFiller[generator() % 4];
    text += ' ';
  }
  return text;
}

class Text : public ::testing::Test {
 protected:
  void SetUp() override {
    write("vocab.txt", kVocab);
    std::mt19937_64 generator(4);
    std::string train = "sentence\tlabel\n";
    std::string dev = train;
    std::string corpus;
    std::string scores =
        "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore\n";
    std::string dev_scores = scores;
    for (int i = 0; i < 400; ++i) {
      (i < 300 ? train : dev) += sentence(i % 2, generator) + "\t" + std::to_string(i % 2) + "\n";
      std::string passage;
      for (int k = 0; k < 4; ++k) passage += sentence(i % 2, generator);
      corpus += passage + "\n";
      const int other = static_cast<int>(generator() % 2);
      (i < 300 ? scores : dev_scores) += "0\tx\tx\tx\tx\tx\tx\t" + sentence(i % 2, generator) +
                                         "\t" + sentence(other, generator) + "\t" +
                                         (other == 1 ? "4.5" : "0.5") + "\n";
    }
    write("train.tsv", train);
    write("dev.tsv", dev);
    write("corpus.txt", corpus);
    fs::create_directories(folder_.path() / "scores");
    write("scores/train.tsv", scores);
    write("scores/dev.tsv", dev_scores);
  }

  void write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(io::write_text_atomic(folder_.path() / name, text).ok());
  }

  TrainOptions options(const std::string& out, int act_bits) const {
    TrainOptions o;
    o.name = out;
    o.task = "sst2";
    o.data = folder_.path();
    o.vocab = folder_.path() / "vocab.txt";
    o.out = folder_.path() / out;
    o.device = "cpu";
    o.act_bits = act_bits;
    o.attention = "softmax";
    o.layers = o.teacher_layers = 2;
    o.hidden = o.teacher_hidden = 32;
    o.heads = o.teacher_heads = 2;
    o.head_dim = o.teacher_head_dim = 16;
    o.ffn = o.teacher_ffn = 64;
    o.max_tokens = 24;
    o.batch = 20;
    o.epochs = 12;
    o.teacher_epochs = 6;
    o.learning_rate = o.teacher_learning_rate = 5e-3;
    o.holdout = 0;
    return o;
  }

  io::TemporaryFolder folder_;
};

void expect_sound(const Result<TrainReport>& report, double least) {
  ASSERT_TRUE(report.ok()) << report.error().message;
  const ViewReport& views = report.value().views.value();
  EXPECT_GT(views.float_metric, least);
  EXPECT_NEAR(views.float_metric, views.integer_metric, 0.08);
  EXPECT_EQ(views.saturated, 0);
  for (const TensorAgreement& t : views.tensors) {
    const double most = t.id == bmt::TensorId::kInputCodes ? 0.01 : 0.2;
    EXPECT_LT(t.share(), most) << bmt::name(t.id) << " of layer " << t.layer;
  }
  const auto once = bmt::load_model(report.value().model);
  ASSERT_TRUE(once.ok()) << once.error().message;
  const fs::path copy = report.value().model.parent_path() / "copy";
  ASSERT_TRUE(bmt::save_model(once.value(), copy).ok());
  EXPECT_EQ(io::read_file(copy).value(), io::read_file(report.value().model).value());
}

TEST_F(Text, LearnsAtOneBit) {
  TrainOptions o = options("one", 1);
  o.hidden_weight = 1.0;
  o.attention_weight = 0.1;
  expect_sound(train(o, nullptr), 0.9);
}

TEST_F(Text, PoolerAndThreshold) {
  TrainOptions o = options("pooled", 1);
  o.pooler = true;
  o.attention = "threshold";
  expect_sound(train(o, nullptr), 0.8);
}

TEST_F(Text, PairsWithScores) {
  TrainOptions o = options("scores", 4);
  o.task = "stsb";
  o.data = folder_.path() / "scores";
  o.max_tokens = 32;
  expect_sound(train(o, nullptr), 0.5);
}

TEST_F(Text, StepByStepFromPreTraining) {
  TrainOptions words = options("words", 0);
  words.task = "mlm";
  words.data.clear();
  words.corpus = folder_.path() / "corpus.txt";
  words.epochs = 6;
  words.vocab_pieces = 12;
  std::vector<double> losses;
  const auto pre = train(words, [&](const Progress& p) {
    losses.push_back(p.stats.loss);
    return true;
  });
  ASSERT_TRUE(pre.ok()) << pre.error().message;
  EXPECT_LT(losses.back(), 0.9 * losses.front());

  TrainOptions four = options("four", 4);
  four.vocab.clear();
  four.teacher_start = pre.value().checkpoint;
  expect_sound(train(four, nullptr), 0.9);
  const auto stored = load_network(folder_.path() / "four" / "checkpoint.safetensors");
  ASSERT_TRUE(stored.ok());
  EXPECT_EQ(stored.value().vocab, load_network(pre.value().checkpoint).value().vocab);

  TrainOptions one = options("last", 1);
  one.vocab.clear();
  one.teacher = folder_.path() / "four" / "checkpoint.safetensors";
  expect_sound(train(one, nullptr), 0.9);

  // A vocabulary with a piece that the start does not know.
  write("other.txt", std::string(kVocab) + "more\n");
  one.vocab = folder_.path() / "other.txt";
  const auto refused = train(one, nullptr);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("is not in the one to start from"), std::string::npos);
}

TEST_F(Text, UnlabelledTextDropoutAndTheBestEpoch) {
  std::string extra;
  std::mt19937_64 generator(9);
  for (int i = 0; i < 500; ++i) extra += sentence(i % 2, generator) + "\n";
  write("extra.txt", extra);
  TrainOptions o = options("extra", 1);
  o.extra = folder_.path() / "extra.txt";
  o.dropout = 0.05;
  o.pick = "best";
  double best = 0.0;
  const auto report = train(o, [&](const Progress& p) {
    if (p.phase == "model") best = std::max(best, p.holdout.value_or(0.0));
    return true;
  });
  expect_sound(report, 0.9);
  EXPECT_EQ(report.value().holdout_accuracy, best);

  // The same once more, in two halves.
  TrainOptions again = o;
  again.out = folder_.path() / "again";
  again.checkpoint_epochs = 1;
  ASSERT_TRUE(train(again, [](const Progress& p) {
                return p.phase == "teacher" || p.stats.epoch < 5;
              }).ok());
  again.resume = true;
  ASSERT_TRUE(train(again, nullptr).ok());
  EXPECT_EQ(io::read_file(again.out / "extra.safetensors").value(),
            io::read_file(o.out / "extra.safetensors").value());
}

TEST_F(Text, UnlabelledTextNeedsATeacher) {
  TrainOptions o = options("extra", 0);
  o.extra = folder_.path() / "corpus.txt";
  EXPECT_FALSE(train(o, nullptr).ok());
  o = options("extra", 1);
  o.extra = folder_.path() / "nothing.txt";
  const auto missing = train(o, nullptr);
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().message.find("nothing.txt"), std::string::npos);
}

TEST_F(Text, ReviewsAndIntents) {
  std::mt19937_64 generator(5);
  std::string reviews, intents;
  for (int i = 0; i < 330; ++i) {
    const std::string s = sentence(i % 2, generator);
    const char* comma = i == 0 ? "" : ",";
    reviews += fmt::format(R"({}{{"t": "{}", "s": {}}})", comma, s, i % 2);
    intents += fmt::format(R"({}["{}", "{}"])", comma, s, i % 2 == 0 ? "scold" : "praise");
  }
  write("reviews.json", fmt::format("[{}]", reviews));
  write("data_full.json",
        fmt::format(R"({{"train": [{}], "test": [["good film", "praise"], ["a plot", "other"]]}})",
                    intents));
  TrainOptions o = options("reviews", 4);
  o.task = "imdb";
  expect_sound(train(o, nullptr), 0.9);
  // A class in the test half that no training text has.
  o.task = "clinc150";
  const auto refused = train(o, nullptr);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("does not fit a model of 2 classes"), std::string::npos);
}

TEST_F(Text, BadDataIsRefused) {
  TrainOptions o = options("bad", 1);
  o.data = folder_.path() / "nothing";
  EXPECT_FALSE(train(o, nullptr).ok());
  o.data = folder_.path() / "scores";
  EXPECT_FALSE(train(o, nullptr).ok());
  o = options("bad", 1);
  o.vocab = folder_.path() / "train.tsv";
  EXPECT_FALSE(train(o, nullptr).ok());
  o.task = "sst3";
  EXPECT_FALSE(train(o, nullptr).ok());
}

io::Tensor one_float(float value) {
  std::vector<std::uint8_t> bytes(sizeof(value));
  std::memcpy(bytes.data(), &value, sizeof(value));
  return {io::Dtype::kF32, {}, std::move(bytes)};
}

/// A folder as Hugging Face libraries write it, of random weights; `bit` adds what BiT has.
void write_bert(const fs::path& folder, const std::string& prefix, bool bit = false) {
  fs::create_directories(folder);
  ASSERT_TRUE(io::write_text_atomic(folder / "vocab.txt", kVocab).ok());
  ASSERT_TRUE(
      io::write_text_atomic(folder / "config.json",
                            R"({"num_hidden_layers": 1, "hidden_size": 8, "num_attention_heads": 2,
                      "intermediate_size": 12, "vocab_size": 13, "max_position_embeddings": 16})")
          .ok());
  io::SafetensorsFile file;
  const auto add = [&](const std::string& name, std::vector<std::uint64_t> shape) {
    std::int64_t size = 1;
    for (const std::uint64_t n : shape) size *= static_cast<std::int64_t>(n);
    const Tensor values = torch::randn({size});
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(values.data_ptr<float>());
    file.tensors[prefix + name] = {io::Dtype::kF32, std::move(shape), {bytes, bytes + 4 * size}};
  };
  add("embeddings.word_embeddings.weight", {13, 8});
  add("embeddings.position_embeddings.weight", {16, 8});
  add("embeddings.token_type_embeddings.weight", {2, 8});
  const auto norm = [&](const std::string& name) {
    add(name + ".LayerNorm.weight", {8});
    add(name + ".LayerNorm.bias", {8});
  };
  const auto dense = [&](const std::string& name, std::uint64_t out, std::uint64_t in) {
    add(name + ".weight", {out, in});
    add(name + ".bias", {out});
  };
  norm("embeddings");
  const std::string layer = "encoder.layer.0.";
  for (const char* part : {"query", "key", "value"}) {
    dense(layer + "attention.self." + part, 8, 8);
  }
  dense(layer + "attention.output.dense", 8, 8);
  norm(layer + "attention.output");
  dense(layer + "intermediate.dense", 12, 8);
  dense(layer + "output.dense", 8, 12);
  norm(layer + "output");
  if (bit) {
    for (const char* part : {"query", "key", "value", "attn"}) {
      file.tensors[prefix + layer + "attention.self.clip_" + part] = one_float(0.5F);
    }
    for (const char* part : {"attention.self.query", "attention.self.key", "attention.self.value",
                             "attention.output.dense", "intermediate.dense", "output.dense"}) {
      file.tensors[prefix + layer + part + ".input_clip_val"] = one_float(0.25F);
      add(layer + part + ".move.bias", {std::string_view(part) == "output.dense" ? 12U : 8U});
    }
  }
  ASSERT_TRUE(io::write_safetensors(file, folder / "model.safetensors").ok());
}

TEST_F(Text, ImportsBert) {
  const fs::path bert = folder_.path() / "bert";
  write_bert(bert, "bert.");
  ASSERT_TRUE(is_bert_folder(bert));
  const auto one = import_bert(bert, 10, 1);
  const auto two = import_bert(bert, 10, 2);
  ASSERT_TRUE(one.ok() && two.ok()) << one.error().message;
  Input input;
  input.ids = torch::tensor({{2, 5, 6, 3}, {2, 7, 3, 0}}, torch::kInt64);
  input.mask = torch::tensor({{1, 1, 1, 1}, {1, 1, 1, 0}}).to(torch::kBool);
  const Tensor a = one.value().network->forward(input).hidden[1];
  const Tensor b = two.value().network->forward(input).hidden[1];
  EXPECT_LT((a - b).abs().max().item<double>(), 1e-5);
  // Padding changes nothing.
  Input cut;
  cut.ids = torch::tensor({{2, 7, 3}}, torch::kInt64);
  const Tensor c = one.value().network->forward(cut).hidden[1];
  EXPECT_LT((a[1] - c[0]).abs().max().item<double>(), 1e-5);
  EXPECT_FALSE(import_bert(bert, 17, 1).ok());
  // Fewer words: the same vectors in other lines.
  auto less = with_vocab(import_bert(bert, 10, 1).value(), "[CLS]\n[SEP]\n[UNK]\nbad\n");
  ASSERT_TRUE(less.ok());
  EXPECT_TRUE(
      torch::equal(less.value().network->at("word")[3], one.value().network->at("word")[7]));
  ASSERT_TRUE(io::write_text_atomic(bert / "config.json", "{}").ok());
  EXPECT_FALSE(import_bert(bert, 10, 1).ok());
}

TEST_F(Text, ImportsBit) {
  const fs::path bit = folder_.path() / "bit";
  write_bert(bit, "bert.", true);
  const auto read = import_bert(bit, 10, 1);
  ASSERT_TRUE(read.ok()) << read.error().message;
  const Network& network = *read.value().network;
  EXPECT_EQ(network.spec().act_bits, 1);
  EXPECT_NEAR(network.scale("layers.0.qkv.alpha").mean().item<double>(), 0.5, 1e-6);
  EXPECT_NEAR(network.scale("layers.0.ffn.alpha").item<double>(), 0.25, 1e-6);
  // A row of words has one size.
  const Tensor row = network.at("word")[5].detach().abs();
  EXPECT_LT((row - row.mean()).abs().max().item<double>(), 1e-6);
  Input input;
  input.ids = torch::tensor({{2, 5, 6, 3}}, torch::kInt64);
  EXPECT_TRUE(network.forward(input).logits.isfinite().all().item<bool>());

  // A network of the same shape starts from it as it is.
  TrainOptions o = options("from-bit", 1);
  o.layers = o.teacher_layers = 1;
  o.hidden = o.teacher_hidden = 8;
  o.head_dim = o.teacher_head_dim = 4;
  o.ffn = o.teacher_ffn = 12;
  o.max_tokens = 16;
  o.epochs = 2;
  o.soft_weight = 0.0;
  o.vocab.clear();
  o.start = bit;
  const auto report = train(o, nullptr);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report.value().views.value().samples, 100);

  auto file = io::read_safetensors(bit / "model.safetensors").value();
  file.tensors.erase("bert.encoder.layer.0.attention.self.clip_key");
  ASSERT_TRUE(io::write_safetensors(file, bit / "model.safetensors").ok());
  const auto refused = import_bert(bit, 10, 1);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("clip_key"), std::string::npos);
}

TEST(Copies, AreAlteredTextsOfTheSameForm) {
  bmt::Model model;
  model.max_tokens = 12;
  model.segments = 2;
  std::vector<bmt::Sample> samples(3);
  for (std::uint32_t i = 0; i < 3; ++i) {
    samples[i].ids = {1, 10 + i, 20 + i, 30 + i, 40 + i, 2, 50 + i, 60 + i, 70 + i, 2};
    samples[i].segments = {0, 0, 0, 0, 0, 0, 1, 1, 1, 1};
    samples[i].label = 1;
  }
  const auto copies = altered_copies(samples, 50, model);
  ASSERT_EQ(copies.size(), 150U);
  int same = 0;
  for (const bmt::Sample& c : copies) {
    EXPECT_EQ(c.label, -1);
    EXPECT_LE(c.tokens(), 12);
    ASSERT_EQ(c.ids.size(), c.segments.size());
    EXPECT_EQ(c.ids.front(), 1U);
    EXPECT_EQ(c.ids.back(), 2U);
    EXPECT_EQ(std::count(c.ids.begin(), c.ids.end(), 2U), 2);
    const auto first = std::count(c.segments.begin(), c.segments.end(), 0);
    ASSERT_GE(first, 3);
    EXPECT_EQ(c.ids[static_cast<std::size_t>(first) - 1], 2U);
    for (const bmt::Sample& s : samples) same += c.ids == s.ids ? 1 : 0;
  }
  EXPECT_LT(same, 60);
  EXPECT_EQ(altered_copies(samples, 50, model)[77].ids, copies[77].ids);
}

TEST_F(Text, CopiesForTheTeacherAndTheEpochOfTheIntegerView) {
  TrainOptions o = options("copies", 1);
  o.copies = 2;
  o.extra_part = 0.6;
  o.pick = "integer";
  const auto report = train(o, {});
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_GT(report.value().views->integer_metric, 0.8);
  const auto figure = picked_figure(o.out / "best.safetensors");
  ASSERT_TRUE(figure.has_value());
  EXPECT_NEAR(*figure, report.value().views->integer_metric, 0.05);
  o = options("copies-float", 0);
  o.copies = 2;
  EXPECT_NE(check(o).error().message.find("need a teacher"), std::string::npos);
}

TEST(Vocabulary, SubsetKeepsWhatIsNeeded) {
  const std::vector<std::int64_t> counts = {0, 0, 0, 0, 0, 1, 9, 8, 2, 0, 7};
  const std::string vocab =
      "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\none\ntwo\n##x\n\xC3\xA9\nthree\nfour\n";
  EXPECT_EQ(subset(vocab, counts, 9),
            "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ntwo\n##x\n\xC3\xA9\nfour\n");
  EXPECT_EQ(pieces_of(subset(vocab, counts, 0)).size(), 7U);
  EXPECT_EQ(mask_line(vocab), 4);
  EXPECT_FALSE(lines_in("one\nsix\n", vocab).ok());
  EXPECT_EQ(lines_in("four\n[PAD]", vocab).value(), (std::vector<std::int64_t>{10, 0}));
}

}  // namespace
}  // namespace bat::train
