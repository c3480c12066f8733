// SPDX-License-Identifier: Apache-2.0
// QMM: products, bit tiles and wide tiles (docs/architecture.md sections 2, 3 and 5).
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "models/bmt/primitives.hpp"
#include "rtl_gen/program/interpreter/machine.hpp"
#include "rtl_gen/program/word_mask.hpp"

namespace bat {
namespace {

constexpr std::uint64_t low_mask(int count) {
  return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

/// popcount(XNOR) of words in 64-bit chunks that hold the bits of `mask` each.
std::int64_t matches(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b,
                     std::uint64_t mask) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) count += std::popcount(~(a[i] ^ b[i]) & mask);
  return count;
}

/// Sum of a AND b as unsigned by signed: 2 popcount(a AND b) - popcount(a).
std::int64_t and_sum(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += 2 * std::popcount(a[i] & b[i]) - std::popcount(a[i]);
  return sum;
}

isa::SrcB source_b(const Active& a) { return static_cast<isa::SrcB>(a.get(isa::kQmmBSrc)); }
isa::DestMem dest(const Active& a) { return static_cast<isa::DestMem>(a.get(isa::kQmmDMem)); }
bool coded(const Active& a) { return a.out() == isa::Out::kBit || a.out() == isa::Out::kCode; }

}  // namespace

int Interpreter::Machine::valid_cols(const Active& a, int tile) const {
  const int tiles = a.field(isa::kQmmNct);
  const bool segment_end = coded(a) && (tile + 1) % a.field(isa::kQmmRun) == 0;
  return segment_end || tile + 1 == tiles ? a.field(isa::kQmmCvalid) : plan_.cols;
}

std::size_t Interpreter::Machine::acc_index(const Active& a, int tile, int row, int col,
                                            int branch) const {
  const auto branches = a.field(isa::kQmmBr);
  return static_cast<std::size_t>(((tile * plan_.rows + row) * plan_.cols + col) * branches +
                                  branch);
}

/// Zero count of a column of a tile; nothing if it was never counted.
std::optional<std::int64_t> Interpreter::Machine::zero_count(const Active& a, int tile,
                                                             int col) const {
  const int step = config_.array.and_lanes ? a.field(isa::kQmmZStep) : 1;
  const auto at =
      static_cast<std::size_t>((a.field(isa::kQmmZBase) + tile * step) * plan_.cols + col);
  if (at >= zeros_.size() || !zeros_[at].known) return std::nullopt;
  return zeros_[at].zeros;
}

/// What the sum of a column starts with: -(t + z) of a bit tile, 0 of a wide one. In AND form z - t
/// of a bit tile; of a wide one what is more than U where weights are folded, and (2^pa - 1) z,
/// which lane and preload add, where they are not. Nothing if Z was never counted.
std::optional<std::int64_t> Interpreter::Machine::preload(const Active& a, int tile,
                                                          int col) const {
  const bool and_form = config_.array.and_lanes;
  std::int64_t zeros = 0;
  if (a.get(isa::kQmmZUse) != 0 && (and_form || a.out() == isa::Out::kBit)) {
    const auto count = zero_count(a, tile, col);
    if (!count) return std::nullopt;
    zeros = *count;
  }
  if (a.out() != isa::Out::kBit) {
    if (!and_form) return 0;
    if (source_b(a) != isa::SrcB::kW) return bmt::max_code(a.field(isa::kQmmPa)) * zeros;
    return and_excess(a.field(isa::kQmmKw), plan_.depth, a.field(isa::kQmmPa),
                      a.field(isa::kQmmPb));
  }
  const RingState& t_ring = ring(isa::Ring::kT);
  const int in_word = plan_.par_bits / 16;
  const bool bcast = a.get(isa::kQmmBcast) != 0;
  const std::int64_t word = a.t_position + (bcast ? 0 : tile * plan_.t_tile_words + col / in_word);
  const auto raw = t_ring.words.read(0, t_ring.at(word), bcast ? 0 : 16 * (col % in_word), 16);
  const std::int64_t t = static_cast<std::int16_t>(*raw);
  return and_form ? zeros - t : -(t + zeros);
}

