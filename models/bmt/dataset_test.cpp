// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/dataset.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "models/bmt/golden.hpp"
#include "models/bmt/random_model.hpp"
#include "models/io/atomic_file.hpp"
#include "models/io/temporary_folder.hpp"

namespace bat::bmt {
namespace {

using Bytes = std::vector<std::uint8_t>;

Model image_model(int height, int width, int channels, int patch) {
  RandomModelSpec spec;
  spec.input = InputKind::kFeatures;
  spec.features = patch * patch * channels;
  spec.max_tokens = 64;
  spec.classes = 10;
  Model model = random_model(spec, 1);
  model.features = {FeatureKind::kImage, height, width, channels, patch, spec.features};
  return model;
}

TEST(Dataset, PatchesAreRowMajorAndFeaturesRowColumnChannel) {
  const FeatureShape shape{FeatureKind::kImage, 4, 6, 2, 2, 8};
  Bytes pixels;
  for (std::uint8_t i = 0; i < 48; ++i) pixels.push_back(i);
  const Sample sample = image_sample(shape, pixels, 3);
  EXPECT_EQ(sample.tokens(), 7);
  EXPECT_EQ(sample.label, 3);
  const Bytes second(sample.features.begin() + 8, sample.features.begin() + 16);
  EXPECT_EQ(second, (Bytes{4, 5, 6, 7, 16, 17, 18, 19}));
  const Bytes fourth(sample.features.begin() + 24, sample.features.begin() + 32);
  EXPECT_EQ(fourth, (Bytes{24, 25, 26, 27, 36, 37, 38, 39}));
}

class IdxDataset : public testing::Test {
 protected:
  void write(const char* images_name, const Bytes& images, const char* labels_name,
             const Bytes& labels) {
    ASSERT_TRUE(io::write_file_atomic(folder_.path() / images_name, images).ok());
    ASSERT_TRUE(io::write_file_atomic(folder_.path() / labels_name, labels).ok());
  }

  static Bytes images(std::uint8_t count) {
    const std::array<std::uint8_t, 16> header = {0, 0, 8, 3, 0, 0, 0, count,
                                                 0, 0, 0, 4, 0, 0, 0, 4};
    Bytes bytes(header.size() + 16U * count, 9);
    std::copy(header.begin(), header.end(), bytes.begin());
    return bytes;
  }

