// SPDX-License-Identifier: Apache-2.0
#include "sim/axi/checker.hpp"

#include <algorithm>
#include <utility>

namespace bat::sim {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::size_t kMostBeatsAhead = 16;

bool strobe_bit(const BusStrobe& strobe, std::uint64_t lane) {
  return ((strobe[lane / 64] >> (lane % 64)) & 1U) != 0;
}

bool power_of_two(int v) { return v > 0 && (v & (v - 1)) == 0; }

}  // namespace

std::string Violation::text() const {
  return "cycle " + std::to_string(cycle) + ": " + signal + ": " + rule;
}

void ViolationLog::add(std::uint64_t cycle, const char* signal, std::string rule) {
  if (list_.size() < 32) list_.push_back(Violation{cycle, signal, std::move(rule)});
}

void AxiChecker::reset() {
  have_last_ = false;
  reads_.clear();
  writes_.clear();
  beats_.clear();
  read_beat_ = 0;
  responses_due_ = 0;
}

bool AxiChecker::same_data(const BusData& a, const BusData& b) const {
  const int words = (bus_bytes_ + 7) / 8;
  return std::equal(a.begin(), a.begin() + words, b.begin());
}

void AxiChecker::check_stable(const AxiMaster& m, const AxiSlave& s) {
  if (!have_last_) return;
  const auto hold = [this](const char* valid, bool waited, bool now) {
    if (waited && !now) note(valid, "fell before ready");
    return waited && now;
  };
  if (hold("arvalid", last_m_.ar_valid && !last_s_.ar_ready, m.ar_valid) && !(m.ar == last_m_.ar)) {
    note("araddr", "AR payload changed while arvalid waited for arready");
  }
  if (hold("awvalid", last_m_.aw_valid && !last_s_.aw_ready, m.aw_valid) && !(m.aw == last_m_.aw)) {
    note("awaddr", "AW payload changed while awvalid waited for awready");
  }
  if (hold("wvalid", last_m_.w_valid && !last_s_.w_ready, m.w_valid)) {
    if (!same_data(m.w_data, last_m_.w_data)) note("wdata", "changed while wvalid waited");
    if (m.w_strobe != last_m_.w_strobe) note("wstrb", "changed while wvalid waited");
    if (m.w_last != last_m_.w_last) note("wlast", "changed while wvalid waited");
  }
  if (hold("rvalid", last_s_.r_valid && !last_m_.r_ready, s.r_valid)) {
    if (!same_data(s.r_data, last_s_.r_data)) note("rdata", "changed while rvalid waited");
    if (s.r_last != last_s_.r_last || s.r_resp != last_s_.r_resp) {
      note("rresp", "R payload changed while rvalid waited");
    }
  }
  if (hold("bvalid", last_s_.b_valid && !last_m_.b_ready, s.b_valid) &&
      s.b_resp != last_s_.b_resp) {
    note("bresp", "changed while bvalid waited");
  }
}

void AxiChecker::check_address(const char* signal, const AxiAddress& a) {
  const bool wrap = a.burst == static_cast<std::uint8_t>(AxiBurst::kWrap);
  if (a.bytes() > bus_bytes_) {
    note(signal, "size of " + std::to_string(a.bytes()) + " bytes on a bus of " +
                     std::to_string(bus_bytes_));
    return;
  }
  if (a.burst > 2) note(signal, "reserved burst type");
  if (a.burst == 0 && a.len > 15) note(signal, "FIXED burst of more than 16 beats");
  if (wrap && (a.beats() == 1 || a.beats() > 16 || !power_of_two(a.beats()))) {
    note(signal, "WRAP burst of " + std::to_string(a.beats()) + " beats");
  }
  const auto bytes = static_cast<std::uint64_t>(a.bytes());
  if (wrap && a.addr % bytes != 0) note(signal, "unaligned WRAP burst");
  const std::uint64_t end =
      (a.addr & ~(bytes - 1)) + bytes * static_cast<std::uint64_t>(a.beats()) - 1;
  if (a.burst == 1 && a.addr / kPage != end / kPage) {
    note(signal, "INCR burst crosses a 4 KiB boundary");
  }
}

void AxiChecker::check_reads(const AxiMaster& m, const AxiSlave& s) {
  if (s.r_valid && m.r_ready) {
    if (reads_.empty()) {
      note("rvalid", "beat without a read request");
    } else {
      ++read_beat_;
      const bool last = read_beat_ == reads_.front().beats();
      if (s.r_last != last)
        note("rlast", last ? "missing on the last beat" : "before the last beat");
      if (last || s.r_last) {
        reads_.pop_front();
        read_beat_ = 0;
      }
    }
  }
  if (m.ar_valid && s.ar_ready) {
    check_address("araddr", m.ar);
    reads_.push_back(m.ar);
  }
}

