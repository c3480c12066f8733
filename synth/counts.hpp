// SPDX-License-Identifier: Apache-2.0
// Cell counts of a mapped hierarchy, and what they mean on each target.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "models/io/result.hpp"
#include "synth/liberty.hpp"

namespace bat::synth {

enum class Target {
  kXcup,    ///< AMD UltraScale+: 6-input LUTs
  kIce40,   ///< Lattice iCE40: 4-input LUTs
  kOsu018,  ///< OSU 0.18 um standard cells
};

std::string_view to_string(Target target);
/// "xcup", "ice40" or "osu018"; the error lists them.
Result<Target> parse_target(std::string_view text);

/// Cells by type.
using CellCounts = std::map<std::string, std::uint64_t>;

/// Cells of each module of a netlist: library cells and instances of other modules alike.
using NetlistCounts = std::map<std::string, CellCounts>;

/// Reads what `stat -json` of Yosys printed. Names come without the leading backslash.
Result<NetlistCounts> parse_stat(std::string_view json);

/// Resources. Zero where a target has no such thing.
struct Resources {
  std::uint64_t lut = 0;         ///< LUT sites, those used as memory or shift register included
  std::uint64_t lut_memory = 0;  ///< LUT sites used as memory or shift register
  std::uint64_t ff = 0;          ///< flip-flops
  std::uint64_t carry = 0;       ///< carry cells: CARRY4 (a CARRY8 counts as two), SB_CARRY
  std::uint64_t carry_exits =
      0;  ///< carries that leave a chain beside a sum: each may take one more LUT site
  std::uint64_t muxf = 0;    ///< MUXF7, MUXF8, MUXF9
  std::uint64_t dsp = 0;     ///< multiplier blocks
  std::uint64_t bram18 = 0;  ///< block RAM in halves: RAMB18 counts 1, RAMB36 counts 2
  std::uint64_t ebr = 0;     ///< iCE40 block RAM of 4 Kibit
  std::uint64_t spram = 0;   ///< iCE40 single-port RAM of 256 Kibit
  std::uint64_t inverters =
      0;  ///< INV cells on FPGA: vendors' packers absorb them, so they are no LUTs
  std::uint64_t memory_bits = 0;  ///< bits of the RAMs, whatever they were mapped to
  double area_um2 = 0.0;          ///< standard cells, without RAMs

  friend bool operator==(const Resources&, const Resources&) = default;
};

/// What one library cell uses. nullopt for a type that the target's flow must not leave behind.
std::optional<Resources> cell_resources(Target target, std::string_view type,
                                        const Liberty* liberty);

/// `sum += times * part`; an error when a count leaves 64 bits.
Status accumulate(Resources& sum, const Resources& part, std::uint64_t times);

}  // namespace bat::synth
