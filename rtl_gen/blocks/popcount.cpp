// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/blocks/popcount.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <set>

#include "rtl_gen/blocks/bit_sum.hpp"

namespace bat::blocks {
namespace {

using emit::Expr;
using emit::Item;
using Items = std::vector<Item>;

constexpr int kRowTables = 8;  // tables that a running bit passes before it joins the sum

constexpr std::array<std::string_view, 12> kCells = {"fa",
                                                     "ha",
                                                     "lane_match",
                                                     "lut6_match3",
                                                     "lut6_count6",
                                                     "lut6_pair",
                                                     "carry_exit",
                                                     "lut6_slot_lanes",
                                                     "lut6_slot_six",
                                                     "lut6_slot_four",
                                                     "lut6_slot_two",
                                                     "carry_chain"};

int count_bits(int lanes) { return static_cast<int>(std::bit_width(static_cast<unsigned>(lanes))); }

template <typename T>
void append(Items& items, T value) {
  items.push_back(Item{std::move(value)});
}

/// Lanes in pairs on running bits, `kRowTables` tables each, side by side.
void count_in_rows(int lanes, bool carry_chains, BitSum& sum) {
  const int pairs = lanes / 2;
  const int rows = std::max(1, pairs / kRowTables);
  std::vector<std::optional<Wire>> running(static_cast<std::size_t>(rows));
  for (int pair = 0; pair < pairs; ++pair) {
    std::optional<Wire>& bit = running[static_cast<std::size_t>(pair % rows)];
    const bool on_chain = carry_chains && bit && sum.height(1) >= 6;
    bit = on_chain ? sum.pair_on_chain(2 * pair, *bit) : sum.pair(2 * pair, bit);
  }
  for (const std::optional<Wire>& bit : running) {
    if (bit) sum.add(0, *bit);
  }
  if (lanes % 2 == 1) sum.match(lanes - 1);
}

/// Ones of `bits` by adders, each bit a wire `label`<number>.
BitSum sum_of_ones(const Expr& bits, const std::string& label) {
  BitSum sum(count_bits(bits->width));
  for (int i = 0; i < bits->width; ++i)
    sum.input(0, emit::bit(bits, i), fmt::format("{}{}", label, i), 1);
  sum.reduce_by_adders(false);
  return sum;
}

/// AND form: bit k of `ones` weighs 2^k, a lane of `miss` 2; the sum is halved and has no bit 0 of
/// `ones`. `ones` arrive as if they came from cells of level `level`.
BitSum and_sum(const Expr& miss, const Expr& ones, int level) {
  BitSum sum(count_bits(3 * miss->width) - 1);
  for (int i = 0; i < miss->width; ++i)
    sum.input(0, emit::bit(miss, i), fmt::format("miss{}", i), 1);
  for (int k = 1; k < ones->width; ++k)
    sum.input(k - 1, emit::bit(ones, k), fmt::format("ones{}", k), level);
  sum.reduce_by_adders(false);
  return sum;
}

int depth_of(const BitSum& sum) {
  int depth = 0;
  for (const Cell& cell : sum.cells()) depth = std::max(depth, cell.level());
  return depth;
}

BitSum sum_of(const PopcountShape& shape) {
  BitSum sum(count_bits(shape.lanes));
  switch (shape.topology) {
    case Popcount::kFlat:
    case Popcount::kFaTree:
      for (int lane = 0; lane < shape.lanes; ++lane) sum.match(lane);
      sum.reduce_by_adders(false);
      break;
    case Popcount::kLut6:
      for (int lane = 0; lane + 3 <= shape.lanes; lane += 3) sum.match_three(lane);
      for (int lane = shape.lanes / 3 * 3; lane < shape.lanes; ++lane) sum.match(lane);
      sum.reduce_by_adders(true);
      break;
    case Popcount::kChain:
      count_in_rows(shape.lanes, false, sum);
      sum.reduce_by_adders(false);
      break;
    case Popcount::kBlock14:
      count_in_rows(shape.lanes, true, sum);
      sum.reduce_by_chains();
      break;
  }
  return sum;
}

/// Writes a sum, with a register wherever a path crosses from cells of level <= `cut` to deeper
/// ones. A negative cut means no registers.
class SumWriter {
 public:
  SumWriter(const PopcountCells& cells, Expr a, Expr b, int cut)
      : cells_(cells), a_(std::move(a)), b_(std::move(b)), cut_(cut) {}

  void write(const BitSum& sum, int columns, const Expr& result, Items& items) {
    const std::vector<Expr> bits = cells_of(sum, columns, items);
    if (!registers_.empty()) append(items, emit::AlwaysFf{{}, registers_});
    append(items, emit::Assign{result, emit::pack(bits)});
  }

