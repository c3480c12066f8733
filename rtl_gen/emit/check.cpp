// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/emit/check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cctype>
#include <map>
#include <set>

namespace bat::emit {
namespace {

constexpr auto kKeywords =
    std::to_array<std::string_view>({"alias",        "always",        "always_comb", "always_ff",
                                     "always_latch", "and",           "assert",      "assign",
                                     "assume",       "automatic",     "before",      "begin",
                                     "bind",         "bins",          "bit",         "break",
                                     "buf",          "byte",          "case",        "casex",
                                     "casez",        "cell",          "chandle",     "checker",
                                     "class",        "clocking",      "config",      "const",
                                     "constraint",   "context",       "continue",    "cover",
                                     "cross",        "deassign",      "default",     "defparam",
                                     "design",       "disable",       "dist",        "do",
                                     "edge",         "else",          "end",         "endcase",
                                     "endfunction",  "endgenerate",   "endmodule",   "endpackage",
                                     "endtask",      "enum",          "event",       "expect",
                                     "export",       "extends",       "extern",      "final",
                                     "first_match",  "for",           "force",       "foreach",
                                     "forever",      "fork",          "function",    "generate",
                                     "genvar",       "global",        "if",          "iff",
                                     "ifnone",       "import",        "initial",     "inout",
                                     "input",        "inside",        "instance",    "int",
                                     "integer",      "interface",     "intersect",   "join",
                                     "large",        "let",           "liblist",     "library",
                                     "local",        "localparam",    "logic",       "longint",
                                     "macromodule",  "medium",        "modport",     "module",
                                     "nand",         "negedge",       "new",         "nor",
                                     "not",          "null",          "or",          "output",
                                     "package",      "packed",        "parameter",   "posedge",
                                     "primitive",    "priority",      "program",     "property",
                                     "protected",    "pull0",         "pull1",       "pure",
                                     "rand",         "real",          "ref",         "reg",
                                     "release",      "repeat",        "restrict",    "return",
                                     "scalared",     "sequence",      "shortint",    "shortreal",
                                     "signed",       "small",         "solve",       "specify",
                                     "static",       "string",        "strong",      "struct",
                                     "super",        "supply0",       "supply1",     "table",
                                     "tagged",       "task",          "this",        "throughout",
                                     "time",         "timeprecision", "timeunit",    "tri",
                                     "type",         "typedef",       "union",       "unique",
                                     "unsigned",     "until",         "use",         "uwire",
                                     "var",          "vectored",      "virtual",     "void",
                                     "wait",         "wand",          "weak",        "while",
                                     "wildcard",     "wire",          "with",        "within",
                                     "wor",          "xnor",          "xor"});

class Checker {
 public:
  Checker(const Module& module, const Constants& package_constants)
      : module_(module), package_constants_(package_constants) {}

  Status run() {
    check_name(module_.name());
    for (const Parameter& parameter : module_.parameters()) declare(parameter.name, 32);
    for (const Port& port : module_.ports()) declare(port.name, port.width);
    items(module_.items());
    if (problems_.empty()) return Ok{};
    return Error{fmt::format("module {}:\n  {}", module_.name(), fmt::join(problems_, "\n  "))};
  }

 private:
  void problem(std::string text) { problems_.push_back(std::move(text)); }

  void check_name(const std::string& name) {
    bool legal = !name.empty() && !std::isdigit(static_cast<unsigned char>(name[0]));
    for (const char c : name) legal &= std::isalnum(static_cast<unsigned char>(c)) || c == '_';
    if (!legal) problem(fmt::format("'{}' is not a legal name", name));
    if (is_keyword(name)) problem(fmt::format("'{}' is a reserved word", name));
  }

  void declare(const std::string& name, int width) {
    check_name(name);
    if (width < 1) problem(fmt::format("'{}' has width {}", name, width));
    if (!widths_.emplace(name, width).second) problem(fmt::format("'{}' is declared twice", name));
  }

  void expression(const Expr& e) {
    check_expr(e, problems_);
    for_each_ref(e, [this](const std::string& name, int width) {
      const auto found = widths_.find(name);
      if (found == widths_.end()) {
        problem(fmt::format("'{}' is used but not declared before", name));
      } else if (found->second != width) {
        problem(fmt::format("'{}' has {} bits, used as {}", name, found->second, width));
      }
    });
  }

  void assignment(const Expr& lhs, const Expr& rhs) {
    expression(lhs);
    expression(rhs);
    if (lhs && rhs && lhs->width != rhs->width) {
      problem(fmt::format("{} has {} bits, its value {}: {}", to_string(lhs), lhs->width,
                          rhs->width, to_string(rhs)));
    }
  }

