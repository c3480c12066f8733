// SPDX-License-Identifier: Apache-2.0
#include "synth/liberty_power.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <utility>

#include "synth/design.hpp"
#include "synth/liberty_tree.hpp"

namespace bat::synth {
namespace {

using Statement = LibertyStatement;

// Numbers from 0 on; energies may be negative where charge comes back.
std::optional<double> read_number(std::string_view text) {
  double value = 0.0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

// Where one axis lies between its entries: the lower one and the share of the way to the
// next.
std::pair<std::size_t, double> locate(const std::vector<double>& axis, double x) {
  if (axis.size() < 2 || x <= axis.front()) return {0, 0.0};
  if (x >= axis.back()) return {axis.size() - 2, 1.0};
  const auto above = std::ranges::upper_bound(axis, x);
  const auto low = static_cast<std::size_t>(above - axis.begin()) - 1;
  return {low, (x - axis[low]) / (axis[low + 1] - axis[low])};
}

// What the variables of a table template are, "" for the scalar one.
struct Template {
  std::string variable_1;
  std::string variable_2;
  std::vector<double> index_1;
  std::vector<double> index_2;
};

class Reader {
 public:
  Reader(const Statement& library, std::string_view origin) : tree_(library), origin_(origin) {}

  Result<PowerLibrary> run() {
    library_.name = tree_.argument();
    library_.voltage = number(tree_, "nom_voltage").value_or(0.0);
    read_units();
    for (const Statement& member : tree_.members) {
      if (member.name == "power_lut_template") read_template(member);
    }
    for (const Statement& member : tree_.members) {
      if (!error_ && member.name == "cell") read_cell(member);
    }
    if (!error_ && library_.voltage <= 0.0) fail(tree_, "`nom_voltage` is missing");
    if (error_) return *error_;
    return std::move(library_);
  }

 private:
  void fail(const Statement& where, std::string_view what) {
    if (!error_) error_ = Error{fmt::format("{}:{}: {}", origin_, where.line, what)};
  }

  std::optional<double> number(const Statement& group, std::string_view name) {
    const Statement* found = group.find(name);
    if (found == nullptr) return std::nullopt;
    const std::optional<double> value = read_number(found->value);
    if (!value) fail(*found, fmt::format("`{}` is not a number", found->value));
    return value;
  }

  // "1ns", "0.1 pf"; the two parts of capacitive_load_unit joined.
  double unit(const Statement& where, std::string text, char last) {
    std::erase(text, ' ');
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::size_t letter = std::min(text.find_first_not_of("0123456789.+-e"), text.size());
    const std::string_view rest = std::string_view(text).substr(letter);
    const std::optional<double> factor =
        letter == 0 ? 1.0 : read_number(std::string_view(text).substr(0, letter));
    const double scale = rest.empty() ? 0.0 : prefix(rest.front(), rest.size() == 1);
    if (factor && scale > 0.0 && rest.back() == last) return *factor * scale;
    fail(where, fmt::format("`{}` is not a unit", text));
    return 0.0;
  }

  static double prefix(char letter, bool alone) {
    if (alone) return 1.0;
    switch (letter) {
      case 'm':
        return 1e-3;
      case 'u':
        return 1e-6;
      case 'n':
        return 1e-9;
      case 'p':
        return 1e-12;
      case 'f':
        return 1e-15;
      default:
        return 0.0;
    }
  }

  void read_units() {
    const Statement* load = tree_.find("capacitive_load_unit");
    if (load == nullptr || load->arguments.size() != 2)
      return fail(tree_, "`capacitive_load_unit` is missing");
    farad_ = unit(*load, load->arguments[0] + load->arguments[1], 'f');
    const Statement* time = tree_.find("time_unit");
    second_ = time == nullptr ? 1e-9 : unit(*time, time->value, 's');
    const Statement* volt = tree_.find("voltage_unit");
    const double per_volt = volt == nullptr ? 1.0 : unit(*volt, volt->value, 'v');
    joule_ = farad_ * per_volt * per_volt;
    library_.voltage *= per_volt;
  }

  std::vector<double> numbers(const Statement& where) {
    std::vector<double> values;
    for (const std::string& text : where.arguments) {
      for (std::size_t at = 0; at < text.size();) {
        at = text.find_first_not_of(" ,\t\n\r\\", at);
        if (at == std::string::npos) break;
        const std::size_t end = std::min(text.find_first_of(" ,\t\n\r\\", at), text.size());
        const std::optional<double> value = read_number(text.substr(at, end - at));
        if (!value) {
          fail(where, fmt::format("`{}` is not a number", text.substr(at, end - at)));
          return {};
        }
        values.push_back(*value);
        at = end;
      }
    }
    return values;
  }

  std::vector<double> index(const Statement& group, std::string_view name,
                            const std::vector<double>& otherwise) {
    const Statement* found = group.find(name);
    return found == nullptr ? otherwise : numbers(*found);
  }

  void read_template(const Statement& group) {
    Template& entry = templates_[std::string(group.argument())];
    entry.variable_1 = group.attribute("variable_1");
    entry.variable_2 = group.attribute("variable_2");
    entry.index_1 = index(group, "index_1", {});
    entry.index_2 = index(group, "index_2", {});
  }

  EnergyTable read_table(const Statement& group) {
    EnergyTable table;
    const Statement* values = group.find("values");
    if (values == nullptr) {
      fail(group, "a table without values");
      return table;
    }
    const std::vector<double> given = numbers(*values);
    if (group.argument() == "scalar") {
      table.values = given;
      if (given.size() != 1) fail(*values, "a scalar has one value");
    } else if (const auto found = templates_.find(std::string(group.argument()));
               found == templates_.end()) {
      fail(group, fmt::format("there is no table template `{}`", group.argument()));
    } else {
      const Template& layout = found->second;
      const std::vector<double> first = index(group, "index_1", layout.index_1);
      const std::vector<double> second = layout.variable_2.empty()
                                             ? std::vector<double>{}
                                             : index(group, "index_2", layout.index_2);
      fill(*values, given, layout, first, second, table);
    }
    for (double& value : table.values) value *= joule_;
    for (double& slew : table.slews) slew *= second_;
    for (double& load : table.loads) load *= farad_;
    return table;
  }

  void fill(const Statement& where, const std::vector<double>& given, const Template& layout,
            const std::vector<double>& first, const std::vector<double>& second,
            EnergyTable& table) {
    const auto is_load = [](const std::string& variable) {
      return variable == "total_output_net_capacitance";
    };
    const std::size_t columns = std::max<std::size_t>(second.size(), 1);
    if (given.empty() || given.size() != first.size() * columns || !std::ranges::is_sorted(first) ||
        !std::ranges::is_sorted(second)) {
      return fail(where, fmt::format("{} values do not fill a table of {} x {}", given.size(),
                                     first.size(), columns));
    }
    const bool load_first = is_load(layout.variable_1);
    (load_first ? table.loads : table.slews) = first;
    if (!second.empty()) {
      if (is_load(layout.variable_2) == load_first)
        return fail(where, "a table needs one axis of load and one of transition time");
      (load_first ? table.slews : table.loads) = second;
    }
    const std::size_t loads = std::max<std::size_t>(table.loads.size(), 1);
    table.values.resize(given.size());
    for (std::size_t i = 0; i < first.size(); ++i) {
      for (std::size_t j = 0; j < columns; ++j) {
        const std::size_t at = load_first ? j * loads + i : i * loads + j;
        table.values[at] = given[i * columns + j];
      }
    }
  }

  void read_energy(const Statement& group, CellPin& pin) {
    EnergyGroup energy;
    energy.related_pin = group.attribute("related_pin");
    const Statement* both = group.find("power");
    const Statement* rise = group.find("rise_power");
    const Statement* fall = group.find("fall_power");
    if (both == nullptr && rise == nullptr && fall == nullptr) return;
    energy.rise = read_either(rise, both);
    energy.fall = read_either(fall, both);
    library_.has_energy = true;
    pin.energies.push_back(std::move(energy));
  }

  EnergyTable read_either(const Statement* own, const Statement* both) {
    if (own != nullptr) return read_table(*own);
    return both != nullptr ? read_table(*both) : EnergyTable{{}, {}, {0.0}};
  }

  void read_pin(const Statement& group, PowerCell& cell) {
    const std::string_view direction = group.attribute("direction");
    if (direction != "input" && direction != "output") {
      if (direction != "internal") cell.unusable = "a pin that is neither input nor output";
      return;
    }
    CellPin& pin = cell.pins.emplace_back();
    pin.name = group.argument();
    pin.input = direction == "input";
    pin.capacitance = number(group, "capacitance").value_or(0.0) * farad_;
    for (const Statement& member : group.members) {
      if (member.name == "internal_power") read_energy(member, pin);
      if (member.name == "three_state") cell.unusable = "a tri-state output";
    }
    if (pin.input) return;
    if (const Statement* function = group.find("function"); function != nullptr) {
      pin.function = read_function(function->value, cell);
    } else {
      cell.unusable = "an output without a function";
    }
  }

  static std::optional<LogicFunction> read_function(std::string_view text, PowerCell& cell) {
    if (text.empty()) return std::nullopt;
    Result<LogicFunction> function = parse_function(text);
    if (function) return std::move(function).value();
    cell.unusable = function.error().message;
    return std::nullopt;
  }

  static void read_flip_flop(const Statement& group, PowerCell& cell) {
    FlipFlop flip_flop;
    flip_flop.state = group.argument();
    if (group.arguments.size() > 1) flip_flop.inverse = group.arguments[1];
    const auto clock = read_function(group.attribute("clocked_on"), cell);
    const auto next = read_function(group.attribute("next_state"), cell);
    flip_flop.clear = read_function(group.attribute("clear"), cell);
    flip_flop.preset = read_function(group.attribute("preset"), cell);
    if (!clock || !clock->is_wire() || !next) {
      cell.unusable = "a flip-flop that does not take its input at a rising edge";
      return;
    }
    flip_flop.clock = clock->inputs.front();
    flip_flop.next = *next;
    cell.flip_flop = std::move(flip_flop);
  }

  static void read_latch(const Statement& group, PowerCell& cell) {
    Latch latch;
    const auto enable = read_function(group.attribute("enable"), cell);
    const auto data = read_function(group.attribute("data_in"), cell);
    if (!enable || enable->inputs.size() != 1 || !data || group.find("clear") != nullptr ||
        group.find("preset") != nullptr) {
      cell.unusable = "a latch with more than data and enable";
      return;
    }
    latch.enable = enable->inputs.front();
    latch.active_low = !enable->is_wire();
    latch.data = *data;
    latch.output = group.argument();  // the state; its pin is found when all pins are known
    cell.latch = std::move(latch);
  }

  static void finish_latch(PowerCell& cell) {
    std::size_t outputs = 0;
    std::string shown;
    for (const CellPin& pin : cell.pins) {
      if (pin.input) continue;
      ++outputs;
      if (pin.function && pin.function->is_wire() &&
          pin.function->inputs.front() == cell.latch->output)
        shown = pin.name;
    }
    if (outputs != 1 || shown.empty()) cell.unusable = "a latch with other outputs than its state";
    cell.latch->output = shown;
  }

  static void read_clock_gate(const Statement& group, PowerCell& cell) {
    ClockGateCell gate;
    cell.unusable.clear();
    for (const Statement& pin : group.members) {
      if (pin.name != "pin") continue;
      const std::string name(pin.argument());
      if (pin.attribute("clock_gate_clock_pin") == "true") gate.clock = name;
      if (pin.attribute("clock_gate_out_pin") == "true") gate.output = name;
      if (pin.attribute("clock_gate_enable_pin") == "true" ||
          pin.attribute("clock_gate_test_pin") == "true")
        gate.enable.inputs.push_back(name);
    }
    const std::size_t inputs = gate.enable.inputs.size();
    gate.enable.table = inputs == 1 ? 0b10 : 0b1110;
    if (gate.clock.empty() || gate.output.empty() || inputs == 0 || inputs > 2)
      cell.unusable = "a clock gate whose pins are not marked";
    cell.clock_gate = std::move(gate);
    cell.flip_flop.reset();
    cell.latch.reset();
  }

  void read_cell(const Statement& group) {
    PowerCell& cell = library_.cells[std::string(group.argument())];
    for (const Statement& member : group.members) {
      if (member.name == "pin") read_pin(member, cell);
      if (member.name == "bus" || member.name == "bundle") cell.unusable = "a bus";
      if (member.name == "ff") read_flip_flop(member, cell);
      if (member.name == "latch") read_latch(member, cell);
      if (member.name == "ff_bank" || member.name == "statetable")
        cell.unusable = "storage that is no flip-flop";
    }
    if (group.attribute("clock_gating_integrated_cell").starts_with("latch_posedge")) {
      read_clock_gate(group, cell);
    } else if (cell.latch) {
      finish_latch(cell);
    }
  }

  const Statement& tree_;
  std::string_view origin_;
  PowerLibrary library_;
  std::map<std::string, Template> templates_;
  double farad_ = 0.0;
  double second_ = 0.0;
  double joule_ = 0.0;
  std::optional<Error> error_;
};

}  // namespace

double EnergyTable::at(double slew, double load) const {
  if (values.empty()) return 0.0;
  const auto [row, down] = locate(slews, slew);
  const auto [column, right] = locate(loads, load);
  const std::size_t width = std::max<std::size_t>(loads.size(), 1);
  const std::size_t next_row = slews.size() > 1 ? width : 0;
  const std::size_t next = loads.size() > 1 ? 1 : 0;
  const double* corner = &values[row * width + column];
  const double above = corner[0] + right * (corner[next] - corner[0]);
  const double below = corner[next_row] + right * (corner[next_row + next] - corner[next_row]);
  return above + down * (below - above);
}

std::optional<std::size_t> PowerCell::pin(std::string_view wanted) const {
  const auto found = std::ranges::find(pins, wanted, &CellPin::name);
  if (found == pins.end()) return std::nullopt;
  return static_cast<std::size_t>(found - pins.begin());
}

Result<PowerLibrary> parse_power_library(std::string_view text, std::string_view origin) {
  const Result<Statement> tree = parse_liberty_tree(text, origin);
  if (!tree) return tree.error();
  return Reader(tree.value(), origin).run();
}

Result<PowerLibrary> load_power_library(const std::filesystem::path& file) {
  const Result<std::string> text = read_text(file);
  if (!text) return Error{text.error().message, ErrorKind::kMismatch};
  Result<PowerLibrary> library = parse_power_library(text.value(), file.string());
  if (!library) return Error{library.error().message, ErrorKind::kMismatch};
  return library;
}

}  // namespace bat::synth