  io::TemporaryFolder folder_;
};

TEST_F(IdxDataset, FolderAndFilePair) {
  write("t10k-images-idx3-ubyte", images(2), "t10k-labels-idx1-ubyte",
        {0, 0, 8, 1, 0, 0, 0, 2, 7, 1});
  const Model model = image_model(4, 4, 1, 2);
  for (const auto& path : {folder_.path(), folder_.path() / "t10k-images-idx3-ubyte"}) {
    const auto samples = load_dataset(path, model);
    ASSERT_TRUE(samples.ok()) << samples.error().message;
    ASSERT_EQ(samples.value().size(), 2U);
    EXPECT_EQ(samples.value()[0].label, 7);
    EXPECT_TRUE(validate(model, samples.value()[0]).ok());
  }
  EXPECT_FALSE(load_dataset(folder_.path(), model, Split::kTrain).ok());
}

TEST_F(IdxDataset, MismatchesAreNamed) {
  const Model model = image_model(4, 4, 1, 2);
  write("a-images", images(2), "a-labels", {0, 0, 8, 1, 0, 0, 0, 1, 7});
  EXPECT_NE(load_dataset(folder_.path() / "a-images", model).error().message.find("labels are 1"),
            std::string::npos);
  write("a-images", images(1), "a-labels", {0, 0, 8, 1, 0, 0, 0, 1, 10});
  EXPECT_NE(load_dataset(folder_.path() / "a-images", model).error().message.find("label 10"),
            std::string::npos);
  const Model larger = image_model(8, 4, 1, 2);
  EXPECT_NE(load_dataset(folder_.path() / "a-images", larger).error().message.find("8 x 4 x 1"),
            std::string::npos);
  EXPECT_FALSE(load_dataset(folder_.path() / "none", model).ok());
}

TEST_F(IdxDataset, RowsOfAnyLength) {
  RandomModelSpec spec;
  spec.input = InputKind::kFeatures;
  spec.features = 4;
  spec.classes = 8;
  const Model model = random_model(spec, 1);
  write("t10k-images-idx3-ubyte", images(1), "t10k-labels-idx1-ubyte", {0, 0, 8, 1, 0, 0, 0, 1, 7});
  const auto samples = load_dataset(folder_.path(), model);
  ASSERT_TRUE(samples.ok()) << samples.error().message;
  EXPECT_EQ(samples.value()[0].tokens(), 5);
}

TEST(Dataset, InstalledFashionMnist) {
  if (!std::filesystem::exists(kFashionMnistPath)) {
    GTEST_SKIP() << "dataset-fashion-mnist is not installed";
  }
  const Model model = image_model(28, 28, 1, 4);
  const auto samples = load_dataset({}, model);
  ASSERT_TRUE(samples.ok()) << samples.error().message;
  EXPECT_EQ(samples.value().size(), 10000U);
  EXPECT_EQ(samples.value()[0].tokens(), 50);
  EXPECT_EQ(samples.value()[0].label, 9);
  EXPECT_TRUE(GoldenModel(model).logits(samples.value()[0]).ok());
}

Model text_model(int segments, int classes) {
  RandomModelSpec spec;
  spec.vocab = 6;
  spec.segments = segments;
  spec.classes = classes;
  spec.max_tokens = 6;
  Model model = random_model(spec, 1);
  model.vocab = "[UNK]\n[CLS]\n[SEP]\na\nb\nc\n";
  return model;
}

TEST(Dataset, GlueSingleSentences) {
  const io::TemporaryFolder folder;
  ASSERT_TRUE(io::write_text_atomic(folder.path() / "dev.tsv",
                                    "sentence\tlabel\nA b \t1\na a a a a a a a\t0\n")
                  .ok());
  Model model = text_model(1, 2);
  model.task = "SST-2";
  for (const auto& path : {folder.path(), folder.path() / "dev.tsv"}) {
    const auto samples = load_dataset(path, model);
    ASSERT_TRUE(samples.ok()) << samples.error().message;
    EXPECT_EQ(samples.value()[0].ids, (std::vector<std::uint32_t>{1, 3, 4, 2}));
    EXPECT_EQ(samples.value()[0].label, 1);
    EXPECT_EQ(samples.value()[1].tokens(), 6);
    EXPECT_TRUE(validate(model, samples.value()[1]).ok());
  }
  model.task = "mnist";
  EXPECT_FALSE(load_dataset(folder.path(), model).ok());
  model.task = "sst2";
  model.vocab.clear();
  EXPECT_FALSE(load_dataset(folder.path(), model).ok());
}

TEST(Dataset, GluePairsAndScores) {
  const io::TemporaryFolder folder;
  ASSERT_TRUE(
      io::write_text_atomic(
          folder.path() / "train.tsv",
          "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore\n"
          "0\tx\tx\tx\tx\tx\tx\ta\tb c\t4.5\n")
          .ok());
  Model model = text_model(2, 1);
  model.task = "stsb";
  model.task_kind = TaskKind::kRegression;
  model.logit_scale = "0.01";
  const auto samples = load_dataset(folder.path(), model, Split::kTrain);
  ASSERT_TRUE(samples.ok()) << samples.error().message;
  const Sample& sample = samples.value()[0];
  EXPECT_EQ(sample.ids, (std::vector<std::uint32_t>{1, 3, 2, 4, 5, 2}));
  EXPECT_EQ(sample.segments, (std::vector<std::uint8_t>{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(sample.target, 4.5F);
  EXPECT_TRUE(GoldenModel(model).logits(sample).ok());
  // A classification model cannot use a file of scores.
  model.task_kind = TaskKind::kClassification;
  EXPECT_FALSE(load_dataset(folder.path(), model, Split::kTrain).ok());
}

TEST(Dataset, LabelFirstLinesAndIntents) {
  const io::TemporaryFolder folder;
  ASSERT_TRUE(io::write_text_atomic(folder.path() / "stsa.binary.test", "1 a b\n0 c\n").ok());
  Model model = text_model(1, 2);
  model.task = "sst2";
  const auto samples = load_dataset(folder.path() / "stsa.binary.test", model);
  ASSERT_TRUE(samples.ok()) << samples.error().message;
  EXPECT_EQ(samples.value()[0].ids, (std::vector<std::uint32_t>{1, 3, 4, 2}));
  EXPECT_EQ(samples.value()[1].label, 0);

  ASSERT_TRUE(
      io::write_text_atomic(folder.path() / kClincFile,
                            R"({"test": [["a", "up"], ["b", "down"]], "train": [["c", "x"]]})")
          .ok());
  model.task = "clinc150";
  model.labels = {"down", "up"};
  const auto intents = load_dataset(folder.path(), model);
  ASSERT_TRUE(intents.ok()) << intents.error().message;
  EXPECT_EQ(intents.value()[0].label, 1);
  EXPECT_EQ(intents.value()[1].label, 0);
  // An intent that the model does not know.
  EXPECT_FALSE(load_dataset(folder.path(), model, Split::kTrain).ok());
}

}  // namespace
}  // namespace bat::bmt