  void statements(const std::vector<Statement>& body) {
    for (const Statement& s : body) {
      switch (s.kind) {
        case Statement::Kind::kNonblocking:
        case Statement::Kind::kBlocking:
          assignment(s.lhs, s.rhs);
          break;
        case Statement::Kind::kIf:
          expression(s.rhs);
          statements(s.then_body);
          statements(s.else_body);
          break;
        case Statement::Kind::kCase:
          case_statement(s);
          break;
      }
    }
  }

  void case_statement(const Statement& s) {
    expression(s.rhs);
    for (const Statement::Arm& arm : s.arms) {
      if (arm.label) {
        expression(arm.label);
        if (s.rhs && arm.label->width != s.rhs->width) {
          problem(fmt::format("case label {} has another width than {}", to_string(arm.label),
                              to_string(s.rhs)));
        }
      }
      statements(arm.body);
    }
  }

  void instance(const Instance& inst) {
    declare(inst.name, 1);
    Constants overrides;
    for (const auto& [name, value] : inst.parameters) overrides[name] = value;
    const auto values = resolve_parameters(inst.module, overrides, package_constants_);
    if (!values) {
      problem(fmt::format("{}: {}", inst.name, values.error().message));
      return;
    }
    std::map<std::string, Expr> connected;
    for (const Connection& connection : inst.connections) {
      expression(connection.value);
      if (!connected.emplace(connection.port, connection.value).second) {
        problem(fmt::format("{}: port {} is connected twice", inst.name, connection.port));
      }
    }
    for (const InterfacePort& port : inst.module.ports) {
      const auto found = connected.find(port.name);
      if (found == connected.end()) {
        problem(fmt::format("{}: port {} of {} is not connected", inst.name, port.name,
                            inst.module.name));
        continue;
      }
      port_width(inst, port, found->second, values.value());
      connected.erase(found);
    }
    for (const auto& [port, value] : connected) {
      problem(fmt::format("{}: {} has no port {}", inst.name, inst.module.name, port));
    }
  }

  void port_width(const Instance& inst, const InterfacePort& port, const Expr& value,
                  const Constants& constants) {
    const auto width = evaluate(port.width, constants);
    if (!width) {
      problem(fmt::format("{}.{}: {}", inst.name, port.name, width.error().message));
    } else if (value && width.value() != value->width) {
      problem(fmt::format("{}.{} has {} bits, connected to {} bits: {}", inst.name, port.name,
                          width.value(), value->width, to_string(value)));
    }
    if (value && port.direction == Direction::kOutput && value->kind != ExprKind::kRef &&
        value->kind != ExprKind::kSlice && value->kind != ExprKind::kConcat) {
      problem(fmt::format("{}.{} is an output and cannot drive {}", inst.name, port.name,
                          to_string(value)));
    }
  }

  void items(const std::vector<Item>& list) {
    for (const Item& item : list) {
      std::visit([this](const auto& value) { visit(value); }, item.value);
    }
  }
  void visit(const Net& net) { declare(net.name, net.width); }
  void visit(const Constant& constant) {
    declare(constant.name, constant.width);
    if (constant.width < 64 && (constant.value >> constant.width) != 0) {
      problem(fmt::format("constant {} does not fit {} bits", constant.name, constant.width));
    }
  }
  void visit(const Assign& assign) { assignment(assign.lhs, assign.rhs); }
  void visit(const Comment&) {}
  void visit(const AlwaysFf& always) {
    statements(always.reset_body);
    statements(always.body);
    if (!widths_.contains("clk_i")) problem("clocked block without port clk_i");
    if (!always.reset_body.empty() && !widths_.contains("rst_ni")) {
      problem("reset without port rst_ni");
    }
  }
  void visit(const AlwaysComb& always) { statements(always.body); }
  void visit(const Instance& inst) { instance(inst); }
  void visit(const Ifdef& ifdef) {
    const auto before = widths_;  // each branch declares on its own
    items(ifdef.then_items);
    auto after = std::exchange(widths_, before);
    items(ifdef.else_items);
    widths_.merge(after);
  }

  const Module& module_;
  const Constants& package_constants_;
  std::map<std::string, int> widths_;
  std::vector<std::string> problems_;
};

}  // namespace

bool is_keyword(std::string_view name) {
  static const std::set<std::string_view> kSet(kKeywords.begin(), kKeywords.end());
  return kSet.contains(name);
}

Status check(const Module& module, const Constants& package_constants) {
  return Checker(module, package_constants).run();
}

}  // namespace bat::emit
