// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/model_file.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "models/bmt/golden.hpp"
#include "models/bmt/model_metadata.hpp"
#include "models/bmt/random_model.hpp"
#include "models/io/atomic_file.hpp"
#include "models/io/mutator.hpp"
#include "models/io/safetensors.hpp"
#include "models/io/sha256.hpp"
#include "models/io/temporary_folder.hpp"

namespace bat::bmt {
namespace {

using Bytes = std::vector<std::uint8_t>;

class ModelFile : public testing::Test {
 protected:
  std::filesystem::path path() const { return folder_.path() / "model.safetensors"; }

  Model saved(const RandomModelSpec& spec, std::uint64_t seed = 1) const {
    Model model = random_model(spec, seed);
    model.task = "sst2";
    model.train_command = "train \"x\"\n\xC3\xA9";
    if (model.input == InputKind::kTokens) {
      for (int i = 0; i < model.vocab_size; ++i) model.vocab += "p" + std::to_string(i) + "\n";
    }
    const Status status = save_model(model, path());
    EXPECT_TRUE(status.ok()) << status.error().message;
    return model;
  }

  /// Applies `change` to the saved file and writes it back with a correct hash.
  template <typename Change>
  std::string error_after(Change change) const {
    auto file = std::move(io::read_safetensors(path())).value();
    change(file);
    file.metadata["hash"] = io::sha256_hex(io::data_section(file));
    EXPECT_TRUE(io::write_safetensors(file, path()).ok());
    const auto loaded = load_model(path());
    return loaded.ok() ? "" : loaded.error().message;
  }

