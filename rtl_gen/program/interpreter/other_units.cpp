// SPDX-License-Identifier: Apache-2.0
// SMX and STO units.
#include <fmt/format.h>

#include <algorithm>

#include "models/bmt/primitives.hpp"
#include "rtl_gen/program/interpreter/machine.hpp"

namespace bat {
namespace {

constexpr int kRowUnknown = -1;  ///< in place of a code: the row is beyond the sequence

}  // namespace

/// Leaves the codes of all rows in `values`. Rows beyond the sequence have no scores.
bool Interpreter::Machine::read_softmax(Active& a) {
  const BitMemory& memory = mem_.at(isa::Tap::kScore);
  const int keys = a.field(isa::kSmxN);
  const int width = plan_.score_bits;
  if (a.field(isa::kSmxWords) != ceil_div(keys, plan_.lanes)) {
    return fail(a, "words must be ceil(n / Lanes)");
  }
  bmt::SoftmaxParams params{{a.field(isa::kSmxIdxMul)},
                            a.field(isa::kSmxIdxShift),
                            {a.field(isa::kSmxProbMul)},
                            a.field(isa::kSmxProbShift)};
  for (int row = 0; row < plan_.rows; ++row) {
    std::vector<std::int32_t> scores;
    for (int m = 0; m < keys; ++m) {
      const int word = a.field(isa::kSmxSlot) * plan_.score_words + m / plan_.lanes;
      const auto raw = memory.read(row, word, width * (m % plan_.lanes), width);
      if (!raw) break;
      scores.push_back(2 * static_cast<std::int32_t>(*raw));
    }
    std::vector<std::int32_t> codes(static_cast<std::size_t>(keys), kRowUnknown);
    if (!scores.empty() && scores.size() < codes.size()) {
      return fail(a, fmt::format("score {} of row {} was never written", scores.size(), row));
    }
    if (!scores.empty()) bmt::softmax_codes(params, 0, scores, a.field(isa::kSmxOb), codes);
    a.values.insert(a.values.end(), codes.begin(), codes.end());
  }
  return true;
}

bool Interpreter::Machine::commit_softmax(const Active& a) {
  BitMemory& memory = mem_.at(isa::Tap::kAct);
  const auto keys = static_cast<std::size_t>(a.get(isa::kSmxN));
  const int words = plan_.kwords(static_cast<int>(keys));
  for (int row = 0; row < plan_.rows; ++row) {
    const auto codes = std::span(a.values).subspan(keys * static_cast<std::size_t>(row), keys);
    const int base = a.field(isa::kSmxDBase);
    const int stride = a.field(isa::kSmxDPs);
    const int planes = a.field(isa::kSmxOb);
    if (!write_planes(memory, row, base, stride, planes, words, codes)) {
      return fail(a, "ACT word out of range");
    }
    if (codes.front() != kRowUnknown) continue;
    for (int w = 0; w < planes * words; ++w) {
      memory.erase(row, base + w / words * stride + w % words, 0, plan_.depth);
    }
  }
  return true;
}

bool Interpreter::Machine::read_store(Active& a) {
  const BitMemory& memory = mem_.at(isa::Tap::kLogit);
  const int first = a.field(isa::kStoreFirst);
  for (int k = first; k < first + a.field(isa::kStoreCount); ++k) {
    const auto value = memory.read(0, k / plan_.lanes, 32 * (k % plan_.lanes), 32);
    if (!value) return fail(a, fmt::format("logit {} was never written", k));
    a.values.push_back(static_cast<std::int64_t>(*value));
  }
  return true;
}

bool Interpreter::Machine::commit_store(const Active& a) {
  std::vector<std::uint8_t> bytes;
  for (const std::int64_t value : a.values) {
    for (int b = 0; b < 4; ++b) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * b)));
  }
  const std::uint64_t address = a.job.output + 4 * a.instruction.get(isa::kStoreOutOff);
  if (port_->write(address, bytes)) return true;
  return fail(isa::ErrorCode::kWrite, 0, a.index,
              fmt::format("write of {} bytes at {:#x}", bytes.size(), address));
}

}  // namespace bat