/// Operand A of all valid rows: row, plane, word.
bool Interpreter::Machine::gather_a(const Active& a, std::vector<std::uint64_t>& words) {
  const bool xb = static_cast<isa::SrcA>(a.get(isa::kQmmASrc)) == isa::SrcA::kXb;
  const BitMemory& memory = mem_.at(xb ? isa::Tap::kXb : isa::Tap::kAct);
  const std::vector<int> places = walked_words(a.instruction);
  if (static_cast<int>(places.size()) != a.field(isa::kQmmKw)) {
    return fail(
        a, fmt::format("the mask keeps {} words, kw is {}", places.size(), a.field(isa::kQmmKw)));
  }
  if (a.get(isa::kQmmGrain) != 0 && !config_.features.pruning) {
    return fail(a, "a mask, features.pruning is false");
  }
  for (int row = 0; row < a.field(isa::kQmmRvalid); ++row) {
    for (int plane = 0; plane < a.field(isa::kQmmPa); ++plane) {
      for (const int word : places) {
        const int at = a.field(isa::kQmmABase) + plane * a.field(isa::kQmmAPs) + word;
        if (!memory.written(row, at)) {
          return fail(a, fmt::format("operand A word {} of row {} was never written", at, row));
        }
        const auto bits = memory.word(row, at);
        words.insert(words.end(), bits.begin(), bits.end());
      }
    }
  }
  return true;
}

/// Operand B of one column of a tile: branch, plane, word.
bool Interpreter::Machine::gather_b(const Active& a, int tile, int col,
                                    std::vector<std::uint64_t>& words) {
  const RingState& w = ring(isa::Ring::kW);
  const bool from_ring = source_b(a) == isa::SrcB::kW;
  const BitMemory& memory =
      from_ring ? w.words : mem_.at(source_b(a) == isa::SrcB::kK ? isa::Tap::kK : isa::Tap::kV);
  const int count = a.field(isa::kQmmBr) * a.field(isa::kQmmPb) * a.field(isa::kQmmKw);
  for (int offset = tile * count; offset < (tile + 1) * count; ++offset) {
    const int at = from_ring ? w.at(a.b_position + offset) : a.field(isa::kQmmBBase) + offset;
    if (!memory.written(col, at)) {
      return fail(a, fmt::format("operand B word {} of column {} was never written", at, col));
    }
    const auto bits = memory.word(col, at);
    words.insert(words.end(), bits.begin(), bits.end());
  }
  return true;
}

bool Interpreter::Machine::read_qmm(Active& a) {
  const int tiles = a.field(isa::kQmmNct);
  a.values.assign(acc_index(a, tiles, 0, 0, 0), 0);
  std::vector<std::uint64_t> a_words;
  if (!gather_a(a, a_words)) return false;
  for (int tile = 0; tile < tiles; ++tile) {
    for (int col = 0; col < valid_cols(a, tile); ++col) {
      if (!qmm_column(a, tile, col, a_words)) return false;
    }
  }
  return true;
}

bool Interpreter::Machine::qmm_column(Active& a, int tile, int col,
                                      std::span<const std::uint64_t> a_words) {
  std::vector<std::uint64_t> b_words;
  if (!gather_b(a, tile, col, b_words)) return false;
  const auto start = preload(a, tile, col);
  if (!start) return fail(a, fmt::format("zero count of tile {} was never written", tile));
  const auto length = static_cast<std::size_t>(a.field(isa::kQmmKw) * ((plan_.depth + 63) / 64));
  const auto pa = static_cast<std::size_t>(a.field(isa::kQmmPa));
  const auto pb = static_cast<std::size_t>(a.field(isa::kQmmPb));
  for (int row = 0; row < a.field(isa::kQmmRvalid); ++row) {
    for (int br = 0; br < a.field(isa::kQmmBr); ++br) {
      std::int64_t acc = *start;
      for (std::size_t i = 0; i < pa; ++i) {
        for (std::size_t j = 0; j < pb; ++j) {
          const auto x = a_words.subspan((static_cast<std::size_t>(row) * pa + i) * length, length);
          const auto w =
              std::span(b_words).subspan((static_cast<std::size_t>(br) * pb + j) * length, length);
          const std::int64_t sum =
              config_.array.and_lanes ? and_sum(x, w) : matches(x, w, low_mask(plan_.depth));
          acc += sum * (std::int64_t{1} << (i + j));
        }
      }
      if (!bmt::fits_signed(acc, plan_.acc_bits)) return fail(a, "accumulator overflow");
      a.values[acc_index(a, tile, row, col, br)] = acc;
    }
  }
  return true;
}

