// SPDX-License-Identifier: Apache-2.0
// A register file described once: gives an AXI4-Lite slave, a C++ header and a Markdown table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rtl_gen/emit/module.hpp"
#include "rtl_gen/emit/writer.hpp"

namespace bat::emit {

enum class FieldKind {
  kConstant,  ///< reads `value`
  kStatus,    ///< reads input <port>_i
  kControl,   ///< read and write, resets to `value`, output <port>_o
  kPulse,     ///< writing 1 raises output <port>_o for a cycle; reads input <port>_busy_i
  kEvent,     ///< set by input <port>_set_i, cleared by writing 1 or soft_reset_i; output <port>_o
};

struct RegisterField {
  std::string name;  ///< upper case; "" if the field is the whole register
  int lsb = 0;
  int width = 32;
  FieldKind kind = FieldKind::kStatus;
  std::uint64_t value = 0;
  std::string meaning;
};

struct Register {
  std::uint32_t offset = 0;
  std::string name;  ///< upper case; ports are its lower case, with the field's after `_`
  std::string meaning;
  std::vector<RegisterField> fields;
  bool write_pulse = false;  ///< any write raises output <name>_we_o for a cycle
};

/// Read-only words that another module holds: <name>_index_o selects, <name>_data_i is read.
struct RegisterWindow {
  std::uint32_t offset = 0;  ///< multiple of 4
  int words = 0;
  std::string name;
  std::string meaning;
};

struct RegisterMap {
  std::string module_name;
  std::string purpose;
  int address_bits = 12;
  std::vector<Register> registers;
  std::vector<RegisterWindow> windows;
};

/// Offsets are aligned, inside the address space and used once; fields do not overlap.
Status check(const RegisterMap& map);

/// AXI4-Lite slave with ports s_axil_*. Address and data of a write may come in any order and in
/// different cycles; all responses are OKAY; unknown offsets read 0 and ignore writes.
Module register_module(const RegisterMap& map);

/// C++ constants: offset of each register, lowest bit and width of each field.
std::string register_header(const RegisterMap& map, const FileHeader& header);

/// Markdown table of registers and fields.
std::string register_markdown(const RegisterMap& map);

}  // namespace bat::emit
