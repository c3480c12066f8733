// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/blocks/popcount.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <deque>
#include <set>

namespace bat::blocks {
namespace {

using emit::Expr;
using emit::Item;
using Items = std::vector<Item>;

/// A bit of the sum on its way, with the number of cells on its longest path.
struct Wire {
  Expr value;
  std::string label;  ///< name for its register
  int level = 0;
};

enum class CellKind { kFullAdder, kHalfAdder, kCount6 };

/// Inputs weigh 2^column each, output k weighs 2^(column + k).
struct Cell {
  CellKind kind = CellKind::kFullAdder;
  int column = 0;
  std::vector<Wire> inputs;
  std::vector<Wire> outputs;

  int level() const { return outputs.front().level; }
};

int count_bits(int lanes) { return static_cast<int>(std::bit_width(static_cast<unsigned>(lanes))); }

template <typename T>
void append(Items& items, T value) {
  items.push_back(Item{std::move(value)});
}

/// Reduces columns of equally weighted bits to one bit each, the lowest column and its oldest bits
/// first.
class Reducer {
 public:
  Reducer(int columns, bool count_six)
      : count_six_(count_six), columns_(index(columns)), names_(index(columns), 0) {}

  void add(int column, Wire wire) { columns_[index(column)].push_back(std::move(wire)); }

  void run() {
    for (std::size_t column = 0; column < columns_.size(); ++column) {
      while (columns_[column].size() > 1) reduce(static_cast<int>(column));
    }
  }

  const std::vector<Cell>& cells() const { return cells_; }
  const Wire& result(int column) const { return columns_[index(column)].front(); }

 private:
  static std::size_t index(int value) { return static_cast<std::size_t>(value); }

  void reduce(int column) {
    std::deque<Wire>& bits = columns_[index(column)];
    Cell cell;
    cell.column = column;
    std::size_t inputs = 3;
    if (count_six_ && bits.size() >= 6) {
      cell.kind = CellKind::kCount6;
      inputs = 6;
    } else if (bits.size() == 2) {
      cell.kind = CellKind::kHalfAdder;
      inputs = 2;
    }
    int level = 0;
    for (std::size_t i = 0; i < inputs; ++i) {
      level = std::max(level, bits.front().level);
      cell.inputs.push_back(std::move(bits.front()));
      bits.pop_front();
    }
    const int outputs = cell.kind == CellKind::kCount6 ? 3 : 2;
    for (int k = 0; k < outputs; ++k) cell.outputs.push_back(output(column + k, level + 1));
    cells_.push_back(std::move(cell));
  }

  /// A carry beyond the top column is always 0 and goes nowhere.
  Wire output(int column, int level) {
    if (column >= static_cast<int>(columns_.size())) {
      const std::string name = fmt::format("unused_carry{}", unused_++);
      return {emit::ref(name, 1), name, level};
    }
    const std::string name = fmt::format("s{}_{}", 1 << column, names_[index(column)]++);
    Wire wire{emit::ref(name, 1), name, level};
    add(column, wire);
    return wire;
  }

  bool count_six_;
  std::vector<std::deque<Wire>> columns_;
  std::vector<int> names_;
  int unused_ = 0;
  std::vector<Cell> cells_;
};

/// Writes a reduced sum, with a register wherever a path crosses from cells of level <= `cut` to
/// deeper ones. A negative cut means no registers.
class SumWriter {
 public:
  SumWriter(const PopcountCells& cells, int cut) : cells_(cells), cut_(cut) {}

  void write(const Reducer& reducer, int columns, const Expr& sum, Items& items) {
    int column = -1;
    for (const Cell& cell : reducer.cells()) {
      if (cell.column != column) {
        column = cell.column;
        append(items, emit::Comment{fmt::format("Bits of weight {}.", 1 << column)});
      }
      write_cell(cell, items);
    }
    std::vector<Expr> bits;
    for (int k = 0; k < columns; ++k) bits.push_back(read(reducer.result(k), cut_ + 1, items));
    if (!registers_.empty()) append(items, emit::AlwaysFf{{}, registers_});
    append(items, emit::Assign{sum, emit::pack(bits)});
  }

 private:
  /// The wire as a cell of level `reader` sees it.
  Expr read(const Wire& wire, int reader, Items& items) {
    if (cut_ < 0 || wire.level > cut_ || reader <= cut_) return wire.value;
    const std::string name = wire.label + "_q";
    const Expr registered = emit::ref(name, 1);
    if (registered_.insert(name).second) {
      append(items, emit::Net{name, 1, ""});
      registers_.push_back(emit::set_next(registered, wire.value));
    }
    return registered;
  }

  void write_cell(const Cell& cell, Items& items) {
    std::vector<Expr> in;
    std::vector<Expr> out;
    for (const Wire& wire : cell.inputs) in.push_back(read(wire, cell.level(), items));
    for (const Wire& wire : cell.outputs) {
      append(items, emit::Net{wire.label, 1, ""});
      out.push_back(wire.value);
    }
    const std::string name = fmt::format("u_{}", cell.outputs.front().label);
    switch (cell.kind) {
      case CellKind::kFullAdder:
        append(items, emit::Instance{cells_.full_adder,
                                     name,
                                     {},
                                     {{"a_i", in[0]},
                                      {"b_i", in[1]},
                                      {"c_i", in[2]},
                                      {"s_o", out[0]},
                                      {"co_o", out[1]}}});
        break;
      case CellKind::kHalfAdder:
        append(items,
               emit::Instance{cells_.half_adder,
                              name,
                              {},
                              {{"a_i", in[0]}, {"b_i", in[1]}, {"s_o", out[0]}, {"co_o", out[1]}}});
        break;
      case CellKind::kCount6:
        append(
            items,
            emit::Instance{
                cells_.count6, name, {}, {{"x_i", emit::pack(in)}, {"count_o", emit::pack(out)}}});
        break;
    }
  }

