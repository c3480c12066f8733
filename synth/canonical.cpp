// SPDX-License-Identifier: Apache-2.0
#include "synth/canonical.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

namespace bat::synth {
namespace {

constexpr int kMostRounds = 64;

std::uint64_t mix(std::uint64_t state, std::uint64_t value) {
  state ^= value + 0x9E3779B97F4A7C15ULL + (state << 6) + (state >> 2);
  state *= 0xD6E8FEB86659FD93ULL;
  return state ^ (state >> 32);
}

// A word: a fixed text, or the number of a private name.
struct Word {
  std::uint64_t hash = 0;
  std::size_t name = 0;
  bool is_private = false;
};

using Line = std::vector<Word>;

// A wire, memory, cell or connection with its attributes; the order of its lines means nothing.
struct Block {
  std::vector<Line> lines;
};

class Refiner {
 public:
  std::size_t private_name(std::string_view text) {
    const auto [place, fresh] = number_.try_emplace(text, signature_.size());
    if (fresh) signature_.push_back(1);
    return place->second;
  }

  void add(Block block) { blocks_.push_back(std::move(block)); }

  void refine() {
    std::size_t told_apart = 0;
    for (int round = 0; round < kMostRounds; ++round) {
      step();
      const std::size_t now = std::set<std::uint64_t>(signature_.begin(), signature_.end()).size();
      if (now == told_apart) break;
      told_apart = now;
    }
  }

  std::string text() const {
    std::vector<std::uint64_t> hashes;
    hashes.reserve(blocks_.size());
    for (const Block& block : blocks_) hashes.push_back(block_hash(block));
    std::ranges::sort(hashes);
    std::string text;
    for (const std::uint64_t hash : hashes) text += fmt::format("{:016x}", hash);
    return text;
  }

 private:
  std::uint64_t line_hash(const Line& line) const {
    std::uint64_t hash = line.size();
    for (const Word& word : line)
      hash = mix(hash, word.is_private ? signature_[word.name] : word.hash);
    return hash;
  }

  std::uint64_t block_hash(const Block& block) const {
    std::vector<std::uint64_t> hashes;
    for (const Line& line : block.lines) hashes.push_back(line_hash(line));
    std::ranges::sort(hashes);
    std::uint64_t hash = hashes.size();
    for (const std::uint64_t line : hashes) hash = mix(hash, line);
    return hash;
  }

  // Each name takes in every place where it stands; sums do not depend on the order of the places.
  void step() {
    std::vector<std::uint64_t> places(signature_.size(), 0);
    for (const Block& block : blocks_) {
      const std::uint64_t around = block_hash(block);
      for (const Line& line : block.lines) {
        const std::uint64_t beside = mix(around, line_hash(line));
        for (std::size_t i = 0; i < line.size(); ++i) {
          if (line[i].is_private) places[line[i].name] += mix(beside, i);
        }
      }
    }
    for (std::size_t i = 0; i < places.size(); ++i) signature_[i] = mix(signature_[i], places[i]);
  }

  std::unordered_map<std::string_view, std::size_t> number_;
  std::vector<std::uint64_t> signature_;
  std::vector<Block> blocks_;
};

}  // namespace

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> found;
  std::size_t at = 0;
  while ((at = line.find_first_not_of(' ', at)) != std::string_view::npos) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    found.push_back(line.substr(at, end - at));
    at = end;
  }
  return found;
}

std::string canonical_text(std::span<const std::string_view> lines,
                           const std::function<std::string(std::string_view)>& type_of) {
  Refiner refiner;
  Block block;
  bool in_cell = false;
  for (const std::string_view text : lines) {
    const std::vector<std::string_view> word = words(text);
    if (word.empty() || text.starts_with("  parameter ")) continue;
    if (word[0] == "attribute" && word.size() > 1 && word[1] == "\\src") continue;
    const bool opens_cell = text.starts_with("  cell ");
    Line line;
    for (std::size_t i = 0; i < word.size(); ++i) {
      const bool is_type = opens_cell && i == 1;
      const bool is_private = word[i].starts_with('$') && !is_type;
      if (is_private) {
        line.push_back({0, refiner.private_name(word[i]), true});
      } else {
        const std::string shown = is_type ? type_of(word[i]) : std::string(word[i]);
        line.push_back({std::hash<std::string>{}(shown), 0, false});
      }
    }
    block.lines.push_back(std::move(line));
    in_cell = (in_cell || opens_cell) && text != "  end";
    if (!in_cell && word[0] != "attribute") refiner.add(std::exchange(block, {}));
  }
  refiner.refine();
  return refiner.text();
}

}  // namespace bat::synth
