// SPDX-License-Identifier: Apache-2.0
// Compiled together with the verilated design into one shared library: clock, memory model,
// register driver, protocol checkers and taps, behind the C interface of abi.hpp.
#include <verilated.h>

#include <algorithm>
#include <memory>
#include <string>
#include <type_traits>

#include "Vbat_top.h"
#include "sim/axi/checker.hpp"
#include "sim/axi/lite_driver.hpp"
#include "sim/axi/memory.hpp"
#include "sim/verilated/abi.hpp"
#if VM_TRACE
#include <verilated_fst_c.h>
#endif

namespace bat::sim {
namespace {

// Ports narrower than 65 bits are integers, wider ones VlWide; both are copied as 64-bit words.
template <typename Port>
void get_words(const Port& port, std::uint64_t* out) {
  if constexpr (std::is_integral_v<Port>) {
    out[0] = port;
  } else {
    for (std::size_t i = 0; i * sizeof(EData) < sizeof(Port); i += 2) {
      out[i / 2] = port[i] | static_cast<std::uint64_t>(port[i + 1]) << 32;
    }
  }
}

template <typename Port>
void set_words(Port& port, const std::uint64_t* in) {
  if constexpr (std::is_integral_v<Port>) {
    port = static_cast<Port>(in[0]);
  } else {
    for (std::size_t i = 0; i * sizeof(EData) < sizeof(Port); i += 2) {
      port[i] = static_cast<EData>(in[i / 2]);
      port[i + 1] = static_cast<EData>(in[i / 2] >> 32);
    }
  }
}

constexpr int kBusBytes = static_cast<int>(
    sizeof(std::remove_reference_t<decltype(std::declval<Vbat_top>().m_axi_rdata_i)>));

class Simulation;
// DPI calls carry no handle: the simulation that evaluates on this thread.
thread_local Simulation* t_current = nullptr;

AxiMemoryOptions memory_options(const BatSimOptions& options) {
  AxiMemoryOptions result;
  result.bus_bytes = kBusBytes;
  result.latency = options.latency;
  result.bandwidth = options.bandwidth;
  result.max_outstanding = options.max_outstanding;
  result.stall = static_cast<StallMode>(options.stall);
  result.seed = options.seed;
  return result;
}

class Simulation {
 public:
  explicit Simulation(const BatSimOptions& options)
      : options_(options),
        memory_(memory_options(options)),
        lite_(static_cast<StallMode>(options.stall), options.seed + 1),
        axi_checker_(kBusBytes) {
    context_.randReset(2);
    context_.randSeed(static_cast<int>(options.seed % 0x7FFFFFFEU) + 1);
    context_.traceEverOn(options.trace != nullptr);
    top_ = std::make_unique<Vbat_top>(&context_);
    open_trace();
    reset();
  }
  ~Simulation() {
    top_->final();
#if VM_TRACE
    if (trace_) trace_->close();
#endif
  }

  void reset() {
    memory_.reset();
    lite_.reset();
    axi_checker_.reset();
    lite_checker_.reset();
    // Random state from before the reset may still report something in its first cycle.
    in_reset_ = true;
    top_->rst_ni = 0;
    drive();
    settle();
    for (int i = 0; i < 8; ++i) edge();
    top_->rst_ni = 1;
    in_reset_ = false;
    settle();
  }

  std::uint8_t* memory(std::uint64_t bytes) {
    if (memory_.bytes().size() < bytes) memory_.bytes().resize(bytes);
    return memory_.bytes().data();
  }

  BatRunReason finish_access(std::uint64_t max_cycles) {
    for (std::uint64_t i = 0; i < max_cycles; ++i) {
      tick();
      if (!lite_.busy()) return kBatRunFinished;
    }
    return kBatRunStuck;
  }

  BatRunReason run(std::uint64_t max_cycles, bool until_irq, std::uint64_t stuck_cycles) {
    std::uint64_t seen = progress();
    std::uint64_t still = 0;
    for (std::uint64_t i = 0; i < max_cycles; ++i) {
      if (until_irq && top_->irq_o) return kBatRunIrq;
      tick();
      const std::uint64_t now = progress();
      still = now == seen ? still + 1 : 0;
      seen = now;
      if (stuck_cycles > 0 && still >= stuck_cycles) return kBatRunStuck;
    }
    return until_irq && top_->irq_o ? kBatRunIrq : kBatRunCycles;
  }

