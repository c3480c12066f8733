// SPDX-License-Identifier: Apache-2.0
// Typed model of one SystemVerilog module: what is checked before it is written.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "rtl_gen/emit/expr.hpp"
#include "rtl_gen/emit/interface.hpp"

namespace bat::emit {

/// Header comment that every module carries.
struct ModuleDoc {
  std::string purpose;
  std::string formula;       ///< may be empty
  std::string latency;       ///< may be empty
  std::string throughput;    ///< may be empty
  std::string flow_control;  ///< may be empty
};

struct Port {
  Direction direction = Direction::kInput;
  std::string name;
  int width = 1;
  std::string comment;  ///< at the end of the line; may be empty
};

/// `parameter int name = value`; emitted modules usually have all values resolved instead.
struct Parameter {
  std::string name;
  long long value = 0;
  std::string comment;
};

struct Net {
  std::string name;
  int width = 1;
  std::string comment;
};

/// `localparam logic [width-1:0] name = value`.
struct Constant {
  std::string name;
  int width = 32;
  std::uint64_t value = 0;
  std::string comment;
};

struct Assign {
  Expr lhs;
  Expr rhs;
};

/// Comment block before the next item; long lines are wrapped.
struct Comment {
  std::string text;
};

/// Statement of an always block.
struct Statement {
  enum class Kind { kNonblocking, kBlocking, kIf, kCase };
  struct Arm {
    Expr label;  ///< null: default
    std::vector<Statement> body;
  };
  Kind kind = Kind::kNonblocking;
  Expr lhs;                          ///< assignments
  Expr rhs;                          ///< assignments; condition of kIf; selector of kCase
  std::vector<Statement> then_body;  ///< kIf
  std::vector<Statement> else_body;  ///< kIf
  std::vector<Arm> arms;             ///< kCase
};

/// `lhs <= rhs`
Statement set_next(Expr lhs, Expr rhs);
/// `lhs = rhs`
Statement set_now(Expr lhs, Expr rhs);
Statement if_then(Expr condition, std::vector<Statement> then_body,
                  std::vector<Statement> else_body = {});
Statement case_of(Expr selector, std::vector<Statement::Arm> arms);

/// Clocked on the rising edge of clk_i. With a reset body: asynchronous reset by rst_ni low.
struct AlwaysFf {
  std::vector<Statement> reset_body;
  std::vector<Statement> body;
};

struct AlwaysComb {
  std::vector<Statement> body;
};

struct Connection {
  std::string port;
  Expr value;
};

struct Instance {
  Interface module;  ///< from interface_of() or read_interface()
  std::string name;
  std::vector<std::pair<std::string, long long>> parameters;
  std::vector<Connection> connections;
};

struct Item;
/// `ifdef macro ... `else ... `endif
struct Ifdef {
  std::string macro;
  std::vector<Item> then_items;
  std::vector<Item> else_items;
};

struct Item {
  std::variant<Net, Constant, Assign, Comment, AlwaysFf, AlwaysComb, Instance, Ifdef> value;
};

class Module {
 public:
  Module(std::string name, ModuleDoc doc) : name_(std::move(name)), doc_(std::move(doc)) {}

  /// Ports and nets; the returned reference carries the width.
  Expr input(std::string name, int width, std::string comment = "");
  Expr output(std::string name, int width, std::string comment = "");
  Expr net(std::string name, int width, std::string comment = "");
  Expr constant(std::string name, int width, std::uint64_t value, std::string comment = "");
  void parameter(std::string name, long long value, std::string comment = "");
  /// Heading inside the port list, placed before the next port.
  void port_group(std::string title);

  void assign(Expr lhs, Expr rhs) { add(Assign{std::move(lhs), std::move(rhs)}); }
  void comment(std::string text) { add(Comment{std::move(text)}); }
  void instance(Instance instance) { add(std::move(instance)); }
  template <typename T>
  void add(T item) {
    items_.push_back(Item{std::move(item)});
  }
  /// Puts `(* keep_hierarchy *)` before the module: synthesis keeps it as one unit.
  void keep_hierarchy() { keep_hierarchy_ = true; }

  const std::string& name() const { return name_; }
  const ModuleDoc& doc() const { return doc_; }
  const std::vector<Port>& ports() const { return ports_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }
  const std::vector<Item>& items() const { return items_; }
  /// (index of the port that follows, title)
  const std::vector<std::pair<std::size_t, std::string>>& port_groups() const { return groups_; }
  bool keeps_hierarchy() const { return keep_hierarchy_; }

 private:
  std::string name_;
  ModuleDoc doc_;
  std::vector<Parameter> parameters_;
  std::vector<Port> ports_;
  std::vector<std::pair<std::size_t, std::string>> groups_;
  std::vector<Item> items_;
  bool keep_hierarchy_ = false;
};

/// Interface of an emitted module, to instantiate it in another one.
Interface interface_of(const Module& module);

}  // namespace bat::emit
