// SPDX-License-Identifier: Apache-2.0
// The packed golden model equals the plain reference on every intermediate tensor.
#include "models/bmt/golden.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "models/bmt/planes.hpp"
#include "models/bmt/random_model.hpp"
#include "models/bmt/reference.hpp"

namespace bat::bmt {
namespace {

struct Record {
  TensorId id;
  int layer, head, rows, cols;
  std::vector<std::int32_t> values;

  bool operator==(const Record&) const = default;
};

class Recorder : public Tap {
 public:
  void tensor(TensorId id, int layer, int head, int rows, int cols,
              std::span<const std::int32_t> values) override {
    EXPECT_EQ(values.size(), static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols));
    records.push_back({id, layer, head, rows, cols, {values.begin(), values.end()}});
  }

  std::vector<Record> records;
};

void expect_equal(const Model& model, const Sample& sample) {
  Recorder golden_tap;
  Recorder reference_tap;
  const auto golden = GoldenModel(model).logits(sample, &golden_tap);
  const auto reference = reference_logits(model, sample, &reference_tap);
  ASSERT_TRUE(golden.ok()) << golden.error().message;
  ASSERT_TRUE(reference.ok()) << reference.error().message;
  EXPECT_EQ(golden.value(), reference.value());
  ASSERT_EQ(golden_tap.records.size(), reference_tap.records.size());
  for (std::size_t i = 0; i < golden_tap.records.size(); ++i) {
    const Record& record = golden_tap.records[i];
    ASSERT_EQ(record, reference_tap.records[i])
        << name(record.id) << " of layer " << record.layer << ", head " << record.head;
  }
}

TEST(Golden, EqualsReferenceOnTheGrid) {
  std::uint64_t seed = 1;
  for (const int act_bits : {1, 2, 4, 8}) {
    for (const int branches : {1, 2}) {
      for (const Attention attention : {Attention::kSoftmax, Attention::kThreshold}) {
        for (const InputKind input : {InputKind::kTokens, InputKind::kFeatures}) {
          for (const bool pooler : {false, true}) {
            RandomModelSpec spec;
            spec.input = input;
            spec.act_bits = act_bits;
            spec.branches = branches;
            spec.attention = attention;
            spec.pooler = pooler;
            spec.layers = 2;
            spec.segments = input == InputKind::kTokens ? 2 : 1;
            const Model model = random_model(spec, ++seed);
            for (const int tokens : {1, 2, 15, 16}) {
              SCOPED_TRACE(testing::Message()
                           << "bits " << act_bits << ", branches " << branches << ", attention "
                           << static_cast<int>(attention) << ", input " << static_cast<int>(input)
                           << ", pooler " << pooler << ", tokens " << tokens);
              expect_equal(model, random_sample(model, tokens, ++seed));
            }
          }
        }
      }
    }
  }
}

TEST(Golden, EqualsReferenceOnOddSizes) {
  std::uint64_t seed = 1000;
  for (const int act_bits : {1, 2, 4, 8}) {
    RandomModelSpec spec;
    spec.input = act_bits == 2 ? InputKind::kFeatures : InputKind::kTokens;
    spec.attention = act_bits == 4 ? Attention::kThreshold : Attention::kSoftmax;
    spec.act_bits = act_bits;
    spec.branches = act_bits == 8 ? 2 : 1;
    spec.hidden = 67;
    spec.heads = 3;
    spec.head_dim = 7;
    spec.ffn = 131;
    spec.classes = 1;
    spec.max_tokens = 71;
    spec.features = 13;
    spec.embed_shift = 7;
    const Model model = random_model(spec, ++seed);
    for (const int tokens : {1, 64, 65, 71})
      expect_equal(model, random_sample(model, tokens, ++seed));
  }
}

TEST(Golden, EqualsReferenceOnTheSmallestModel) {
  RandomModelSpec spec;
  spec.hidden = 1;
  spec.heads = 1;
  spec.head_dim = 1;
  spec.ffn = 1;
  spec.classes = 1;
  spec.max_tokens = 1;
  spec.vocab = 1;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    spec.act_bits = 1 << (seed % 4);
    const Model model = random_model(spec, seed);
    expect_equal(model, random_sample(model, 1, seed));
  }
}

TEST(Golden, PrunedHeadsChangeTheAttentionWidth) {
  RandomModelSpec spec;
  spec.layers = 1;
  Model model = random_model(spec, 5);
  spec.heads = 1;
  spec.ffn = 33;
  model.layers.insert(model.layers.begin(), random_model(spec, 6).layers.front());
  spec.pooler = true;  // gives ln2 the act_bits quantizer that a layer before the last needs
  model.layers.front().ln2 = random_model(spec, 6).layers.front().ln2;
  EXPECT_EQ(model.heads(0), 1);
  EXPECT_EQ(model.heads(1), 2);
  expect_equal(model, random_sample(model, 9, 7));
}