  void tap_write(int mem, int slice, int addr, int chunk, std::uint64_t mask, std::uint64_t data) {
    ++tapped_;
    if (options_.tap_write && !in_reset_) {
      options_.tap_write(options_.user, cycle_, mem, slice, addr, chunk, mask, data);
    }
  }
  std::uint64_t tap_flip(int slice, int copy, int addr, int chunk) {
    if (!options_.tap_flip || in_reset_) return 0;
    return options_.tap_flip(options_.flip_user, slice, copy, addr, chunk);
  }
  void tap_start(int unit) {
    ++tapped_;
    if (options_.tap_start && !in_reset_) options_.tap_start(options_.user, cycle_, unit);
  }
  void tap_done(int unit) {
    ++tapped_;
    if (options_.tap_done && !in_reset_) options_.tap_done(options_.user, cycle_, unit);
  }

  LiteDriver& lite() { return lite_; }
  AxiMemory& axi_memory() { return memory_; }
  AxiChecker& axi_checker() { return axi_checker_; }
  std::uint64_t cycle() const { return cycle_; }

  int violation_count() const {
    return static_cast<int>(axi_checker_.violations().size() + lite_checker_.violations().size());
  }
  const char* violation(int i) {
    const auto index = static_cast<std::size_t>(i);
    const std::size_t first = axi_checker_.violations().size();
    text_ = index < first ? axi_checker_.violations()[index].text()
                          : lite_checker_.violations()[index - first].text();
    return text_.c_str();
  }

 private:
  std::uint64_t progress() const { return memory_.handshakes() + tapped_; }

  void open_trace() {
#if VM_TRACE
    if (!options_.trace) return;
    trace_ = std::make_unique<VerilatedFstC>();
    top_->trace(trace_.get(), 99);
    trace_->open(options_.trace);
#endif
  }
  void dump(std::uint64_t time) {
#if VM_TRACE
    if (trace_) trace_->dump(time);
#else
    (void)time;
#endif
  }

  void eval() {
    t_current = this;
    top_->eval();
  }
  void settle() {
    top_->clk_i = 0;
    eval();
    dump(2 * cycle_);
  }
  void edge() {
    top_->clk_i = 1;
    eval();
    dump(2 * cycle_ + 1);
    ++cycle_;
    settle();
  }

  void sample() {
    m_.ar_valid = top_->m_axi_arvalid_o;
    m_.ar = {top_->m_axi_araddr_o, top_->m_axi_arlen_o, top_->m_axi_arsize_o,
             top_->m_axi_arburst_o};
    m_.r_ready = top_->m_axi_rready_o;
    m_.aw_valid = top_->m_axi_awvalid_o;
    m_.aw = {top_->m_axi_awaddr_o, top_->m_axi_awlen_o, top_->m_axi_awsize_o,
             top_->m_axi_awburst_o};
    m_.w_valid = top_->m_axi_wvalid_o;
    if (m_.w_valid) {
      get_words(top_->m_axi_wdata_o, m_.w_data.data());
      get_words(top_->m_axi_wstrb_o, m_.w_strobe.data());
      m_.w_last = top_->m_axi_wlast_o;
    }
    m_.b_ready = top_->m_axi_bready_o;
    l_.aw_ready = top_->s_axil_awready_o;
    l_.w_ready = top_->s_axil_wready_o;
    l_.b_valid = top_->s_axil_bvalid_o;
    l_.b_resp = top_->s_axil_bresp_o;
    l_.ar_ready = top_->s_axil_arready_o;
    l_.r_valid = top_->s_axil_rvalid_o;
    l_.r_data = top_->s_axil_rdata_o;
    l_.r_resp = top_->s_axil_rresp_o;
  }

  void drive() {
    const AxiSlave& s = memory_.out();
    top_->m_axi_arready_i = s.ar_ready;
    top_->m_axi_rvalid_i = s.r_valid;
    if (s.r_valid) {
      set_words(top_->m_axi_rdata_i, s.r_data.data());
      top_->m_axi_rresp_i = static_cast<CData>(s.r_resp);
      top_->m_axi_rlast_i = s.r_last;
    }
    top_->m_axi_awready_i = s.aw_ready;
    top_->m_axi_wready_i = s.w_ready;
    top_->m_axi_bvalid_i = s.b_valid;
    top_->m_axi_bresp_i = static_cast<CData>(s.b_resp);
    const LiteMaster& l = lite_.out();
    top_->s_axil_awvalid_i = l.aw_valid;
    top_->s_axil_awaddr_i = static_cast<decltype(+top_->s_axil_awaddr_i)>(l.aw_addr);
    top_->s_axil_wvalid_i = l.w_valid;
    top_->s_axil_wdata_i = l.w_data;
    top_->s_axil_wstrb_i = l.w_strobe;
    top_->s_axil_bready_i = l.b_ready;
    top_->s_axil_arvalid_i = l.ar_valid;
    top_->s_axil_araddr_i = static_cast<decltype(+top_->s_axil_araddr_i)>(l.ar_addr);
    top_->s_axil_rready_i = l.r_ready;
  }