  const PopcountCells& cells_;
  int cut_;
  std::set<std::string> registered_;
  std::vector<emit::Statement> registers_;
};

class PopcountBuilder {
 public:
  PopcountBuilder(const PopcountShape& shape, const PopcountCells& cells)
      : shape_(shape),
        cells_(cells),
        bits_(count_bits(shape.lanes)),
        module_(shape.name, doc(shape)) {}

  emit::Module build() {
    const Expr clock = module_.input("clk_i", 1);
    a_ = module_.input("a_i", shape_.lanes);
    b_ = module_.input("b_i", shape_.lanes);
    const Expr count = module_.output("count_o", bits_);
    sum_ = module_.net("sum", bits_);
    if (shape_.topology == Popcount::kBehavioral) {
      for (Item& item : behavioral()) module_.add(std::move(item));
    } else {
      module_.add(emit::Ifdef{"SYNTHESIS", structural(), behavioral()});
    }
    if (shape_.stages > 0) {
      module_.add(emit::AlwaysFf{{}, {emit::set_next(count, sum_)}});
    } else {
      module_.assign(count, sum_);
      module_.assign(module_.net("unused_clk", 1), clock);
    }
    return std::move(module_);
  }

 private:
  static emit::ModuleDoc doc(const PopcountShape& shape) {
    const std::string latency =
        shape.stages == 0 ? "combinational"
                          : fmt::format("{} cycle{}", shape.stages, shape.stages == 1 ? "" : "s");
    return {"Number of lanes in which two bit vectors agree.", "count_o = popcount(XNOR(a_i, b_i))",
            latency, "one sum a cycle", "none"};
  }

  static Expr agree(const Expr& a, const Expr& b) {
    return emit::unary("~", emit::binary("^", a, b));
  }

  Items behavioral() const {
    Items items;
    const Expr match = emit::ref("match", shape_.lanes);
    const Expr ones =
        emit::call(fmt::format("{}'", bits_), emit::call("$countones", match, 32), bits_);
    append(items, emit::Net{"match", shape_.lanes, ""});
    append(items, emit::Assign{match, agree(a_, b_)});
    if (shape_.stages < 2) {
      append(items, emit::Assign{sum_, ones});
      return items;
    }
    const Expr registered = emit::ref("ones_q", bits_);
    append(items, emit::Net{"ones_q", bits_, ""});
    append(items, emit::AlwaysFf{{}, {emit::set_next(registered, ones)}});
    append(items, emit::Assign{sum_, registered});
    return items;
  }

  Items structural() const {
    Items items;
    const bool lut6 = shape_.topology == Popcount::kLut6;
    Reducer reducer(bits_, lut6);
    const int in_threes = lut6 ? shape_.lanes / 3 : 0;
    for (int k = 0; k < in_threes; ++k) match_three(k, reducer, items);
    match_singly(3 * in_threes, reducer, items);
    reducer.run();
    int depth = 0;
    for (const Cell& cell : reducer.cells()) depth = std::max(depth, cell.level());
    const int cut = shape_.stages == 2 ? depth / 2 : -1;
    SumWriter(cells_, cut).write(reducer, bits_, sum_, items);
    return items;
  }

  /// Two tables of six inputs take three lanes' XNORs and their sum together.
  void match_three(int index, Reducer& reducer, Items& items) const {
    const std::string name = fmt::format("three{}", index);
    const Expr count = emit::ref(name, 2);
    append(items, emit::Net{name, 2, ""});
    append(items, emit::Instance{cells_.match3,
                                 "u_" + name,
                                 {},
                                 {{"a_i", emit::slice(a_, 3 * index, 3)},
                                  {"b_i", emit::slice(b_, 3 * index, 3)},
                                  {"count_o", count}}});
    for (int k = 0; k < 2; ++k) {
      reducer.add(k, {emit::bit(count, k), fmt::format("{}_{}", name, k), 0});
    }
  }

  void match_singly(int from, Reducer& reducer, Items& items) const {
    const int width = shape_.lanes - from;
    if (width == 0) return;
    const Expr match = emit::ref("match", width);
    append(items, emit::Net{"match", width, from == 0 ? "" : "lanes left over"});
    append(items, emit::Assign{match, agree(from == 0 ? a_ : emit::slice(a_, from, width),
                                            from == 0 ? b_ : emit::slice(b_, from, width))});
    for (int i = 0; i < width; ++i) {
      reducer.add(0, {emit::bit(match, i), fmt::format("match_{}", i), 0});
    }
  }

  const PopcountShape& shape_;
  const PopcountCells& cells_;
  int bits_;
  emit::Module module_;
  Expr a_, b_, sum_;
};

}  // namespace

emit::Module popcount(const PopcountShape& shape, const PopcountCells& cells) {
  return PopcountBuilder(shape, cells).build();
}

}  // namespace bat::blocks