  /// The same with `low` below the sum.
  void write_above(const Expr& low, const BitSum& sum, int columns, const Expr& result,
                   Items& items) {
    std::vector<Expr> bits = cells_of(sum, columns, items);
    bits.insert(bits.begin(), low);
    if (!registers_.empty()) append(items, emit::AlwaysFf{{}, registers_});
    append(items, emit::Assign{result, emit::pack(bits)});
  }

 private:
  /// The cells; gives the bits of the sum behind the registers.
  std::vector<Expr> cells_of(const BitSum& sum, int columns, Items& items) {
    find_readers(sum, columns);
    int column = -1;
    for (const Cell& cell : sum.cells()) {
      if (cell.column != column) {
        column = cell.column;
        append(items, emit::Comment{fmt::format("Bits of weight {}.", 1 << column)});
      }
      write_cell(cell, items);
    }
    std::vector<Expr> bits;
    for (int k = 0; k < columns; ++k) {
      const auto wire = sum.result(k);
      bits.push_back(wire ? read(*wire, cut_ + 1, items) : emit::num(1, 0));
    }
    return bits;
  }

  using Connections = std::vector<emit::Connection>;

  /// Notes the first level that reads each wire.
  void find_readers(const BitSum& sum, int columns) {
    const auto note = [this](const Wire& wire, int level) {
      const auto [place, fresh] = first_reader_.try_emplace(wire.label, level);
      if (!fresh) place->second = std::min(place->second, level);
    };
    for (const Cell& cell : sum.cells()) {
      for (const Wire& wire : cell.inputs) note(wire, cell.level());
      for (const Slots& slots : cell.slots) {
        for (const Wire& wire : slots.low) note(wire, cell.level());
        for (const Wire& wire : slots.high) note(wire, cell.level());
      }
    }
    for (int k = 0; k < columns; ++k) {
      if (const auto wire = sum.result(k)) note(*wire, cut_ + 1);
    }
  }

  /// Whether a register takes the wire and nothing else.
  bool only_registered(const Wire& wire) const {
    return cut_ >= 0 && wire.level <= cut_ && first_reader_.at(wire.label) > cut_;
  }

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

  std::vector<Expr> read(const std::vector<Wire>& wires, int reader, Items& items) {
    std::vector<Expr> values;
    for (const Wire& wire : wires) values.push_back(read(wire, reader, items));
    return values;
  }

  void instance(std::string_view cell, const std::string& name, Connections connections,
                Items& items) {
    append(items, emit::Instance{cells_.find(cell)->second, name, {}, std::move(connections)});
  }

  static Expr net(const std::string& name, int width, Items& items) {
    append(items, emit::Net{name, width, ""});
    return emit::ref(name, width);
  }

  Expr lanes(const Expr& operand, int first, int count) const {
    return count == operand->width ? operand : emit::slice(operand, first, count);
  }

  void write_cell(const Cell& cell, Items& items) {
    if (cell.kind == CellKind::kChain) return write_chain(cell, items);
    const std::vector<Expr> in = read(cell.inputs, cell.level(), items);
    std::vector<Expr> out;
    for (const Wire& wire : cell.outputs) out.push_back(net(wire.label, 1, items));
    const std::string name = fmt::format("u_{}", cell.outputs.front().label);
    switch (cell.kind) {
      case CellKind::kFullAdder:
        return instance(
            "fa", name,
            {{"a_i", in[0]}, {"b_i", in[1]}, {"c_i", in[2]}, {"s_o", out[0]}, {"co_o", out[1]}},
            items);
      case CellKind::kHalfAdder:
        return instance("ha", name,
                        {{"a_i", in[0]}, {"b_i", in[1]}, {"s_o", out[0]}, {"co_o", out[1]}}, items);
      case CellKind::kCount6:
        return instance("lut6_count6", name,
                        {{"x_i", emit::pack(in)}, {"count_o", emit::pack(out)}}, items);
      case CellKind::kMatch:
        return instance("lane_match", name,
                        {{"a_i", lanes(a_, cell.lane, 1)},
                         {"b_i", lanes(b_, cell.lane, 1)},
                         {"match_o", out[0]}},
                        items);
      case CellKind::kMatch3:
        return instance("lut6_match3", name,
                        {{"a_i", lanes(a_, cell.lane, 3)},
                         {"b_i", lanes(b_, cell.lane, 3)},
                         {"count_o", emit::pack(out)}},
                        items);
      case CellKind::kPair:
        return instance("lut6_pair", name,
                        {{"a_i", lanes(a_, cell.lane, 2)},
                         {"b_i", lanes(b_, cell.lane, 2)},
                         {"s_i", in.empty() ? emit::num(1, 0) : in[0]},
                         {"s_o", out[0]},
                         {"c_o", out[1]}},
                        items);
      case CellKind::kChain:
        return;
    }
  }

