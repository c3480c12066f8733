// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/emit/writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <string_view>

#include "rtl_gen/emit/check.hpp"

namespace bat::emit {
namespace {

constexpr std::size_t kColumns = 100;

/// Breaks `text` at spaces so that no line passes the column limit (a longer word stays whole).
std::vector<std::string> wrap(std::string_view text, std::size_t first_indent,
                              std::size_t next_indent, std::string_view next_prefix = "") {
  std::vector<std::string> lines;
  std::string line(first_indent, ' ');
  bool empty = true;
  std::size_t at = 0;
  while (at <= text.size()) {
    const std::size_t space = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, space - at);
    if (!empty && line.size() + 1 + word.size() > kColumns) {
      lines.push_back(line);
      line = std::string(next_indent, ' ') + std::string(next_prefix);
      empty = true;
    }
    if (!empty) line += ' ';
    line += word;
    empty = false;
    at = space + 1;
  }
  lines.push_back(line);
  return lines;
}

std::string range(int width) { return width == 1 ? "" : fmt::format("[{}:0]", width - 1); }

class Writer {
 public:
  Writer(const Module& module, const FileHeader& header) : module_(module), header_(header) {}

  std::string run() {
    out_ << header_comment(header_) << "//\n";
    doc();
    out_ << "`default_nettype none\n\n";
    if (module_.keeps_hierarchy()) out_ << "(* keep_hierarchy *)\n";
    head();
    items(module_.items());
    out_ << "\nendmodule\n\n`default_nettype wire\n";
    return out_.str();
  }

 private:
  void comment_lines(std::string_view text, std::size_t indent) {
    std::size_t at = 0;
    while (at <= text.size()) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      for (const std::string& line :
           wrap("// " + std::string(text.substr(at, end - at)), indent, indent, "// ")) {
        out_ << line << '\n';
      }
      at = end + 1;
    }
  }

  void doc() {
    const ModuleDoc& d = module_.doc();
    comment_lines(d.purpose, 0);
    const auto field = [this](std::string_view label, const std::string& text) {
      if (!text.empty()) comment_lines(fmt::format("{}: {}", label, text), 0);
    };
    field("Formula", d.formula);
    field("Latency", d.latency);
    field("Throughput", d.throughput);
    field("Flow control", d.flow_control);
  }

  void head() {
    out_ << "module " << module_.name();
    if (!module_.parameters().empty()) parameters();
    out_ << " (\n";
    std::size_t range_width = 0;
    std::size_t name_width = 0;
    for (const Port& port : module_.ports()) {
      range_width = std::max(range_width, range(port.width).size());
      name_width = std::max(name_width, port.name.size());
    }
    const auto& groups = module_.port_groups();
    for (std::size_t i = 0; i < module_.ports().size(); ++i) {
      for (const auto& [index, title] : groups) {
        if (index == i) comment_lines(title, 2);
      }
      port_line(module_.ports()[i], i + 1 == module_.ports().size(), range_width, name_width);
    }
    out_ << ");\n";
  }

  void port_line(const Port& port, bool last, std::size_t range_width, std::size_t name_width) {
    std::string line = port.direction == Direction::kInput ? "  input  logic " : "  output logic ";
    if (range_width != 0) line += fmt::format("{:>{}} ", range(port.width), range_width);
    const std::string name = port.name + (last ? "" : ",");
    if (port.comment.empty()) {
      out_ << line << name << '\n';
      return;
    }
    line += fmt::format("{:<{}}", name, name_width + 1);
    const std::size_t indent = line.size() + 2;
    for (const std::string& text :
         wrap(line + "  // " + port.comment, 0, std::min<std::size_t>(indent, 60), "// ")) {
      out_ << text << '\n';
    }
  }

  void parameters() {
    out_ << " #(\n";
    const auto& list = module_.parameters();
    for (std::size_t i = 0; i < list.size(); ++i) {
      out_ << fmt::format("  parameter int {} = {}{}", list[i].name, list[i].value,
                          i + 1 == list.size() ? "" : ",");
      if (!list[i].comment.empty()) out_ << "  // " << list[i].comment;
      out_ << '\n';
    }
    out_ << ")";
  }

  void code(std::string_view text, std::size_t indent) {
    for (const std::string& line : wrap(text, indent, indent + 4)) out_ << line << '\n';
  }
  void code(const std::string& text, const std::string& comment, std::size_t indent) {
    if (comment.empty()) {
      code(text, indent);
    } else if (indent + text.size() + comment.size() + 5 <= kColumns) {
      code(text + "  // " + comment, indent);
    } else {
      comment_lines(comment, indent);
      code(text, indent);
    }
  }

  void items(const std::vector<Item>& list) {
    for (const Item& item : list) {
      const bool declaration = std::holds_alternative<Net>(item.value) ||
                               std::holds_alternative<Constant>(item.value) ||
                               std::holds_alternative<Assign>(item.value);
      if (!declaration || !after_declaration_) {
        if (!after_comment_) out_ << '\n';
      }
      std::visit([this](const auto& value) { item_text(value); }, item.value);
      after_declaration_ = declaration;
      after_comment_ = std::holds_alternative<Comment>(item.value);
    }
  }

