// SPDX-License-Identifier: Apache-2.0
// Runs, ring bookkeeping, DMA, and the table of what each opcode does in each stage.
#include "rtl_gen/program/interpreter/machine.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "rtl_gen/program/disassemble.hpp"

namespace bat {
namespace {

constexpr int kDmaClient = 1;

}  // namespace

Interpreter::Machine::Machine(const Config& config, const Plan& plan)
    : config_(config), plan_(plan), mem_(plan) {
  reset();
}

void Interpreter::Machine::reset() {
  mem_ = ShadowMemory(plan_);
  ring(isa::Ring::kW) = {BitMemory(plan_.cols, plan_.w_ring_words, plan_.depth), 0, 0, 0};
  ring(isa::Ring::kT) = {BitMemory(1, plan_.t_ring_words, plan_.par_bits), 0, 0, 0};
  ring(isa::Ring::kP) = {BitMemory(1, plan_.p_ring_words, plan_.par_bits), 0, 0, 0};
  ring(isa::Ring::kL) = {BitMemory(1, plan_.l_ring_words, plan_.l_bits), 0, 0, 0};
  stat_.assign(static_cast<std::size_t>(2 * plan_.stat_bank_words * plan_.rows), Sum{});
  zeros_.assign(static_cast<std::size_t>(plan_.z_words * plan_.cols), Count{});
  units_ = {};
  ids_.assign(static_cast<std::size_t>(plan_.rows), 0);
  ids_job_ = -1;
  fault_.reset();
}

Status Interpreter::Machine::run(std::span<const Job> jobs, std::uint64_t model_base,
                                 MemoryPort& memory, const ExecutionOrder& order,
                                 CompletionObserver* observer) {
  jobs_ = jobs;
  model_base_ = model_base;
  port_ = &memory;
  observer_ = observer;
  fetch_job_ = 0;
  fetch_index_ = -1;
  ids_job_ = -1;
  fault_.reset();
  message_.clear();
  return loop(order);
}

bool Interpreter::Machine::fail(const Active& a, std::string_view reason) {
  message_ = fmt::format("job {} instruction {}: {}: {}", a.job_number, a.index, reason,
                         isa::to_string(a.instruction));
  return false;
}

bool Interpreter::Machine::fail(isa::ErrorCode code, int unit, int index, std::string message) {
  fault_ = Fault{code, unit, index};
  message_ = fmt::format("error {} at instruction {}: {}", static_cast<int>(code), index, message);
  return false;
}

bool Interpreter::Machine::axi_read(std::uint64_t address, std::span<std::uint8_t> bytes,
                                    int client, int index) {
  if (port_->read(address, bytes)) return true;
  return fail(isa::ErrorCode::kRead, client, index,
              fmt::format("read of {} bytes at {:#x}", bytes.size(), address));
}

isa::Ring Interpreter::Machine::params_ring(const Active& a) const {
  return a.out() == isa::Out::kBit ? isa::Ring::kT : isa::Ring::kP;
}

/// T or P words of a QMM.
int Interpreter::Machine::param_words(const Active& a) const {
  if (a.get(isa::kQmmBcast) != 0) return 1;
  return a.field(isa::kQmmNct) *
         (a.out() == isa::Out::kBit ? plan_.t_tile_words : plan_.p_tile_words);
}

bool Interpreter::Machine::ready_to_read(const Active& a) const {
  if (a.instruction.op() == isa::Op::kLn) {
    return ring(isa::Ring::kL).head >= a.l_position + a.get(isa::kLnDw);
  }
  if (a.instruction.op() != isa::Op::kQmm) return true;
  const bool weights = static_cast<isa::SrcB>(a.get(isa::kQmmBSrc)) == isa::SrcB::kW;
  const std::int64_t words =
      a.get(isa::kQmmNct) * a.get(isa::kQmmBr) * a.get(isa::kQmmPb) * a.get(isa::kQmmKw);
  if (weights && ring(isa::Ring::kW).head < a.b_position + words) return false;
  return a.out() != isa::Out::kBit || ring(isa::Ring::kT).head >= a.t_position + param_words(a);
}

bool Interpreter::Machine::ready_to_commit(const Active& a) const {
  if (a.instruction.op() == isa::Op::kLoad) {
    const RingState& r = ring(static_cast<isa::Ring>(a.get(isa::kLoadDest)));
    const std::int64_t head = a.get(isa::kLoadRestart) != 0 ? r.tail : r.head;
    return head + a.get(isa::kLoadWords) - r.tail <= r.depth();
  }
  if (a.instruction.op() != isa::Op::kQmm || a.out() == isa::Out::kBit ||
      a.out() == isa::Out::kScore) {
    return true;
  }
  return ring(isa::Ring::kP).head >= a.t_position + param_words(a);
}

void Interpreter::Machine::free_rings(const Active& a) {
  if (a.instruction.op() == isa::Op::kLn && a.get(isa::kLnLFree) != 0) {
    ring(isa::Ring::kL).tail = a.l_position + a.get(isa::kLnDw);
  }
  if (a.instruction.op() != isa::Op::kQmm) return;
  if (a.get(isa::kQmmWFree) != 0) {
    ring(isa::Ring::kW).tail +=
        a.get(isa::kQmmNct) * a.get(isa::kQmmBr) * a.get(isa::kQmmPb) * a.get(isa::kQmmKw);
  }
  if (a.get(isa::kQmmTFree) != 0) ring(params_ring(a)).tail = a.t_position + param_words(a);
}

bool Interpreter::Machine::read(Active& a) {
  switch (a.instruction.op()) {
    case isa::Op::kQmm:
      return read_qmm(a);
    case isa::Op::kLn:
      return read_norm(a);
    case isa::Op::kEmbed:
      return read_embed(a);
    case isa::Op::kFeat:
      return read_features(a);
    case isa::Op::kSmx:
      return read_softmax(a);
    case isa::Op::kStore:
      return read_store(a);
    default:
      return true;
  }
}

bool Interpreter::Machine::commit(Active& a) {
  switch (a.instruction.op()) {
    case isa::Op::kLoad:
      return commit_load(a);
    case isa::Op::kQmm:
      return commit_qmm(a);
    case isa::Op::kLn:
      return commit_norm(a);
    case isa::Op::kEmbed:
      return commit_embed(a);
    case isa::Op::kFeat:
      return commit_features(a);
    case isa::Op::kSmx:
      return commit_softmax(a);
    case isa::Op::kStore:
      return commit_store(a);
    default:
      return true;
  }
}

bool Interpreter::Machine::commit_load(const Active& a) {
  const auto which = static_cast<isa::Ring>(a.get(isa::kLoadDest));
  RingState& r = ring(which);
  const auto beat = static_cast<std::uint64_t>(plan_.axi_bytes);
  std::vector<std::uint8_t> bytes(a.instruction.get(isa::kLoadBeats) * beat);
  const int word_bits = r.words.width() * r.words.slices();
  if (static_cast<std::uint64_t>(a.get(isa::kLoadWords)) * static_cast<std::uint64_t>(word_bits) >
      8 * bytes.size()) {
    return fail(a, "more ring words than beats hold");
  }
  const std::uint64_t address = model_base_ + a.instruction.get(isa::kLoadAddr) * beat;
  if (!axi_read(address, bytes, kDmaClient, a.index)) return false;
  if (a.get(isa::kLoadRestart) != 0) r.head = r.tail;
  std::size_t at = 0;  // bit 0 of a word is bit 0 of the lowest address; slices are whole bytes
  for (std::int64_t w = 0; w < a.get(isa::kLoadWords); ++w) {
    for (int slice = 0; slice < r.words.slices(); ++slice) {
      for (int bit = 0; bit < r.words.width(); bit += 8) {
        r.words.write(slice, r.at(r.head), bit, 8, bytes[at++]);
      }
    }
    ++r.head;
  }
  return true;
}

}  // namespace bat