bool Interpreter::Machine::commit_qmm(Active& a) {
  for (int tile = 0; tile < a.field(isa::kQmmNct); ++tile) {
    if (!commit_tile(a, tile)) return false;
  }
  return true;
}

bool Interpreter::Machine::commit_tile(const Active& a, int tile) {
  switch (a.out()) {
    case isa::Out::kBit:
    case isa::Out::kCode:
      return write_codes(a, tile);
    case isa::Out::kRes:
      return write_residual(a, tile);
    case isa::Out::kScore:
      return write_scores(a, tile);
    case isa::Out::kLogit:
      return write_logits(a, tile);
  }
  return fail(a, "unknown output kind");
}

/// v = (sum of mul_br * (r_br - zz) + offset) >> shift
bool Interpreter::Machine::lane(const Active& a, int tile, int row, int col,
                                std::int64_t& value) const {
  const RingState& p = ring(isa::Ring::kP);
  const bool bcast = a.get(isa::kQmmBcast) != 0;
  const int word = p.at(a.t_position + (bcast ? 0 : tile * plan_.p_tile_words + col / plan_.lanes));
  const int lsb = bcast ? 0 : col % plan_.lanes * 64 * plan_.branches;
  std::int64_t zz = 0;
  if (a.get(isa::kQmmZUse) != 0 && !config_.array.and_lanes) {
    const auto count = zero_count(a, tile, col);
    if (!count) return false;
    zz = bmt::max_code(a.field(isa::kQmmPa)) * *count;
  }
  const std::uint64_t raw = *p.words.read(0, word, lsb + 16 * plan_.branches, 48);
  std::int64_t sum = static_cast<std::int64_t>(raw << 16) >> 16;
  for (int br = 0; br < a.field(isa::kQmmBr); ++br) {
    const auto mul = static_cast<std::int64_t>(*p.words.read(0, word, lsb + 16 * br, 16));
    sum += mul * (a.values[acc_index(a, tile, row, col, br)] - zz);
  }
  // Folded offsets of the AND form may leave 48 bits where the sum does not.
  if (config_.array.and_lanes)
    sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(sum) << 16) >> 16;
  value = sum >> a.get(isa::kQmmShift);
  return bmt::fits_signed(sum, 48);
}

bool Interpreter::Machine::stat_in_range(const Active& a, int row_tile) {
  const auto at = static_cast<std::size_t>((row_tile + 1) * plan_.rows);
  return at <= stat_.size() || fail(a, "row tile out of range");
}

bool Interpreter::Machine::write_residual(const Active& a, int tile) {
  const int rt = a.field(isa::kQmmRt);
  if (!stat_in_range(a, rt)) return false;
  BitMemory& memory = residual(rt);
  for (int row = 0; row < a.field(isa::kQmmRvalid); ++row) {
    Sum& sums = stat(rt, row);
    if (tile == 0 && a.get(isa::kQmmStatFirst) != 0) sums = {0, 0, true};
    for (int col = 0; col < valid_cols(a, tile); ++col) {
      const int word = a.field(isa::kQmmResBase) + tile * plan_.p_tile_words + col / plan_.lanes;
      const int lsb = 16 * (col % plan_.lanes);
      const auto x = memory.read(row, word, lsb, 16);
      if (!x) return fail(a, fmt::format("residual word {} was never written", word));
      std::int64_t v = 0;
      if (!lane(a, tile, row, col, v)) return fail(a, "sum of a lane leaves 48 bits");
      if (row == 0 && a.get(isa::kQmmSkip0) != 0) v = 0;
      const std::int32_t y = bmt::sat16(static_cast<std::int16_t>(*x) + v);
      memory.write(row, word, lsb, 16, static_cast<std::uint16_t>(y));
      sums.sum += y;
      sums.squares += std::int64_t{y} * y;
    }
  }
  return true;
}

bool Interpreter::Machine::write_scores(const Active& a, int tile) {
  BitMemory& memory = mem_.at(isa::Tap::kScore);
  const int width = plan_.score_bits;
  for (int row = 0; row < plan_.rows; ++row) {
    for (int col = 0; col < plan_.cols; ++col) {
      const int within = a.field(isa::kQmmSBase) + tile * plan_.p_tile_words + col / plan_.lanes;
      const int word = a.field(isa::kQmmSlot) * plan_.score_words + within;
      const int lsb = width * (col % plan_.lanes);
      if (within >= plan_.score_words) return fail(a, "score word out of range");
      if (row >= a.field(isa::kQmmRvalid) || col >= valid_cols(a, tile)) {
        memory.erase(row, word, lsb, width);
        continue;
      }
      const std::int64_t raw = a.values[acc_index(a, tile, row, col, 0)];
      if (raw >> width != 0) return fail(a, "score overflow");
      memory.write(row, word, lsb, width, static_cast<std::uint64_t>(raw));
    }
  }
  return true;
}