  void tick() {
    sample();
    if (options_.check) {
      axi_checker_.step(m_, memory_.out());
      lite_checker_.step(lite_.out(), l_);
    }
    top_->clk_i = 1;
    eval();
    dump(2 * cycle_ + 1);
    ++cycle_;
    memory_.step(m_);
    lite_.step(l_);
    drive();
    settle();
  }

  BatSimOptions options_;
  VerilatedContext context_;
  std::unique_ptr<Vbat_top> top_;
#if VM_TRACE
  std::unique_ptr<VerilatedFstC> trace_;
#endif
  AxiMemory memory_;
  LiteDriver lite_;
  AxiChecker axi_checker_;
  LiteChecker lite_checker_;
  AxiMaster m_;
  LiteSlave l_;
  std::uint64_t cycle_ = 0;
  std::uint64_t tapped_ = 0;
  bool in_reset_ = false;
  std::string text_;
};

Simulation& as_simulation(void* sim) { return *static_cast<Simulation*>(sim); }

const BatSimApi kApi{
    BAT_SIM_ABI_VERSION,
    kBusBytes,
    BAT_SIM_TAPS,
    VM_TRACE,
    [](const BatSimOptions* options) -> void* { return new Simulation(*options); },
    [](void* sim) { delete static_cast<Simulation*>(sim); },
    [](void* sim) { as_simulation(sim).reset(); },
    [](void* sim, std::uint64_t bytes) { return as_simulation(sim).memory(bytes); },
    [](void* sim, std::uint32_t offset, std::uint32_t value, std::uint64_t max_cycles) {
      as_simulation(sim).lite().start_write(offset, value);
      return as_simulation(sim).finish_access(max_cycles);
    },
    [](void* sim, std::uint32_t offset, std::uint32_t* value, std::uint64_t max_cycles) {
      as_simulation(sim).lite().start_read(offset);
      const BatRunReason reason = as_simulation(sim).finish_access(max_cycles);
      *value = as_simulation(sim).lite().data();
      return reason;
    },
    [](void* sim, std::uint64_t max_cycles, int until_irq, std::uint64_t stuck_cycles) {
      return as_simulation(sim).run(max_cycles, until_irq != 0, stuck_cycles);
    },
    [](const void* sim) { return static_cast<const Simulation*>(sim)->cycle(); },
    [](void* sim, std::int64_t burst, int beat, int resp) {
      as_simulation(sim).axi_memory().fail_read({burst, beat, static_cast<AxiResponse>(resp)});
    },
    [](void* sim, std::int64_t burst, int resp) {
      as_simulation(sim).axi_memory().fail_write({burst, 0, static_cast<AxiResponse>(resp)});
    },
    [](void* sim) { as_simulation(sim).axi_checker().expect_idle(); },
    [](const void* sim) { return static_cast<const Simulation*>(sim)->violation_count(); },
    [](void* sim, int i) { return as_simulation(sim).violation(i); },
};

}  // namespace
}  // namespace bat::sim

extern "C" {

__attribute__((visibility("default"))) const BatSimApi* bat_sim_api(void) {
  return &bat::sim::kApi;
}

void bat_tap_start(int unit) { bat::sim::t_current->tap_start(unit); }
void bat_tap_done(int unit) { bat::sim::t_current->tap_done(unit); }
#if BAT_SIM_TAPS
void bat_tap_write(int mem, int slice, int addr, int chunk, long long mask, long long data) {
  bat::sim::t_current->tap_write(mem, slice, addr, chunk, static_cast<std::uint64_t>(mask),
                                 static_cast<std::uint64_t>(data));
}
long long bat_tap_flip(int slice, int copy, int addr, int chunk) {
  return static_cast<long long>(bat::sim::t_current->tap_flip(slice, copy, addr, chunk));
}
#endif
}
