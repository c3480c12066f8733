// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "models/bmt/model.hpp"

namespace bat::bmt {
namespace {

std::size_t row_start(const BitMatrix& m, int branch, int o) {
  const auto row = static_cast<std::size_t>(branch) * static_cast<std::size_t>(m.out) +
                   static_cast<std::size_t>(o);
  return row * static_cast<std::size_t>(m.row_words());
}

}  // namespace

BitMatrix::BitMatrix(int branch_count, int rows, int columns)
    : branches(branch_count), out(rows), in(columns) {
  words.assign(row_start(*this, branches, 0), 0);
}

std::span<const std::uint64_t> BitMatrix::row(int branch, int o) const {
  return {words.data() + row_start(*this, branch, o), static_cast<std::size_t>(row_words())};
}

std::span<std::uint64_t> BitMatrix::row(int branch, int o) {
  return {words.data() + row_start(*this, branch, o), static_cast<std::size_t>(row_words())};
}

bool BitMatrix::bit(int branch, int o, int i) const {
  return (row(branch, o)[static_cast<std::size_t>(i / 64)] >> (i % 64) & 1U) != 0;
}

void BitMatrix::set_bit(int branch, int o, int i, bool value) {
  std::uint64_t& word = row(branch, o)[static_cast<std::size_t>(i / 64)];
  const std::uint64_t mask = std::uint64_t{1} << (i % 64);
  word = value ? word | mask : word & ~mask;
}

BlockMask::BlockMask(const Pruning& pruning, int out, int in)
    : cut(pruning),
      groups((out + pruning.group - 1) / pruning.group),
      blocks((in + pruning.block - 1) / pruning.block),
      kept(static_cast<std::size_t>(groups) * static_cast<std::size_t>(blocks), 0) {}

void BlockMask::keep(int group, int block, bool value) {
  kept[static_cast<std::size_t>(group) * static_cast<std::size_t>(blocks) +
       static_cast<std::size_t>(block)] = value ? 1 : 0;
}

int BlockMask::kept_inputs(int group, int in) const {
  int count = 0;
  for (int b = 0; b < blocks; ++b) {
    if (keeps(group, b)) count += std::min(cut.block, in - b * cut.block);
  }
  return count;
}

CodeMatrix::CodeMatrix(int rows, int columns)
    : out(rows),
      in(columns),
      codes(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns), 0) {}

}  // namespace bat::bmt
