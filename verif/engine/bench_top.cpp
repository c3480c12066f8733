// SPDX-License-Identifier: Apache-2.0
// Writes the SystemVerilog of one engine test bench: popcount, qmm_row and a top that joins them
// with the hand-written engine modules; and shape.hpp with the numbers for C++.
//
// usage: engine_bench_top RTL_DIR OUT_DIR TR TC TK Lanes BR PopStages AccW Pruning AndLanes
//
// AndLanes: 0, or MaxBits of an engine in AND form
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "rtl_gen/blocks/popcount.hpp"
#include "rtl_gen/blocks/qmm_row.hpp"
#include "rtl_gen/emit/writer.hpp"

namespace {

using namespace bat;
using emit::Expr;

struct Shape {
  int rows, cols, depth, lanes, branches, pop_stages, acc_bits, pruning, and_bits;

  static constexpr int kZeroBits = 16;
  static constexpr int kTRingWords = 64;
  static constexpr int kWRingWords = 64;
  static constexpr int kOperandWords = 64;  ///< K and V words
  static constexpr int kZeroWords = 32;
  /// Of the encoder's codes: whether zero counts go to the drain, which only the AND form asks.
  int max_bits() const { return and_bits != 0 ? and_bits : 8; }
  int par_bits() const { return lanes * 64 * branches; }
  /// Two columns (or all of few) a write, so that write groups are exercised.
  int write_bits() const { return depth * 2; }
};

[[noreturn]] void fail(const std::string& message) {
  std::fprintf(stderr, "engine_bench_top: %s\n", message.c_str());
  std::exit(1);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) fail("cannot read " + path.string());
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

template <typename T>
T checked(Result<T> result) {
  if (!result) fail(result.error().message);
  return std::move(result.value());
}

class Top {
 public:
  Top(const std::filesystem::path& rtl, const Shape& shape, const emit::Interface& row)
      : rtl_(rtl),
        s_(shape),
        row_(row),
        package_(checked(emit::read_package(read_file(rtl / "bat_pkg.sv")))),
        module_("engine_top", {"Engine test bench.", "", "", "", ""}) {}

  const emit::Constants& package() const { return package_; }

  emit::Module build() {
    const emit::Interface control = leaf("qmm_control");
    const std::vector<std::pair<std::string, long long>> parameters = {
        {"TR", s_.rows},
        {"TC", s_.cols},
        {"TK", s_.depth},
        {"Lanes", s_.lanes},
        {"PopStages", s_.pop_stages},
        {"BR", s_.branches},
        {"AccW", s_.acc_bits},
        {"ZW", Shape::kZeroBits},
        {"TDepth", Shape::kTRingWords},
        {"AndLanes", s_.and_bits != 0 ? 1 : 0},
        {"MaxBits", s_.max_bits()},
        {"Pruning", s_.pruning}};
    own_ports();
    control_ports(control, parameters);
    nets();
    instance(control, "u_control", parameters,
             {{"z_lanes_i", z_lanes()}, {"sh_zz_o", port_.at("sh_zz_o")}});
    for (int c = 0; c < s_.cols; ++c) column(c);
    for (int r = 0; r < s_.rows; ++r) row(r);
    return std::move(module_);
  }

 private:
  emit::Interface leaf(const std::string& name) const {
    return checked(emit::read_interface(read_file(rtl_ / (name + ".sv"))));
  }

  /// Ports that data pass through from or to the bench.
  void own_ports() {
    in("clk_i", 1);
    in("rst_ni", 1);
    in("wr_valid_i", 1);
    in("wr_addr_i", 16);
    in("wr_cgrp_i", 8);
    in("wr_data_i", s_.write_bits());
    in("a_data_i", s_.rows * s_.depth);
    in("code_bits_i", s_.rows * s_.cols);
    in("wt_shift_cols_i", 1);
    out("act_bits_o", s_.rows * s_.cols);
    out("w_fault_o", s_.cols);
    out("sh_acc_o", s_.rows * s_.branches * s_.lanes * s_.acc_bits);
  }