bool Interpreter::Machine::write_logits(const Active& a, int tile) {
  for (int col = 0; col < valid_cols(a, tile); ++col) {
    std::int64_t v = 0;
    if (!lane(a, tile, 0, col, v)) return fail(a, "sum of a lane leaves 48 bits");
    const int at = a.field(isa::kQmmLBase) + tile * plan_.cols + col;
    if (!mem_.at(isa::Tap::kLogit)
             .write(0, at / plan_.lanes, 32 * (at % plan_.lanes), 32,
                    static_cast<std::uint32_t>(bmt::sat32(v)))) {
      return fail(a, "logit out of range");
    }
  }
  return true;
}

bool Interpreter::Machine::code(const Active& a, int tile, int row, int col,
                                std::int64_t& value) const {
  if (a.out() == isa::Out::kBit) {
    value = a.values[acc_index(a, tile, row, col, 0)] >= 0 ? 1 : 0;
    return true;
  }
  if (!lane(a, tile, row, col, value)) return false;
  value = bmt::clamp_code(value, a.field(isa::kQmmOb));
  return true;
}

bool Interpreter::Machine::write_codes(const Active& a, int tile) {
  std::vector<std::int64_t> codes(static_cast<std::size_t>(plan_.rows * plan_.cols), 0);
  for (int row = 0; row < a.field(isa::kQmmRvalid); ++row) {
    for (int col = 0; col < valid_cols(a, tile); ++col) {
      if (!code(a, tile, row, col, codes[static_cast<std::size_t>(row * plan_.cols + col)])) {
        return fail(a, "sum of a lane leaves 48 bits or needs an unknown zero count");
      }
    }
  }
  switch (dest(a)) {
    case isa::DestMem::kAct:
      return write_act(a, tile, codes);
    case isa::DestMem::kK:
      return write_keys(a, tile, codes);
    case isa::DestMem::kV:
      return write_values(a, tile, codes);
  }
  return fail(a, "unknown destination");
}

bool Interpreter::Machine::write_group(BitMemory& memory, int slice, int word, int group,
                                       std::uint64_t data, bool known) {
  if (known) return memory.write(slice, word, group * plan_.cols, plan_.cols, data);
  return memory.erase(slice, word, group * plan_.cols, plan_.cols);
}

namespace {

/// Word and group of a tile, relative to the destination base; whether it ends its segment.
struct TilePlace {
  int word;
  int group;
  bool last;
};

TilePlace place(const Active& a, int tile, int groups) {
  const int run = a.field(isa::kQmmRun);
  const int within = tile % run;
  return {a.field(isa::kQmmDBase) + tile / run * a.field(isa::kQmmDSeg) + within / groups,
          within % groups, within + 1 == run || tile + 1 == a.field(isa::kQmmNct)};
}

}  // namespace

bool Interpreter::Machine::write_act(const Active& a, int tile,
                                     const std::vector<std::int64_t>& codes) {
  const int groups = plan_.depth / plan_.cols;
  const TilePlace at = place(a, tile, groups);
  for (int plane = 0; plane < a.field(isa::kQmmOb); ++plane) {
    const int word = at.word + plane * a.field(isa::kQmmDPs);
    for (int row = 0; row < plan_.rows; ++row) {
      const bool known = row < a.field(isa::kQmmRvalid);
      std::uint64_t data = 0;
      for (int col = 0; col < plan_.cols; ++col) {
        const std::int64_t c = codes[static_cast<std::size_t>(row * plan_.cols + col)];
        data |= static_cast<std::uint64_t>(c >> plane & 1) << col;
      }
      const int last_group = at.last ? groups - 1 : at.group;
      for (int g = at.group; g <= last_group; ++g) {
        if (!write_group(mem_.at(isa::Tap::kAct), row, word, g, g == at.group ? data : 0, known)) {
          return fail(a, "ACT word out of range");
        }
      }
    }
  }
  return true;
}

