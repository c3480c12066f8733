// SPDX-License-Identifier: Apache-2.0
#include "sim/port_device.hpp"

#include <algorithm>
#include <array>

namespace bat::sim {
namespace {

constexpr std::uint64_t kAccessCycles = 100000;
constexpr int kResetCycles = 8;

AxiMemoryOptions memory_options(const PortDeviceOptions& options) {
  AxiMemoryOptions result;
  result.bus_bytes = options.bus_bytes;
  result.latency = options.latency;
  result.bandwidth = options.bandwidth;
  result.max_outstanding = options.max_outstanding;
  return result;
}

}  // namespace

PortDevice::PortDevice(PortModel& model, const PortDeviceOptions& options)
    : model_(model),
      options_(options),
      memory_(memory_options(options)),
      lite_(StallMode::kNone, 1) {}

Status PortDevice::reset() {
  memory_.reset();
  lite_.reset();
  job_seen_ = false;
  set_port("rst_ni", 0);
  drive();
  model_.settle();
  for (int i = 0; i < kResetCycles; ++i) {
    model_.edge();
    ++cycle_;
    model_.settle();
  }
  set_port("rst_ni", 1);
  model_.settle();
  return Ok{};
}

// Whole 4 KiB pages: an access to the last beat must not fall off the end.
void PortDevice::reserve(std::uint64_t bytes) {
  bytes = (bytes + 4095) / 4096 * 4096;
  if (memory_.bytes().size() < bytes) memory_.bytes().resize(bytes);
}

Status PortDevice::write_memory(std::uint64_t addr, std::span<const std::uint8_t> bytes) {
  reserve(addr + bytes.size());
  std::ranges::copy(bytes, memory_.bytes().begin() + static_cast<std::ptrdiff_t>(addr));
  return Ok{};
}

Status PortDevice::read_memory(std::uint64_t addr, std::span<std::uint8_t> bytes) {
  reserve(addr + bytes.size());
  std::copy_n(memory_.bytes().begin() + static_cast<std::ptrdiff_t>(addr), bytes.size(),
              bytes.begin());
  return Ok{};
}

Status PortDevice::write_register(std::uint32_t offset, std::uint32_t value) {
  if (offset == reg::kJobPush && !job_seen_) {
    job_seen_ = true;
    model_.first_job();
  }
  lite_.start_write(offset, value);
  return finish_access();
}

Result<std::uint32_t> PortDevice::read_register(std::uint32_t offset) {
  lite_.start_read(offset);
  if (Status s = finish_access(); !s.ok()) return s.error();
  return lite_.data();
}

Status PortDevice::finish_access() {
  for (std::uint64_t i = 0; i < kAccessCycles; ++i) {
    tick();
    if (!lite_.busy()) return Ok{};
  }
  return Error{"a register access is not answered", ErrorKind::kMismatch};
}

Result<Wait> PortDevice::wait(std::uint64_t max_cycles) {
  std::uint64_t seen = memory_.handshakes();
  std::uint64_t still = 0;
  for (std::uint64_t i = 0; i < max_cycles; ++i) {
    if (port("irq_o") != 0) return Wait::kInterrupt;
    tick();
    still = memory_.handshakes() == seen ? still + 1 : 0;
    seen = memory_.handshakes();
    if (options_.stuck_cycles > 0 && still >= options_.stuck_cycles) return Wait::kStuck;
  }
  return port("irq_o") != 0 ? Wait::kInterrupt : Wait::kLimit;
}

Result<Wait> PortDevice::run(std::uint64_t cycles) {
  for (std::uint64_t i = 0; i < cycles; ++i) tick();
  return Wait::kLimit;
}

std::uint64_t PortDevice::port(std::string_view name) const {
  std::uint64_t word = 0;
  model_.get(name, {&word, 1});
  return word;
}

void PortDevice::set_port(std::string_view name, std::uint64_t value) {
  model_.set(name, {&value, 1});
}

AxiMaster PortDevice::sample_memory() const {
  AxiMaster m;
  m.ar_valid = port("m_axi_arvalid_o") != 0;
  m.ar = {port("m_axi_araddr_o"), static_cast<std::uint8_t>(port("m_axi_arlen_o")),
          static_cast<std::uint8_t>(port("m_axi_arsize_o")),
          static_cast<std::uint8_t>(port("m_axi_arburst_o"))};
  m.r_ready = port("m_axi_rready_o") != 0;
  m.aw_valid = port("m_axi_awvalid_o") != 0;
  m.aw = {port("m_axi_awaddr_o"), static_cast<std::uint8_t>(port("m_axi_awlen_o")),
          static_cast<std::uint8_t>(port("m_axi_awsize_o")),
          static_cast<std::uint8_t>(port("m_axi_awburst_o"))};
  m.w_valid = port("m_axi_wvalid_o") != 0;
  if (m.w_valid) {
    model_.get("m_axi_wdata_o", m.w_data);
    model_.get("m_axi_wstrb_o", m.w_strobe);
    m.w_last = port("m_axi_wlast_o") != 0;
  }
  m.b_ready = port("m_axi_bready_o") != 0;
  return m;
}

LiteSlave PortDevice::sample_registers() const {
  LiteSlave l;
  l.aw_ready = port("s_axil_awready_o") != 0;
  l.w_ready = port("s_axil_wready_o") != 0;
  l.b_valid = port("s_axil_bvalid_o") != 0;
  l.b_resp = static_cast<std::uint8_t>(port("s_axil_bresp_o"));
  l.ar_ready = port("s_axil_arready_o") != 0;
  l.r_valid = port("s_axil_rvalid_o") != 0;
  l.r_data = static_cast<std::uint32_t>(port("s_axil_rdata_o"));
  l.r_resp = static_cast<std::uint8_t>(port("s_axil_rresp_o"));
  return l;
}

void PortDevice::drive() {
  const AxiSlave& s = memory_.out();
  set_port("m_axi_arready_i", s.ar_ready);
  set_port("m_axi_rvalid_i", s.r_valid);
  if (s.r_valid) {
    model_.set("m_axi_rdata_i", s.r_data);
    set_port("m_axi_rresp_i", static_cast<std::uint64_t>(s.r_resp));
    set_port("m_axi_rlast_i", s.r_last);
  }
  set_port("m_axi_awready_i", s.aw_ready);
  set_port("m_axi_wready_i", s.w_ready);
  set_port("m_axi_bvalid_i", s.b_valid);
  set_port("m_axi_bresp_i", static_cast<std::uint64_t>(s.b_resp));
  const LiteMaster& l = lite_.out();
  set_port("s_axil_awvalid_i", l.aw_valid);
  set_port("s_axil_awaddr_i", l.aw_addr);
  set_port("s_axil_wvalid_i", l.w_valid);
  set_port("s_axil_wdata_i", l.w_data);
  set_port("s_axil_wstrb_i", l.w_strobe);
  set_port("s_axil_bready_i", l.b_ready);
  set_port("s_axil_arvalid_i", l.ar_valid);
  set_port("s_axil_araddr_i", l.ar_addr);
  set_port("s_axil_rready_i", l.r_ready);
}

void PortDevice::tick() {
  const AxiMaster m = sample_memory();
  const LiteSlave l = sample_registers();
  model_.edge();
  ++cycle_;
  memory_.step(m);
  lite_.step(l);
  drive();
  model_.settle();
}

}  // namespace bat::sim
