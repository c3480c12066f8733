// SPDX-License-Identifier: Apache-2.0
// Fetch and dispatch: headers, opcodes, waits to absolute counts, ring positions.
#include <fmt/format.h>

#include "rtl_gen/program/disassemble.hpp"
#include "rtl_gen/program/interpreter/machine.hpp"

namespace bat {
namespace {

constexpr std::uint64_t kInstrBytes = isa::kInstrBits / 8;
constexpr std::array kWaits{isa::kWaitDma, isa::kWaitQmm, isa::kWaitRow, isa::kWaitSmx,
                            isa::kWaitSto};
constexpr int kFetchClient = 0;
constexpr std::uint32_t kMaxCount = 1U << 20;  // instructions of a program, exclusive

}  // namespace

void Interpreter::Machine::decode(std::span<const std::uint8_t> bytes,
                                  isa::Instruction& instruction) {
  for (std::size_t i = 0; i < instruction.words.size(); ++i) {
    instruction.words[i] = 0;
    for (std::size_t b = 0; b < 4; ++b) {
      instruction.words[i] |= std::uint32_t{bytes[4 * i + b]} << (8 * b);
    }
  }
}

bool Interpreter::Machine::fetch_header() {
  std::array<std::uint8_t, kInstrBytes> bytes{};
  isa::Instruction header;
  if (!axi_read(jobs_[fetch_job_].program, bytes, kFetchClient, 0)) return false;
  decode(bytes, header);
  if (header.words[0] != isa::kProgramMagic ||
      (header.words[1] & 0xFFU) != static_cast<std::uint32_t>(isa::kIsaVersion) ||
      header.words[3] >= kMaxCount) {
    return fail(isa::ErrorCode::kHeader, 0, 0, "bad program header");
  }
  if (header.words[2] != config_hash32(config_)) {
    return fail(isa::ErrorCode::kHash, 0, 0, "the program is for another configuration");
  }
  if (header.words[3] == 0) return fail(isa::ErrorCode::kNoEnd, 0, 0, "a program of nothing");
  fetch_count_ = header.words[3];
  fetch_index_ = 0;
  return true;
}

bool Interpreter::Machine::opcode_built(isa::Op op) const {
  switch (op) {
    case isa::Op::kLoad:
    case isa::Op::kQmm:
    case isa::Op::kLn:
    case isa::Op::kEmbed:
    case isa::Op::kStore:
    case isa::Op::kEnd:
      return true;
    case isa::Op::kFeat:
      return config_.features.feature_rows;
    case isa::Op::kSmx:
      return config_.features.softmax;
  }
  return false;
}

bool Interpreter::Machine::can_dispatch() const {
  // The next instruction is not known before it is read: a full queue shows in dispatch().
  return fetch_job_ < jobs_.size();
}

/// Ring positions count from the tail as earlier instructions leave it.
void Interpreter::Machine::locate_rings(Active& a) {
  const auto take = [&](isa::Ring r, std::int64_t& position, std::int64_t offset, bool frees,
                        std::int64_t words) {
    position = ring(r).fetch_tail + offset;
    if (frees) ring(r).fetch_tail += words;
  };
  if (a.instruction.op() == isa::Op::kQmm) {
    if (static_cast<isa::SrcB>(a.get(isa::kQmmBSrc)) == isa::SrcB::kW) {
      take(isa::Ring::kW, a.b_position, a.get(isa::kQmmBBase), a.get(isa::kQmmWFree) != 0,
           a.get(isa::kQmmNct) * a.get(isa::kQmmBr) * a.get(isa::kQmmPb) * a.get(isa::kQmmKw));
    }
    if (a.out() != isa::Out::kScore) {
      take(params_ring(a), a.t_position, a.get(isa::kQmmTOff), a.get(isa::kQmmTFree) != 0,
           param_words(a));
    }
  }
  if (a.instruction.op() == isa::Op::kLn) {
    take(isa::Ring::kL, a.l_position, a.get(isa::kLnLOff), a.get(isa::kLnLFree) != 0,
         a.get(isa::kLnDw));
  }
}

/// Reads the next instruction and queues it; without effect while its queue is full.
bool Interpreter::Machine::dispatch() {
  if (fetch_index_ < 0) return fetch_header();
  const int index = static_cast<int>(fetch_index_);
  std::array<std::uint8_t, kInstrBytes> bytes{};
  Active a;
  const std::uint64_t address =
      jobs_[fetch_job_].program + kInstrBytes * static_cast<std::uint64_t>(index + 1);
  if (!axi_read(address, bytes, kFetchClient, index)) return false;
  decode(bytes, a.instruction);
  if (!opcode_built(a.instruction.op())) {
    return fail(
        isa::ErrorCode::kOpcode, 0, index,
        fmt::format("opcode {} is unknown or not built in", static_cast<int>(a.instruction.op())));
  }
  const bool end = a.instruction.op() == isa::Op::kEnd;
  const bool last = fetch_index_ + 1 == fetch_count_;
  if (end != last) {
    return fail(isa::ErrorCode::kNoEnd, 0, index,
                end ? "END before the last instruction" : "program without END");
  }
  Unit& unit = units_[static_cast<std::size_t>(isa::unit_of(a.instruction.op()))];
  if (static_cast<int>(unit.queue.size()) >= plan_.queue_depth) return true;
  a.job = jobs_[fetch_job_];
  a.job_number = static_cast<int>(fetch_job_);
  a.index = index;
  for (std::size_t u = 0; u < kWaits.size(); ++u) {
    const std::int64_t distance = a.get(kWaits[u]);
    if (distance != isa::kWaitNone) a.needs[u] = units_[u].dispatched - distance;
  }
  locate_rings(a);
  unit.queue.push_back(std::move(a));
  ++unit.dispatched;
  ++fetch_index_;
  if (end) {
    ++fetch_job_;
    fetch_index_ = -1;
  }
  return true;
}

}  // namespace bat
