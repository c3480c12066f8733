// SPDX-License-Identifier: Apache-2.0
// A sum of bits under construction: columns of equally weighted bits, and the cells that take bits
// from them and give bits back, until one bit a column is left.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "rtl_gen/blocks/carry_plan.hpp"
#include "rtl_gen/emit/expr.hpp"

namespace bat::blocks {

/// A bit on its way, with the number of cells on its longest path.
struct Wire {
  emit::Expr value;
  std::string label;  ///< name for its register
  int level = 0;
};

enum class CellKind {
  kFullAdder,
  kHalfAdder,
  kCount6,
  kMatch,   ///< one lane: do the bits agree?
  kMatch3,  ///< three lanes to a two-bit count
  kPair,    ///< two lanes and a running bit
  kChain,   ///< carry chain
};

/// Slots of a carry chain: an atom with its bits, or two lanes (`lane >= 0`).
struct Slots {
  AtomKind kind = AtomKind::kTwo;
  int lane = -1;
  std::vector<Wire> low;
  std::vector<Wire> high;

  int count() const {
    return lane < 0 && (kind == AtomKind::kSix || kind == AtomKind::kFour) ? 2 : 1;
  }
};

/// Inputs weigh 2^column each, output k weighs 2^(column + k).
struct Cell {
  CellKind kind = CellKind::kFullAdder;
  int column = 0;
  int lane = -1;             ///< first lane taken from the operands; -1: none
  std::vector<Wire> inputs;  ///< of a chain: the carry in, if any
  std::vector<Slots> slots;  ///< of a chain
  bool exit = false;         ///< of a chain: the last output is the carry
  std::vector<Wire> outputs;

  int level() const { return outputs.front().level; }
};

class BitSum {
 public:
  explicit BitSum(int columns);

  int height(int column) const { return static_cast<int>(columns_[index(column)].size()); }
  void add(int column, Wire wire) { columns_[index(column)].push_back(std::move(wire)); }
  /// A bit that is there from the start.
  void input(int column, const emit::Expr& value, std::string label, int level) {
    add(column, {value, std::move(label), level});
  }

  /// One lane into column 0.
  void match(int lane);
  /// Three lanes into columns 0 and 1.
  void match_three(int lane);
  /// Two lanes and a running bit; their carry goes to column 1, the sum is the new running bit.
  Wire pair(int lane, const std::optional<Wire>& running);
  /// The same on a carry chain, which takes six bits of column 1 along, and six of columns 3, 5,
  /// ... as long as there are six.
  Wire pair_on_chain(int lane, const Wire& running);

  /// Full and half adders (and six-bit counters) until one bit a column is left: the lowest column
  /// and its oldest bits first.
  void reduce_by_adders(bool count_six);
  /// Carry chains until one bit a column is left.
  void reduce_by_chains();

  const std::vector<Cell>& cells() const { return cells_; }
  /// The bit left in a column; none if nothing ever came there.
  std::optional<Wire> result(int column) const;

 private:
  static std::size_t index(int value) { return static_cast<std::size_t>(value); }
  int columns() const { return static_cast<int>(columns_.size()); }
  std::vector<Wire> take(int column, int count);
  Wire fresh(int column, int level);
  Wire output(int column, int level);
  void adder(int column, bool count_six);
  void chain(Cell cell, bool carry_out);

  std::vector<std::deque<Wire>> columns_;
  std::vector<int> names_;
  int unused_ = 0;
  std::vector<Cell> cells_;
};

}  // namespace bat::blocks