  /// The tables of a chain, each with its bits, then the chain itself.
  void write_chain(const Cell& cell, Items& items) {
    const std::string name = "chain_" + cell.outputs.front().label;
    const Expr carry_in =
        cell.inputs.empty() ? emit::num(1, 0) : read(cell.inputs[0], cell.level(), items);
    std::vector<Expr> propagate;
    std::vector<Expr> generate;
    int slots = 0;
    for (const Slots& slot : cell.slots) {
      const std::string label = fmt::format("{}_{}", name, slots);
      const Expr p = net(label + "_p", slot.count(), items);
      const Expr d = net(label + "_d", slot.count(), items);
      write_slots(slot, cell.level(), "u_" + label, p, d, items);
      for (int k = 0; k < slot.count(); ++k) {
        propagate.push_back(slot.count() == 1 ? p : emit::bit(p, k));
        generate.push_back(slot.count() == 1 ? d : emit::bit(d, k));
      }
      slots += slot.count();
    }
    std::vector<Expr> sums;
    for (int k = 0; k < slots; ++k) {
      sums.push_back(net(cell.outputs[static_cast<std::size_t>(k)].label, 1, items));
    }
    const Expr carry = net(cell.exit ? name + "_c" : "unused_" + name, 1, items);
    append(items, emit::Instance{cells_.find("carry_chain")->second,
                                 "u_" + name,
                                 {{"N", slots}},
                                 {{"c_i", carry_in},
                                  {"p_i", emit::pack(propagate)},
                                  {"d_i", emit::pack(generate)},
                                  {"s_o", emit::pack(sums)},
                                  {"c_o", carry}}});
    if (!cell.exit) return;
    const Wire& left = cell.outputs.back();
    const Expr out = net(left.label, 1, items);
    if (only_registered(left)) {
      append(items, emit::Assign{out, carry});
      return;
    }
    instance("carry_exit", "u_" + left.label, {{"c_i", carry}, {"c_o", out}}, items);
  }

  void write_slots(const Slots& slot, int level, const std::string& name, const Expr& p,
                   const Expr& d, Items& items) {
    Connections connections{{"p_o", p}, {"d_o", d}};
    if (slot.lane >= 0) {
      connections.push_back({"a_i", lanes(a_, slot.lane, 2)});
      connections.push_back({"b_i", lanes(b_, slot.lane, 2)});
      return instance("lut6_slot_lanes", name, connections, items);
    }
    std::vector<Expr> low = read(slot.low, level, items);
    const std::vector<Expr> high = read(slot.high, level, items);
    const auto bits = [&low](std::size_t count) {
      while (low.size() < count) low.push_back(emit::num(1, 0));
      return emit::pack(low);
    };
    switch (slot.kind) {
      case AtomKind::kSix:
        connections.push_back({"x_i", bits(6)});
        return instance("lut6_slot_six", name, connections, items);
      case AtomKind::kFour:
        connections.push_back({"x_i", bits(4)});
        connections.push_back({"y_i", high.empty() ? emit::num(1, 0) : high[0]});
        return instance("lut6_slot_four", name, connections, items);
      case AtomKind::kTwo:
      case AtomKind::kOne:
        connections.push_back({"x_i", bits(2)});
        return instance("lut6_slot_two", name, connections, items);
    }
  }

  const PopcountCells& cells_;
  Expr a_;
  Expr b_;
  int cut_;
  std::map<std::string, int> first_reader_;
  std::set<std::string> registered_;
  std::vector<emit::Statement> registers_;
};

class PopcountBuilder {
 public:
  PopcountBuilder(const PopcountShape& shape, const PopcountCells& cells)
      : shape_(shape),
        cells_(cells),
        bits_(count_bits(shape.and_form ? 3 * shape.lanes : shape.lanes)),
        module_(shape.name, doc(shape)) {}

