// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/estimate/label.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <deque>

#include "rtl_gen/estimate/ring_use.hpp"
#include "rtl_gen/program/disassemble.hpp"

namespace bat {
namespace {

std::size_t index(isa::Ring ring) { return static_cast<std::size_t>(ring); }

Label of_check(const Plan& plan, const TensorCheck& check) {
  Label label;
  label.what = bmt::name(check.tensor);
  label.sentence = check.sentence;
  label.layer = check.layer;
  label.head = check.head;
  label.row_tile = check.row_begin / plan.rows;
  label.col_begin = check.col_begin;
  label.col_end = check.col_end;
  return label;
}

Label without_check(const Plan& plan, const isa::Instruction& i) {
  Label label;
  if (i.op() == isa::Op::kEmbed) {
    label.what = i.get(isa::kEmbedKind) == 0 ? "position" : "word";
    label.row_tile = static_cast<int>(i.get(isa::kEmbedRt));
  } else if (i.op() == isa::Op::kFeat) {
    label.what = "features";
    label.row_tile = static_cast<int>(i.get(isa::kFeatN0)) / plan.rows;
  }
  return label;
}

/// Follows the rings through a program in its order.
class LoadNames {
 public:
  LoadNames(const Plan& plan, std::vector<Label>& labels) : plan_(plan), labels_(labels) {}

  void visit(const isa::Instruction& instruction, std::size_t at) {
    if (instruction.op() == isa::Op::kLoad) {
      Ring& ring = rings_[instruction.get(isa::kLoadDest)];
      ring.unnamed.push_back({at, ring.loaded});
      ring.loaded += static_cast<std::int64_t>(instruction.get(isa::kLoadWords));
      return;
    }
    const RingUses uses = ring_uses(plan_, instruction);
    if (uses.weights) use(*uses.weights, "weights", labels_[at]);
    if (uses.params) use(*uses.params, param_name(uses.params->ring), labels_[at]);
  }

 private:
  struct Pending {
    std::size_t instruction;
    std::int64_t begin;  ///< its first ring word
  };
  struct Ring {
    std::int64_t loaded = 0;
    std::int64_t freed = 0;
    std::deque<Pending> unnamed;
  };

  static const char* param_name(isa::Ring ring) {
    if (ring == isa::Ring::kT) return "thresholds";
    return ring == isa::Ring::kP ? "scales" : "records";
  }

  void use(const RingWords& words, const char* kind, const Label& user) {
    Ring& ring = rings_[index(words.ring)];
    const std::int64_t begin = ring.freed + words.offset;
    for (; !ring.unnamed.empty() && ring.unnamed.front().begin < begin + words.words;
         ring.unnamed.pop_front()) {
      Label& label = labels_[ring.unnamed.front().instruction];
      label.what = fmt::format("{} of {}", kind, user.what);
      label.layer = user.layer;
      label.col_begin = user.col_begin;
      label.col_end = user.col_end;
    }
    if (words.free) ring.freed += words.freed();
  }

  const Plan& plan_;
  std::vector<Label>& labels_;
  std::array<Ring, kNumRings> rings_;
};

}  // namespace

std::string Label::text(isa::Op op) const {
  std::string out(isa::to_string(op));
  if (!what.empty()) out += ' ' + what;
  if (sentence >= 0) out += fmt::format(" s{}", sentence);
  if (layer >= 0) out += fmt::format(" L{}", layer);
  if (head >= 0) out += fmt::format(" h{}", head);
  if (row_tile >= 0) out += fmt::format(" rt{}", row_tile);
  if (col_end > 0) out += fmt::format(" {}..{}", col_begin, col_end - 1);
  return out;
}

std::vector<Label> label_instructions(const Plan& plan, const Program& program) {
  std::vector<Label> labels;
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    const bool known = i < program.checks.size() && !program.checks[i].empty();
    labels.push_back(known ? of_check(plan, program.checks[i].front())
                           : without_check(plan, program.instructions[i]));
  }
  if (program.lengths.size() == 1) {
    for (Label& label : labels) label.sentence = -1;
  }
  LoadNames names(plan, labels);
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    names.visit(program.instructions[i], i);
  }
  return labels;
}

}  // namespace bat
