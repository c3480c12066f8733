// SPDX-License-Identifier: Apache-2.0
// Writes popcounts of every structure to be compared: `popcount_bench.sv` with all of one list side
// by side, `proof.sv` with an assertion for each small combinational one, `cec.sv` with large ones
// beside plain counts, and a Yosys script for each proof.
//
// usage: engine_popcount_variants RTL_DIR OUT_DIR
#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <sstream>

#include "rtl_gen/blocks/popcount.hpp"
#include "rtl_gen/emit/writer.hpp"

namespace {

using namespace bat;
namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& message) {
  std::fprintf(stderr, "engine_popcount_variants: %s\n", message.c_str());
  std::exit(1);
}

emit::Interface leaf(const fs::path& rtl, const std::string& name) {
  std::ifstream file(rtl / (name + ".sv"));
  std::stringstream text;
  text << file.rdbuf();
  auto result = emit::read_interface(text.str());
  if (!result) fail(result.error().message);
  return result.value();
}

blocks::PopcountShape and_variant(int lanes, int stages, Popcount topology) {
  return {lanes, stages, topology,
          fmt::format("popcount_and_{}_{}_{}", to_string(topology), lanes, stages), true};
}

blocks::PopcountShape variant(int lanes, int stages, Popcount topology) {
  return {lanes, stages, topology,
          fmt::format("popcount_{}_{}_{}", to_string(topology), lanes, stages)};
}

constexpr std::array kSimulated = {8, 16, 31, 32, 64, 128};
constexpr std::array kProved = {8, 13, 16, 32};  ///< by SAT
constexpr std::array kCompared = {64};           ///< by canonical decision diagrams

std::vector<blocks::PopcountShape> variants(std::span<const int> sizes, int most_stages) {
  std::vector<blocks::PopcountShape> list;
  for (const Popcount topology :
       {Popcount::kFaTree, Popcount::kLut6, Popcount::kChain, Popcount::kBlock14}) {
    for (const int lanes : sizes) {
      for (int stages = 0; stages <= most_stages; ++stages) {
        list.push_back(variant(lanes, stages, topology));
      }
    }
  }
  return list;
}

/// AND form of each structure that has one.
std::vector<blocks::PopcountShape> and_variants(std::span<const int> sizes, int most_stages) {
  std::vector<blocks::PopcountShape> list;
  for (const Popcount topology : {Popcount::kFlat, Popcount::kFaTree}) {
    for (const int lanes : sizes) {
      for (int stages = 0; stages <= most_stages; ++stages) {
        list.push_back(and_variant(lanes, stages, topology));
      }
    }
  }
  return list;
}

int count_bits(int lanes) { return static_cast<int>(std::bit_width(static_cast<unsigned>(lanes))); }

/// Every variant sees the low lanes of the same operands; its count is output count<i>_o.
emit::Module bench(const std::vector<emit::Module>& modules,
                   const std::vector<blocks::PopcountShape>& shapes,
                   const blocks::PopcountCells& cells) {
  emit::Module top("popcount_bench", {"Popcounts side by side.", "", "", "", ""});
  const emit::Expr clock = top.input("clk_i", 1);
  const emit::Expr a = top.input("a_i", 128);
  const emit::Expr b = top.input("b_i", 128);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const int lanes = shapes[i].lanes;
    const int most = shapes[i].and_form ? 3 * lanes : lanes;
    const emit::Expr count = top.output(fmt::format("count{}_o", i), count_bits(most));
    std::vector<emit::Connection> ports{{"clk_i", clock},
                                        {"a_i", emit::slice(a, 0, lanes)},
                                        {"b_i", emit::slice(b, 0, lanes)},
                                        {"count_o", count}};
    if (shapes[i].and_form) {
      const emit::Expr ones = top.net(fmt::format("ones{}", i), count_bits(lanes));
      const emit::Module row = blocks::row_ones(shapes[i], cells);
      top.instance({emit::interface_of(row),
                    "u_" + row.name(),
                    {},
                    {{"clk_i", clock}, {"a_i", emit::slice(a, 0, lanes)}, {"ones_o", ones}}});
      ports.push_back({"ones_i", ones});
    }
    top.instance({emit::interface_of(modules[i]), "u_" + shapes[i].name, {}, ports});
  }
  return top;
}

/// What an AND form counts.
std::string and_count(int bits, std::string_view a, std::string_view b) {
  return fmt::format("{0}'($countones({1})) + {0}'(2 * $countones(~({1} & {2})))", bits, a, b);
}

