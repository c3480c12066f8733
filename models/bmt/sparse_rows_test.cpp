// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/sparse_rows.hpp"

#include <gtest/gtest.h>

#include <random>

#include "models/bmt/model_file.hpp"
#include "models/bmt/random_model.hpp"
#include "models/bmt/sparse_cost.hpp"
#include "models/io/atomic_file.hpp"
#include "models/io/safetensors.hpp"
#include "models/io/sha256.hpp"
#include "models/io/temporary_folder.hpp"

namespace bat::bmt {
namespace {

/// Makes weights 0 with probability `percent`, others random; pruned ones stay.
void make_ternary(BitMatrix& m, const BlockMask& mask, unsigned percent, std::mt19937_64& random) {
  for (int o = 0; o < m.out; ++o) {
    for (int i = 0; i < m.in; ++i) {
      if (!mask.keeps_input(o, i)) continue;
      const bool zero = random() % 100 < percent;
      const bool plus = random() % 2 == 0;
      m.set_bit(0, o, i, zero || plus);
      m.set_bit(1, o, i, !zero && plus);
    }
  }
}

TEST(SparseRows, EveryFormReadsBackWhateverTheShape) {
  std::mt19937_64 random(1);
  for (int trial = 0; trial < 300; ++trial) {
    const int out = 1 + static_cast<int>(random() % 9);
    const int in = 1 + static_cast<int>(random() % 200);
    BlockMask mask;
    if (trial % 2 == 1) {
      const Pruning cut{1 + static_cast<int>(random() % 70), 1 + static_cast<int>(random() % 4)};
      mask = BlockMask(cut, out, in);
      for (int g = 0; g < mask.groups; ++g) mask.keep(g, g % mask.blocks);
    }
    BitMatrix matrix(2, out, in);
    make_ternary(matrix, mask, static_cast<unsigned>(random() % 101), random);
    for (const SparseForm form : kSparseForms) {
      const auto rows = pack_rows(matrix, mask, form);
      ASSERT_TRUE(rows);
      const auto back = unpack_rows(*rows, in, mask);
      ASSERT_TRUE(back.ok()) << back.error().message;
      ASSERT_EQ(back.value().words, matrix.words) << trial;
    }
  }
}

TEST(SparseRows, OnlyWhatBranchesThatCancelCanSay) {
  BitMatrix other(2, 1, 8);
  other.set_bit(1, 0, 3, true);  // (0, 1)
  EXPECT_FALSE(pack_rows(other, {}, SparseForm::kBitmap));
  EXPECT_FALSE(pack_rows(BitMatrix(1, 1, 8), {}, SparseForm::kIndex));
}

TEST(SparseRows, TheSmallestFormIsTaken) {
  std::mt19937_64 random(2);
  const auto form_at = [&](unsigned percent) {
    BitMatrix matrix(2, 16, 1024);
    make_ternary(matrix, {}, percent, random);
    return smallest_rows(matrix, {});
  };
  EXPECT_FALSE(form_at(0));  // 2 bits a weight either way
  EXPECT_EQ(form_at(50)->form, SparseForm::kBitmap);
  EXPECT_EQ(form_at(95)->form, SparseForm::kIndex);
}

std::string error_of(const SparseRows& rows, int in) {
  const auto read = unpack_rows(rows, in, {});
  return read.ok() ? "none" : read.error().message;
}

TEST(SparseRows, MalformedRowsAreRefused) {
  // 5 inputs: count of 3 bits, place of 3, sign of 1.
  const auto index = [](std::vector<std::uint8_t> bytes) {
    return SparseRows{SparseForm::kIndex, 1, bytes.size(), bytes};
  };
  EXPECT_EQ(error_of(index({0b0'0'100'001, 0}), 5), "rows have 2 bytes, the longest needs 1");
  EXPECT_EQ(error_of(index({0b0'0'100'001}), 5), "none");
  EXPECT_EQ(error_of(index({0b0'0'101'001}), 5), "row 0: place 5 is outside of its block of 5");
  EXPECT_EQ(error_of(index({0b00'000'110}), 5), "row 0: a block of 5 inputs holds 6 weights");
  EXPECT_EQ(error_of(index({0b0'0'010'010, 0b1}), 5),
            "row 0: place 2 does not come behind place 2");
  EXPECT_EQ(error_of(index({0b0'0'010'010}), 5), "row 0: ends early");
  EXPECT_EQ(error_of(index({0b1'0'100'001}), 5), "row 0: has bits behind its end");
  const SparseRows bitmap{SparseForm::kBitmap, 2, 1, {0b000'00001, 0b011'00011}};
  EXPECT_EQ(error_of(bitmap, 5), "none");
  EXPECT_EQ(error_of({SparseForm::kBitmap, 1, 1, {0b1'1'100001}}, 6), "none");
  EXPECT_EQ(error_of({SparseForm::kBitmap, 1, 1, {0b111'11111}}, 5), "row 0: ends early");
}

TEST(SparseFile, PackedMatricesReadBackAndSaySo) {
  const io::TemporaryFolder folder;
  const auto path = folder.path() / "sparse.safetensors";
  RandomModelSpec spec;
  spec.branches = 2;
  spec.hidden = 256;
  spec.ffn = 128;
  spec.pruning = {64, 64};
  spec.input = InputKind::kFeatures;
  Model model = random_model(spec, 4);
  std::mt19937_64 random(3);
  make_ternary(model.layers[0].f1.weight, model.layers[0].f1.mask, 50, random);
  make_ternary(model.layers[0].q.weight, model.layers[0].q.mask, 95, random);
  ASSERT_TRUE(save_model(model, path).ok());
  auto file = io::read_safetensors(path).value();
  EXPECT_TRUE(file.tensors.contains("layers.0.f1.weight.bitmap"));
  EXPECT_TRUE(file.tensors.contains("layers.0.q.weight.index"));
  EXPECT_TRUE(file.tensors.contains("layers.0.f2.weight"));
  const auto loaded = load_model(path);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded.value().layers[0].f1.weight.words, model.layers[0].f1.weight.words);
  EXPECT_EQ(loaded.value().layers[0].q.weight.words, model.layers[0].q.weight.words);
  const auto first = io::read_file(path).value();
  ASSERT_TRUE(save_model(loaded.value(), path).ok());
  EXPECT_EQ(io::read_file(path).value(), first);

  const auto error_after = [&](auto change) {
    auto changed = file;
    change(changed);
    changed.metadata["hash"] = io::sha256_hex(io::data_section(changed));
    EXPECT_TRUE(io::write_safetensors(changed, path).ok());
    const auto read = load_model(path);
    return read.ok() ? std::string() : read.error().message;
  };
  const auto has = [](const std::string& text, const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  has(error_after([](auto& f) {
        std::string& json = f.metadata["bmt"];
        json.replace(json.find("\"version\":2"), 11, "\"version\":1");
      }),
      "layers.0.q.weight.index is packed, which needs version 2");
  has(error_after([](auto& f) {
        std::string& json = f.metadata["bmt"];
        json.replace(json.find("\"version\":2"), 11, "\"version\":3");
      }),
      "version is 3, must be 1 .. 2");
  has(error_after(
          [](auto& f) { f.tensors["layers.0.q.weight"] = f.tensors["layers.0.f2.weight"]; }),
      "layers.0.q.weight is not a tensor of this model");
  has(error_after([](auto& f) {
        for (auto& byte : f.tensors["layers.0.q.weight.index"].data) byte = 0xFF;
      }),
      "tensor layers.0.q.weight.index row 0: a block of 64 inputs holds 127 weights");
}

// Figures of docs/pruning.md.
TEST(SparseCost, BreakEven) {
  EXPECT_NEAR(break_even(SparseCost::kEntropy, 1.0, 64), 0.7729, 5e-5);
  EXPECT_EQ(break_even(SparseCost::kEntropy, 2.0, 64), 1.0 / 3.0);  // everywhere
  EXPECT_NEAR(break_even(SparseCost::kBitmap, 1.0, 64), 1.0, 1e-8);
  EXPECT_EQ(break_even(SparseCost::kBitmap, 2.0, 64), 1.0 / 3.0);
  EXPECT_NEAR(break_even(SparseCost::kPlaces, 1.0, 64), 6.0 / 7.0, 1e-9);
  EXPECT_NEAR(break_even(SparseCost::kPlaces, 2.0, 64), 5.0 / 7.0, 1e-9);
  EXPECT_NEAR(break_even(SparseCost::kIndex, 1.0, 64), 1.0 - (1.0 - 7.0 / 64) / 7.0, 1e-9);
  EXPECT_NEAR(break_even(SparseCost::kIndex, 2.0, 32), 1.0 - (2.0 - 6.0 / 32) / 6.0, 1e-9);
  // The index form is smaller than the bitmap from here on.
  for (const int block : {8, 16, 32, 64, 128}) {
    double zeros = 0.0;
    while (sparse_bits(SparseCost::kIndex, zeros, block) >
           sparse_bits(SparseCost::kBitmap, zeros, block)) {
      zeros += 1e-4;
    }
    EXPECT_GT(zeros, 0.7) << block;
    EXPECT_LT(zeros, 0.9) << block;
  }
}

TEST(SparseCost, IsWhatTheFormsTake) {
  std::mt19937_64 random(5);
  BitMatrix matrix(2, 64, 4096);
  make_ternary(matrix, {}, 80, random);
  double zeros = 0.0;
  for (int o = 0; o < matrix.out; ++o) {
    for (int i = 0; i < matrix.in; ++i) zeros += matrix.bit(0, o, i) != matrix.bit(1, o, i) ? 1 : 0;
  }
  zeros /= 64.0 * 4096.0;
  const auto bits = [&](SparseForm form) {
    return 8.0 * static_cast<double>(pack_rows(matrix, {}, form)->bytes.size()) / (64.0 * 4096.0);
  };
  EXPECT_NEAR(bits(SparseForm::kBitmap), sparse_bits(SparseCost::kBitmap, zeros, 64), 0.02);
  EXPECT_NEAR(bits(SparseForm::kIndex), sparse_bits(SparseCost::kIndex, zeros, 64),
              0.2);  // rows are as long as the longest
}

}  // namespace
}  // namespace bat::bmt
