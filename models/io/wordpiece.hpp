// SPDX-License-Identifier: Apache-2.0
// BERT tokenization: basic tokenizer (clean text, CJK spacing, lower case with accents stripped,
// punctuation split) followed by greedy longest-match WordPiece.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "models/io/result.hpp"

namespace bat::io {

/// A tokenized sequence: ids and the segment (0 or 1) of each.
struct Encoding {
  std::vector<std::uint32_t> ids;
  std::vector<std::uint8_t> segments;
};

class WordPiece {
 public:
  /// `vocab` holds one piece a line; the line number, from 0, is the id. Required pieces: [UNK],
  /// [CLS], [SEP]. Duplicate or empty lines are errors; a last newline is optional.
  static Result<WordPiece> from_vocab(std::string_view vocab, bool lower_case);

  int size() const { return static_cast<int>(ids_.size()); }
  std::uint32_t unknown() const { return unknown_; }
  std::uint32_t cls() const { return cls_; }
  std::uint32_t sep() const { return sep_; }

  /// Words after the basic tokenizer, UTF-8. Malformed bytes act as U+FFFD and are dropped.
  std::vector<std::string> words(std::string_view text) const;

  /// Piece ids of `text`, without [CLS] and [SEP]. Words longer than 100 characters give [UNK].
  std::vector<std::uint32_t> pieces(std::string_view text) const;

  /// "[CLS] a [SEP]" (segment 0), and "b [SEP]" (segment 1) if `b` is not empty. Longer than
  /// `max_tokens` >= 3: pieces are taken off the end of the longer sentence (of `b` when equal),
  /// one at a time.
  Encoding encode(std::string_view a, std::string_view b, int max_tokens) const;

 private:
  WordPiece() = default;

  void append_word(const std::string& word, std::vector<std::uint32_t>& out) const;

  std::unordered_map<std::string, std::uint32_t> ids_;
  std::uint32_t unknown_ = 0, cls_ = 0, sep_ = 0;
  bool lower_case_ = true;
};

}  // namespace bat::io
