// SPDX-License-Identifier: Apache-2.0
#include "models/io/wordpiece.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "models/io/unicode_tables.hpp"
#include "models/io/utf8.hpp"

namespace bat::io {
namespace {

constexpr std::size_t kMaxWordCharacters = 100;

using Text = std::u32string;

bool in(std::span<const unicode::Range> ranges, char32_t c) {
  const auto after = std::upper_bound(ranges.begin(), ranges.end(), c,
                                      [](char32_t v, const auto& r) { return v < r.first; });
  return after != ranges.begin() && c <= std::prev(after)->last;
}

bool is_cjk(char32_t c) {
  static constexpr std::array<unicode::Range, 8> kBlocks = {{{0x3400, 0x4DBF},
                                                             {0x4E00, 0x9FFF},
                                                             {0xF900, 0xFAFF},
                                                             {0x20000, 0x2A6DF},
                                                             {0x2A700, 0x2B73F},
                                                             {0x2B740, 0x2B81F},
                                                             {0x2B820, 0x2CEAF},
                                                             {0x2F800, 0x2FA1F}}};
  return in(kBlocks, c);
}

/// Drops control and malformed characters, turns white space into blanks and sets CJK characters
/// apart.
Text clean(std::string_view text) {
  Text out;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = decode_utf8(text, at);
    if (in(unicode::other(), c)) continue;
    if (in(unicode::space(), c)) {
      out += U' ';
    } else if (is_cjk(c)) {
      out += U' ';
      out += c;
      out += U' ';
    } else {
      out += c;
    }
  }
  return out;
}

/// Hangul syllables decompose by arithmetic into two or three jamo.
void append_jamo(Text& out, char32_t syllable) {
  const char32_t index = syllable - 0xAC00;
  out += 0x1100 + index / 588;
  out += 0x1161 + index % 588 / 28;
  if (index % 28 != 0) out += 0x11A7 + index % 28;
}

/// Canonical decomposition without nonspacing marks. Putting marks in canonical order would change
/// nothing: what it moves are, but for a few musical signs, the marks dropped here.
Text strip_accents(const Text& text) {
  Text out;
  const auto table = unicode::decompositions();
  for (const char32_t c : text) {
    if (in(unicode::nonspacing_mark(), c)) continue;
    if (c >= 0xAC00 && c <= 0xD7A3) {
      append_jamo(out, c);
      continue;
    }
    const auto entry = std::lower_bound(table.begin(), table.end(), c,
                                        [](const auto& d, char32_t v) { return d.from < v; });
    if (entry == table.end() || entry->from != c) {
      out += c;
      continue;
    }
    for (const char32_t part : entry->to) {
      if (part != 0) out += part;
    }
  }
  return out;
}

char32_t lower(char32_t c) {
  const auto runs = unicode::lower_runs();
  const auto after = std::upper_bound(runs.begin(), runs.end(), c,
                                      [](char32_t v, const auto& r) { return v < r.first; });
  if (after == runs.begin()) return c;
  const unicode::LowerRun& run = *std::prev(after);
  if (c > run.last || (c - run.first) % run.stride != 0) return c;
  return static_cast<char32_t>(static_cast<std::int32_t>(c) + run.delta);
}

std::string encode_utf8(std::u32string_view text) {
  std::string out;
  for (const char32_t c : text) append_utf8(out, c);
  return out;
}

std::size_t count_characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

/// One character shorter, from the end.
std::string_view drop_last(std::string_view utf8) {
  do {
    utf8.remove_suffix(1);
  } while (!utf8.empty() && (static_cast<unsigned char>(utf8[utf8.size()]) & 0xC0U) == 0x80U);
  return utf8;
}

}  // namespace

