// SPDX-License-Identifier: Apache-2.0
// Instructions of a program with the fields that the cycle model needs.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "rtl_gen/estimate/ring_use.hpp"
#include "rtl_gen/plan/plan.hpp"
#include "rtl_gen/program/isa.hpp"

namespace bat::cycle_model {

struct LoadFields {
  isa::Ring ring = isa::Ring::kW;
  int words = 0;
  int beats = 0;
  std::uint64_t beat = 0;  ///< from MODEL_BASE
  bool restart = false;    ///< gives up what the ring holds
};

struct QmmFields {
  isa::Out out = isa::Out::kBit;
  int planes_a = 1, planes_b = 1;
  int branches = 1;
  int kw = 1;
  int tiles = 1;
  int out_bits = 0;
  bool broadcast = false;
  bool zero_counts = false;  ///< z_use
  int row_tile = 0;          ///< RES
  bool to_act = false;       ///< bit and code tiles
  RingUses rings;

  bool wide() const { return out != isa::Out::kBit; }
  /// Takes a set of column constants.
  bool constants() const { return !wide() || zero_counts; }
  /// One set for all tiles.
  bool one_set() const { return broadcast && !zero_counts; }
  /// Ring words, and steps, of a branch of a tile.
  int block_words() const { return planes_b * kw; }
  int block_steps() const { return planes_a * planes_b * kw; }
};

struct LnFields {
  int row_tile = 0;
  int words = 0;
  int planes = 0;
  RingWords records;
};

struct EmbedFields {
  int row_tile = 0;
  int words = 0;  ///< RES words of a row
  int beats = 0;  ///< of a row
  bool ids = false;
  bool word_table = false;
  bool stat = false;
  int first_row = 0;  ///< of its sentence
  int input_row = 0;  ///< of JOB_INPUT
  int rows = 0;
  std::uint64_t table = 0;  ///< beat from MODEL_BASE
};

struct FeatFields {
  int kw = 0;
  int features = 0;
  int beats = 0;      ///< of a row
  int first_row = 0;  ///< of its sentence
  int input_row = 0;  ///< counted with the class token
  int rows = 0;
};

struct SmxFields {
  int keys = 0;
  int out_bits = 0;
};

struct Decoded {
  isa::Op op = isa::Op::kEnd;
  isa::Unit unit = isa::Unit::kSto;
  std::array<int, isa::kNumUnits> wait{};  ///< isa::kWaitNone: none
  LoadFields load;
  QmmFields qmm;
  LnFields ln;
  EmbedFields embed;
  FeatFields feat;
  SmxFields smx;
  int store_count = 0;
  std::uint64_t store_offset = 0;  ///< words from JOB_OUTPUT
};

std::vector<Decoded> decode(const Plan& plan, const std::vector<isa::Instruction>& program);

}  // namespace bat::cycle_model