void AxiChecker::check_beat(const WriteBurst& burst, const WriteBeat& beat) {
  const bool last = burst.beat + 1 == burst.address.beats();
  if (beat.last != last) note("wlast", last ? "missing on the last beat" : "before the last beat");
  const auto bus = static_cast<std::uint64_t>(bus_bytes_);
  const std::uint64_t addr = beat_address(burst.address, burst.beat);
  const auto bytes = static_cast<std::uint64_t>(burst.address.bytes());
  const std::uint64_t low = addr % bus;
  const std::uint64_t high = (addr & ~(bytes - 1)) % bus + bytes;
  for (std::uint64_t lane = 0; lane < bus; ++lane) {
    if (strobe_bit(beat.strobe, lane) && (lane < low || lane >= high)) {
      note("wstrb", "lane " + std::to_string(lane) + " outside the beat");
      return;
    }
  }
}

void AxiChecker::match_write_beats() {
  while (!writes_.empty() && !beats_.empty()) {
    WriteBurst& burst = writes_.front();
    check_beat(burst, beats_.front());
    beats_.pop_front();
    if (++burst.beat < burst.address.beats()) continue;
    writes_.pop_front();
    ++responses_due_;
  }
  if (beats_.size() > kMostBeatsAhead) note("wvalid", "more than 16 beats ahead of their address");
}

void AxiChecker::check_writes(const AxiMaster& m, const AxiSlave& s) {
  if (s.b_valid && responses_due_ == 0) {
    note("bvalid", "response without a complete write");
  }
  if (s.b_valid && m.b_ready && responses_due_ > 0) --responses_due_;
  if (m.aw_valid && s.aw_ready) {
    check_address("awaddr", m.aw);
    writes_.push_back(WriteBurst{m.aw, 0});
  }
  if (m.w_valid && s.w_ready) beats_.push_back(WriteBeat{m.w_strobe, m.w_last});
  match_write_beats();
}

void AxiChecker::step(const AxiMaster& m, const AxiSlave& s) {
  ++cycle_;
  check_stable(m, s);
  check_reads(m, s);
  check_writes(m, s);
  have_last_ = true;
  last_m_ = m;
  last_s_ = s;
}

void AxiChecker::expect_idle() {
  if (!reads_.empty()) note("arvalid", "a read burst is still in flight");
  if (!writes_.empty()) note("awvalid", "a write burst lacks data");
  if (!beats_.empty()) note("wvalid", "write data without an address");
  if (responses_due_ > 0) note("bready", "a write response was not taken");
}

void LiteChecker::reset() {
  have_last_ = false;
  addresses_ = data_ = reads_ = 0;
}

void LiteChecker::check_slave(const LiteMaster& m, const LiteSlave& s) {
  if (have_last_ && last_s_.b_valid && !last_m_.b_ready) {
    if (!s.b_valid) note("s_bvalid", "fell before ready");
    if (s.b_resp != last_s_.b_resp) note("s_bresp", "changed while bvalid waited");
  }
  if (have_last_ && last_s_.r_valid && !last_m_.r_ready) {
    if (!s.r_valid) note("s_rvalid", "fell before ready");
    if (s.r_data != last_s_.r_data || s.r_resp != last_s_.r_resp) {
      note("s_rdata", "R payload changed while rvalid waited");
    }
  }
  if (s.b_valid && (addresses_ == 0 || data_ == 0)) note("s_bvalid", "response without a write");
  if (s.r_valid && reads_ == 0) note("s_rvalid", "response without a read");
  if (s.b_valid && m.b_ready && addresses_ > 0 && data_ > 0) {
    --addresses_;
    --data_;
  }
  if (s.r_valid && m.r_ready && reads_ > 0) --reads_;
}

void LiteChecker::check_master(const LiteMaster& m) {
  if (!have_last_) return;
  if (last_m_.aw_valid && !last_s_.aw_ready && (!m.aw_valid || m.aw_addr != last_m_.aw_addr)) {
    note("s_awvalid", "AW changed before ready");
  }
  if (last_m_.w_valid && !last_s_.w_ready && (!m.w_valid || m.w_data != last_m_.w_data)) {
    note("s_wvalid", "W changed before ready");
  }
  if (last_m_.ar_valid && !last_s_.ar_ready && (!m.ar_valid || m.ar_addr != last_m_.ar_addr)) {
    note("s_arvalid", "AR changed before ready");
  }
}

void LiteChecker::step(const LiteMaster& m, const LiteSlave& s) {
  ++cycle_;
  check_master(m);
  check_slave(m, s);
  if (m.aw_valid && s.aw_ready) ++addresses_;
  if (m.w_valid && s.w_ready) ++data_;
  if (m.ar_valid && s.ar_ready) ++reads_;
  have_last_ = true;
  last_m_ = m;
  last_s_ = s;
}

}  // namespace bat::sim
