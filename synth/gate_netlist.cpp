// SPDX-License-Identifier: Apache-2.0
#include "synth/gate_netlist.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <numeric>
#include <optional>
#include <utility>

namespace bat::synth {
namespace {

constexpr std::uint32_t kWidest = 1U << 20;  // of a vector; longer ones are a broken file

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) { take(); }

  std::string_view token() const { return token_; }
  bool is_name() const { return name_; }
  bool at_end() const { return token_.empty(); }
  std::size_t line() const { return line_; }

  void take() {
    skip();
    name_ = false;
    if (at_ >= text_.size()) {
      token_ = {};
      return;
    }
    const std::size_t start = at_;
    if (text_[at_] == '\\') {  // ends at a blank
      while (at_ < text_.size() && !is_space(text_[at_])) ++at_;
      token_ = text_.substr(start + 1, at_ - start - 1);
      name_ = true;
      return;
    }
    if (!is_word(text_[at_])) {
      token_ = text_.substr(at_++, 1);
      return;
    }
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    token_ = text_.substr(start, at_ - start);
    name_ = std::isdigit(static_cast<unsigned char>(token_.front())) == 0;
  }

 private:
  static bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
  static bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || c == '\'';
  }

  void skip() {
    while (at_ < text_.size()) {
      std::size_t end = at_;
      if (is_space(text_[at_])) {
        end = at_ + 1;
      } else if (text_.substr(at_, 2) == "//") {
        end = std::min(text_.find('\n', at_), text_.size());
      } else if (text_.substr(at_, 2) == "/*") {
        end = std::min(text_.find("*/", at_), text_.size() - 2) + 2;
      } else {
        return;
      }
      for (; at_ < end; ++at_) line_ += text_[at_] == '\n' ? 1 : 0;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::string_view token_;
  bool name_ = false;
};

struct Vector {
  std::uint32_t first = 0;  // net of the lowest index
  std::uint32_t low = 0;
  std::uint32_t width = 1;
};

using Bits = std::vector<std::uint32_t>;  // highest first while reading, as the text has them

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  Result<std::map<std::string, GateModule>> run() {
    while (!error_ && !lexer_.at_end()) {
      if (expect("module")) module();
    }
    if (error_) return *error_;
    return std::move(modules_);
  }

 private:
  bool fail(std::string_view what) {
    if (!error_) {
      error_ =
          Error{fmt::format("netlist, line {}: {}", lexer_.line(), what), ErrorKind::kMismatch};
    }
    return false;
  }

  bool is(std::string_view text) const { return lexer_.token() == text; }

  bool expect(std::string_view text) {
    if (!is(text)) return fail(fmt::format("expected `{}`, found `{}`", text, lexer_.token()));
    lexer_.take();
    return true;
  }

  std::string name() {
    if (!lexer_.is_name()) {
      fail(fmt::format("expected a name, found `{}`", lexer_.token()));
      return {};
    }
    std::string text(lexer_.token());
    lexer_.take();
    return text;
  }

  std::uint32_t number() {
    std::uint32_t value = 0;
    const std::string_view text = lexer_.token();
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || failure != std::errc{} || end != text.data() + text.size())
      fail(fmt::format("expected a number, found `{}`", text));
    lexer_.take();
    return value;
  }

  void module() {
    const std::string module_name = name();
    module_ = &modules_[module_name];
    if (!module_->name.empty()) fail(fmt::format("module {} occurs twice", module_name));
    module_->name = module_name;
    vectors_.clear();
    std::vector<std::string> order;
    if (is("(")) {
      lexer_.take();
      while (!error_ && !is(")")) {
        order.push_back(name());
        if (is(",")) lexer_.take();
      }
      expect(")");
    }
    expect(";");
    while (!error_ && !is("endmodule")) {
      if (lexer_.at_end()) fail("the text ends inside a module");
      statement();
    }
    lexer_.take();
    for (const std::string& port : order) finish_port(port);
  }

  void finish_port(const std::string& port) {
    const auto found = std::ranges::find(module_->ports, port, &GatePort::name);
    if (found == module_->ports.end())
      fail(fmt::format("port {} of {} has no direction", port, module_->name));
  }

  void statement() {
    if (is("input") || is("output")) return declaration(true);
    if (is("wire")) return declaration(false);
    if (is("assign")) return assignment();
    instance();
  }

  void declaration(bool port) {
    const bool input = is("input");
    lexer_.take();
    if (is("signed")) lexer_.take();
    Vector vector;
    if (is("[")) {
      lexer_.take();
      const std::uint32_t high = number();
      expect(":");
      vector.low = number();
      expect("]");
      if (high < vector.low || high - vector.low >= kWidest) fail("a vector of this range");
      vector.width = high - vector.low + 1;
    }
    const std::string text = name();
    expect(";");
    if (error_) return;
    const auto [known, fresh] = vectors_.try_emplace(text, vector);
    if (fresh) {
      known->second.first = module_->nets;
      module_->nets += vector.width;
    } else if (known->second.width != vector.width) {
      fail(fmt::format("{} has two widths", text));
    }
    if (!port) return;
    GatePort& entry = module_->ports.emplace_back(GatePort{text, input, {}});
    entry.nets.resize(vector.width);
    std::iota(entry.nets.begin(), entry.nets.end(), known->second.first);
  }

  void assignment() {
    lexer_.take();
    const Bits left = expression();
    expect("=");
    const Bits right = expression();
    expect(";");
    if (!error_ && left.size() != right.size()) fail("an assignment between widths");
    for (std::size_t i = 0; !error_ && i < left.size(); ++i)
      module_->aliases.emplace_back(left[i], right[i]);
  }

  void instance() {
    GateInstance made;
    made.type = name();
    made.name = name();
    expect("(");
    while (!error_ && !is(")")) {
      expect(".");
      GatePort& pin = made.pins.emplace_back();
      pin.name = name();
      expect("(");
      if (!is(")")) pin.nets = expression();
      std::ranges::reverse(pin.nets);
      expect(")");
      if (is(",")) lexer_.take();
    }
    expect(")");
    expect(";");
    if (!error_) module_->instances.push_back(std::move(made));
  }

  Bits expression() {
    Bits bits;
    if (is("{")) {
      do {
        lexer_.take();
        const Bits part = expression();
        bits.insert(bits.end(), part.begin(), part.end());
      } while (!error_ && is(","));
      expect("}");
    } else if (lexer_.is_name()) {
      bits = selection();
    } else {
      bits = constant();
    }
    return bits;
  }

  Bits selection() {
    const std::string text = name();
    const auto found = vectors_.find(text);
    if (found == vectors_.end()) {
      fail(fmt::format("{} is not declared", text));
      return {};
    }
    const Vector& vector = found->second;
    std::uint32_t high = vector.low + vector.width - 1;
    std::uint32_t low = vector.low;
    if (is("[")) {
      lexer_.take();
      high = low = number();
      if (is(":")) {
        lexer_.take();
        low = number();
      }
      expect("]");
    }
    if (low < vector.low || high < low || high - vector.low >= vector.width) {
      fail(fmt::format("{} has no bits {}:{}", text, high, low));
      return {};
    }
    Bits bits;
    for (std::uint32_t i = high + 1; i-- > low;) bits.push_back(vector.first + i - vector.low);
    return bits;
  }

  Bits constant() {
    const std::string text(lexer_.token());
    lexer_.take();
    const std::size_t quote = text.find('\'');
    std::uint32_t width = 0;
    const auto parsed =
        std::from_chars(text.data(), text.data() + std::min(quote, text.size()), width);
    const char base = quote + 1 < text.size() ? text[quote + 1] : '\0';
    const std::uint32_t step = base == 'b' ? 1 : base == 'o' ? 3 : base == 'h' ? 4 : 0;
    std::uint64_t whole = 0;
    const bool decimal =
        base == 'd' &&
        std::from_chars(text.data() + quote + 2, text.data() + text.size(), whole).ec ==
            std::errc{};
    if (quote == std::string::npos || parsed.ec != std::errc{} || width == 0 || width > kWidest ||
        (step == 0 && !decimal)) {
      fail(fmt::format("`{}` is not a sized constant", text));
      return {};
    }
    Bits bits(width, kNetZero);
    for (std::uint32_t i = 0; decimal && i < std::min(width, 64U); ++i)
      bits[width - 1 - i] = (whole >> i & 1U) != 0 ? kNetOne : kNetZero;
    if (decimal) return bits;
    std::uint32_t place = 0;  // of the digit's lowest bit
    for (std::size_t i = text.size(); i-- > quote + 2; place += step) {
      const std::uint32_t value = digit(text[i]);
      for (std::uint32_t k = 0; k < step && place + k < width; ++k)
        bits[width - 1 - place - k] = (value >> k & 1U) != 0 ? kNetOne : kNetZero;
    }
    return bits;
  }

  static std::uint32_t digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0');
    const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return lower >= 'a' && lower <= 'f' ? static_cast<std::uint32_t>(lower - 'a' + 10) : 0;
  }

  Lexer lexer_;
  std::map<std::string, GateModule> modules_;
  GateModule* module_ = nullptr;
  std::map<std::string, Vector> vectors_;
  std::optional<Error> error_;
};