/// A popcount in AND form with the ones of its row.
std::string and_instances(const blocks::PopcountShape& s, std::string_view a, std::string_view b,
                          std::string_view count) {
  return fmt::format(
      "logic [{0}:0] ones;\n"
      "  ones_{1} u_ones (.clk_i(1'b0), .a_i({2}), .ones_o(ones));\n"
      "  {1} u_count (.clk_i(1'b0), .a_i({2}), .b_i({3}), .ones_i(ones), .count_o({4}));",
      count_bits(s.lanes) - 1, s.name, a, b, count);
}

/// For `sat -prove-asserts`: the structure equals the count that simulation uses. Over 16 lanes one
/// operand is fixed: that XNOR comes first in every lane is settled by the smaller sizes.
std::string proof_module(const blocks::PopcountShape& s) {
  const int bits = count_bits(s.and_form ? 3 * s.lanes : s.lanes);
  if (s.and_form) {
    return fmt::format(
        "module prove_{0} (input logic [{1}:0] a_i, input logic [{1}:0] x_i);\n"
        "  logic [{1}:0] b;\n"
        "  logic [{2}:0] count;\n"
        "  assign b = {4} ? x_i : ~{3}'d0;\n"
        "  {5}\n"
        "  always_comb assert (count == {6});\n"
        "endmodule\n",
        s.name, s.lanes - 1, bits - 1, s.lanes, s.lanes <= 16 ? 1 : 0,
        and_instances(s, "a_i", "b", "count"), and_count(bits, "a_i", "b"));
  }
  return fmt::format(
      "module prove_{0} (input logic [{1}:0] a_i, input logic [{1}:0] x_i);\n"
      "  logic [{1}:0] b;\n"
      "  logic [{2}:0] count;\n"
      "  assign b = {4} ? x_i : ~{3}'d0;\n"
      "  {0} u_count (.clk_i(1'b0), .a_i(a_i), .b_i(b), .count_o(count));\n"
      "  always_comb assert (count == {5}'($countones(~(a_i ^ b))));\n"
      "endmodule\n",
      s.name, s.lanes - 1, bits - 1, s.lanes, s.lanes <= 16 ? 1 : 0, bits);
}

/// A module `name` of interleaved operands (the good variable order of a decision diagram, which
/// follows the inputs) around `body`. With `wrong` the first lane counts where it differs.
std::string interleaved(const std::string& name, int lanes, int bits, const std::string& body,
                        bool wrong) {
  return fmt::format(
      "module {0} (input logic [{1}:0] x_i, output logic [{2}:0] count_o);\n"
      "  logic [{3}:0] a, b;\n"
      "  for (genvar k = 0; k < {4}; k = k + 1) begin : gen_lane\n"
      "    assign a[k] = x_i[2*k]{5};\n    assign b[k] = x_i[2*k+1];\n  end\n  {6}\nendmodule\n",
      name, 2 * lanes - 1, bits - 1, lanes - 1, lanes, wrong ? " ^ (k == 0)" : "", body);
}

/// The body of such a module: a plain count or a structure.
std::string plain_count(const blocks::PopcountShape& s, int bits) {
  if (s.and_form) return fmt::format("assign count_o = {};", and_count(bits, "a", "b"));
  return fmt::format("assign count_o = {}'($countones(~(a ^ b)));", bits);
}
std::string structure_count(const blocks::PopcountShape& s) {
  if (s.and_form) return and_instances(s, "a", "b", "count_o");
  return fmt::format("{} u_count (.clk_i(1'b0), .a_i(a), .b_i(b), .count_o(count_o));", s.name);
}

/// Both sides as gates, then abc: decision diagrams of all outputs, which are small for counts,
/// back to gates, and `cec` between the two.
std::string equivalence_script(const std::string& structure, const std::string& plain,
                               std::string_view verdict) {
  std::string script;
  std::string compare;
  for (const std::string& side : {structure, plain}) {
    script += fmt::format(
        "read_verilog -sv -formal -D SYNTHESIS cec.sv\nhierarchy -top {0}\nproc\n"
        "setattr -mod -unset keep_hierarchy *\nflatten\nopt -full\ntechmap\nopt -full\n"
        "abc -g AND,XOR\nopt_clean -purge\nwrite_blif {1}_{0}.blif\ndesign -reset\n",
        side, structure);
    compare += fmt::format(
        "read_blif {1}_{0}.blif; collapse -r; muxes; strash; write {1}_{0}.aig; ", side, structure);
  }
  return script + fmt::format(
                      "exec -expect-return 0 -expect-stdout {} -- yosys-abc -c \"{}cec "
                      "{}_{}.aig {}_{}.aig\"\n",
                      verdict, compare, structure, structure, structure, plain);
}

