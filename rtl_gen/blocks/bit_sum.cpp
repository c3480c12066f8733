// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/blocks/bit_sum.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bat::blocks {
namespace {

int deepest(const std::vector<Wire>& wires) {
  int level = 0;
  for (const Wire& wire : wires) level = std::max(level, wire.level);
  return level;
}

int deepest(const Cell& cell) {
  int level = deepest(cell.inputs);
  for (const Slots& slots : cell.slots) {
    level = std::max({level, deepest(slots.low), deepest(slots.high)});
  }
  return level;
}

}  // namespace

BitSum::BitSum(int columns) : columns_(index(columns)), names_(index(columns), 0) {}

std::optional<Wire> BitSum::result(int column) const {
  const auto& bits = columns_[index(column)];
  return bits.empty() ? std::nullopt : std::optional<Wire>(bits.front());
}

/// The oldest bits of a column.
std::vector<Wire> BitSum::take(int column, int count) {
  std::deque<Wire>& bits = columns_[index(column)];
  std::ranges::stable_sort(bits, {}, &Wire::level);
  std::vector<Wire> taken(bits.begin(), bits.begin() + count);
  bits.erase(bits.begin(), bits.begin() + count);
  return taken;
}

/// A new net. A carry beyond the top column is always 0 and goes nowhere.
Wire BitSum::fresh(int column, int level) {
  const bool beyond = column >= columns();
  const std::string name = beyond ? fmt::format("unused_carry{}", unused_++)
                                  : fmt::format("s{}_{}", 1 << column, names_[index(column)]++);
  return {emit::ref(name, 1), name, level};
}

Wire BitSum::output(int column, int level) {
  Wire wire = fresh(column, level);
  if (column < columns()) add(column, wire);
  return wire;
}

void BitSum::match(int lane) {
  Cell cell;
  cell.kind = CellKind::kMatch;
  cell.lane = lane;
  cell.outputs = {output(0, 1)};
  cells_.push_back(std::move(cell));
}

void BitSum::match_three(int lane) {
  Cell cell;
  cell.kind = CellKind::kMatch3;
  cell.lane = lane;
  cell.outputs = {output(0, 1), output(1, 1)};
  cells_.push_back(std::move(cell));
}

Wire BitSum::pair(int lane, const std::optional<Wire>& running) {
  Cell cell;
  cell.kind = CellKind::kPair;
  cell.lane = lane;
  if (running) cell.inputs = {*running};
  const int level = deepest(cell) + 1;
  Wire sum = fresh(0, level);
  cell.outputs = {sum, output(1, level)};
  cells_.push_back(std::move(cell));
  return sum;
}

Wire BitSum::pair_on_chain(int lane, const Wire& running) {
  Cell cell;
  cell.kind = CellKind::kChain;
  cell.lane = lane;
  cell.inputs = {running};
  cell.slots.push_back({AtomKind::kTwo, lane, {}, {}});
  for (int column = 1; column + 1 < columns() && height(column) >= 6; column += 2) {
    cell.slots.push_back({AtomKind::kSix, -1, take(column, 6), {}});
  }
  chain(std::move(cell), true);
  const Wire sum = cells_.back().outputs.front();
  std::erase_if(columns_[0], [&sum](const Wire& wire) { return wire.label == sum.label; });
  return sum;
}

/// Names the outputs of a chain and records it.
void BitSum::chain(Cell cell, bool carry_out) {
  const int level = deepest(cell) + 1;
  int column = cell.column;
  for (const Slots& slots : cell.slots) {
    for (int k = 0; k < slots.count(); ++k) cell.outputs.push_back(output(column++, level));
  }
  cell.exit = carry_out && column < columns();
  if (cell.exit) cell.outputs.push_back(output(column, level));
  cells_.push_back(std::move(cell));
}

void BitSum::adder(int column, bool count_six) {
  Cell cell;
  cell.column = column;
  int inputs = 3;
  if (count_six && height(column) >= 6) {
    cell.kind = CellKind::kCount6;
    inputs = 6;
  } else if (height(column) == 2) {
    cell.kind = CellKind::kHalfAdder;
    inputs = 2;
  }
  cell.inputs = take(column, inputs);
  const int level = deepest(cell) + 1;
  const int outputs = cell.kind == CellKind::kCount6 ? 3 : 2;
  for (int k = 0; k < outputs; ++k) cell.outputs.push_back(output(column + k, level));
  cells_.push_back(std::move(cell));
}

void BitSum::reduce_by_adders(bool count_six) {
  for (int column = 0; column < columns(); ++column) {
    while (height(column) > 1) adder(column, count_six);
  }
}

void BitSum::reduce_by_chains() {
  std::vector<int> heights;
  for (int column = 0; column < columns(); ++column) heights.push_back(height(column));
  for (const PlannedChain& planned : plan_chains(heights)) {
    Cell cell;
    cell.kind = CellKind::kChain;
    cell.column = planned.column;
    if (planned.carry_in) cell.inputs = take(planned.column, 1);
    int column = planned.column;
    for (const PlannedAtom& atom : planned.atoms) {
      Slots slots{atom.kind, -1, take(column, atom.low), {}};
      if (atom.high > 0) slots.high = take(column + 1, atom.high);
      column += slots.count();
      cell.slots.push_back(std::move(slots));
    }
    chain(std::move(cell), true);
  }
}

}  // namespace bat::blocks