// Nets that are one, by the smallest number among them.
class Joined {
 public:
  void grow(std::uint32_t nets) {
    const std::size_t known = parent_.size();
    parent_.resize(nets);
    std::iota(parent_.begin() + static_cast<std::ptrdiff_t>(known), parent_.end(),
              static_cast<std::uint32_t>(known));
  }
  std::uint32_t of(std::uint32_t net) {
    while (parent_[net] != net) net = parent_[net] = parent_[parent_[net]];
    return net;
  }
  void join(std::uint32_t a, std::uint32_t b) {
    a = of(a);
    b = of(b);
    if (a == b) return;
    parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<std::uint32_t> parent_;
};

class Flattener {
 public:
  explicit Flattener(const std::map<std::string, GateModule>& modules) : modules_(modules) {}

  Result<FlatNetlist> run(const std::string& top) {
    joined_.grow(2);
    const auto found = modules_.find(top);
    if (found == modules_.end())
      return Error{fmt::format("the netlist has no module {}", top), ErrorKind::kMismatch};
    const std::uint32_t base = place(found->second);
    for (const GatePort& port : found->second.ports) {
      flat_.ports.push_back(port);
      for (std::uint32_t& net : flat_.ports.back().nets) net = global(base, net);
    }
    inside(found->second, base, "");
    if (error_) return *error_;
    renumber();
    return std::move(flat_);
  }

