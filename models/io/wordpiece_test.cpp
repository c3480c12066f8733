// SPDX-License-Identifier: Apache-2.0
#include "models/io/wordpiece.hpp"

#include <gtest/gtest.h>

#include "models/io/mutator.hpp"
#include "models/io/utf8.hpp"

namespace bat::io {
namespace {

using namespace std::string_view_literals;

// Escapes are UTF-8 in octal. The expected ids were computed once with the `tokenizers` package
// 0.23.3 (BertNormalizer, BertPreTokenizer, WordPiece) from the same vocabulary.
constexpr std::string_view kVocab =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\nquick\nbrown\n"
    "fox\njump\n##s\n##ed\n##ing\nover\nlazy\ndog\n"
    "un\n##aff\n##able\nwant\n##want\n##ed2\nrunn\ncafe\n"
    "naive\nresume\na\nb\nc\nd\n##a\n##b\n"
    "##c\n##d\ne\ni\no\nu\n.\n,\n"
    "!\n?\n'\n-\n\042\n\344\270\255\n\346\226\207\n\346\235\261\n"
    "strasse\nstra\303\237e\n\303\237\n\317\203\n##\317\202\n##"
    "\317\203\n\341\275\200\316\264\317\205\317\203\317\203\316\265\317\205\317\202\n\320\271\n"
    "\320\270\n\355\225\234\n\341\204\222\n##\341\205\241\n##\341\206\253\n1\n2\n##0\n"
    "##1\n$\n`\n~\nThe\nQuick\nCaf\303\251\n\303\211\n"
    "##\303\251\n";

struct Case {
  std::string_view text;
  std::vector<std::uint32_t> ids;
};

const std::vector<Case> kUncased = {
    {"The quick brown fox jumps over the lazy dog."sv, {5, 6, 7, 8, 9, 10, 13, 5, 14, 15, 38}},
    {"UNWANTED unaffable runnning"sv, {16, 20, 11, 16, 17, 18, 1}},
    {"  \011 the\012\015quick  "sv, {5, 6}},
    {"Caf\303\251 na\303\257ve r\303\251sum\303\251 \303\211"sv, {23, 24, 25, 34}},
    {"don't-jump!? \042a\042"sv, {1, 42, 1, 43, 9, 40, 41, 44, 26, 44}},
    {"\344\270\255\346\226\207\346\235\261\344\272\254 the\344\270\255"sv, {45, 46, 47, 1, 5, 45}},
    {"\355\225\234"sv, {58, 59, 60}},
    {"\304\260 \320\231 \316\243 \316\237\316\224\316\245\316\243\316\243\316\225\316\245\316\243"sv,
     {35, 56, 51, 1}},
    {"a\000b a\342\200\215b a\357\277\275b a\302\255b"sv, {26, 31, 26, 31, 26, 31, 26, 31}},
    {"a\302\240b\342\200\250c\343\200\200d"sv, {26, 27, 28, 29}},
    {"$1 `~ 2011"sv, {65, 61, 66, 67, 62, 63, 64, 64}},
    {""sv, {}},
    {"[CLS] the [SEP]"sv, {1, 1, 1, 5, 1, 1, 1}},
    {"\357\254\201 \357\274\241"sv, {1, 1}},
    {"e\314\201 i\314\210"sv, {34, 35}},
    {"\341\272\236 \303\237 stra\303\237e"sv, {50, 50, 49}},
    {"the\342\200\246quick\342\200\224brown\302\253fox\302\273"sv, {5, 1, 6, 1, 7, 1, 8, 1}},
};

const std::vector<Case> kCased = {
    {"The quick brown fox jumps over the lazy dog."sv, {68, 6, 7, 8, 9, 10, 13, 5, 14, 15, 38}},
    {"UNWANTED unaffable runnning"sv, {1, 16, 17, 18, 1}},
    {"  \011 the\012\015quick  "sv, {5, 6}},
    {"Caf\303\251 na\303\257ve r\303\251sum\303\251 \303\211"sv, {70, 1, 1, 71}},
    {"don't-jump!? \042a\042"sv, {1, 42, 1, 43, 9, 40, 41, 44, 26, 44}},
    {"\344\270\255\346\226\207\346\235\261\344\272\254 the\344\270\255"sv, {45, 46, 47, 1, 5, 45}},
    {"\355\225\234"sv, {57}},
    {"\304\260 \320\231 \316\243 \316\237\316\224\316\245\316\243\316\243\316\225\316\245\316\243"sv,
     {1, 1, 1, 1}},
    {"a\000b a\342\200\215b a\357\277\275b a\302\255b"sv, {26, 31, 26, 31, 26, 31, 26, 31}},
    {"a\302\240b\342\200\250c\343\200\200d"sv, {26, 27, 28, 29}},
    {"$1 `~ 2011"sv, {65, 61, 66, 67, 62, 63, 64, 64}},
    {""sv, {}},
    {"[CLS] the [SEP]"sv, {1, 1, 1, 5, 1, 1, 1}},
    {"\357\254\201 \357\274\241"sv, {1, 1}},
    {"e\314\201 i\314\210"sv, {1, 1}},
    {"\341\272\236 \303\237 stra\303\237e"sv, {1, 50, 49}},
    {"the\342\200\246quick\342\200\224brown\302\253fox\302\273"sv, {5, 1, 6, 1, 7, 1, 8, 1}},
};

WordPiece tokenizer(bool lower_case) {
  return std::move(WordPiece::from_vocab(kVocab, lower_case)).value();
}

TEST(WordPiece, Uncased) {
  const WordPiece pieces = tokenizer(true);
  for (const Case& c : kUncased) EXPECT_EQ(pieces.pieces(c.text), c.ids) << c.text;
}

TEST(WordPiece, Cased) {
  const WordPiece pieces = tokenizer(false);
  for (const Case& c : kCased) EXPECT_EQ(pieces.pieces(c.text), c.ids) << c.text;
}

TEST(WordPiece, WordsAboveAHundredCharactersAreUnknown) {
  const WordPiece pieces = tokenizer(true);
  EXPECT_EQ(pieces.pieces(std::string(100, 'a')).size(), 100U);
  EXPECT_EQ(pieces.pieces(std::string(101, 'a')), std::vector{pieces.unknown()});
  std::string accents;  // characters count, not bytes
  for (int i = 0; i < 100; ++i) accents += "\303\251";
  EXPECT_EQ(pieces.words(accents).front().size(), 100U);
  EXPECT_EQ(tokenizer(false).words(accents).front().size(), 200U);
}

TEST(WordPiece, MalformedBytesAreDropped) {
  const WordPiece pieces = tokenizer(true);
  EXPECT_EQ(pieces.words("a\xFF"
                         "b \xC3 c\xE4\xB8 \xED\xA0\x80 \xC0\x80"),
            (std::vector<std::string>{"ab", "c"}));
}

TEST(WordPiece, CjkCharactersStandAlone) {
  EXPECT_EQ(tokenizer(true).words("a\xF0\xAB\xA0\xA0z"),  // U+2B820
            (std::vector<std::string>{"a", "\xF0\xAB\xA0\xA0", "z"}));
}

TEST(WordPiece, EncodesPairsAndCutsTheLongerSentence) {
  const WordPiece pieces = tokenizer(true);
  const std::uint32_t a = 26;
  const std::uint32_t b = 27;
  Encoding e = pieces.encode("a a a", "b", 128);
  EXPECT_EQ(e.ids, (std::vector<std::uint32_t>{2, a, a, a, 3, b, 3}));
  EXPECT_EQ(e.segments, (std::vector<std::uint8_t>{0, 0, 0, 0, 0, 1, 1}));
  e = pieces.encode("a a a", "b", 6);
  EXPECT_EQ(e.ids, (std::vector<std::uint32_t>{2, a, a, 3, b, 3}));
  e = pieces.encode("a a a", "b b b", 8);
  EXPECT_EQ(e.ids, (std::vector<std::uint32_t>{2, a, a, a, 3, b, b, 3}));
  e = pieces.encode("a a a", "", 4);
  EXPECT_EQ(e.ids, (std::vector<std::uint32_t>{2, a, a, 3}));
  EXPECT_EQ(pieces.encode("a", "b", 3).ids, (std::vector<std::uint32_t>{2, 3, 3}));
}

TEST(WordPiece, VocabularyRules) {
  EXPECT_FALSE(WordPiece::from_vocab("", true).ok());
  EXPECT_FALSE(WordPiece::from_vocab("[UNK]\n[CLS]\n", true).ok());
  EXPECT_EQ(WordPiece::from_vocab("[UNK]\n[CLS]\n[SEP]\na\na\n", true).error().message,
            "vocab:5: duplicate piece \"a\"");
  EXPECT_FALSE(WordPiece::from_vocab("[UNK]\n\n[CLS]\n[SEP]", true).ok());
  EXPECT_EQ(WordPiece::from_vocab("[UNK]\r\n[CLS]\r\n[SEP]", true).value().size(), 3);
}

TEST(WordPiece, SurvivesDamage) {
  Mutator mutator(4);
  const WordPiece pieces = tokenizer(true);
  std::string text;
  for (const Case& c : kUncased) text += c.text;
  for (int i = 0; i < 5000; ++i) {
    for (const std::uint32_t id : pieces.pieces(mutator.mutate(text))) {
      ASSERT_LT(id, static_cast<std::uint32_t>(pieces.size()));
    }
    (void)WordPiece::from_vocab(mutator.mutate(std::string(kVocab)), false).ok();
  }
}

TEST(Utf8, RoundTripOfEveryCodePoint) {
  for (std::uint32_t c = 0; c <= 0x10FFFF; ++c) {
    std::string text;
    append_utf8(text, c);
    std::size_t at = 0;
    const bool surrogate = c >= 0xD800 && c <= 0xDFFF;
    ASSERT_EQ(decode_utf8(text, at), surrogate ? kReplacementCharacter : c);
    ASSERT_EQ(is_utf8(text), !surrogate);
    ASSERT_TRUE(surrogate || at == text.size());
  }
}

}  // namespace
}  // namespace bat::io