  io::TemporaryFolder folder_;
};

RandomModelSpec pruned_spec() {
  RandomModelSpec spec;
  spec.layers = 2;
  spec.layer_heads = {2, 1};
  spec.hidden = 37;
  spec.ffn = 150;
  spec.pruning = {8, 12};
  spec.pruned_percent = -1;
  spec.pruned_matrices = kPrunedQ | kPrunedO | kPrunedF2;
  return spec;
}

TEST_F(ModelFile, RoundTripKeepsMasks) {
  const Model model = saved(pruned_spec());
  const auto first = io::read_file(path()).value();
  const auto loaded = load_model(path());
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded.value().pruning, model.pruning);
  EXPECT_TRUE(loaded.value().layers[0].f1.mask.empty());
  EXPECT_EQ(loaded.value().layers[1].f2.mask.kept, model.layers[1].f2.mask.kept);
  const Sample sample = random_sample(model, 9, 1);
  EXPECT_EQ(GoldenModel(loaded.value()).logits(sample).value(),
            GoldenModel(model).logits(sample).value());
  ASSERT_TRUE(save_model(loaded.value(), path()).ok());
  EXPECT_EQ(io::read_file(path()).value(), first);
}

TEST_F(ModelFile, MalformedMasks) {
  const std::string name = "layers.1.f2.mask";  // 4 groups of 19 blocks
  const auto expect = [&](const char* message, auto change) {
    saved(pruned_spec());
    const std::string error = error_after(change);
    EXPECT_NE(error.find(message), std::string::npos) << error;
  };
  expect("tensor layers.1.f2.mask has padding bits in row 0",
         [&](io::SafetensorsFile& f) { f.tensors[name].data[2] |= 0x80; });
  expect("tensor layers.1.f2.mask has shape [2, 6], must be [4, 3]", [&](io::SafetensorsFile& f) {
    f.tensors[name].shape = {2, 6};
  });
  expect("tensor layers.1.f2.mask is I8, must be U8",
         [&](io::SafetensorsFile& f) { f.tensors[name].dtype = io::Dtype::kI8; });
  expect("layers.1.f2.mask: group 0 keeps no block", [&](io::SafetensorsFile& f) {
    f.tensors[name].data.assign(f.tensors[name].data.size(), 0);
  });
  expect("tensor pooler.mask is not a tensor of this model",
         [&](io::SafetensorsFile& f) { f.tensors["pooler.mask"] = f.tensors[name]; });
  expect("tensor layers.0.f2.mask is not a tensor of this model", [&](io::SafetensorsFile& f) {
    std::string& json = f.metadata["bmt"];
    json.replace(json.find("\"pruning\""), 9, "\"ignored\"");
  });
  expect("metadata bmt: pruning.block is 0, must be 1 .. 16383", [&](io::SafetensorsFile& f) {
    std::string& json = f.metadata["bmt"];
    json.replace(json.find("\"block\":8"), 9, "\"block\":0");
  });
  expect("pruning: no matrix has a mask", [&](io::SafetensorsFile& f) {
    std::erase_if(f.tensors, [](const auto& t) { return t.first.ends_with(".mask"); });
  });
}

TEST_F(ModelFile, RoundTripKeepsEveryTensor) {
  std::uint64_t seed = 0;
  for (const int act_bits : {1, 2, 4, 8}) {
    for (const int branches : {1, 2}) {
      RandomModelSpec spec;
      spec.act_bits = act_bits;
      spec.branches = branches;
      spec.layers = 2;
      spec.hidden = 37;
      spec.ffn = 65;
      spec.pooler = branches == 2;
      spec.attention = act_bits % 3 == 1 ? Attention::kSoftmax : Attention::kThreshold;
      spec.input = act_bits >= 4 ? InputKind::kFeatures : InputKind::kTokens;
      const Model model = saved(spec, ++seed);
      const auto first = io::read_file(path()).value();
      const auto loaded = load_model(path());
      ASSERT_TRUE(loaded.ok()) << loaded.error().message;
      EXPECT_EQ(loaded.value().vocab, model.vocab);
      EXPECT_EQ(loaded.value().train_command, model.train_command);
      const Sample sample = random_sample(model, 9, seed);
      EXPECT_EQ(GoldenModel(loaded.value()).logits(sample).value(),
                GoldenModel(model).logits(sample).value());
      // Writing the loaded model gives the same bytes: nothing was lost or changed.
      ASSERT_TRUE(save_model(loaded.value(), path()).ok());
      EXPECT_EQ(io::read_file(path()).value(), first);
    }
  }
}

TEST_F(ModelFile, ImageMetadata) {
  RandomModelSpec spec;
  spec.input = InputKind::kFeatures;
  spec.features = 48;
  Model model = random_model(spec, 1);
  model.features = {FeatureKind::kImage, 12, 8, 3, 4, 48};
  ASSERT_TRUE(save_model(model, path()).ok());
  const auto loaded = load_model(path());
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded.value().features.kind, FeatureKind::kImage);
  EXPECT_EQ(loaded.value().features.patches(), 6);
  EXPECT_EQ(loaded.value().features.count, 48);
}

TEST_F(ModelFile, HashMismatch) {
  saved({});
  auto bytes = io::read_file(path()).value();
  bytes.back() ^= 1;
  ASSERT_TRUE(io::write_file_atomic(path(), bytes).ok());
  const auto loaded = load_model(path());
  ASSERT_FALSE(loaded.ok());
  EXPECT_NE(loaded.error().message.find("hash of the data section"), std::string::npos);
}

TEST_F(ModelFile, TruncatedFile) {
  saved({});
  auto bytes = io::read_file(path()).value();
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{7}, std::size_t{100}, bytes.size() / 2, bytes.size() - 1}) {
    ASSERT_TRUE(io::write_file_atomic(path(), {bytes.data(), size}).ok());
    EXPECT_FALSE(load_model(path()).ok()) << size;
  }
}