  void item_text(const Net& net) {
    const std::string bits = range(net.width);
    code(fmt::format("logic {}{}{};", bits, bits.empty() ? "" : " ", net.name), net.comment, 2);
  }
  void item_text(const Constant& constant) {
    code(fmt::format("localparam logic [{}:0] {} = {}'d{};", constant.width - 1, constant.name,
                     constant.width, constant.value),
         constant.comment, 2);
  }
  void item_text(const Assign& assign) {
    code(fmt::format("assign {} = {};", to_string(assign.lhs), to_string(assign.rhs)), 2);
  }
  void item_text(const Comment& comment) { comment_lines(comment.text, 2); }

  void item_text(const AlwaysFf& always) {
    if (always.reset_body.empty()) {
      out_ << "  always_ff @(posedge clk_i) begin\n";
      statements(always.body, 4);
      out_ << "  end\n";
      return;
    }
    out_ << "  always_ff @(posedge clk_i or negedge rst_ni) begin\n    if (!rst_ni) begin\n";
    statements(always.reset_body, 6);
    out_ << "    end else begin\n";
    statements(always.body, 6);
    out_ << "    end\n  end\n";
  }
  void item_text(const AlwaysComb& always) {
    out_ << "  always_comb begin\n";
    statements(always.body, 4);
    out_ << "  end\n";
  }

  void item_text(const Instance& inst) {
    out_ << "  " << inst.module.name;
    if (!inst.parameters.empty()) {
      out_ << " #(\n";
      aligned(
          inst.parameters, [](const auto& p) { return p.first; },
          [](const auto& p) { return std::to_string(p.second); });
      out_ << "  )";
    }
    out_ << ' ' << inst.name << " (\n";
    aligned(
        inst.connections, [](const auto& c) { return c.port; },
        [](const auto& c) { return to_string(c.value); });
    out_ << "  );\n";
  }

  template <typename List, typename Name, typename Value>
  void aligned(const List& list, Name&& name_of, Value&& value_of) {
    std::size_t width = 0;
    for (const auto& entry : list) width = std::max(width, name_of(entry).size());
    for (std::size_t i = 0; i < list.size(); ++i) {
      code(fmt::format(".{:<{}}({}){}", name_of(list[i]), width + 1, value_of(list[i]),
                       i + 1 == list.size() ? "" : ","),
           4);
    }
  }

  void item_text(const Ifdef& ifdef) {
    out_ << "`ifdef " << ifdef.macro << '\n';
    after_declaration_ = true;
    items(ifdef.then_items);
    if (!ifdef.else_items.empty()) {
      out_ << "`else\n";
      after_declaration_ = true;
      items(ifdef.else_items);
    }
    out_ << "`endif\n";
  }

  void statements(const std::vector<Statement>& body, std::size_t indent) {
    const std::string pad(indent, ' ');
    for (const Statement& s : body) {
      switch (s.kind) {
        case Statement::Kind::kNonblocking:
          code(to_string(s.lhs) + " <= " + to_string(s.rhs) + ";", indent);
          break;
        case Statement::Kind::kBlocking:
          code(to_string(s.lhs) + " = " + to_string(s.rhs) + ";", indent);
          break;
        case Statement::Kind::kIf:
          code("if (" + to_string(s.rhs) + ") begin", indent);
          statements(s.then_body, indent + 2);
          if (!s.else_body.empty()) {
            out_ << pad << "end else begin\n";
            statements(s.else_body, indent + 2);
          }
          out_ << pad << "end\n";
          break;
        case Statement::Kind::kCase:
          case_text(s, indent);
          break;
      }
    }
  }

  void case_text(const Statement& s, std::size_t indent) {
    const std::string pad(indent, ' ');
    code("case (" + to_string(s.rhs) + ")", indent);
    for (const Statement::Arm& arm : s.arms) {
      out_ << pad << "  " << (arm.label ? to_string(arm.label) : "default") << ": begin\n";
      statements(arm.body, indent + 4);
      out_ << pad << "  end\n";
    }
    out_ << pad << "endcase\n";
  }

  const Module& module_;
  const FileHeader& header_;
  std::ostringstream out_;
  bool after_declaration_ = false;
  bool after_comment_ = false;
};

}  // namespace

std::string header_comment(const FileHeader& header) {
  return fmt::format(
      "// SPDX-License-Identifier: Apache-2.0\n"
      "// Generated by batkit {} from configuration '{}'\n"
      "// (SHA-256 {}).\n"
      "// Do not edit.\n",
      header.generator_version, header.config_name, header.config_hash);
}

Result<std::string> write(const Module& module, const FileHeader& header,
                          const Constants& package_constants) {
  if (const Status status = check(module, package_constants); !status) return status.error();
  return Writer(module, header).run();
}

}  // namespace bat::emit