/// AND form: zeros of a tile of keys, added up over the tiles of a head.
bool Interpreter::Machine::count_keys(const Active& a, int tile,
                                      const std::vector<std::int64_t>& codes) {
  const int run = a.field(isa::kQmmRun);
  const std::int64_t most = bmt::max_code(a.field(isa::kQmmOb));
  for (int row = 0; row < a.field(isa::kQmmRvalid); ++row) {
    const int slice = a.field(isa::kQmmDTg) * plan_.rows + row;
    const auto z =
        static_cast<std::size_t>((a.field(isa::kQmmZBase) + tile / run) * plan_.cols + slice);
    if (z >= zeros_.size()) return fail(a, "zero count out of range");
    if (a.get(isa::kQmmZFirst) != 0 && tile % run == 0) zeros_[z] = {0, true};
    for (int col = 0; col < valid_cols(a, tile); ++col) {
      // Zeros of the planes of a code, each by its weight.
      zeros_[z].zeros += most - codes[static_cast<std::size_t>(row * plan_.cols + col)];
    }
  }
  return true;
}

bool Interpreter::Machine::write_keys(const Active& a, int tile,
                                      const std::vector<std::int64_t>& codes) {
  const int groups = plan_.depth / plan_.cols;
  const TilePlace at = place(a, tile, groups);
  const std::uint64_t ones = low_mask(plan_.cols);
  if (a.get(isa::kQmmZCnt) != 0 && !count_keys(a, tile, codes)) return false;
  for (int plane = 0; plane < a.field(isa::kQmmOb); ++plane) {
    const int word = at.word + plane * a.field(isa::kQmmDPs);
    for (int row = 0; row < plan_.rows; ++row) {
      const int slice = a.field(isa::kQmmDTg) * plan_.rows + row;
      std::uint64_t data = ones & ~low_mask(valid_cols(a, tile));
      for (int col = 0; col < valid_cols(a, tile); ++col) {
        const std::int64_t c = codes[static_cast<std::size_t>(row * plan_.cols + col)];
        data |= static_cast<std::uint64_t>(c >> plane & 1) << col;
      }
      const bool known = row < a.field(isa::kQmmRvalid);
      const int last_group = at.last ? groups - 1 : at.group;
      for (int g = at.group; g <= last_group; ++g) {
        if (!write_group(mem_.at(isa::Tap::kK), slice, word, g, g == at.group ? data : ones,
                         known)) {
          return fail(a, "K word out of range");
        }
      }
    }
  }
  return true;
}

bool Interpreter::Machine::write_values(const Active& a, int tile,
                                        const std::vector<std::int64_t>& codes) {
  const TilePlace at = place(a, tile, plan_.depth / plan_.cols);
  const int rvalid = a.field(isa::kQmmRvalid);
  const int group = a.field(isa::kQmmDTg);
  const int token_groups = plan_.depth / plan_.rows;
  for (int col = 0; col < plan_.cols; ++col) {
    const auto z = static_cast<std::size_t>((a.field(isa::kQmmZBase) + tile) * plan_.cols + col);
    const bool count = a.get(isa::kQmmZCnt) != 0;
    if (count && z >= zeros_.size()) return fail(a, "zero count out of range");
    if (count && a.get(isa::kQmmZFirst) != 0) zeros_[z] = {0, true};
    for (int plane = 0; plane < a.field(isa::kQmmOb); ++plane) {
      const int word = at.word + plane * a.field(isa::kQmmDPs);
      std::uint64_t data = low_mask(plan_.rows) & ~low_mask(rvalid);
      for (int row = 0; row < rvalid; ++row) {
        const std::int64_t c = codes[static_cast<std::size_t>(row * plan_.cols + col)];
        data |= static_cast<std::uint64_t>(c >> plane & 1) << row;
      }
      if (count) {
        const int ones = std::popcount(data & low_mask(rvalid));
        zeros_[z].zeros += std::int64_t{rvalid - ones} << plane;
      }
      BitMemory& memory = mem_.at(isa::Tap::kV);
      const int last_group = a.get(isa::kQmmFill) != 0 ? token_groups - 1 : group;
      for (int g = group; g <= last_group; ++g) {
        if (!memory.write(col, word, g * plan_.rows, plan_.rows,
                          g == group ? data : low_mask(plan_.rows))) {
          return fail(a, "V word out of range");
        }
      }
    }
  }
  return true;
}

}  // namespace bat