/// Blocks and groups of any size, the last one shorter, every matrix with its own share.
TEST(Golden, EqualsReferenceWithPrunedBlocks) {
  std::uint64_t seed = 3000;
  for (const int act_bits : {1, 2, 4, 8}) {
    for (const int branches : {1, 2}) {
      for (const Pruning cut : {Pruning{64, 64}, Pruning{7, 5}, Pruning{1, 1}, Pruning{33, 200}}) {
        RandomModelSpec spec;
        spec.act_bits = act_bits;
        spec.branches = branches;
        spec.attention = branches == 1 ? Attention::kThreshold : Attention::kSoftmax;
        spec.layers = 2;
        spec.layer_heads = {3, 1};
        spec.hidden = 131;
        spec.head_dim = 23;
        spec.ffn = 150;
        spec.pruning = cut;
        spec.pruned_percent = -1;
        spec.pruned_matrices = static_cast<unsigned>(seed % kPrunedAll + 1);
        const Model model = random_model(spec, ++seed);
        ASSERT_TRUE(validate(model).ok()) << validate(model).error().message;
        SCOPED_TRACE(testing::Message() << "bits " << act_bits << ", branches " << branches
                                        << ", block " << cut.block << ", group " << cut.group);
        expect_equal(model, random_sample(model, 9, ++seed));
      }
    }
  }
}

/// A pruned input adds 0: neither of its two values may change a sum.
TEST(Golden, PrunedInputsDoNotCount) {
  const Pruning cut{3, 2};
  BlockMask mask(cut, 4, 8);
  mask.keep(0, 0);
  mask.keep(1, 2);
  BitMatrix w(1, 4, 8);
  for (const int i : {0, 1, 2}) w.set_bit(0, 0, i, true);
  const ColumnPlanes columns = make_columns(w, 0, mask);
  const std::vector<std::uint8_t> codes = {1, 1, 1, 1, 1, 1, 0, 1};
  const BitPlanes row = pack_planes(codes, 1, 8, 0, 8, 1);
  // Output 0 has +1 everywhere, the others -1; the second group keeps inputs 6 and 7.
  EXPECT_EQ(plane_product(row, Signedness::kSigned, columns),
            (std::vector<std::int32_t>{3, -3, 0, 0}));
  EXPECT_EQ(plane_product(row, Signedness::kUnsigned, columns),
            (std::vector<std::int32_t>{3, -3, -1, -1}));
}

/// Share of ones (or of the mean code) a tensor must have to exercise what follows it.
TEST(RandomModel, TensorsAreBalanced) {
  for (const int act_bits : {1, 2, 4, 8}) {
    for (const Attention attention : {Attention::kSoftmax, Attention::kThreshold}) {
      RandomModelSpec spec;
      spec.act_bits = act_bits;
      spec.attention = attention;
      spec.layers = 3;
      spec.hidden = 128;
      spec.ffn = 256;
      spec.head_dim = 32;
      spec.heads = 4;
      spec.max_tokens = 32;
      const Model model = random_model(spec, 11);
      Recorder tap;
      ASSERT_TRUE(GoldenModel(model).logits(random_sample(model, 32, 3), &tap).ok());
      for (const Record& r : tap.records) {
        const bool residual = r.id == TensorId::kResidual1 || r.id == TensorId::kResidual2;
        if (residual) {
          int saturated = 0;
          for (const std::int32_t v : r.values) saturated += v == 32767 || v == -32768 ? 1 : 0;
          EXPECT_LT(saturated, static_cast<int>(r.values.size()) / 4);
        }
        if (r.id != TensorId::kQ && r.id != TensorId::kV && r.id != TensorId::kContext &&
            r.id != TensorId::kFfn1 && r.id != TensorId::kInputCodes) {
          continue;
        }
        std::map<std::int32_t, int> counts;
        for (const std::int32_t v : r.values) ++counts[v];
        const int largest =
            std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) {
              return a.second < b.second;
            })->second;
        EXPECT_LT(largest, static_cast<int>(r.values.size()) * 3 / 4)
            << name(r.id) << ", bits " << act_bits << ", layer " << r.layer;
      }
    }
  }
}

TEST(RandomModel, SameSeedSameModel) {
  const RandomModelSpec spec;
  const Model model = random_model(spec, 1);
  const auto logits = GoldenModel(model).logits(random_sample(model, 16, 1));
  ASSERT_TRUE(logits.ok());
  const Model again = random_model(spec, 1);
  EXPECT_EQ(GoldenModel(again).logits(random_sample(again, 16, 1)).value(), logits.value());
}

TEST(Golden, RejectsBadSamples) {
  const Model model = random_model({}, 1);
  const GoldenModel golden(model);
  Sample sample = random_sample(model, 16, 1);
  sample.ids.push_back(0);
  sample.segments.push_back(0);
  EXPECT_FALSE(golden.logits(sample).ok());
  sample = random_sample(model, 3, 1);
  sample.ids[1] = static_cast<std::uint32_t>(model.vocab_size);
  EXPECT_FALSE(golden.logits(sample).ok());
  EXPECT_FALSE(golden.logits(Sample{}).ok());
}

TEST(Golden, ArgmaxIsTheFirstMaximum) {
  const std::vector<std::int32_t> values = {1, 5, 5, 2};
  EXPECT_EQ(argmax(values), 1);
  EXPECT_EQ(argmax({}), -1);
}

}  // namespace
}  // namespace bat::bmt