  /// Control ports that nothing inside the bench uses, or that the bench observes, leave by name.
  void control_ports(const emit::Interface& control,
                     const std::vector<std::pair<std::string, long long>>& parameters) {
    static const std::set<std::string> kInside = {
        "ct_we_o",     "ct_set_o",    "ct_data_o",    "cz_re_o",       "cz_addr_o",
        "cz_load_o",   "cz_set_o",    "cz_zero_o",    "pl_load_o",     "pl_set_o",
        "pl_zero_o",   "zz_load_o",   "pl_count_o",   "pl_words_o",    "zz_set_o",
        "acc_valid_o", "acc_first_o", "acc_double_o", "bit_capture_o", "sh_capture_o",
        "tw_cmask_o",  "b_re_o",      "b_src_o",      "b_addr_o",      "z_lanes_i"};
    emit::Constants overrides(parameters.begin(), parameters.end());
    const auto values = checked(emit::resolve_parameters(control, overrides, package_));
    for (const emit::InterfacePort& p : control.ports) {
      const int width = static_cast<int>(checked(emit::evaluate(p.width, values)));
      if (kInside.contains(p.name)) {
        inside_.emplace_back(p.name.substr(0, p.name.size() - 2), width);
      } else if (!port_.contains(p.name)) {
        p.direction == emit::Direction::kInput ? in(p.name, width) : out(p.name, width);
      }
    }
  }

  void in(const std::string& name, int width) { port_[name] = module_.input(name, width); }
  void out(const std::string& name, int width) { port_[name] = module_.output(name, width); }

  void nets() {
    for (const auto& [name, width] : inside_) {
      if (name != "z_lanes") net_[name] = module_.net(name, width);
    }
    for (int c = 0; c < s_.cols; ++c) {
      net(fmt::format("b{}", c), s_.depth);
      net(fmt::format("preload{}", c), s_.acc_bits);
      net(fmt::format("zz{}", c), Shape::kZeroBits);
    }
    for (int r = 0; r < s_.rows; ++r) {
      net(fmt::format("tile_bits{}", r), s_.cols);
      net(fmt::format("bits{}", r), s_.cols);
    }
  }
  void net(const std::string& name, int width) { net_[name] = module_.net(name, width); }
  Expr net(const std::string& name) const { return net_.at(name); }

  Expr z_lanes() const {
    std::vector<Expr> lanes;
    for (int l = 0; l < s_.lanes; ++l) lanes.push_back(net(fmt::format("zz{}", l)));
    return emit::pack(lanes);
  }

  /// Connects every port: as `own` says, else to the net or bench port of the same name.
  void instance(const emit::Interface& module, const std::string& name,
                std::vector<std::pair<std::string, long long>> parameters,
                const std::map<std::string, Expr>& own) {
    emit::Instance inst{module, name, std::move(parameters), {}};
    for (const emit::InterfacePort& p : module.ports) {
      const std::string stem = p.name.substr(0, p.name.rfind('_'));
      Expr value;
      if (own.contains(p.name)) {
        value = own.at(p.name);
      } else if (port_.contains(p.name)) {
        value = port_.at(p.name);
      } else if (net_.contains(stem)) {
        value = net_.at(stem);
      } else if (port_.contains(stem + "_o")) {
        value = port_.at(stem + "_o");
      } else {
        fail(fmt::format("{}: nothing for port {}", name, p.name));
      }
      inst.connections.push_back({p.name, value});
    }
    module_.instance(std::move(inst));
  }

  void column(int c) {
    const int a_word = s_.par_bits() / 16;  // thresholds of a T word
    const int groups = s_.write_bits() / s_.depth;
    std::vector<Expr> v_bits;
    for (int r = 0; r < s_.rows; ++r) v_bits.push_back(emit::bit(net(fmt::format("bits{}", r)), c));
    const Expr below = c + s_.lanes < s_.cols ? net(fmt::format("zz{}", c + s_.lanes))
                                              : emit::num(Shape::kZeroBits, 0);
    instance(leaf("column_slice"), fmt::format("u_column{}", c),
             {{"Index", c},
              {"TR", s_.rows},
              {"TC", s_.cols},
              {"TK", s_.depth},
              {"AccW", s_.acc_bits},
              {"ZW", Shape::kZeroBits},
              {"MaxBits", s_.max_bits()},
              {"AndLanes", s_.and_bits != 0 ? 1 : 0},
              {"WDepth", Shape::kWRingWords},
              {"KDepth", Shape::kOperandWords},
              {"VDepth", Shape::kOperandWords},
              {"ZDepth", Shape::kZeroWords},
              {"WrGroup", c / groups},
              {"WrGrpW", 8}},
             {{"wr_data_i", emit::slice(port_.at("wr_data_i"), (c % groups) * s_.depth, s_.depth)},
              {"ct_we_i", emit::bit(net("ct_we"), c / a_word)},
              {"ct_data_i", emit::slice(net("ct_data"), (c % a_word) * 16, 16)},
              {"b_data_o", net(fmt::format("b{}", c))},
              {"w_fault_o", emit::bit(port_.at("w_fault_o"), c)},
              {"preload_o", net(fmt::format("preload{}", c))},
              {"zz_chain_i", below},
              {"zz_chain_o", net(fmt::format("zz{}", c))},
              {"k_bits_i", net(fmt::format("bits{}", c % s_.rows))},
              {"v_bits_i", emit::pack(v_bits)}});
  }

