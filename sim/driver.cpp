// SPDX-License-Identifier: Apache-2.0
#include "sim/driver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "rtl_gen/program/disassemble.hpp"
#include "sim/golden_device.hpp"

namespace bat::sim {
namespace {

/// Written around every output, so that a stray write shows.
constexpr std::uint8_t kGuard = 0xA5;
constexpr std::uint64_t kGuardBytes = 64;

constexpr std::array kErrorNames{"none",
                                 "bad program header",
                                 "configuration hash mismatch",
                                 "unknown opcode or opcode not built in",
                                 "AXI read error",
                                 "AXI write error",
                                 "program without END",
                                 "job queue overflow"};

std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

}  // namespace

Driver::Driver(Device& device, const Config& config, const Plan& plan, const ModelImage& image,
               const DriverOptions& options)
    : device_(device), config_(config), plan_(plan), image_(image), options_(options) {
  free_ = round_up(options.base, static_cast<std::uint64_t>(memory_alignment(plan)));
}

std::uint64_t Driver::allocate(std::uint64_t bytes) {
  const std::uint64_t address = free_;
  free_ = round_up(free_ + bytes, static_cast<std::uint64_t>(memory_alignment(plan_)));
  return address;
}

Status Driver::check_identity() {
  const auto expect = [this](std::uint32_t offset, std::uint32_t value,
                             const char* what) -> Status {
    const Result<std::uint32_t> got = device_.read_register(offset);
    if (!got.ok()) return got.error();
    if (got.value() == value) return Ok{};
    return Error{
        fmt::format("the device is not of configuration '{}': {} is {:#010x}, not {:#010x}",
                    config_.name, what, got.value(), value),
        ErrorKind::kMismatch};
  };
  if (Status s = expect(reg::kMagic, reg::kMagicValue, "MAGIC"); !s.ok()) return s;
  if (Status s = expect(reg::kConfigHash, config_hash32(config_), "CONFIG_HASH"); !s.ok()) return s;
  return expect(reg::kShape, shape_register(config_), "SHAPE");
}

Status Driver::write_wide(std::uint32_t offset, std::uint64_t value) {
  if (Status s = device_.write_register(offset, static_cast<std::uint32_t>(value)); !s.ok()) {
    return s;
  }
  return device_.write_register(offset + 4, static_cast<std::uint32_t>(value >> 32));
}

Status Driver::configure() {
  if (Status s = write_wide(reg::kModelBase, model_address_); !s.ok()) return s;
  return device_.write_register(reg::kCtrl, reg::kCtrlEnable | reg::kCtrlIrq);
}

Status Driver::allocate_slots() {
  const std::uint64_t alignment = static_cast<std::uint64_t>(memory_alignment(plan_));
  const auto sentences = static_cast<std::uint64_t>(std::max(options_.sentences, 1));
  const std::uint64_t row = std::max<std::uint64_t>(
      4, round_up(static_cast<std::uint64_t>(std::max(image_.features, 1)), plan_.axi_bytes));
  const std::uint64_t input =
      round_up(row * static_cast<std::uint64_t>(image_.max_tokens), alignment) * sentences;
  const std::uint64_t output =
      round_up(4 * static_cast<std::uint64_t>(plan_.logit_words), alignment) + 2 * kGuardBytes +
      2 * alignment;
  const int window = options_.window > 0 ? options_.window : plan_.job_queue_depth;
  const std::vector<std::uint8_t> guard(output, kGuard);
  for (int i = 0; i < window; ++i) {
    Slot slot;
    slot.input = allocate(input);
    const std::uint64_t area = allocate(output);
    if (Status s = device_.write_memory(area, guard); !s.ok()) return s;
    slot.output = round_up(area + kGuardBytes, alignment);
    slots_.push_back(slot);
  }
  return Ok{};
}

Status Driver::start() {
  parameters_ = Parameters::kLoad;
  if (Status s = device_.reset(); !s.ok()) return s;
  if (Status s = check_identity(); !s.ok()) return s;
  model_address_ = allocate(image_.bytes.size());
  if (Status s = device_.write_memory(model_address_, image_.bytes); !s.ok()) return s;
  if (Status s = allocate_slots(); !s.ok()) return s;
  return configure();
}

Result<const Program*> Driver::program(const std::vector<int>& lengths) {
  if (const auto it = programs_.find(key(lengths)); it != programs_.end()) {
    return static_cast<const Program*>(it->second.program.get());
  }
  Result<Program> compiled = compile_program(config_, plan_, image_, lengths, parameters_);
  if (!compiled.ok()) return compiled.error();
  LoadedProgram loaded;
  loaded.program = std::make_unique<Program>(std::move(compiled).value());
  const std::vector<std::uint8_t> bytes = loaded.program->bytes();
  loaded.address = allocate(bytes.size());
  if (Status s = device_.write_memory(loaded.address, bytes); !s.ok()) return s.error();
  const Program* result = loaded.program.get();
  programs_[key(lengths)] = std::move(loaded);
  return result;
}

Result<std::uint64_t> Driver::program_address(const std::vector<int>& lengths) {
  const Result<const Program*> loaded = program(lengths);
  if (!loaded.ok()) return loaded.error();
  return programs_.at(key(lengths)).address;
}

std::vector<int> Driver::next_lengths(std::span<const bmt::Sample> samples) const {
  std::vector<int> lengths{samples.front().tokens()};
  const auto most = static_cast<std::size_t>(std::max(options_.sentences, 1));
  for (const bmt::Sample& sample : samples.subspan(1)) {
    if (lengths.size() == most) break;
    lengths.push_back(sample.tokens());
    if (check_lengths(config_, plan_, image_, lengths)) continue;
    lengths.pop_back();
    break;
  }
  return lengths;
}

Parameters Driver::next_parameters() const {
  const auto every = static_cast<std::size_t>(std::max(options_.reload_every, 0));
  return every > 0 && pushed_ % every == 0 ? Parameters::kLoad : Parameters::kKeep;
}

Result<std::size_t> Driver::push(std::size_t first, std::span<const bmt::Sample> rest, int attempt,
                                 const DriverHooks& hooks) {
  const std::vector<int> lengths = next_lengths(rest);
  const Result<const Program*> wanted = program(lengths);
  if (!wanted.ok()) return wanted.error();
  const Program& program = *wanted.value();
  const auto input = pack_input(program.input, rest.first(lengths.size()));
  if (!input.ok()) return input.error();
  const std::size_t index = pushed_++ % slots_.size();
  const Slot& slot = slots_[index];
  if (Status s = device_.write_memory(slot.input, input.value()); !s.ok()) return s.error();
  if (hooks.before_push) hooks.before_push(first, program);
  const std::uint64_t address = programs_.at(key(lengths)).address;
  if (Status s = write_wide(reg::kJobProgram, address); !s.ok()) return s.error();
  if (Status s = write_wide(reg::kJobInput, slot.input); !s.ok()) return s.error();
  if (Status s = write_wide(reg::kJobOutput, slot.output); !s.ok()) return s.error();
  in_flight_.push_back(InFlight{first, &program, index, attempt});
  if (Status s = device_.write_register(reg::kJobPush, 1); !s.ok()) return s.error();
  if (plan_.resident) parameters_ = next_parameters();
  return lengths.size();
}

Status Driver::retire(const DriverHooks& hooks) {
  const Result<std::uint32_t> done = device_.read_register(reg::kJobsDone);
  if (!done.ok()) return done.error();
  // After JOBS_DONE: the event of a job comes before its end.
  if (Status s = find_doubtful(); !s.ok()) return s;
  for (; jobs_done_ != done.value(); ++jobs_done_) {
    if (in_flight_.empty()) {
      return Error{"the device completed a job that was not pushed", ErrorKind::kMismatch};
    }
    const InFlight job = in_flight_.front();
    in_flight_.erase(in_flight_.begin());
    if (job.doubtful) {
      again_.push_back(job);
      continue;
    }
    std::vector<std::uint8_t> bytes(job.program->output.bytes);
    if (Status s = device_.read_memory(slots_[job.slot].output, bytes); !s.ok()) return s;
    if (!hooks.completed) continue;
    for (int i = 0; i < job.program->output.sentences; ++i) {
      hooks.completed(job.first + static_cast<std::size_t>(i),
                      unpack_output(job.program->output, i, bytes));
    }
  }
  return Ok{};
}

Error Driver::device_error(std::uint32_t value) {
  fault_.code = static_cast<int>(value & 0xFF);
  fault_.unit = static_cast<int>(value >> 8 & 0xFF);
  fault_.instruction = static_cast<int>(value >> 16);
  const auto code = static_cast<std::size_t>(fault_.code);
  return Error{
      fmt::format("the accelerator reports error {} ({}), unit or client {}, instruction {}",
                  fault_.code, code < kErrorNames.size() ? kErrorNames[code] : "unknown",
                  fault_.unit, fault_.instruction),
      ErrorKind::kMismatch};
}

Status Driver::wait(const DriverHooks& hooks) {
  const Result<Wait> outcome = device_.wait(options_.max_job_cycles);
  if (!outcome.ok()) return outcome.error();
  if (outcome.value() != Wait::kInterrupt) {
    const Result<std::string> stall = describe_stall(device_);
    return Error{fmt::format("no progress in cycle {}{}; {} jobs in flight\n{}", device_.cycle(),
                             outcome.value() == Wait::kLimit ? " (job time limit)" : "",
                             in_flight_.size(), stall.ok() ? stall.value() : stall.error().message),
                 ErrorKind::kMismatch};
  }
  const Result<std::uint32_t> irq = device_.read_register(reg::kIrq);
  if (!irq.ok()) return irq.error();
  // Clear first, read JOBS_DONE after: a job that ends in between raises the interrupt again.
  const std::uint32_t seen = irq.value() & ~reg::kIrqWeights;
  if (Status s = device_.write_register(reg::kIrq, seen); !s.ok()) return s;
  if (irq.value() & reg::kIrqError) {
    const Result<std::uint32_t> error = device_.read_register(reg::kError);
    if (!error.ok()) return error.error();
    return device_error(error.value());
  }
  return retire(hooks);
}

Status Driver::find_doubtful() {
  if (config_.memory.weight_protection != bmt::Protection::kParity) return Ok{};
  const Result<std::uint32_t> irq = device_.read_register(reg::kIrq);
  if (!irq.ok()) return irq.error();
  if ((irq.value() & reg::kIrqWeights) == 0) return Ok{};
  for (InFlight& job : in_flight_) job.doubtful = true;
  return device_.write_register(reg::kIrq, reg::kIrqWeights);
}

Status Driver::fill(const std::vector<bmt::Sample>& samples, std::size_t& next,
                    const DriverHooks& hooks) {
  while (in_flight_.size() < slots_.size()) {
    if (!again_.empty()) {
      const InFlight job = again_.front();
      again_.erase(again_.begin());
      if (job.attempt >= options_.weight_retries) {
        return Error{fmt::format("sample {}: weight memory had parity errors in {} runs", job.first,
                                 job.attempt + 1),
                     ErrorKind::kMismatch};
      }
      const auto rest = std::span(samples).subspan(job.first);
      if (const auto taken = push(job.first, rest, job.attempt + 1, hooks); !taken.ok()) {
        return taken.error();
      }
      ++repeated_;
    } else if (next < samples.size()) {
      const auto taken = push(next, std::span(samples).subspan(next), 0, hooks);
      if (!taken.ok()) return taken.error();
      next += taken.value();
    } else {
      break;
    }
  }
  return Ok{};
}

Status Driver::run(const std::vector<bmt::Sample>& samples, const DriverHooks& hooks) {
  fault_ = DeviceFault{};
  again_.clear();
  std::size_t next = 0;
  do {
    if (Status s = fill(samples, next, hooks); !s.ok()) return s;
    if (in_flight_.empty()) break;
    if (Status s = wait(hooks); !s.ok()) return s;
  } while (next < samples.size() || !in_flight_.empty() || !again_.empty());
  return Ok{};
}

Result<std::uint64_t> Driver::weight_faults() {
  if (config_.memory.weight_protection == bmt::Protection::kNone) return std::uint64_t{0};
  const Result<std::uint32_t> count = device_.read_register(reg::kWeightFaults);
  if (!count.ok()) return count.error();
  return std::uint64_t{count.value()};
}

Status Driver::recover() {
  in_flight_.clear();
  parameters_ = Parameters::kLoad;
  if (Status s = device_.write_register(reg::kCtrl, reg::kCtrlReset); !s.ok()) return s;
  for (int i = 0; i < 1000; ++i) {
    const Result<std::uint32_t> ctrl = device_.read_register(reg::kCtrl);
    if (!ctrl.ok()) return ctrl.error();
    if ((ctrl.value() & reg::kCtrlReset) == 0) break;
  }
  const Result<std::uint32_t> done = device_.read_register(reg::kJobsDone);
  if (!done.ok()) return done.error();
  jobs_done_ = done.value();
  if (Status s = device_.write_register(reg::kIrq, reg::kIrqDone | reg::kIrqError); !s.ok()) {
    return s;
  }
  return configure();
}

Result<std::uint64_t> Driver::counter(int index) {
  const std::uint32_t offset = reg::kCounters + 8 * static_cast<std::uint32_t>(index);
  const Result<std::uint32_t> low = device_.read_register(offset);
  if (!low.ok()) return low.error();
  const Result<std::uint32_t> high = device_.read_register(offset + 4);
  if (!high.ok()) return high.error();
  return low.value() | static_cast<std::uint64_t>(high.value()) << 32;
}

Status Driver::clear_counters() {
  return device_.write_register(reg::kCtrl, reg::kCtrlEnable | reg::kCtrlIrq | reg::kCtrlClear);
}

Status Driver::check_memory() {
  const auto same = [this](std::uint64_t address, std::span<const std::uint8_t> expected,
                           const char* what) -> Status {
    std::vector<std::uint8_t> got(expected.size());
    if (Status s = device_.read_memory(address, got); !s.ok()) return s;
    const auto at = std::mismatch(expected.begin(), expected.end(), got.begin()).first;
    if (at == expected.end()) return Ok{};
    return Error{fmt::format("the accelerator overwrote {} at address {:#x}", what,
                             address + static_cast<std::uint64_t>(at - expected.begin())),
                 ErrorKind::kMismatch};
  };
  if (Status s = same(model_address_, image_.bytes, "the model"); !s.ok()) return s;
  for (const auto& [what, loaded] : programs_) {
    if (Status s = same(loaded.address, loaded.program->bytes(), "a program"); !s.ok()) return s;
  }
  const std::vector<std::uint8_t> guard(kGuardBytes, kGuard);
  // The largest job may have written this much; a smaller one leaves the guard bytes behind it.
  int words = image_.classes;
  for (const auto& [what, loaded] : programs_) {
    words = std::max(words, loaded.program->output.words());
  }
  const std::uint64_t logits = 4 * static_cast<std::uint64_t>(words);
  for (const Slot& slot : slots_) {
    if (Status s = same(slot.output - kGuardBytes, guard, "bytes before an output"); !s.ok()) {
      return s;
    }
    if (Status s = same(slot.output + logits, guard, "bytes after an output"); !s.ok()) return s;
  }
  return Ok{};
}

Result<std::string> describe_stall(Device& device, std::uint64_t cycles) {
  constexpr std::size_t kCounters = 16;
  const auto snapshot = [&device]() -> Result<std::array<std::uint64_t, kCounters>> {
    std::array<std::uint64_t, kCounters> values{};
    for (std::size_t i = 0; i < kCounters; ++i) {
      const auto low = device.read_register(reg::kCounters + 8 * static_cast<std::uint32_t>(i));
      if (!low.ok()) return low.error();
      values[i] = low.value();
    }
    return values;
  };
  const auto before = snapshot();
  if (!before.ok()) return before.error();
  if (const auto ran = device.run(cycles); !ran.ok()) return ran.error();
  const auto after = snapshot();
  if (!after.ok()) return after.error();
  const auto status = device.read_register(reg::kStatus);
  const auto done = device.read_register(reg::kJobsDone);
  if (!status.ok() || !done.ok()) return std::string("registers do not answer");
  std::string text = fmt::format("STATUS {:#x}, {} jobs done; of about {} more cycles:\n",
                                 status.value(), done.value(), cycles);
  for (std::size_t unit = 0; unit < isa::kNumUnits; ++unit) {
    const auto delta = [&](std::size_t i) {
      return after.value()[3 * unit + i] - before.value()[3 * unit + i];
    };
    text += fmt::format("  {}: busy {}, starved {}, stalled {}\n",
                        isa::to_string(static_cast<isa::Unit>(unit)), delta(1), delta(2), delta(3));
  }
  return text;
}

}  // namespace bat::sim
