// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/emit/register_map.hpp"

#include <fmt/format.h>

#include <cctype>
#include <set>

namespace bat::emit {
namespace {

constexpr int kWordBits = 32;

std::string lower(std::string_view text) {
  std::string result;
  for (const char c : text) {
    result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return result;
}

std::string port_name(const Register& reg, const RegisterField& field) {
  return lower(field.name.empty() ? reg.name : reg.name + "_" + field.name);
}

Expr logic_and(const Expr& a, const Expr& b) { return binary("&&", a, b); }
Expr negate(const Expr& e) { return unary("!", e); }
Expr zero(int width) { return num(width, 0); }

/// Builds the slave step by step; members are the nets that the steps share.
class SlaveBuilder {
 public:
  explicit SlaveBuilder(const RegisterMap& map)
      : map_(map),
        m_(map.module_name,
           {map.purpose, "", "a write takes effect 1 cycle after its later half, reads answer in 1",
            "one write every second cycle, one read every second cycle",
            "AXI4-Lite; address and data of a write come in any order, each waits in its own "
            "register"}) {}

  Module build() {
    bus_ports();
    field_ports();
    write_channel();
    for (const Register& reg : map_.registers) {
      m_.comment(reg.name + ": " + reg.meaning);
      for (const RegisterField& field : reg.fields) storage(reg, field);
      if (reg.write_pulse) write_pulse(reg);
    }
    read_channel();
    return std::move(m_);
  }

 private:
  void bus_ports() {
    m_.input("clk_i", 1);
    m_.input("rst_ni", 1, "asynchronous, active low");
    soft_reset_ = m_.input("soft_reset_i", 1, "clears events");
    m_.port_group("AXI4-Lite slave");
    awvalid_ = m_.input("s_axil_awvalid_i", 1);
    awready_ = m_.output("s_axil_awready_o", 1);
    awaddr_ = m_.input("s_axil_awaddr_i", map_.address_bits);
    wvalid_ = m_.input("s_axil_wvalid_i", 1);
    wready_ = m_.output("s_axil_wready_o", 1);
    wdata_ = m_.input("s_axil_wdata_i", kWordBits);
    wstrb_ = m_.input("s_axil_wstrb_i", 4);
    bvalid_ = m_.output("s_axil_bvalid_o", 1);
    bready_ = m_.input("s_axil_bready_i", 1);
    m_.output("s_axil_bresp_o", 2);
    arvalid_ = m_.input("s_axil_arvalid_i", 1);
    arready_ = m_.output("s_axil_arready_o", 1);
    araddr_ = m_.input("s_axil_araddr_i", map_.address_bits);
    rvalid_ = m_.output("s_axil_rvalid_o", 1);
    rready_ = m_.input("s_axil_rready_i", 1);
    rdata_ = m_.output("s_axil_rdata_o", kWordBits);
    m_.output("s_axil_rresp_o", 2);
  }

  void field_ports() {
    m_.port_group("Fields");
    for (const Register& reg : map_.registers) {
      for (const RegisterField& field : reg.fields) field_port(port_name(reg, field), field);
      if (reg.write_pulse) m_.output(lower(reg.name) + "_we_o", 1, "register written");
    }
    for (const RegisterWindow& window : map_.windows) {
      m_.output(lower(window.name) + "_index_o", index_bits(window), "word asked for");
      m_.input(lower(window.name) + "_data_i", kWordBits, "its value, in the same cycle");
    }
  }

  void field_port(const std::string& port, const RegisterField& field) {
    switch (field.kind) {
      case FieldKind::kConstant:
        break;
      case FieldKind::kStatus:
        m_.input(port + "_i", field.width, field.meaning);
        break;
      case FieldKind::kControl:
        m_.output(port + "_o", field.width, field.meaning);
        break;
      case FieldKind::kPulse:
        m_.output(port + "_o", field.width, field.meaning);
        m_.input(port + "_busy_i", field.width, "not done yet");
        break;
      case FieldKind::kEvent:
        m_.input(port + "_set_i", field.width, field.meaning);
        m_.output(port + "_o", field.width, field.meaning);
        break;
    }
  }

  static int index_bits(const RegisterWindow& window) {
    int bits = 1;
    while ((1 << bits) < window.words) ++bits;
    return bits;
  }

  void write_channel() {
    m_.comment("Write channels: each half waits in its register for the other.");
    const Expr aw_held = m_.net("aw_held_q", 1);
    const Expr w_held = m_.net("w_held_q", 1);
    const Expr b_valid = m_.net("b_valid_q", 1);
    waddr_ = m_.net("waddr_q", map_.address_bits);
    value_ = m_.net("value_q", kWordBits);
    const Expr strobe = m_.net("strobe_q", 4);
    write_ = m_.net("write", 1, "the held write is done in this cycle");
    mask_ = m_.net("mask", kWordBits, "bits that the strobes select");
    m_.assign(write_,
              logic_and(logic_and(aw_held, w_held), binary("||", negate(b_valid), bready_)));
    m_.assign(mask_, concat({replicate(8, bit(strobe, 3)), replicate(8, bit(strobe, 2)),
                             replicate(8, bit(strobe, 1)), replicate(8, bit(strobe, 0))}));
    m_.assign(awready_, negate(aw_held));
    m_.assign(wready_, negate(w_held));
    m_.assign(bvalid_, b_valid);
    m_.assign(ref("s_axil_bresp_o", 2), zero(2));
    const Expr aw_take = logic_and(awvalid_, negate(aw_held));
    const Expr w_take = logic_and(wvalid_, negate(w_held));
    m_.add(AlwaysFf{
        {set_next(aw_held, zero(1)), set_next(w_held, zero(1)), set_next(b_valid, zero(1))},
        {if_then(aw_take, {set_next(aw_held, num(1, 1))},
                 {if_then(write_, {set_next(aw_held, zero(1))})}),
         if_then(w_take, {set_next(w_held, num(1, 1))},
                 {if_then(write_, {set_next(w_held, zero(1))})}),
         if_then(write_, {set_next(b_valid, num(1, 1))},
                 {if_then(bready_, {set_next(b_valid, zero(1))})})}});
    m_.add(AlwaysFf{{},
                    {if_then(aw_take, {set_next(waddr_, awaddr_)}),
                     if_then(w_take, {set_next(value_, wdata_), set_next(strobe, wstrb_)})}});
  }

  Expr selects(const Expr& address, std::uint32_t offset) {
    return binary("==", slice(address, 2, map_.address_bits - 2),
                  num(map_.address_bits - 2, offset / 4));
  }

  void storage(const Register& reg, const RegisterField& field) {
    const std::string port = port_name(reg, field);
    if (field.kind == FieldKind::kConstant || field.kind == FieldKind::kStatus) return;
    const Expr hit = logic_and(write_, selects(waddr_, reg.offset));
    const Expr bits = slice(value_, field.lsb, field.width);
    const Expr mask = slice(mask_, field.lsb, field.width);
    const Expr out = ref(port + "_o", field.width);
    const Expr q = m_.net(port + "_q", field.width);
    m_.assign(out, q);
    const Expr reset = num(field.width, field.value);
    if (field.kind == FieldKind::kControl) {
      const Expr merged = binary("|", binary("&", bits, mask), binary("&", q, unary("~", mask)));
      m_.add(AlwaysFf{{set_next(q, reset)}, {if_then(hit, {set_next(q, merged)})}});
    } else if (field.kind == FieldKind::kPulse) {
      const Expr value = conditional(hit, binary("&", bits, mask), zero(field.width));
      m_.add(AlwaysFf{{set_next(q, reset)}, {set_next(q, value)}});
    } else {
      const Expr cleared = conditional(hit, binary("&", bits, mask), zero(field.width));
      const Expr next =
          binary("|", ref(port + "_set_i", field.width), binary("&", q, unary("~", cleared)));
      m_.add(
          AlwaysFf{{set_next(q, reset)},
                   {if_then(soft_reset_, {set_next(q, zero(field.width))}, {set_next(q, next)})}});
    }
  }

  void write_pulse(const Register& reg) {
    const Expr q = m_.net(lower(reg.name) + "_we_q", 1);
    m_.assign(ref(lower(reg.name) + "_we_o", 1), q);
    m_.add(AlwaysFf{{set_next(q, zero(1))},
                    {set_next(q, logic_and(write_, selects(waddr_, reg.offset)))}});
  }

  static Expr read_value(const Register& reg, const RegisterField& field) {
    const std::string port = port_name(reg, field);
    switch (field.kind) {
      case FieldKind::kConstant:
        return num(field.width, field.value);
      case FieldKind::kStatus:
        return ref(port + "_i", field.width);
      case FieldKind::kPulse:
        return ref(port + "_busy_i", field.width);
      default:
        return ref(port + "_q", field.width);
    }
  }

  /// The whole word, fields in place and 0 between them. Fields are in ascending order.
  static Expr read_word(const Register& reg) {
    std::vector<Expr> parts;
    int at = 0;
    for (const RegisterField& field : reg.fields) {
      if (field.lsb > at) parts.push_back(zero(field.lsb - at));
      parts.push_back(read_value(reg, field));
      at = field.lsb + field.width;
    }
    if (at < kWordBits) parts.push_back(zero(kWordBits - at));
    return pack(std::move(parts));
  }

  void read_channel() {
    m_.comment("Read channel.");
    const Expr r_valid = m_.net("r_valid_q", 1);
    const Expr data_q = m_.net("rdata_q", kWordBits);
    const Expr word = m_.net("read_word", kWordBits);
    std::vector<Statement::Arm> arms;
    for (const Register& reg : map_.registers) {
      if (reg.fields.empty()) continue;
      arms.push_back({num(map_.address_bits - 2, reg.offset / 4), {set_now(word, read_word(reg))}});
    }
    arms.push_back({nullptr, {set_now(word, window_word())}});
    m_.add(AlwaysComb{{case_of(slice(araddr_, 2, map_.address_bits - 2), std::move(arms))}});
    m_.assign(arready_, negate(r_valid));
    m_.assign(rvalid_, r_valid);
    m_.assign(rdata_, data_q);
    m_.assign(ref("s_axil_rresp_o", 2), zero(2));
    const Expr take = logic_and(arvalid_, negate(r_valid));
    m_.add(AlwaysFf{{set_next(r_valid, zero(1))},
                    {if_then(take, {set_next(r_valid, num(1, 1))},
                             {if_then(rready_, {set_next(r_valid, zero(1))})})}});
    m_.add(AlwaysFf{{}, {if_then(take, {set_next(data_q, word)})}});
    m_.comment("Byte lanes inside a word are not addressed.");
    m_.assign(m_.net("unused_address", 1),
              unary("^", concat({slice(waddr_, 0, 2), slice(araddr_, 0, 2)})));
  }

  Expr window_word() {
    Expr value = zero(kWordBits);
    for (const RegisterWindow& window : map_.windows) {
      const int bits = map_.address_bits - 2;
      const Expr index = m_.net(lower(window.name) + "_word", bits, "relative to the window");
      m_.assign(index, binary("-", slice(araddr_, 2, bits), num(bits, window.offset / 4)));
      m_.assign(ref(lower(window.name) + "_index_o", index_bits(window)),
                slice(index, 0, index_bits(window)));
      value = conditional(binary("<", index, num(bits, static_cast<std::uint64_t>(window.words))),
                          ref(lower(window.name) + "_data_i", kWordBits), value);
    }
    return value;
  }

  const RegisterMap& map_;
  Module m_;
  Expr soft_reset_, awvalid_, awready_, awaddr_, wvalid_, wready_, wdata_, wstrb_, bvalid_, bready_;
  Expr arvalid_, arready_, araddr_, rvalid_, rready_, rdata_, waddr_, value_, write_, mask_;
};

const char* access_text(FieldKind kind) {
  switch (kind) {
    case FieldKind::kControl:
      return "rw";
    case FieldKind::kPulse:
      return "rw, self-clearing";
    case FieldKind::kEvent:
      return "w1c";
    default:
      return "ro";
  }
}

std::string constant_name(std::string_view name) {
  std::string result = "k";
  bool upper = true;
  for (const char c : name) {
    if (c == '_') {
      upper = true;
      continue;
    }
    result += upper ? c : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    upper = false;
  }
  return result;
}

Status check_fields(const Register& reg) {
  int at = 0;
  for (const RegisterField& field : reg.fields) {
    if (field.lsb < at || field.width < 1 || field.lsb + field.width > kWordBits) {
      return Error{
          fmt::format("register {}: field '{}' overlaps or is out of order", reg.name, field.name)};
    }
    at = field.lsb + field.width;
  }
  return Ok{};
}

}  // namespace

Status check(const RegisterMap& map) {
  std::set<std::uint32_t> used;
  const auto use = [&](std::uint32_t offset, const std::string& name) -> Status {
    if (offset % 4 != 0 || offset >= (1U << map.address_bits) || !used.insert(offset).second) {
      return Error{fmt::format("register {}: offset 0x{:02X} is taken or illegal", name, offset)};
    }
    return Ok{};
  };
  for (const Register& reg : map.registers) {
    if (const Status status = use(reg.offset, reg.name); !status) return status;
    if (const Status status = check_fields(reg); !status) return status;
  }
  for (const RegisterWindow& window : map.windows) {
    for (int i = 0; i < window.words; ++i) {
      const Status status = use(window.offset + 4U * static_cast<std::uint32_t>(i), window.name);
      if (!status) return status;
    }
  }
  return Ok{};
}

Module register_module(const RegisterMap& map) { return SlaveBuilder(map).build(); }

std::string register_header(const RegisterMap& map, const FileHeader& header) {
  std::string text = header_comment(header);
  text += "#pragma once\n\n#include <cstdint>\n\n";
  text += fmt::format("namespace {} {{\n", map.module_name);
  for (const Register& reg : map.registers) {
    text += fmt::format("\n/// {}\ninline constexpr std::uint32_t {} = 0x{:02X};\n", reg.meaning,
                        constant_name(reg.name), reg.offset);
    for (const RegisterField& field : reg.fields) {
      if (field.name.empty()) continue;
      const std::string name = constant_name(reg.name + "_" + field.name);
      text += fmt::format(
          "inline constexpr int {0}Lsb = {1};  ///< {3}\n"
          "inline constexpr int {0}Width = {2};\n",
          name, field.lsb, field.width, field.meaning);
    }
  }
  for (const RegisterWindow& window : map.windows) {
    text += fmt::format(
        "\n/// {}\ninline constexpr std::uint32_t {} = 0x{:02X};\n"
        "inline constexpr int {}Words = {};\n",
        window.meaning, constant_name(window.name), window.offset, constant_name(window.name),
        window.words);
  }
  return text + fmt::format("\n}}  // namespace {}\n", map.module_name);
}

std::string register_markdown(const RegisterMap& map) {
  std::string text =
      "| offset | register | bits | field | access | meaning |\n|---|---|---|---|---|---|\n";
  for (const Register& reg : map.registers) {
    text += fmt::format("| 0x{:02X} | {} | | | {} | {} |\n", reg.offset, reg.name,
                        reg.write_pulse ? "wo" : "", reg.meaning);
    for (const RegisterField& field : reg.fields) {
      const std::string bits = field.width == 1
                                   ? std::to_string(field.lsb)
                                   : fmt::format("{}:{}", field.lsb + field.width - 1, field.lsb);
      text += fmt::format("| | | {} | {} | {} | {} |\n", bits, field.name, access_text(field.kind),
                          field.meaning);
    }
  }
  for (const RegisterWindow& window : map.windows) {
    text += fmt::format("| 0x{:02X} .. 0x{:02X} | {} | | | ro | {} |\n", window.offset,
                        window.offset + 4U * static_cast<std::uint32_t>(window.words - 1),
                        window.name, window.meaning);
  }
  return text;
}

}  // namespace bat::emit