  void row(int r) {
    const int wide = s_.branches * s_.lanes * s_.acc_bits;
    std::map<std::string, Expr> own = {
        {"a_i", emit::slice(port_.at("a_data_i"), r * s_.depth, s_.depth)},
        {"tile_bits_o", net(fmt::format("tile_bits{}", r))},
        {"sh_acc_o", emit::slice(port_.at("sh_acc_o"), r * wide, wide)}};
    instance(row_, fmt::format("u_row{}", r), {}, own);
    instance(leaf("tile_row"), fmt::format("u_tile_row{}", r), {{"TC", s_.cols}},
             {{"tile_bits_i", net(fmt::format("tile_bits{}", r))},
              {"code_bits_i", emit::slice(port_.at("code_bits_i"), r * s_.cols, s_.cols)},
              {"bits_o", net(fmt::format("bits{}", r))}});
    module_.assign(emit::slice(port_.at("act_bits_o"), r * s_.cols, s_.cols),
                   net(fmt::format("bits{}", r)));
  }

  std::filesystem::path rtl_;
  Shape s_;
  emit::Interface row_;
  emit::Constants package_;
  emit::Module module_;
  std::map<std::string, Expr> port_;
  std::map<std::string, Expr> net_;
  std::vector<std::pair<std::string, int>> inside_;
};

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  if (!file) fail("cannot write " + path.string());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 12) fail("wrong number of arguments");
  const std::filesystem::path rtl = argv[1];
  const std::filesystem::path out = argv[2];
  const auto number = [&](int i) { return std::atoi(argv[i]); };
  const Shape s{number(3), number(4), number(5),  number(6), number(7),
                number(8), number(9), number(10), number(11)};
  const auto leaf = [&](const std::string& name) {
    return checked(emit::read_interface(read_file(rtl / (name + ".sv"))));
  };
  const emit::FileHeader header{"0.1.0", "engine test bench", std::string(64, '0')};
  const auto save = [&](const emit::Module& module, const emit::Constants& package) {
    write_file(out / (module.name() + ".sv"), checked(emit::write(module, header, package)));
  };
  blocks::PopcountShape count{s.depth, s.pop_stages, Popcount::kFlat};
  blocks::QmmRowShape shape{s.cols, s.depth, s.lanes, s.branches, s.acc_bits};
  count.and_form = shape.and_form = s.and_bits != 0;
  const emit::Module popcount = blocks::popcount(count, {});
  const emit::Module row_ones = blocks::row_ones(count, {});
  const emit::Interface ones = emit::interface_of(row_ones);
  const emit::Module row =
      blocks::qmm_row(shape, leaf(count.and_form ? "qmm_pe_and" : "qmm_pe"), "qmm_row", &ones);
  Top top(rtl, s, emit::interface_of(row));
  save(popcount, {});
  save(row_ones, {});
  save(row, {});
  save(top.build(), top.package());
  write_file(
      out / "shape.hpp",
      fmt::format("// SPDX-License-Identifier: Apache-2.0\n"
                  "#pragma once\n\n"
                  "inline constexpr int kRows = {}, kCols = {}, kDepth = {}, kLanes = {};\n"
                  "inline constexpr int kBranches = {}, kPopStages = {}, kAccBits = {};\n"
                  "inline constexpr int kWRing = {}, kTRing = {}, kOperandWords = {};\n"
                  "inline constexpr int kZeroWords = {}, kWriteBits = {};\n"
                  "inline constexpr bool kPruning = {}, kAndLanes = {};\n"
                  "inline constexpr int kMaxBits = {};\n",
                  s.rows, s.cols, s.depth, s.lanes, s.branches, s.pop_stages, s.acc_bits,
                  Shape::kWRingWords, Shape::kTRingWords, Shape::kOperandWords, Shape::kZeroWords,
                  s.write_bits(), s.pruning != 0, s.and_bits != 0, s.max_bits()));
  return 0;
}