Result<WordPiece> WordPiece::from_vocab(std::string_view vocab, bool lower_case) {
  WordPiece tokenizer;
  tokenizer.lower_case_ = lower_case;
  while (!vocab.empty()) {
    const std::size_t end = std::min(vocab.find('\n'), vocab.size());
    std::string_view piece = vocab.substr(0, end);
    if (piece.ends_with('\r')) piece.remove_suffix(1);
    vocab.remove_prefix(std::min(end + 1, vocab.size()));
    const auto id = static_cast<std::uint32_t>(tokenizer.ids_.size());
    if (piece.empty()) return Error{fmt::format("vocab:{}: empty piece", id + 1)};
    if (!tokenizer.ids_.emplace(piece, id).second) {
      return Error{fmt::format("vocab:{}: duplicate piece \"{}\"", id + 1, piece)};
    }
  }
  const std::array<std::pair<const char*, std::uint32_t*>, 3> special = {
      {{"[UNK]", &tokenizer.unknown_}, {"[CLS]", &tokenizer.cls_}, {"[SEP]", &tokenizer.sep_}}};
  for (const auto& [piece, id] : special) {
    const auto found = tokenizer.ids_.find(piece);
    if (found == tokenizer.ids_.end()) return Error{fmt::format("vocab: {} is missing", piece)};
    *id = found->second;
  }
  return tokenizer;
}

std::vector<std::string> WordPiece::words(std::string_view text) const {
  Text characters = clean(text);
  if (lower_case_) {
    characters = strip_accents(characters);
    std::transform(characters.begin(), characters.end(), characters.begin(), lower);
  }
  std::vector<std::string> out;
  std::size_t start = 0;
  const auto close = [&](std::size_t end) {
    if (end > start)
      out.push_back(encode_utf8(std::u32string_view(characters).substr(start, end - start)));
  };
  for (std::size_t i = 0; i < characters.size(); ++i) {
    const bool punctuation = in(unicode::punctuation(), characters[i]);
    if (!punctuation && !in(unicode::space(), characters[i])) continue;
    close(i);
    start = i;
    if (punctuation) close(i + 1);
    start = i + 1;
  }
  close(characters.size());
  return out;
}

void WordPiece::append_word(const std::string& word, std::vector<std::uint32_t>& out) const {
  const std::size_t first = out.size();
  std::string_view rest = word;
  if (count_characters(word) > kMaxWordCharacters) {
    out.push_back(unknown_);
    return;
  }
  while (!rest.empty()) {
    const std::string prefix = rest.size() == word.size() ? "" : "##";
    std::string_view piece = rest;
    auto found = ids_.end();
    while (!piece.empty() && (found = ids_.find(prefix + std::string(piece))) == ids_.end()) {
      piece = drop_last(piece);
    }
    if (piece.empty()) {
      out.resize(first);
      out.push_back(unknown_);
      return;
    }
    out.push_back(found->second);
    rest.remove_prefix(piece.size());
  }
}

std::vector<std::uint32_t> WordPiece::pieces(std::string_view text) const {
  std::vector<std::uint32_t> out;
  for (const std::string& word : words(text)) append_word(word, out);
  return out;
}

Encoding WordPiece::encode(std::string_view a, std::string_view b, int max_tokens) const {
  std::vector<std::uint32_t> first = pieces(a);
  std::vector<std::uint32_t> second = pieces(b);
  const std::size_t special = b.empty() ? 2 : 3;
  const std::size_t room = static_cast<std::size_t>(max_tokens) - special;
  while (first.size() + second.size() > room) {
    (first.size() > second.size() ? first : second).pop_back();
  }
  Encoding out;
  out.ids.push_back(cls_);
  out.ids.insert(out.ids.end(), first.begin(), first.end());
  out.ids.push_back(sep_);
  out.segments.assign(out.ids.size(), 0);
  if (b.empty()) return out;
  out.ids.insert(out.ids.end(), second.begin(), second.end());
  out.ids.push_back(sep_);
  out.segments.resize(out.ids.size(), 1);
  return out;
}

}  // namespace bat::io