TEST_F(ModelFile, TensorRulesAreNamed) {
  using File = io::SafetensorsFile;
  const auto expect = [&](const char* message, const std::function<void(File&)>& change) {
    saved({});
    const std::string error = error_after(change);
    EXPECT_NE(error.find(message), std::string::npos) << error;
  };
  expect("tensor layers.0.k.weight is missing",
         [](File& f) { f.tensors.erase("layers.0.k.weight"); });
  expect("tensor layers.0.q.weight is missing",
         [](File& f) { f.tensors.erase("layers.0.q.weight"); });
  expect("tensor extra is not a tensor of this model", [](File& f) {
    f.tensors["extra"] = {io::Dtype::kU8, {0}, {}};
  });
  expect("tensor embed.ln.gain is U8, must be I16", [](File& f) {
    f.tensors["embed.ln.gain"] = {io::Dtype::kU8, {32}, Bytes(32)};
  });
  expect("tensor layers.0.o.shift has shape [2], must be [1]", [](File& f) {
    f.tensors["layers.0.o.shift"] = {io::Dtype::kI32, {2}, Bytes(8)};
  });
  expect("tensor layers.0.q.weight has shape [1, 32], must be [branches, rows, bytes]",
         [](File& f) {
           f.tensors["layers.0.q.weight"] = {io::Dtype::kU8, {1, 32}, Bytes(32)};
         });
  expect("layers.0.ln1.shift is 0, must be 1 .. 31",
         [](File& f) { f.tensors["layers.0.ln1.shift"].data = Bytes(4); });
  expect("metadata key bmt is missing", [](File& f) { f.metadata.erase("bmt"); });
  expect("not a JSON object", [](File& f) { f.metadata["bmt"] = "[1]"; });
  expect("vocab has 1 lines", [](File& f) { f.metadata["vocab"] = "x\n"; });
}

TEST_F(ModelFile, MetadataRulesAreNamed) {
  const std::string good = metadata_json(random_model({}, 1));
  ASSERT_TRUE(parse_metadata(good).ok());
  const auto expect = [&](const std::string& from, const std::string& to, const char* message) {
    std::string json = good;
    const std::size_t at = json.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    json.replace(at, from.size(), to);
    const auto parsed = parse_metadata(json);
    ASSERT_FALSE(parsed.ok()) << json;
    EXPECT_NE(parsed.error().message.find(message), std::string::npos) << parsed.error().message;
  };
  expect("\"version\":1", "\"version\":3", "version is 3, must be 1 .. 2");
  expect("\"hidden\":32", "\"hidden\":-1", "hidden is -1, must be 1 .. 4096");
  expect("\"hidden\":32", "\"hidden\":18446744073709551615", "hidden is 18446744073709551615");
  expect("\"hidden\":32", "\"hidden\":3.5", "hidden must be an integer");
  expect("\"hidden\":32,", "", "hidden is missing");
  expect("\"softmax\"", "\"soft\"", "attention is \"soft\", must be \"softmax\" or \"threshold\"");
  expect("\"pooler\":false", "\"pooler\":0", "pooler must be true or false");
  expect("\"tokenizer\":{", "\"other\":{", "tokenizer is missing");
  expect("\"vocab_size\":50", "\"vocab_size\":0", "tokenizer.vocab_size is 0");
}

TEST_F(ModelFile, SurvivesDamage) {
  const Model model = saved({.hidden = 8, .heads = 1, .head_dim = 4, .ffn = 8});
  const auto bytes = io::read_file(path()).value();
  const std::string json = metadata_json(model);
  const Sample sample = random_sample(model, 2, 1);
  io::Mutator mutator(5);
  int loaded_count = 0;
  for (int i = 0; i < 4000; ++i) {
    (void)parse_metadata(mutator.mutate(json)).ok();
    auto file = io::parse_safetensors(mutator.mutate(bytes), "x");
    if (!file.ok()) continue;
    // A right hash lets the damage through to the checks behind it.
    io::SafetensorsFile& contents = file.value();
    if (i % 2 == 0) contents.metadata["bmt"] = json;
    contents.metadata["hash"] = contents.data_sha256;
    const auto image = io::serialize_safetensors(contents);
    std::ofstream(path(), std::ios::binary)
        .write(reinterpret_cast<const char*>(image.data()),
               static_cast<std::streamsize>(image.size()));
    const auto loaded = load_model(path());
    if (!loaded.ok()) continue;
    ++loaded_count;
    (void)GoldenModel(loaded.value()).logits(sample).ok();
  }
  EXPECT_GT(loaded_count, 100);
}

}  // namespace
}  // namespace bat::bmt
