// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/emit/expr.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace bat::emit {
namespace {

constexpr std::array<std::string_view, 8> kOneBitBinary = {
    "==", "!=", "<", "<=", ">", ">=", "&&", "||"};
constexpr std::array<std::string_view, 3> kShifts = {"<<", ">>", ">>>"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view op) {
  return std::find(list.begin(), list.end(), op) != list.end();
}

int width_of(const Expr& e) { return e ? e->width : 0; }

Expr make(ExprKind kind, int width, std::string text, std::uint64_t value, std::vector<Expr> args) {
  return std::make_shared<const ExprNode>(
      ExprNode{kind, width, std::move(text), value, std::move(args)});
}

bool is_atom(const Expr& e) {
  return e->kind != ExprKind::kBinary && e->kind != ExprKind::kConditional;
}

std::string operand(const Expr& e) {
  return is_atom(e) ? to_string(e) : fmt::format("({})", to_string(e));
}

std::string concat_text(const Expr& e) {
  std::string text = "{";
  for (std::size_t i = 0; i < e->args.size(); ++i) {
    text += (i == 0 ? "" : ", ") + to_string(e->args[i]);
  }
  return text + "}";
}

std::string slice_text(const Expr& e) {
  const std::string base = to_string(e->args[0]);
  if (e->width == 1 && e->args[0]->width == 1) return base;
  if (e->width == 1) return fmt::format("{}[{}]", base, e->value);
  return fmt::format("{}[{}:{}]", base, e->value + static_cast<std::uint64_t>(e->width) - 1,
                     e->value);
}

void check_slice(const Expr& e, std::vector<std::string>& problems) {
  const Expr& base = e->args[0];
  if (base->kind != ExprKind::kRef) {
    problems.push_back("slice of something that is not a name: " + to_string(e));
  } else if (e->width < 1 || e->value + static_cast<std::uint64_t>(e->width) >
                                 static_cast<std::uint64_t>(base->width)) {
    problems.push_back(
        fmt::format("slice {} leaves {} of {} bits", to_string(e), base->text, base->width));
  }
}

void check_binary(const Expr& e, std::vector<std::string>& problems) {
  const int a = e->args[0]->width;
  const int b = e->args[1]->width;
  if (contains(kShifts, e->text) || e->text == "*") return;
  const bool logic = e->text == "&&" || e->text == "||";
  if (logic ? (a != 1 || b != 1) : a != b) {
    problems.push_back(
        fmt::format("operands of '{}' have {} and {} bits: {}", e->text, a, b, to_string(e)));
  }
}

}  // namespace

Expr ref(std::string name, int width) {
  return make(ExprKind::kRef, width, std::move(name), 0, {});
}

Expr num(int width, std::uint64_t value) { return make(ExprKind::kLiteral, width, "", value, {}); }

Expr slice(Expr e, int lsb, int width) {
  return make(ExprKind::kSlice, width, "", static_cast<std::uint64_t>(lsb), {std::move(e)});
}

Expr bit(Expr e, int index) { return slice(std::move(e), index, 1); }

Expr concat(std::vector<Expr> parts) {
  int width = 0;
  for (const Expr& part : parts) width += width_of(part);
  return make(ExprKind::kConcat, width, "", 0, std::move(parts));
}

Expr pack(std::vector<Expr> elements) {
  if (elements.size() == 1) return elements.front();
  std::reverse(elements.begin(), elements.end());
  return concat(std::move(elements));
}

Expr replicate(int count, Expr e) {
  const int width = count * width_of(e);
  return make(ExprKind::kReplicate, width, "", static_cast<std::uint64_t>(count), {std::move(e)});
}

Expr unary(std::string op, Expr e) {
  const int width = (op == "~" || op == "-") ? width_of(e) : 1;
  return make(ExprKind::kUnary, width, std::move(op), 0, {std::move(e)});
}

Expr binary(std::string op, Expr a, Expr b) {
  int width = width_of(a);
  if (contains(kOneBitBinary, op)) width = 1;
  if (op == "*") width = width_of(a) + width_of(b);
  return make(ExprKind::kBinary, width, std::move(op), 0, {std::move(a), std::move(b)});
}

Expr conditional(Expr cond, Expr if_true, Expr if_false) {
  const int width = width_of(if_true);
  return make(ExprKind::kConditional, width, "", 0,
              {std::move(cond), std::move(if_true), std::move(if_false)});
}

Expr call(std::string function, Expr arg, int width) {
  return make(ExprKind::kCall, width, std::move(function), 0, {std::move(arg)});
}

Expr resize(Expr e, int width) {
  if (width == width_of(e)) return e;
  if (width < width_of(e)) return slice(std::move(e), 0, width);
  const int pad = width - width_of(e);
  return concat({num(pad, 0), std::move(e)});
}

std::string to_string(const Expr& e) {
  switch (e->kind) {
    case ExprKind::kRef:
      return e->text;
    case ExprKind::kLiteral:
      return fmt::format("{}'d{}", e->width, e->value);
    case ExprKind::kSlice:
      return slice_text(e);
    case ExprKind::kConcat:
      return concat_text(e);
    case ExprKind::kReplicate:
      return fmt::format("{{{}{{{}}}}}", e->value, to_string(e->args[0]));
    case ExprKind::kUnary:
      // Nested operators stay apart: ~&x would be a reduction.
      return e->args[0]->kind == ExprKind::kUnary
                 ? fmt::format("{}({})", e->text, operand(e->args[0]))
                 : fmt::format("{}{}", e->text, operand(e->args[0]));
    case ExprKind::kBinary:
      return fmt::format("{} {} {}", operand(e->args[0]), e->text, operand(e->args[1]));
    case ExprKind::kConditional:
      return fmt::format("{} ? {} : {}", operand(e->args[0]), operand(e->args[1]),
                         operand(e->args[2]));
    case ExprKind::kCall:
      return fmt::format("{}({})", e->text, to_string(e->args[0]));
  }
  return {};
}

void check_expr(const Expr& e, std::vector<std::string>& problems) {
  if (!e) {
    problems.emplace_back("an expression is missing an operand");
    return;
  }
  for (const Expr& arg : e->args) {
    const std::size_t before = problems.size();
    check_expr(arg, problems);
    if (problems.size() != before) return;  // outer messages would only repeat the inner one
  }
  if (e->kind == ExprKind::kSlice) check_slice(e, problems);
  if (e->kind == ExprKind::kBinary) check_binary(e, problems);
  if (e->kind == ExprKind::kConditional &&
      (e->args[0]->width != 1 || e->args[1]->width != e->args[2]->width)) {
    problems.push_back("condition must be one bit and both arms equally wide: " + to_string(e));
  }
  if (e->kind == ExprKind::kLiteral && e->width < 64 && (e->value >> e->width) != 0) {
    problems.push_back(fmt::format("literal {} does not fit {} bits", e->value, e->width));
  }
  if (e->width < 1) problems.push_back("expression without width: " + to_string(e));
}

}  // namespace bat::emit