 private:
  // Numbers for the nets of an instance.
  std::uint32_t place(const GateModule& module) {
    const std::uint32_t base = flat_.nets;
    flat_.nets += module.nets - 2;
    joined_.grow(flat_.nets);
    return base;
  }

  static std::uint32_t global(std::uint32_t base, std::uint32_t net) {
    return net < 2 ? net : base + net - 2;
  }

  void fail(std::string what) {
    if (!error_) error_ = Error{std::move(what), ErrorKind::kMismatch};
  }

  void inside(const GateModule& module, std::uint32_t base, const std::string& path) {
    if (++depth_ > 64) return fail(fmt::format("module {} contains itself", module.name));
    for (const auto& [left, right] : module.aliases)
      joined_.join(global(base, left), global(base, right));
    for (const GateInstance& instance : module.instances) {
      if (error_) return;
      std::vector<GatePort> pins = instance.pins;
      for (GatePort& pin : pins) {
        for (std::uint32_t& net : pin.nets) net = global(base, net);
      }
      const auto child = modules_.find(instance.type);
      if (child == modules_.end()) {
        flat_.cells.push_back({path + instance.name, instance.type, module.name, std::move(pins)});
        continue;
      }
      const std::uint32_t below = place(child->second);
      connect(child->second, below, pins, path + instance.name);
      inside(child->second, below, path + instance.name + '/');
    }
    --depth_;
  }

  void connect(const GateModule& child, std::uint32_t below, const std::vector<GatePort>& pins,
               const std::string& path) {
    for (const GatePort& pin : pins) {
      const auto port = std::ranges::find(child.ports, pin.name, &GatePort::name);
      if (pin.nets.empty()) continue;
      if (port == child.ports.end() || port->nets.size() != pin.nets.size())
        return fail(
            fmt::format("{}: port {} is connected with {} bits", path, pin.name, pin.nets.size()));
      for (std::size_t i = 0; i < pin.nets.size(); ++i)
        joined_.join(global(below, port->nets[i]), pin.nets[i]);
    }
  }

  // Only nets that something uses keep a number.
  void renumber() {
    std::vector<std::uint32_t> numbers(flat_.nets, 0);
    std::uint32_t next = 2;
    const auto renamed = [&](std::uint32_t& net) {
      const std::uint32_t root = joined_.of(net);
      if (root >= 2 && numbers[root] == 0) numbers[root] = next++;
      net = root < 2 ? root : numbers[root];
    };
    for (GatePort& port : flat_.ports) std::ranges::for_each(port.nets, renamed);
    for (FlatCell& cell : flat_.cells) {
      for (GatePort& pin : cell.pins) std::ranges::for_each(pin.nets, renamed);
    }
    flat_.nets = next;
  }

  const std::map<std::string, GateModule>& modules_;
  FlatNetlist flat_;
  Joined joined_;
  int depth_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Result<std::map<std::string, GateModule>> parse_netlist(std::string_view verilog) {
  return Parser(verilog).run();
}

Result<FlatNetlist> flatten(const std::map<std::string, GateModule>& modules,
                            const std::string& top) {
  return Flattener(modules).run(top);
}

}  // namespace bat::synth
