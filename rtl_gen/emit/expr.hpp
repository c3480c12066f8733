// SPDX-License-Identifier: Apache-2.0
// Typed SystemVerilog expressions. Every expression knows its width in bits, so that the checker
// can compare both sides of each assignment and connection before any text is written.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bat::emit {

enum class ExprKind {
  kRef,      ///< a net, port or constant by name
  kLiteral,  ///< sized unsigned number
  kSlice,    ///< constant part select of a reference
  kConcat,   ///< {a, b, ...}; the first operand is the most significant
  kReplicate,
  kUnary,
  kBinary,
  kConditional,
  kCall,  ///< system function such as $countones, $signed
};

struct ExprNode;
/// Immutable value; copies share the node.
using Expr = std::shared_ptr<const ExprNode>;

struct ExprNode {
  ExprKind kind = ExprKind::kLiteral;
  int width = 0;
  std::string text;         ///< name of kRef and kCall, operator of kUnary and kBinary
  std::uint64_t value = 0;  ///< kLiteral: value; kSlice: lowest bit; kReplicate: count
  std::vector<Expr> args;
};

Expr ref(std::string name, int width);
/// `width'dvalue`; widths over 64 are zero-extended.
Expr num(int width, std::uint64_t value);
/// Bits [lsb, lsb + width) of `e`, which must be a reference (SystemVerilog slices names only).
Expr slice(Expr e, int lsb, int width);
Expr bit(Expr e, int index);
/// First argument in the most significant position, as in SystemVerilog.
Expr concat(std::vector<Expr> parts);
/// First argument in the least significant position: element i of a flat vector.
Expr pack(std::vector<Expr> elements);
Expr replicate(int count, Expr e);
/// op: ~ ! & | ^ ~& ~| ~^ - ; reductions and ! give one bit.
Expr unary(std::string op, Expr e);
/// op: & | ^ + - * == != < <= > >= && || << >> >>> ; comparisons and logic give one bit. `*` gives
/// the sum of the widths, shifts the width of the left side, everything else wants equal widths.
Expr binary(std::string op, Expr a, Expr b);
Expr conditional(Expr cond, Expr if_true, Expr if_false);
Expr call(std::string function, Expr arg, int width);
/// Zero-extends or cuts (`e` must be a reference to be cut) to `width`.
Expr resize(Expr e, int width);

/// Text of the expression on one line.
std::string to_string(const Expr& e);

/// Appends one message per broken rule inside `e` (slice range, operand widths, null operands).
void check_expr(const Expr& e, std::vector<std::string>& problems);

/// Calls `visit(name, width)` for each reference inside `e`.
template <typename Visit>
void for_each_ref(const Expr& e, Visit&& visit) {
  if (!e) return;
  if (e->kind == ExprKind::kRef) visit(e->text, e->width);
  for (const Expr& arg : e->args) for_each_ref(arg, visit);
}

}  // namespace bat::emit
