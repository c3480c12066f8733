// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/blocks/qmm_row.hpp"

#include <fmt/format.h>

#include <bit>

namespace bat::blocks {
namespace {

using emit::Expr;
using emit::Statement;

/// One net a column keeps every signal narrow: simulators handle that far better than one wide
/// vector, and a person can follow a column through the file.
class RowBuilder {
 public:
  RowBuilder(const QmmRowShape& shape, const emit::Interface& pe, const std::string& name,
             const emit::Interface* ones)
      : shape_(shape), pe_(pe), ones_(ones), module_(name, doc(shape)) {}

  emit::Module build() {
    ports();
    units();
    tile_bits();
    drain_position();
    for (int branch = 0; branch < shape_.branches; ++branch) shadow(branch);
    module_.assign(sh_acc_, shape_.and_form ? emit::unary("~", lanes()) : lanes());
    return std::move(module_);
  }

 private:
  static emit::ModuleDoc doc(const QmmRowShape& shape) {
    return {
        "One row of dot-product units: a row of activations against all columns. Finished sums "
        "leave as sign bits (bit tiles) or through the shadow, a copy of the accumulators of which "
        "Lanes columns show at a time, the next ones after each shift, while the units work on.",
        "tile bit = sum >= 0; shadow of branch b = sum of branch b",
        shape.and_form
            ? "accumulators, complements of the sums, as in qmm_pe_and, tile bits and shadow one "
              "cycle after their capture"
            : "accumulators as in qmm_pe, tile bits and shadow one cycle after their capture",
        "one step a cycle; a capture or a shift a cycle", "none; capture goes before shift"};
  }

  void ports() {
    module_.input("clk_i", 1);
    module_.port_group("Step, aligned with the counts of the units");
    acc_valid_ = module_.input("acc_valid_i", 1);
    acc_first_ = module_.input("acc_first_i", 1);
    acc_double_ = module_.input("acc_double_i", 1);
    module_.port_group("Operands: this row, and the columns with their preloads");
    a_ = module_.input("a_i", shape_.depth);
    for (int c = 0; c < shape_.cols; ++c) {
      b_.push_back(module_.input(fmt::format("b{}_i", c), shape_.depth));
    }
    for (int c = 0; c < shape_.cols; ++c) {
      preload_.push_back(module_.input(fmt::format("preload{}_i", c), shape_.acc_bits));
    }
    module_.port_group("Bit tiles");
    bit_capture_ = module_.input("bit_capture_i", 1);
    tile_bits_ = module_.output("tile_bits_o", shape_.cols);
    module_.port_group("Wide tiles");
    sh_capture_ = module_.input("sh_capture_i", shape_.branches, "one bit a branch");
    sh_shift_ = module_.input("wt_shift_cols_i", 1);
    sh_acc_ = module_.output("sh_acc_o", shape_.branches * shape_.lanes * shape_.acc_bits,
                             "branch-major, lane 0 lowest");
  }

  void units() {
    module_.comment("Dot-product units.");
    for (int c = 0; c < shape_.cols; ++c) {
      acc_.push_back(module_.net(fmt::format("acc{}", c), shape_.acc_bits));
    }
    Expr ones;
    if (shape_.and_form) {
      ones = module_.net("ones", std::bit_width(static_cast<unsigned>(shape_.depth)));
      module_.instance({*ones_,
                        "u_ones",
                        {},
                        {{"clk_i", emit::ref("clk_i", 1)}, {"a_i", a_}, {"ones_o", ones}}});
    }
    const int step = shape_.pairs ? 2 : 1;
    for (int c = 0; c < shape_.cols; c += step) {
      std::vector<emit::Connection> ports{{"clk_i", emit::ref("clk_i", 1)},
                                          {"valid_i", acc_valid_},
                                          {"first_i", acc_first_},
                                          {"double_i", acc_double_},
                                          {"a_i", a_}};
      if (shape_.and_form) ports.push_back({"ones_i", ones});
      for (int k = 0; k < step; ++k) {
        const std::string index = shape_.pairs ? std::to_string(k) : std::string();
        const auto column = static_cast<std::size_t>(c + k);
        ports.push_back({fmt::format("b{}_i", index), b_[column]});
        ports.push_back({fmt::format("preload{}_i", index), preload_[column]});
        ports.push_back({fmt::format("acc{}_o", index), acc_[column]});
      }
      module_.instance(
          {pe_,
           fmt::format("u_pe{}", c),
           {{"TK", shape_.depth}, {"AccW", shape_.acc_bits}, {"Shift", shape_.shift ? 1 : 0}},
           std::move(ports)});
    }
  }