int bits_of(const blocks::PopcountShape& s) {
  return count_bits(s.and_form ? 3 * s.lanes : s.lanes);
}
std::string plain_name(const blocks::PopcountShape& s) {
  return fmt::format("plain_{}{}", s.and_form ? "and_" : "", s.lanes);
}

void save(const fs::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  if (!file) fail("cannot write " + path.string());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) fail("wrong number of arguments");
  const fs::path rtl = argv[1];
  const fs::path out = argv[2];
  blocks::PopcountCells cells;
  for (const std::string_view name : blocks::popcount_cells()) {
    cells.emplace(name, leaf(rtl, std::string(name)));
  }
  const emit::FileHeader header{"0.1.0", "popcount bench", std::string(64, '0')};
  const auto text_of = [&](const emit::Module& module) {
    auto text = emit::write(module, header);
    if (!text) fail(text.error().message);
    return text.value();
  };
  std::string simulated, list = "// SPDX-License-Identifier: Apache-2.0\n";
  std::vector<emit::Module> modules;
  const auto with_and = [](std::vector<blocks::PopcountShape> all, std::span<const int> sizes,
                           int stages) {
    for (auto& shape : and_variants(sizes, stages)) all.push_back(std::move(shape));
    return all;
  };
  /// The popcount and what it needs.
  const auto text_of_shape = [&](const blocks::PopcountShape& shape) {
    const std::string text = text_of(blocks::popcount(shape, cells));
    return shape.and_form ? text_of(blocks::row_ones(shape, cells)) + text : text;
  };
  const auto shapes = with_and(variants(kSimulated, 2), kSimulated, 2);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    modules.push_back(blocks::popcount(shapes[i], cells));
    simulated += text_of_shape(shapes[i]);
    list += fmt::format("{}({}, {}, {}, \"{}\")\n", shapes[i].and_form ? "AND_VARIANT" : "VARIANT",
                        i, shapes[i].lanes, shapes[i].stages, shapes[i].name);
  }
  save(out / "popcount_bench.sv", simulated + text_of(bench(modules, shapes, cells)));
  save(out / "variants.inc", list);
  std::string proved;
  for (const blocks::PopcountShape& shape : with_and(variants(kProved, 0), kProved, 0)) {
    proved += text_of_shape(shape) + proof_module(shape);
    const std::string script = fmt::format(
        "read_verilog -sv -formal -D SYNTHESIS proof.sv; "
        "hierarchy -top prove_{0}; proc; "
        "setattr -mod -unset keep_hierarchy *; flatten; opt -full; "
        "sat -verify -prove-asserts prove_{0}\n",
        shape.name);
    save(out / fmt::format("prove_{}.ys", shape.name), script);
  }
  std::string compared;
  for (const blocks::PopcountShape& shape : with_and(variants(kCompared, 0), kCompared, 0)) {
    const std::string side = "cec_" + shape.name;
    const std::string plain = plain_name(shape);
    compared += text_of_shape(shape);
    compared += interleaved(side, shape.lanes, bits_of(shape), structure_count(shape), false);
    save(out / (side + ".ys"), equivalence_script(side, plain, "Networks.are.equivalent"));
  }
  for (const int lanes : kCompared) {
    for (const auto& shape :
         {variant(lanes, 0, Popcount::kFaTree), and_variant(lanes, 0, Popcount::kFaTree)}) {
      const int bits = bits_of(shape);
      compared += interleaved(plain_name(shape), lanes, bits, plain_count(shape, bits), false);
    }
  }
  // A wrong claim must be seen.
  const blocks::PopcountShape plain = variant(64, 0, Popcount::kFaTree);
  compared += interleaved("wrong_64", 64, bits_of(plain), plain_count(plain, bits_of(plain)), true);
  save(out / "cec_wrong.ys", equivalence_script("plain_64", "wrong_64", "NOT.EQUIVALENT"));
  for (const std::string_view name : blocks::popcount_cells()) {
    std::ifstream file(rtl / (std::string(name) + ".sv"));
    std::stringstream text;
    text << file.rdbuf();
    proved += text.str();
    compared += text.str();
  }
  save(out / "proof.sv", proved);
  save(out / "cec.sv", compared);
  return 0;
}
