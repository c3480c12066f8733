// SPDX-License-Identifier: Apache-2.0
// Configuration of one accelerator (docs/architecture.md section 1): what a person chooses. Sizes
// that follow from it are in rtl_gen/plan/plan.hpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "models/bmt/protection.hpp"
#include "models/io/result.hpp"

namespace bat {

/// How the popcount of a processing element is written.
enum class Popcount {
  kFlat,     ///< a sum that the synthesizer maps
  kFaTree,   ///< a cell a lane and a tree of full adders: standard cells
  kLut6,     ///< pairs of 6-input lookup tables and compressors
  kChain,    ///< rows of two-output lookup tables, no carry cells
  kBlock14,  ///< rows of two-output lookup tables, carry chains above
};

/// One accelerator. A default-constructed value is legal; `validate` checks any other.
/// The order of members is the order of keys in the file and in the canonical text.
struct Config {
  std::string name;   ///< for people and file names; not part of the hash
  std::string model;  ///< model that `batkit` takes when none is given; not part of the hash

  struct Array {
    int rows = 8;        ///< TR, token rows of a tile
    int cols = 8;        ///< TC, output columns of a tile
    int depth = 32;      ///< TK, bits of a dot product per cycle
    int lanes = 2;       ///< columns per cycle and row in drain, LayerNorm and softmax
    int pop_stages = 1;  ///< pipeline registers in the popcount
    Popcount popcount = Popcount::kFlat;
    int dsp_rows = 0;        ///< highest rows whose accumulators are pairs in DSP blocks
    bool and_lanes = false;  ///< lanes AND instead of XNOR: standard cells
  } array;

  struct Features {
    int act_bits = 1;          ///< MaxBits, encoder activation bits built in
    int branches = 1;          ///< BR, weight branches built in
    bool softmax = true;       ///< softmax attention built in
    bool threshold = true;     ///< threshold attention built in
    bool tokens = true;        ///< token input built in
    bool feature_rows = true;  ///< feature input built in
    bool pruning = false;      ///< masks that skip pruned weight blocks built in
  } features;

  /// The largest model that fits.
  struct Limits {
    int tokens = 64;
    int hidden = 128;
    int heads = 4;
    int head_dim = 32;
    int ffn = 512;
    int classes = 16;
    int features = 64;   ///< features a row
    int positions = 64;  ///< rows of the position table, one segment
    int sentences = 1;   ///< sentences a program, which share each weight and all tokens
  } limits;

  struct Memory {
    int axi_data_bits = 64;
    int axi_addr_bits = 32;
    int max_burst = 16;                                          ///< beats
    int outstanding = 8;                                         ///< read bursts in flight
    bmt::Protection weight_protection = bmt::Protection::kNone;  ///< of the weight ring
  } memory;

  /// Ring depths in ring words, powers of two; 0 lets the plan choose.
  struct Buffers {
    int weight_ring_words = 0;
    int threshold_ring_words = 0;
    int parameter_ring_words = 0;
    int layernorm_ring_words = 0;
    int resident_layers =
        0;                 ///< layers whose parameters stay on chip; 0: they stream through rings
    int queue_depth = 16;  ///< instructions a unit queue holds
    int job_queue_depth = 4;  ///< jobs the register block holds
  } buffers;
};

/// Ranges of single values and rules between values; the message names the key, the rule and the
/// nearest legal value.
Status validate(const Config& config);

/// Parses and validates TOML text. Unknown keys, wrong types, values out of range and inconsistent
/// values give "source:line:col: key: rule; nearest legal value is X".
Result<Config> parse_config(std::string_view toml, std::string_view source);

Result<Config> load_config_file(const std::filesystem::path& path);

/// A named configuration when `name_or_path` is one of `config_names()`, a file otherwise.
Result<Config> load_config(const std::string& name_or_path);

/// Names of the configurations built into the program, sorted.
std::vector<std::string> config_names();

/// TOML text of a named configuration as it is in the repository; empty if there is none.
std::string_view config_source(std::string_view name);

/// Every key with its value, one a line, grouped by section: parses back to the same value.
std::string canonical_text(const Config& config);

/// SHA-256 (hex) of the canonical text without `name` and `model`, and without `array.and_lanes`
/// where it is false: equal hashes mean equal hardware.
std::string config_hash(const Config& config);

/// Low 32 bits of the hash (its last 8 digits), as in register CONFIG_HASH and in program headers.
std::uint32_t config_hash32(const Config& config);

/// Keys, types, ranges, defaults and meanings, from the table that drives the parser.
std::string config_schema_text();
std::string config_schema_json();

std::string_view to_string(Popcount popcount);

}  // namespace bat