  void tile_bits() {
    module_.comment("The preload holds the threshold, so the sign of a sum is its bit.");
    std::vector<Expr> signs;
    for (const Expr& acc : acc_) {
      const Expr sign = emit::bit(acc, shape_.acc_bits - 1);
      signs.push_back(shape_.and_form ? sign : emit::unary("~", sign));
    }
    module_.add(emit::AlwaysFf{
        {}, {emit::if_then(bit_capture_, {emit::set_next(tile_bits_, emit::pack(signs))})}});
  }

  int groups() const { return shape_.cols / shape_.lanes; }

  /// Which columns show. A multiplexer a lane is a quarter of what shifting all columns would cost.
  void drain_position() {
    if (groups() == 1) {
      module_.assign(module_.net("unused_shift", 1), sh_shift_);
      return;
    }
    const int bits = std::bit_width(static_cast<unsigned>(groups() - 1));
    module_.comment(
        "Group of columns that shows: the first after a capture, then the next a shift.");
    group_ = module_.net("group_q", bits);
    module_.add(emit::AlwaysFf{
        {},
        {emit::if_then(
            emit::unary("|", sh_capture_), {emit::set_next(group_, emit::num(bits, 0))},
            {emit::if_then(
                sh_shift_,
                {emit::set_next(group_, emit::binary("+", group_, emit::num(bits, 1)))})})}});
  }

  void shadow(int branch) {
    module_.comment(fmt::format("Shadow of branch {}.", branch));
    std::vector<Expr> copies;
    for (int c = 0; c < shape_.cols; ++c) {
      copies.push_back(module_.net(fmt::format("shadow{}_{}_q", branch, c), shape_.acc_bits));
    }
    std::vector<Statement> capture;
    for (int c = 0; c < shape_.cols; ++c) {
      const auto column = static_cast<std::size_t>(c);
      capture.push_back(emit::set_next(copies[column], acc_[column]));
    }
    module_.add(emit::AlwaysFf{{}, {emit::if_then(emit::bit(sh_capture_, branch), capture)}});
    for (int lane = 0; lane < shape_.lanes; ++lane) lanes_.push_back(shown(branch, lane, copies));
  }

  /// The column of a lane in the group that shows: a tree of two-way choices, lowest bit first.
  Expr shown(int branch, int lane, const std::vector<Expr>& copies) {
    std::vector<Expr> choice;
    for (int group = 0; group < groups(); ++group) {
      choice.push_back(copies[static_cast<std::size_t>(group * shape_.lanes + lane)]);
    }
    for (int level = 0; choice.size() > 1; ++level) {
      std::vector<Expr> next;
      for (std::size_t i = 0; i + 1 < choice.size(); i += 2) {
        const Expr net = module_.net(fmt::format("show{}_{}_{}_{}", branch, lane, level, i / 2),
                                     shape_.acc_bits);
        module_.assign(net,
                       emit::conditional(group_->width == 1 ? group_ : emit::bit(group_, level),
                                         choice[i + 1], choice[i]));
        next.push_back(net);
      }
      choice = std::move(next);
    }
    return choice.front();
  }

  Expr lanes() const { return emit::pack(lanes_); }

  const QmmRowShape& shape_;
  const emit::Interface& pe_;
  const emit::Interface* ones_;
  emit::Module module_;
  Expr acc_valid_, acc_first_, acc_double_, a_, bit_capture_, tile_bits_;
  Expr sh_capture_, sh_shift_, sh_acc_, group_;
  std::vector<Expr> b_, preload_, acc_, lanes_;
};

}  // namespace

emit::Module qmm_row(const QmmRowShape& shape, const emit::Interface& pe, const std::string& name,
                     const emit::Interface* ones) {
  return RowBuilder(shape, pe, name, ones).build();
}

}  // namespace bat::blocks
