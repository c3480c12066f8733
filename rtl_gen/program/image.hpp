// SPDX-License-Identifier: Apache-2.0
// The model as bytes at MODEL_BASE (docs/architecture.md sections 2, 3 and 6), independent of the
// sequence length, with the directory that the program compiler needs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "models/bmt/model.hpp"
#include "models/io/result.hpp"
#include "rtl_gen/config/config.hpp"
#include "rtl_gen/plan/plan.hpp"
#include "rtl_gen/program/isa.hpp"
#include "rtl_gen/program/word_mask.hpp"

namespace bat {

/// What one LOAD delivers.
struct Span {
  isa::Ring ring = isa::Ring::kW;
  std::uint64_t beat = 0;  ///< from MODEL_BASE
  std::uint32_t beats = 0;
  std::uint32_t words = 0;  ///< ring words
  std::uint32_t first =
      0;  ///< ring words of the image before it: its place where they stay on chip
};

/// Column tiles of a chunk that keep the same operand words: one instruction a row tile.
struct TileRun {
  int first_tile = 0;
  int tiles = 0;
  WordMask mask;
};

/// Column tiles that are loaded together, with their thresholds (T) or scales (P).
struct Chunk {
  int first_tile = 0;
  int tiles = 0;
  Span weights;
  Span params;
  std::vector<TileRun> runs;  ///< one behind the other; a single one if nothing is pruned
};

/// A packed matrix product. Tiles of Q, K and V are per head, those of other matrices plain.
struct PackedMatrix {
  int tiles = 0;
  int words = 0;   ///< of a row of operand A
  int kw = 0;      ///< the most of them that a tile keeps
  int planes = 1;  ///< planes of an operand B word, pb
  int branches = 1;
  isa::Ring params = isa::Ring::kP;
  int tile_param_words = 0;  ///< T or P words of a tile
  int shift = 0;             ///< wide products
  std::vector<Chunk> chunks;

  /// W ring words of `count` tiles that keep `kept` words.
  int weight_words(int kept, int count = 1) const { return count * branches * planes * kept; }
};

/// A LayerNorm with its L ring records.
struct PackedNorm {
  Span records;
  int shift = 1;
  int q_mul = 1;
  int q_shift = 0;
};

/// Where the parameters of one product of one head lie in the group's span.
struct HeadParams {
  int offset = 0;  ///< words from the start of the span
  int words = 0;   ///< 0: the product takes none
};

/// Heads whose attention parameters are loaded together, in the order of use: score 0, then
/// score h+1 and context h in turn.
struct HeadGroup {
  int first_head = 0;
  int heads = 0;
  Span params;
  std::vector<HeadParams> score;  ///< one a head; threshold attention only
  std::vector<HeadParams> context;
};

struct PackedLayer {
  int heads = 0;
  int ffn = 0;
  bool interleaved = false;  ///< a chunk of Q, K and V for each of `groups`: softmax among products
  PackedMatrix q, k, v, o, f1, f2;
  std::vector<HeadGroup> groups;
  int context_shift = 0;
  int score_shift = 0;         ///< threshold attention, multi-bit
  bmt::SoftmaxParams softmax;  ///< softmax attention
  PackedNorm ln1, ln2;
  int ln2_bits = 1;
};

/// The image and its directory.
struct ModelImage {
  std::vector<std::uint8_t> bytes;  ///< for MODEL_BASE, which must be a multiple of `alignment`

  bmt::InputKind input = bmt::InputKind::kTokens;
  bmt::Attention attention = bmt::Attention::kSoftmax;
  int hidden = 0;
  int head_dim = 0;
  int act_bits = 1;
  int classes = 0;
  int max_tokens = 0;
  int segments = 1;
  int embed_shift = 0;
  int vocab_size = 0;
  int features = 0;  ///< features a row

  std::uint64_t position_beat = 0;
  std::uint64_t word_beat = 0;  ///< token models
  std::optional<PackedMatrix> patch;
  PackedNorm embed_norm;
  std::vector<PackedLayer> layers;
  std::optional<PackedMatrix> pooler;
  PackedMatrix classifier;
};

/// Alignment in bytes of everything in memory: whole beats and 64 bytes.
int memory_alignment(const Plan& plan);

/// Checks that `model` fits `config` and packs it. Messages name the limit, the model's value and
/// the key to raise.
Result<ModelImage> build_image(const Config& config, const Plan& plan, const bmt::Model& model);

}  // namespace bat
