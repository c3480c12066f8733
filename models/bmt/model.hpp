// SPDX-License-Identifier: Apache-2.0
// The integer view of a binarized Transformer (BMT) as value types: docs/numerics.md section 4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/io/result.hpp"

namespace bat::bmt {

enum class Attention { kSoftmax, kThreshold };
enum class InputKind { kTokens, kFeatures };
enum class TaskKind { kClassification, kRegression };
enum class FeatureKind { kImage, kRows };

/// Limits of docs/numerics.md section 5.
inline constexpr int kMaxHidden = 4096;
inline constexpr int kMaxFfn = 16383;
inline constexpr int kMaxTokens = 4096;
inline constexpr int kMaxHeadDim = 256;
inline constexpr int kMaxHeads = 64;
inline constexpr int kMaxClasses = 1024;
inline constexpr int kMaxFeatures = 4096;
inline constexpr int kMaxLayers = 64;
/// Largest inner length of a 1-bit product; it bounds the attention width H * d.
inline constexpr int kMaxBinaryLength = 16383;
inline constexpr int kFeatureBits = 8;
inline constexpr int kClassifierBits = 8;

/// 64-bit words needed for `bits` bits.
constexpr int words_for(int bits) { return (bits + 63) / 64; }

/// 1-bit weights, `branches` matrices of `out` rows by `in` columns; bit 1 means +1, bit 0 means
/// -1. Each (branch, out) row starts on a 64-bit word, least significant bit first; padding bits
/// are 0.
struct BitMatrix {
  int branches = 0;
  int out = 0;
  int in = 0;
  std::vector<std::uint64_t> words;

  BitMatrix() = default;
  /// All bits 0.
  BitMatrix(int branch_count, int rows, int columns);

  int row_words() const { return words_for(in); }
  std::span<const std::uint64_t> row(int branch, int o) const;
  std::span<std::uint64_t> row(int branch, int o);
  bool bit(int branch, int o, int i) const;
  void set_bit(int branch, int o, int i, bool value);
};

/// How weight matrices are cut for pruning (docs/numerics.md section 1.3).
struct Pruning {
  int block = 0;  ///< inputs of a block; 0: no matrix of the model is pruned
  int group = 0;  ///< outputs of a group

  bool used() const { return block > 0; }
  bool operator==(const Pruning&) const = default;
};

/// Blocks of inputs that each group of outputs keeps. An empty mask keeps everything.
struct BlockMask {
  Pruning cut;
  int groups = 0;
  int blocks = 0;                  ///< of a row of inputs
  std::vector<std::uint8_t> kept;  ///< groups x blocks, 0 or 1

  BlockMask() = default;
  /// Nothing kept.
  BlockMask(const Pruning& pruning, int out, int in);

  bool empty() const { return kept.empty(); }
  bool keeps(int group, int block) const {
    return kept[static_cast<std::size_t>(group) * static_cast<std::size_t>(blocks) +
                static_cast<std::size_t>(block)] != 0;
  }
  void keep(int group, int block, bool value = true);
  bool keeps_input(int output, int input) const {
    return empty() || keeps(output / cut.group, input / cut.block);
  }
  /// Inputs, of `in` in all, that enter the sum of an output of `group`.
  int kept_inputs(int group, int in) const;
};

/// 8-bit weights as codes; the value in products is `2 * code - 255`.
struct CodeMatrix {
  int out = 0;
  int in = 0;
  std::vector<std::uint8_t> codes;  ///< out x in

  CodeMatrix() = default;
  CodeMatrix(int rows, int columns);

  std::uint8_t code(int o, int i) const {
    return codes[static_cast<std::size_t>(o) * static_cast<std::size_t>(in) +
                 static_cast<std::size_t>(i)];
  }
  /// Value used in products, odd, -255 .. 255.
  int value(int o, int i) const { return 2 * code(o, i) - 255; }
};

/// Output stage of a product: *Bit* (thresholds only) or *Code* / *Residual add* (mul, offset,
/// shift).
struct Requant {
  std::vector<std::int16_t> threshold;  ///< [out]; bit form only, empty otherwise
  int branches = 1;
  std::vector<std::int32_t> mul;     ///< [branches * out], 0 .. 32767
  std::vector<std::int64_t> offset;  ///< [out], 48 bits signed
  int shift = 0;                     ///< 0 .. 47

  bool is_bit() const { return !threshold.empty(); }
  int size() const { return static_cast<int>(is_bit() ? threshold.size() : offset.size()); }
};

struct Linear {
  BitMatrix weight;  ///< bits of pruned blocks are 0
  Requant out;
  BlockMask mask{};

