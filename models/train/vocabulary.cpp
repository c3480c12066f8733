// SPDX-License-Identifier: Apache-2.0
#include "models/train/vocabulary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <unordered_map>

namespace bat::train {
namespace {

/// Whether a piece must stay whatever the text: special, or one character ("a", "##a").
bool needed(std::string_view piece) {
  for (const char* special : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}) {
    if (piece == special) return true;
  }
  if (piece.starts_with("##")) piece.remove_prefix(2);
  const auto starts = std::count_if(piece.begin(), piece.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;  // not a UTF-8 continuation byte
  });
  return starts == 1;
}

}  // namespace

std::vector<std::string> pieces_of(std::string_view vocab) {
  std::vector<std::string> out;
  while (!vocab.empty()) {
    const std::size_t end = std::min(vocab.find('\n'), vocab.size());
    out.emplace_back(vocab.substr(0, end));
    vocab.remove_prefix(std::min(end + 1, vocab.size()));
  }
  return out;
}

std::string subset(std::string_view vocab, std::span<const std::int64_t> counts, int most) {
  const std::vector<std::string> pieces = pieces_of(vocab);
  std::vector<std::size_t> rank(pieces.size());
  std::iota(rank.begin(), rank.end(), 0);
  const auto before = [&](std::size_t a, std::size_t b) {
    const bool na = needed(pieces[a]);
    const bool nb = needed(pieces[b]);
    return na != nb ? na : !na && counts[a] > counts[b];
  };
  std::stable_sort(rank.begin(), rank.end(), before);
  const auto least = std::count_if(pieces.begin(), pieces.end(), needed);
  const auto size = std::min<std::size_t>(
      pieces.size(), static_cast<std::size_t>(std::max<std::int64_t>(most, least)));
  rank.resize(size);
  std::sort(rank.begin(), rank.end());
  std::string out;
  for (const std::size_t line : rank) out += pieces[line] + "\n";
  return out;
}

Result<std::vector<std::int64_t>> lines_in(std::string_view wanted, std::string_view have) {
  std::unordered_map<std::string, std::int64_t> lines;
  std::int64_t number = 0;
  for (const std::string& piece : pieces_of(have)) lines[piece] = number++;
  std::vector<std::int64_t> out;
  for (const std::string& piece : pieces_of(wanted)) {
    const auto found = lines.find(piece);
    if (found == lines.end()) {
      return Error{fmt::format("vocabulary: piece '{}' is not in the one to start from", piece)};
    }
    out.push_back(found->second);
  }
  return out;
}

std::int64_t mask_line(std::string_view vocab) {
  const std::vector<std::string> pieces = pieces_of(vocab);
  const auto found = std::find(pieces.begin(), pieces.end(), "[MASK]");
  return found == pieces.end() ? -1 : found - pieces.begin();
}

}  // namespace bat::train
