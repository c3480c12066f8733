// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/estimate/row_unit.hpp"

#include <algorithm>

namespace bat::cycle_model {
namespace {

/// From the cycle that reads STAT to the first in which the pass may start, less the roots.
constexpr Time kRoots = 3;
/// Stages of the adder of EMBED.
constexpr Time kAddStages = 6;
/// From a row of EMBED in the address pipeline to its request.
constexpr Time kAddressStages = 4;
/// Groups of beats that EMBED buffers.
constexpr int kBufferedGroups = 4;
constexpr int kFeaturePlanes = 8;
constexpr int kTokenBits = 32;
/// Stands for the ids of a sentence, which decide only how bursts meet 4 KiB boundaries.
constexpr std::uint64_t kTypicalStride = 131;

}  // namespace

RowUnit::RowUnit(Machine& machine, MemoryPort& port)
    : m_(machine),
      kernel_(machine.kernel),
      port_(port),
      cycles_(machine.cycles(isa::Unit::kRow)),
      free_changed_(kernel_),
      norm_changed_(kernel_),
      embed_changed_(kernel_),
      feat_changed_(kernel_),
      accept_process_(accept()),
      roots_process_(roots()),
      pass_process_(pass()),
      embed_process_(embed()),
      request_process_(row_requests()),
      feature_process_(features()) {
  port_.connect(MemoryPort::kRow, *this);
  for (const Process* process : {&accept_process_, &roots_process_, &pass_process_, &embed_process_,
                                 &request_process_, &feature_process_}) {
    process->start(kernel_);
  }
}

Process RowUnit::accept() {
  UnitQueue& queue = m_.queue(isa::Unit::kRow);
  for (;;) {
    while (!queue.ready()) co_await queue.changed().wait();
    const isa::Op op = queue.front().op->op;
    // An LN follows the roots of the one before; EMBED fetches while an LN runs.
    while (active_ || (op == isa::Op::kLn && roots_busy_) ||
           (op == isa::Op::kFeat && (roots_busy_ || pass_busy_))) {
      co_await free_changed_.wait();
    }
    const Issued issued = queue.pop();
    issued.record().start = kernel_.now();
    if (op == isa::Op::kLn) {
      roots_busy_ = true;
      roots_ = {true, issued, kernel_.now()};
      norm_changed_.notify();
    } else {
      active_ = true;
      Norm& unit = op == isa::Op::kEmbed ? embed_ : feat_issue_;
      unit = {true, issued, kernel_.now()};
      (op == isa::Op::kEmbed ? embed_changed_ : feat_changed_).notify();
    }
    co_await kernel_.until(kernel_.now() + 1);
  }
}

void RowUnit::finish(const Issued& issued, Time done, Time free) {
  m_.complete(issued, done);
  kernel_.post<&RowUnit::become_free>(free, this);
}

void RowUnit::become_free(std::int64_t) {
  active_ = false;
  mode_ = Mode::kNone;
  free_changed_.notify();
}

void RowUnit::roots_free(std::int64_t) {
  roots_busy_ = false;
  free_changed_.notify();
}

void RowUnit::pass_free(std::int64_t) {
  pass_busy_ = false;
  free_changed_.notify();
  norm_changed_.notify();
}

// --- LN.
Process RowUnit::roots() {
  for (;;) {
    while (!roots_.valid) co_await norm_changed_.wait();
    const Issued issued = roots_.issued;
    co_await kernel_.until(roots_.at + 1);
    Bank& bank = m_.bank(issued.op->ln.row_tile);
    bank.request();
    const Time asked = kernel_.now();
    while (!bank.locked()) co_await bank.granted.wait();
    const Time read = kernel_.now();
    cycles_.stalled.add(asked, read - 1);
    bank.release(read + 1);
    const Time ready = read + kRoots + m_.plan.root_cycles;
    cycles_.busy.add(read + 1, ready - 1);
    co_await kernel_.until(ready);
    while (pass_busy_) co_await norm_changed_.wait();
    roots_.valid = false;
    pass_busy_ = true;
    pass_ = {true, issued, kernel_.now()};
    kernel_.post<&RowUnit::roots_free>(kernel_.now() + 1, this);
    norm_changed_.notify();
  }
}

Process RowUnit::pass() {
  Ring& ring = m_.ring(isa::Ring::kL);
  const int beats = m_.plan.depth / m_.plan.lanes;
  for (;;) {
    while (!pass_.valid) co_await norm_changed_.wait();
    pass_.valid = false;
    const Issued issued = pass_.issued;
    const LnFields& ln = issued.op->ln;
    co_await kernel_.until(pass_.at + 1);
    const std::int64_t last_record = record_tail_ + ln.records.offset + ln.words - 1;
    while (!ring.is_known(last_record)) co_await ring.known.wait();
    co_await kernel_.until(ring.arrival(last_record));
    Bank& bank = m_.bank(ln.row_tile);
    const Time asked = kernel_.now();
    bank.request();
    while (!bank.locked()) co_await bank.granted.wait();
    cycles_.stalled.add(asked, kernel_.now() - 1);
    Time end = kernel_.now();
    const int words = ceil_div(ln.words, beats);
    for (int left = ln.planes; left > 0; left -= m_.plan.max_bits) {
      const int planes = std::min(left, m_.plan.max_bits);
      end += (words - 1) * std::max(beats, planes) + beats + 11 + m_.plan.max_bits;
    }
    cycles_.busy.add(kernel_.now() + 1, end);
    co_await kernel_.until(end);
    bank.release(end + 1);
    if (ln.records.free) {
      record_tail_ += ln.words;
      kernel_.post<&Ring::free>(end + 1, &ring, ln.words);
    }
    m_.complete(issued, end);
    kernel_.post<&RowUnit::pass_free>(end + 1, this);
  }
}

// --- EMBED.
int RowUnit::groups(const EmbedFields& e) const { return ceil_div(e.beats, m_.plan.embed_burst); }

int RowUnit::group_beats(const EmbedFields& e, int group) const {
  return std::min(m_.plan.embed_burst, e.beats - group * m_.plan.embed_burst);
}

/// Words of a beat that are added.
int RowUnit::add_cycles(const EmbedFields& e, int beat) const {
  const int words = std::max(1, m_.plan.axi_bytes / m_.plan.lanes);
  return std::min(words, std::max(1, e.words - beat * words));
}

std::uint64_t RowUnit::row_address(const EmbedFields& e, int row, int beat) const {
  const auto n = static_cast<std::uint64_t>(e.first_row + row);
  const std::uint64_t table_row = e.word_table ? n * kTypicalStride % 1000 : n;
  const std::uint64_t at =
      e.table + table_row * static_cast<std::uint64_t>(e.beats) + static_cast<std::uint64_t>(beat);
  return m_.model_base + at * static_cast<std::uint64_t>(m_.plan.axi_bytes);
}

Process RowUnit::embed() {
  for (;;) {
    while (!embed_.valid) co_await embed_changed_.wait();
    embed_.valid = false;
    const Issued issued = embed_.issued;
    const EmbedFields& e = issued.op->embed;
    Time from = embed_.at;
    if (e.ids) {
      const int in_beat = m_.plan.axi_bits / kTokenBits;
      const int offset = e.input_row % in_beat;
      mode_ = Mode::kTokens;
      token_ = 0;
      tokens_at_ = kNever;
      co_await kernel_.until(from + 1);
      const auto words = static_cast<std::uint64_t>(e.input_row - offset);
      port_.request(MemoryPort::kRow, issued.job->input + 4 * words,
                    ceil_div(offset + e.rows, in_beat));
      while (port_.pending(MemoryPort::kRow)) co_await port_.accepted(MemoryPort::kRow).wait();
      cycles_.busy.add(from + 1, kernel_.now());
      while (tokens_at_ == kNever) co_await embed_changed_.wait();
      co_await kernel_.until(tokens_at_);
      from = tokens_at_;
    }
    mode_ = Mode::kRows;
    group_at_.clear();
    groups_read_ = 0;
    part_ = 0;
    asking_ = true;
    ask_from_ = from;
    embed_changed_.notify();

    Bank& bank = m_.bank(e.row_tile);
    Time taken = from;     // the rows passed on their beat
    Time added = -kNever;  // last word of the beat before
    for (int beat = 0; beat < e.beats; ++beat) {
      const auto group = static_cast<std::size_t>(beat / m_.plan.embed_burst);
      while (group_at_.size() <= group) co_await embed_changed_.wait();
      const Time read = std::max(group_at_[group], taken) + 1;
      const Time read_end = read + e.rows - 1;
      if (beat + 1 == e.beats || (beat + 1) % m_.plan.embed_burst == 0) {
        kernel_.post<&RowUnit::group_read>(read_end + 1, this);
      }
      taken = std::max(read_end + 2, added);
      co_await kernel_.until(taken);
      while (roots_busy_ || pass_busy_) co_await free_changed_.wait();
      taken = kernel_.now();
      cycles_.busy.add(read, taken);
      co_await kernel_.until(taken + 1);
      bank.request();
      while (!bank.locked()) co_await bank.granted.wait();
      cycles_.stalled.add(taken + 1, kernel_.now() - 1);
      added = kernel_.now() + add_cycles(e, beat) - 1;
      cycles_.busy.add(kernel_.now(), added);
      // The next beat asks before this one's last word is written, or the bank becomes free.
      if (beat + 1 < e.beats) bank.release(added + kAddStages);
    }
    const Time done = added + kAddStages + (e.stat ? 1 : 0);
    bank.release(done + 1);
    cycles_.busy.add(added + 1, done);
    finish(issued, done, done + 1);
  }
}

void RowUnit::group_read(std::int64_t) {
  ++groups_read_;
  embed_changed_.notify();
}

Process RowUnit::row_requests() {
  for (;;) {
    while (!asking_) co_await embed_changed_.wait();
    asking_ = false;
    const EmbedFields& e = embed_.issued.op->embed;
    Time walk = ask_from_;
    for (int group = 0; group < groups(e); ++group) {
      while (groups_read_ <= group - kBufferedGroups) co_await embed_changed_.wait();
      walk = std::max(walk, kernel_.now() - 1);
      for (int row = 0; row < e.rows; ++row) {
        ++walk;
        co_await kernel_.until(walk + kAddressStages);
        port_.request(MemoryPort::kRow, row_address(e, row, group * m_.plan.embed_burst),
                      group_beats(e, group));
        while (port_.pending(MemoryPort::kRow)) co_await port_.accepted(MemoryPort::kRow).wait();
        co_await kernel_.until(kernel_.now() + 1);
      }
    }
  }
}

Time RowUnit::take_tokens(Time valid) {
  const EmbedFields& e = embed_.issued.op->embed;
  const int in_beat = m_.plan.axi_bits / kTokenBits;
  const int position = (e.input_row + token_) % in_beat;
  const int words = std::min(in_beat - position, e.rows - token_);
  token_ += words;
  const Time taken = valid + words - 1;
  if (token_ == e.rows) {
    tokens_at_ = taken;
    embed_changed_.notify();
  }
  cycles_.busy.add(valid, taken);
  return taken;
}

Time RowUnit::take_row(Time valid) {
  const EmbedFields& e = embed_.issued.op->embed;
  const auto group = static_cast<int>(group_at_.size());
  cycles_.busy.add(valid, valid);
  if (++part_ == group_beats(e, group) * e.rows) {
    part_ = 0;
    group_at_.push_back(valid);
    embed_changed_.notify();
  }
  return valid;
}

// --- FEAT.
Process RowUnit::features() {
  for (;;) {
    while (!feat_issue_.valid) co_await feat_changed_.wait();
    feat_issue_.valid = false;
    const Issued issued = feat_issue_.issued;
    const FeatFields& f = issued.op->feat;
    const Time setup = feat_issue_.at + 1;
    const int first = f.first_row == 0 ? 1 : 0;  // the class token has no features
    mode_ = Mode::kFeatures;
    cycles_.busy.add(setup, setup);
    feat_ = {f, 0, 0, 0, first == 1 ? 0 : f.features, setup + 1, 0};
    zero_steps();
    co_await kernel_.until(setup + 2);
    const auto row_bytes =
        static_cast<std::uint64_t>(f.beats) * static_cast<std::uint64_t>(m_.plan.axi_bytes);
    const auto before = static_cast<std::uint64_t>(f.input_row - 1 + first);
    std::uint64_t address = issued.job->input + before * row_bytes;
    for (int row = first; row < f.rows; ++row, address += row_bytes) {
      port_.request(MemoryPort::kRow, address, f.beats);
      while (port_.pending(MemoryPort::kRow)) co_await port_.accepted(MemoryPort::kRow).wait();
      co_await kernel_.until(kernel_.now() + 1);
    }
    while (!features_done()) co_await feat_changed_.wait();
    finish(issued, feat_.end + 2, feat_.end + 3);
  }
}

/// One step at `edge`; a complete word is written plane by plane before the next one starts.
void RowUnit::feature_step(Time edge) {
  const int step = std::min(m_.plan.axi_bytes, m_.plan.depth);
  cycles_.busy.add(edge, edge);
  feat_.left = std::max(0, feat_.left - step);
  feat_.next_step = edge + 1;
  if (++feat_.word_step < m_.plan.depth / step) return;
  feat_.word_step = 0;
  feat_.end = edge + kFeaturePlanes;
  feat_.next_step = feat_.end + 1;
  cycles_.busy.add(edge + 1, feat_.end);
  if (++feat_.word < feat_.f.kw) return;
  feat_.word = 0;
  feat_.left = feat_.f.features;
  ++feat_.row;
}

void RowUnit::zero_steps() {
  while (!features_done() && feat_.left == 0) feature_step(feat_.next_step);
}

Time RowUnit::take_features(Time valid) {
  const int step = std::min(m_.plan.axi_bytes, m_.plan.depth);
  Time taken = valid;
  for (int part = 0; part < m_.plan.axi_bytes / step; ++part) {
    taken = std::max(valid, feat_.next_step);
    const bool row_ends = feat_.left <= step;
    feature_step(taken);
    if (row_ends) break;
  }
  zero_steps();
  if (features_done()) feat_changed_.notify();
  return taken;
}

Time RowUnit::take(Time valid) {
  if (mode_ == Mode::kTokens) return take_tokens(valid);
  return mode_ == Mode::kFeatures ? take_features(valid) : take_row(valid);
}

}  // namespace bat::cycle_model