  emit::Module build() {
    const Expr clock = module_.input("clk_i", 1);
    a_ = module_.input("a_i", shape_.lanes);
    b_ = module_.input("b_i", shape_.lanes);
    if (shape_.and_form) ones_ = module_.input("ones_i", count_bits(shape_.lanes));
    const Expr count = module_.output("count_o", bits_);
    sum_ = module_.net("sum", bits_);
    if (shape_.topology == Popcount::kFlat) {
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
    if (shape.and_form) {
      return {
          "What a step adds to a sum in AND form. The ones of a_i come from the row, with two "
          "stages a cycle behind a_i.",
          "count_o = popcount(a_i) + 2*popcount(NAND(a_i, b_i)), ones_i = popcount(a_i)", latency,
          "one sum a cycle", "none"};
    }
    return {"Number of lanes in which two bit vectors agree.", "count_o = popcount(XNOR(a_i, b_i))",
            latency, "one sum a cycle", "none"};
  }

  Items behavioral() const {
    Items items;
    if (shape_.and_form) return behavioral_and();
    const Expr match = emit::ref("match", shape_.lanes);
    const Expr ones =
        emit::call(fmt::format("{}'", bits_), emit::call("$countones", match, 32), bits_);
    append(items, emit::Net{"match", shape_.lanes, ""});
    append(items, emit::Assign{match, emit::unary("~", emit::binary("^", a_, b_))});
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

  Expr miss(Items& items) const {
    const Expr net = emit::ref("miss", shape_.lanes);
    append(items, emit::Net{"miss", shape_.lanes, ""});
    append(items, emit::Assign{net, emit::unary("~", emit::binary("&", a_, b_))});
    return net;
  }

  Items behavioral_and() const {
    Items items;
    Expr misses =
        emit::call(fmt::format("{}'", bits_), emit::call("$countones", miss(items), 32), bits_);
    if (shape_.stages == 2) {
      const Expr registered = emit::ref("misses_q", bits_);
      append(items, emit::Net{"misses_q", bits_, ""});
      append(items, emit::AlwaysFf{{}, {emit::set_next(registered, misses)}});
      misses = registered;
    }
    const Expr twice = emit::binary("<<", misses, emit::num(1, 1));
    append(items, emit::Assign{sum_, emit::binary("+", twice, emit::resize(ones_, bits_))});
    return items;
  }

  /// The ones enter behind the register level, late without one.
  Items structural_and() const {
    Items items;
    const Expr misses = miss(items);
    int cut = -1;
    int level = depth_of(sum_of_ones(a_, "a"));
    if (shape_.stages == 2) {
      cut = std::max(1, depth_of(and_sum(misses, ones_, 1)) / 2);
      level = cut + 1;
    }
    SumWriter(cells_, a_, b_, cut)
        .write_above(emit::bit(ones_, 0), and_sum(misses, ones_, level), bits_ - 1, sum_, items);
    return items;
  }

  /// A register level after the cells that take lanes, half-way down if that is later.
  static int cut_of(const BitSum& sum) {
    int depth = 0;
    int lanes = 0;
    for (const Cell& cell : sum.cells()) {
      depth = std::max(depth, cell.level());
      if (cell.lane >= 0) lanes = std::max(lanes, cell.level());
    }
    return std::max(lanes, depth / 2);
  }

  Items structural() const {
    if (shape_.and_form) return structural_and();
    Items items;
    const BitSum sum = sum_of(shape_);
    const int cut = shape_.stages == 2 ? cut_of(sum) : -1;
    SumWriter(cells_, a_, b_, cut).write(sum, bits_, sum_, items);
    return items;
  }

  const PopcountShape& shape_;
  const PopcountCells& cells_;
  int bits_;
  emit::Module module_;
  Expr a_, b_, ones_, sum_;
};

}  // namespace

std::span<const std::string_view> popcount_cells() { return kCells; }

emit::Module popcount(const PopcountShape& shape, const PopcountCells& cells) {
  return PopcountBuilder(shape, cells).build();
}

emit::Module row_ones(const PopcountShape& shape, const PopcountCells& cells) {
  const bool registered = shape.stages == 2;
  emit::Module module(
      shape.name == "popcount" ? "row_ones" : "ones_" + shape.name,
      {"Ones among the activations of a row, for all its units.", "ones_o = popcount(a_i)",
       registered ? "1 cycle" : "combinational", "one sum a cycle", "none"});
  const Expr clock = module.input("clk_i", 1);
  const Expr a = module.input("a_i", shape.lanes);
  const int bits = count_bits(shape.lanes);
  const Expr ones = module.output("ones_o", bits);
  const Expr sum = module.net("sum", bits);
  Items counted{Item{emit::Assign{
      sum, emit::call(fmt::format("{}'", bits), emit::call("$countones", a, 32), bits)}}};
  if (shape.topology == Popcount::kFlat) {
    for (Item& item : counted) module.add(std::move(item));
  } else {
    Items cells_of_sum;
    SumWriter(cells, a, a, -1).write(sum_of_ones(a, "a"), bits, sum, cells_of_sum);
    module.add(emit::Ifdef{"SYNTHESIS", std::move(cells_of_sum), std::move(counted)});
  }
  if (registered) {
    module.add(emit::AlwaysFf{{}, {emit::set_next(ones, sum)}});
  } else {
    module.assign(ones, sum);
    module.assign(module.net("unused_clk", 1), clock);
  }
  return module;
}

}  // namespace bat::blocks