  /// Inputs that enter the sum of `output`: K of docs/numerics.md section 1.2.
  int inner(int output) const {
    return mask.empty() ? weight.in : mask.kept_inputs(output / mask.cut.group, weight.in);
  }
};

/// LayerNorm of a row and the quantization of its result.
struct LayerNorm {
  std::vector<std::int16_t> gain;      ///< [D]
  std::vector<std::int16_t> offset;    ///< [D]
  int shift = 1;                       ///< 1 .. 31
  std::int32_t q_mul = 1;              ///< 1 .. 32767
  std::vector<std::int32_t> q_offset;  ///< [D]
  int q_shift = 0;                     ///< 0 .. 31
};

struct SoftmaxParams {
  std::vector<std::int32_t> idx_mul;   ///< [H], 0 .. 65535
  int idx_shift = 0;                   ///< 0 .. 31
  std::vector<std::int32_t> prob_mul;  ///< [H], 1 .. 65535
  int prob_shift = 1;                  ///< 1 .. 47
};

struct Layer {
  Linear q, k, v;         ///< [A, D]
  Linear o;               ///< [D, A], residual add
  Linear f1;              ///< [F, D]
  Linear f2;              ///< [D, F], residual add
  Requant context;        ///< [A]
  Requant threshold;      ///< [H]; threshold attention only, one branch
  SoftmaxParams softmax;  ///< softmax attention only
  LayerNorm ln1, ln2;
};

/// Shape of the rows of a feature model. `count` is K, the number of features a row.
struct FeatureShape {
  FeatureKind kind = FeatureKind::kRows;
  int height = 0, width = 0, channels = 0, patch = 0;  ///< images only
  int count = 0;

  /// Patches of an image (rows after the class token); 0 for `kRows`, whose number of rows varies.
  int patches() const {
    return kind == FeatureKind::kImage ? (height / patch) * (width / patch) : 0;
  }
};

/// A whole model. Shapes that follow from tensors (heads, ffn) are derived, not stored.
struct Model {
  std::string name;
  std::string task;
  TaskKind task_kind = TaskKind::kClassification;
  std::vector<std::string> labels;  ///< empty or one a class
  std::string logit_scale;          ///< decimal text; regression only, empty otherwise
  std::string source;
  std::string license;
  std::string train_command;

  InputKind input = InputKind::kTokens;
  int hidden = 0;    ///< D
  int head_dim = 0;  ///< d
  int act_bits = 1;  ///< 1, 2, 4, 8
  int branches = 1;  ///< 1, 2
  Attention attention = Attention::kSoftmax;
  int classes = 0;         ///< C
  int max_tokens = 0;      ///< P: positions of the table, the longest sequence
  int embed_shift = 0;     ///< e, 0 .. 7
  int segments = 1;        ///< 1, 2
  Pruning pruning;         ///< of the masks in `layers`
  FeatureShape features;   ///< feature models only
  int vocab_size = 0;      ///< V, token models only
  bool lower_case = true;  ///< token models only
  std::string vocab;       ///< WordPiece vocabulary, one piece a line; may be empty

  std::vector<std::int8_t> embed_word;      ///< V x D, tokens only
  std::vector<std::int8_t> embed_position;  ///< segments * P x D
  CodeMatrix patch;                         ///< D x K, features only
  Requant patch_out;                        ///< [D], one branch, features only
  LayerNorm embed_ln;
  std::vector<Layer> layers;
  std::optional<Linear> pooler;                 ///< [D, D], 8-bit codes
  CodeMatrix classifier;                        ///< C x D
  std::vector<std::int32_t> classifier_offset;  ///< [C]

  int layer_count() const { return static_cast<int>(layers.size()); }
  int attention_width(int layer) const { return at(layer).q.weight.out; }
  int heads(int layer) const { return attention_width(layer) / head_dim; }
  int ffn(int layer) const { return at(layer).f1.weight.out; }
  /// Bits of the codes that `ln2` of `layer` gives: 8 for the last layer without a pooler.
  int ln2_bits(int layer) const {
    return layer + 1 == layer_count() && !pooler ? kClassifierBits : act_bits;
  }
  const Layer& at(int layer) const { return layers[static_cast<std::size_t>(layer)]; }
};

/// Checks every rule of docs/numerics.md sections 2 to 5, the 48-bit worst case included.
/// The message names the tensor and the rule.
Status validate(const Model& model);

}  // namespace bat::bmt
