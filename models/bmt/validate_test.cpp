// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "models/bmt/golden.hpp"
#include "models/bmt/random_model.hpp"

namespace bat::bmt {
namespace {

struct Breakage {
  const char* message;  ///< must occur in the error
  std::function<void(Model&)> apply;
};

Model plain(int act_bits = 1, int branches = 1, Attention attention = Attention::kSoftmax) {
  RandomModelSpec spec;
  spec.act_bits = act_bits;
  spec.branches = branches;
  spec.attention = attention;
  spec.layers = 2;
  spec.hidden = 40;
  spec.adversarial = false;
  return random_model(spec, 1);
}

void expect_broken(const Model& good, const std::vector<Breakage>& cases) {
  ASSERT_TRUE(validate(good).ok()) << validate(good).error().message;
  for (const Breakage& c : cases) {
    Model model = good;
    c.apply(model);
    const Status status = validate(model);
    ASSERT_FALSE(status.ok()) << c.message;
    EXPECT_NE(status.error().message.find(c.message), std::string::npos) << status.error().message;
    EXPECT_FALSE(GoldenModel(model).logits(random_sample(good, 3, 1)).ok());
  }
}

TEST(Validate, Header) {
  expect_broken(plain(), {
                             {"act_bits is 3", [](Model& m) { m.act_bits = 3; }},
                             {"branches is 3", [](Model& m) { m.branches = 3; }},
                             {"layers is 0", [](Model& m) { m.layers.clear(); }},
                             {"hidden is 4097", [](Model& m) { m.hidden = 4097; }},
                             {"head_dim is 0", [](Model& m) { m.head_dim = 0; }},
                             {"classes is 1025", [](Model& m) { m.classes = 1025; }},
                             {"max_tokens is 4097", [](Model& m) { m.max_tokens = 4097; }},
                             {"embed_shift is 8", [](Model& m) { m.embed_shift = 8; }},
                             {"segments is 0", [](Model& m) { m.segments = 0; }},
                             {"labels has 1 names for 3", [](Model& m) { m.labels = {"a"}; }},
                             {"a regression model has 1",
                              [](Model& m) { m.task_kind = TaskKind::kRegression; }},
                             {"tokenizer.vocab_size is 0", [](Model& m) { m.vocab_size = 0; }},
                             {"vocab has 2 lines", [](Model& m) { m.vocab = "a\nb"; }},
                         });
}

Model pruned() {
  RandomModelSpec spec;
  spec.hidden = 40;
  spec.pruning = {16, 20};
  spec.pruned_percent = 40;
  spec.adversarial = false;
  return random_model(spec, 1);
}

TEST(Validate, Pruning) {
  const auto first = [](bool kept) {
    return [kept](Model& m) {
      BlockMask& mask = m.layers[0].f1.mask;
      for (int b = 0; b < mask.blocks; ++b) {
        if (mask.keeps(1, b) != kept) return mask.keep(1, b, kept);
      }
    };
  };
  expect_broken(
      pruned(),
      {
          {"pruning.block is -1", [](Model& m) { m.pruning.block = -1; }},
          {"pruning.group is 0", [](Model& m) { m.pruning.group = 0; }},
          {"pruning.block is 16384", [](Model& m) { m.pruning.block = 16384; }},
          {"says nothing of pruning", [](Model& m) { m.pruning = {}; }},
          {"no matrix has a mask",
           [](Model& m) {
             Layer& l = m.layers[0];
             for (Linear* x : {&l.q, &l.k, &l.v, &l.o, &l.f1, &l.f2}) x->mask = {};
           }},
          {"layers.0.q.mask is cut in 16 x 20, the model says 8 x 20",
           [](Model& m) { m.pruning.block = 8; }},
          {"f2.mask has 1 groups",
           [](Model& m) { m.layers[0].f2.mask = BlockMask(m.pruning, 20, 64); }},
          {"f1.mask has 11 elements", [](Model& m) { m.layers[0].f1.mask.kept.pop_back(); }},
          {"f1.mask: group 1 keeps 3 blocks, group 0 keeps 2", first(true)},
          {"f1.mask: group 1 keeps 1 blocks", first(false)},
          {"f1.mask: group 0 keeps no block",
           [](Model& m) { m.layers[0].f1.mask = BlockMask(m.pruning, 64, 40); }},
          {"f1.weight: row 63 has bits in pruned block",
           [](Model& m) {
             Linear& f1 = m.layers[0].f1;
             for (int i = 0; i < 40; ++i) f1.weight.set_bit(0, 63, i, true);
           }},
          {"pooler: cannot be pruned",
           [](Model& m) {
             m.pooler = m.layers[0].f1;
             m.layers[0].ln2 = m.layers[0].ln1;
           }},
      });
}

/// The bound on sums counts the inputs that are kept.
TEST(Validate, PrunedInputsDoNotCountForTheWorstCase) {
  RandomModelSpec spec;
  spec.act_bits = 8;
  spec.ffn = 64;
  spec.pruning = {16, 16};
  spec.adversarial = false;
  Model model = random_model(spec, 1);
  Requant& out = model.layers[0].f2.out;
  out.mul.assign(out.mul.size(), 32767);
  const std::int64_t room = (std::int64_t{1} << 47) - 1 - std::int64_t{32767} * 255 * 32;
  out.offset.assign(out.offset.size(), room);
  EXPECT_TRUE(validate(model).ok()) << validate(model).error().message;
  out.offset.back() += 1;
  EXPECT_NE(validate(model).error().message.find("more than 48 bits"), std::string::npos);
}

TEST(Validate, RegressionNeedsAScale) {
  RandomModelSpec spec;
  spec.classes = 1;
  Model model = random_model(spec, 1);
  model.task_kind = TaskKind::kRegression;
  for (const char* bad : {"", "x", "1.0 ", "nan", "inf", "1e999"}) {
    model.logit_scale = bad;
    EXPECT_FALSE(validate(model).ok()) << bad;
  }
  model.logit_scale = "-0.0123";
  EXPECT_TRUE(validate(model).ok());
}

TEST(Validate, Tensors) {
  expect_broken(
      plain(),
      {
          {"embed.position has 0", [](Model& m) { m.embed_position.clear(); }},
          {"embed.word has", [](Model& m) { m.embed_word.pop_back(); }},
          {"embed.patch.weight", [](Model& m) { m.patch = CodeMatrix(1, 1); }},
          {"embed.ln.gain has", [](Model& m) { m.embed_ln.gain.pop_back(); }},
          {"embed.ln.q_mul is 2, must be 1 .. 1", [](Model& m) { m.embed_ln.q_mul = 2; }},
          {"layers.0.ln1.shift is 0", [](Model& m) { m.layers[0].ln1.shift = 0; }},
          {"layers.0.ln2.q_shift is 1", [](Model& m) { m.layers[0].ln2.q_shift = 1; }},
          {"layers.1.ln2.q_shift is 32", [](Model& m) { m.layers[1].ln2.q_shift = 32; }},
          {"layers.0.q.weight has 32 rows, must be a multiple of head_dim 5",
           [](Model& m) { m.head_dim = 5; }},
          {"layers.1.k.weight is [1, 16, 40] bits, must be [1, 32, 40]",
           [](Model& m) { m.layers[1].k.weight = BitMatrix(1, 16, 40); }},
          {"layers.0.v.weight: padding bits of row 31",
           [](Model& m) { m.layers[0].v.weight.words.back() |= std::uint64_t{1} << 63; }},
          {"layers.0.o.weight has", [](Model& m) { m.layers[0].o.weight.words.pop_back(); }},
          {"layers.0.q.threshold has", [](Model& m) { m.layers[0].q.out.threshold.pop_back(); }},
          {"layers.0.f1.mul has 1", [](Model& m) { m.layers[0].f1.out.mul = {1}; }},
          {"layers.0.f2.mul[3] is 32768", [](Model& m) { m.layers[0].f2.out.mul[3] = 32768; }},
          {"layers.0.o.offset[0] is",
           [](Model& m) { m.layers[0].o.out.offset[0] = std::int64_t{1} << 47; }},
          {"layers.0.o.shift is 48", [](Model& m) { m.layers[0].o.out.shift = 48; }},
          {"layers.0.attention.idx_mul[0]",
           [](Model& m) { m.layers[0].softmax.idx_mul[0] = 65536; }},
          {"layers.0.attention.prob_mul[1] is 0",
           [](Model& m) { m.layers[0].softmax.prob_mul[1] = 0; }},
          {"layers.0.attention.prob_shift is 0",
           [](Model& m) { m.layers[0].softmax.prob_shift = 0; }},
          {"layers.0.context.threshold has",
           [](Model& m) { m.layers[0].context.threshold.clear(); }},
          {"classifier.weight is [2, 40]", [](Model& m) { m.classifier = CodeMatrix(2, 40); }},
          {"classifier.offset has", [](Model& m) { m.classifier_offset.clear(); }},
      });
}

TEST(Validate, WorstCaseOfFortyEightBits) {
  // layers.0.f2: K = 64 and 4-bit codes, so |acc| <= 960.
  Model model = plain(4);
  Requant& rq = model.layers[0].f2.out;
  const std::int64_t room = (std::int64_t{1} << 47) - 1 - std::int64_t{rq.mul[0]} * 15 * 64;
  rq.offset[0] = room;
  EXPECT_TRUE(validate(model).ok());
  rq.offset[0] = room + 1;
  EXPECT_NE(validate(model).error().message.find("layers.0.f2: output 0 can reach"),
            std::string::npos);
  rq.offset[0] = -room;
  EXPECT_TRUE(validate(model).ok());
}

TEST(Validate, CodeFormsOfOtherModels) {
  expect_broken(
      plain(4, 2, Attention::kThreshold),
      {
          {"layers.0.attention.threshold has 2",
           [](Model& m) {
             m.layers[0].threshold = {{1, 2}, 1, {}, {}, 0};
           }},
          {"layers.0.q.mul has 1 branches", [](Model& m) { m.layers[0].q.out.branches = 1; }},
          {"layers.0.context.offset has", [](Model& m) { m.layers[0].context.offset.pop_back(); }},
      });
}

TEST(Validate, FeatureModels) {
  RandomModelSpec spec;
  spec.input = InputKind::kFeatures;
  const Model good = random_model(spec, 1);
  expect_broken(good, {
                          {"features.count is 0", [](Model& m) { m.features.count = 0; }},
                          {"segments is 2", [](Model& m) { m.segments = 2; }},
                          {"embed.word has 3",
                           [](Model& m) {
                             m.embed_word = {1, 2, 3};
                           }},
                          {"embed.patch.mul has", [](Model& m) { m.patch_out.mul.pop_back(); }},
                          {"is not a multiple of patch",
                           [](Model& m) { m.features = {FeatureKind::kImage, 9, 8, 1, 4, 16}; }},
                          {"must be patch * patch * channels",
                           [](Model& m) { m.features = {FeatureKind::kImage, 8, 8, 3, 4, 16}; }},
                          {"too few for the patches",
                           [](Model& m) { m.features = {FeatureKind::kImage, 16, 16, 1, 4, 16}; }},
                      });
}

}  // namespace
}  // namespace bat::bmt
