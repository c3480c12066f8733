// SPDX-License-Identifier: Apache-2.0
#include "sim/bench.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <utility>

#include "models/bmt/golden.hpp"
#include "models/io/atomic_file.hpp"
#include "rtl_gen/program/compiler.hpp"
#include "sim/design.hpp"
#include "sim/driver.hpp"
#include "sim/golden_device.hpp"
#include "sim/port_device.hpp"
#include "sim/scoreboard.hpp"
#include "sim/tap_fanout.hpp"
#include "sim/timeline.hpp"
#include "sim/verilated_device.hpp"

namespace bat::sim {
namespace {

constexpr std::size_t kKeptMismatches = 8;

Flavor flavor_of(const RunOptions& options) {
  if (!options.trace.empty()) return Flavor::kTrace;
  return options.check == CheckLevel::kTensors ? Flavor::kTaps : Flavor::kFast;
}

/// State of one run: a device, its driver, what is expected of it, what came.
class Session {
 public:
  Session(const Bench& bench, const bmt::Model& model, const std::vector<bmt::Sample>& samples,
          const RunOptions& options, const std::string& replay)
      : bench_(bench),
        samples_(samples),
        options_(options),
        replay_(replay),
        golden_(model),
        compare_(options.backend != Backend::kRtl || options.check == CheckLevel::kTensors),
        scoreboard_(bench.config(), bench.plan(), options.seed, replay),
        timeline_(bench.plan()) {
    if (tensors()) taps_.add(&scoreboard_);
    if (!options.timeline.empty()) taps_.add(&timeline_);
    result_.config = bench.config().name;
    result_.model = model.name;
    result_.samples = samples.size();
    result_.logits.resize(samples.size());
    expected_.resize(samples.size());
  }

  Result<RunResult> golden_only() {
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      auto logits = golden_.logits(samples_[i]);
      if (!logits.ok()) return logits.error();
      result_.logits[i] = std::move(logits).value();
      report_progress(i + 1);
    }
    score();
    return std::move(result_);
  }

  Result<RunResult> on_device() {
    auto image = build_image(bench_.config(), bench_.plan(), golden_.model());
    if (!image.ok()) return image.error();
    const std::unique_ptr<Device> device = make_device();
    DriverOptions driver_options;
    // Anywhere in memory must do: the seed moves everything.
    driver_options.base = 4096 + 64 * (options_.seed % 97);
    driver_options.reload_every = options_.reload_every;
    driver_options.sentences = std::min(options_.sentences, bench_.plan().sentences);
    Driver driver(*device, bench_.config(), bench_.plan(), image.value(), driver_options);
    if (Status s = driver.start(); !s.ok()) return s.error();
    const auto started = std::chrono::steady_clock::now();
    const std::uint64_t first_cycle = device->cycle();
    const Status status = driver.run(samples_, hooks());
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
    scoreboard_.flush();
    const auto cycles = static_cast<double>(device->cycle() - first_cycle);
    collect_checks(*device);
    if (error_) return *error_;
    if (!status.ok()) return hang(status.error());
    if (!samples_.empty())
      result_.cycles_per_sample = cycles / static_cast<double>(samples_.size());
    if (elapsed.count() > 0) result_.sim_cycles_per_second = cycles / elapsed.count();
    if (Status s = read_counters(driver); !s.ok()) return s.error();
    for (std::string& fault : counter_faults(result_.counters)) {
      result_.violations.push_back(std::move(fault));
    }
    if (Status s = driver.check_memory(); !s.ok()) return s.error();
    if (Status s = write_timeline(first_cycle); !s.ok()) return s.error();
    score();
    return std::move(result_);
  }

 private:
  bool tensors() const {
    return options_.check == CheckLevel::kTensors || options_.backend == Backend::kInterpreter;
  }

  std::unique_ptr<Device> make_device() {
    if (options_.backend == Backend::kInterpreter) {
      ExecutionOrder order;
      order.shuffled = options_.stall != StallMode::kNone;
      order.seed = options_.seed;
      return std::make_unique<GoldenDevice>(bench_.config(), bench_.plan(), order, &scoreboard_);
    }
    if (options_.ports != nullptr) {
      PortDeviceOptions ports;
      ports.bus_bytes = bench_.config().memory.axi_data_bits / 8;
      ports.latency = options_.memory.latency;
      ports.bandwidth = options_.memory.bandwidth;
      ports.max_outstanding = options_.memory.max_outstanding;
      ports.stuck_cycles = options_.stuck_cycles;
      return std::make_unique<PortDevice>(*options_.ports, ports);
    }
    VerilatedOptions v;
    v.latency = options_.memory.latency;
    v.bandwidth = options_.memory.bandwidth;
    v.max_outstanding = options_.memory.max_outstanding;
    v.stall = options_.stall;
    v.seed = options_.seed;
    v.trace = options_.trace.string();
    v.check = tensors();
    v.stuck_cycles = options_.stuck_cycles;
    v.taps = taps_.empty() ? nullptr : &taps_;
    auto device = std::make_unique<VerilatedDevice>(bench_.library(), v);
    verilated_ = device.get();
    return device;
  }

  DriverHooks hooks() {
    DriverHooks hooks;
    hooks.before_push = [this](std::size_t i, const Program& program) { expect(i, program); };
    hooks.completed = [this](std::size_t i, const std::vector<std::int32_t>& logits) {
      receive(i, logits);
    };
    return hooks;
  }

  void expect(std::size_t first, const Program& program) {
    std::vector<std::unique_ptr<GoldenTensors>> golden;
    for (std::size_t i = first; compare_ && i < first + program.lengths.size(); ++i) {
      golden.push_back(tensors() ? std::make_unique<GoldenTensors>() : nullptr);
      auto logits = golden_.logits(samples_[i], golden.back().get());
      if (!logits.ok()) {
        error_ = logits.error();
        return;
      }
      expected_[i] = std::move(logits).value();
    }
    if (!options_.timeline.empty()) timeline_.expect(first, program);
    if (!tensors()) return;
    jobs_end_.push_back(first + program.lengths.size());
    scoreboard_.expect(first, program, std::move(golden));
  }

  void receive(std::size_t i, const std::vector<std::int32_t>& logits) {
    result_.logits[i] = logits;
    if (compare_) compare_logits(i, logits);
    if (options_.backend == Backend::kInterpreter && i + 1 == jobs_end_.front()) {
      jobs_end_.pop_front();
      scoreboard_.retire();
    }
    report_progress(++received_);
  }

  void compare_logits(std::size_t i, const std::vector<std::int32_t>& logits) {
    const std::vector<std::int32_t>& expected = expected_[i];
    result_.compared_bits += 32 * expected.size();
    Mismatch mismatch;
    mismatch.elements = 0;
    for (std::size_t k = 0; k < expected.size(); ++k) {
      if (k < logits.size() && logits[k] == expected[k]) continue;
      if (mismatch.elements++ > 0) continue;
      mismatch.column = static_cast<int>(k);
      mismatch.expected = expected[k];
      mismatch.got = k < logits.size() ? logits[k] : 0;
    }
    expected_[i].clear();
    if (mismatch.elements == 0) return;
    ++result_.mismatches;
    mismatch.config = bench_.config().name;
    mismatch.seed = options_.seed;
    mismatch.sample = i;
    mismatch.tensor = "logits in memory";
    mismatch.replay = replay_;
    if (logit_mismatches_.size() < kKeptMismatches) logit_mismatches_.push_back(mismatch);
  }

  void collect_checks(Device& device) {
    if (verilated_ && tensors() && !error_) verilated_->expect_idle();
    result_.violations = device.violations();
    result_.compared_bits += scoreboard_.compared_bits();
    result_.mismatches += scoreboard_.mismatch_count();
    result_.first_mismatches = scoreboard_.mismatches();
    result_.first_mismatches.insert(result_.first_mismatches.end(), logit_mismatches_.begin(),
                                    logit_mismatches_.end());
    for (const std::string& fault : scoreboard_.faults()) result_.violations.push_back(fault);
    result_.bit_exact = result_.mismatches == 0;
  }

  /// Why it stands still, and what went wrong before that: the cause comes first.
  Error hang(const Error& error) const {
    std::string text;
    for (const Mismatch& mismatch : result_.first_mismatches) text += mismatch.text() + '\n';
    for (const std::string& violation : result_.violations) text += violation + '\n';
    text += error.message;
    if (tensors()) text += "oldest unfinished instruction of each unit:\n" + scoreboard_.pending();
    return Error{text + "replay: " + replay_, error.kind};
  }

  Status read_counters(Driver& driver) {
    for (std::size_t i = 0; i < result_.counters.size(); ++i) {
      const Result<std::uint64_t> value = driver.counter(static_cast<int>(i));
      if (!value.ok()) return value.error();
      result_.counters[i] = value.value();
    }
    const Result<std::uint64_t> faults = driver.weight_faults();
    if (!faults.ok()) return faults.error();
    if (faults.value() > 0) {
      result_.violations.push_back(
          fmt::format("weight memory reports {} wrong words, but nothing flips", faults.value()));
    }
    const std::uint64_t active = result_.counters[0];
    if (active > 0) {
      result_.qmm_utilization =
          static_cast<double>(result_.counters[16]) / static_cast<double>(active);
    }
    return Ok{};
  }

  Status write_timeline(std::uint64_t first_cycle) const {
    if (options_.timeline.empty()) return Ok{};
    const std::string title = fmt::format("{} on {}", result_.model, result_.config);
    return io::write_text_atomic(options_.timeline,
                                 timeline_.trace(title, first_cycle).dump() + '\n');
  }

  void score() {
    std::size_t labelled = 0;
    std::size_t correct = 0;
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      if (samples_[i].label < 0) continue;
      ++labelled;
      if (bmt::argmax(result_.logits[i]) == samples_[i].label) ++correct;
    }
    if (labelled > 0) {
      result_.accuracy = static_cast<double>(correct) / static_cast<double>(labelled);
    }
  }

  void report_progress(std::size_t done) const {
    if (options_.progress) options_.progress(done, samples_.size());
  }

  const Bench& bench_;
  const std::vector<bmt::Sample>& samples_;
  const RunOptions& options_;
  const std::string& replay_;
  bmt::GoldenModel golden_;
  bool compare_;
  Scoreboard scoreboard_;
  Timeline timeline_;
  TapFanout taps_;
  VerilatedDevice* verilated_ = nullptr;
  RunResult result_;
  std::vector<std::vector<std::int32_t>> expected_;
  std::vector<Mismatch> logit_mismatches_;
  std::deque<std::size_t> jobs_end_;  ///< samples up to the end of each observed job
  std::size_t received_ = 0;
  std::optional<Error> error_;
};

bool needs_library(Backend backend) {
  return backend == Backend::kRtl || backend == Backend::kBoth;
}

Status check_options(const RunOptions& options) {
  if (options.ports != nullptr &&
      (options.check == CheckLevel::kTensors || !options.trace.empty() ||
       !options.timeline.empty() || options.stall != StallMode::kNone)) {
    return Error{"a model seen by its ports shows logits only, without stalls"};
  }
  if (options.timeline.empty() || needs_library(options.backend)) return Ok{};
  return Error{"a timeline needs cycles, which only RTL has: use the backend 'rtl' or 'both'"};
}

}  // namespace

Result<Bench> Bench::create(const Config& config, const RunOptions& options) {
  if (Status s = check_options(options); !s.ok()) return s.error();
  const Result<Plan> planned = bat::plan(config);
  if (!planned.ok()) return planned.error();
  if (!needs_library(options.backend) || options.ports != nullptr)
    return Bench(config, planned.value());
  Result<std::vector<RtlFile>> files = rtl_files(config, planned.value());
  if (!files.ok()) return files.error();
  return create(config, options, std::move(files).value());
}

Result<Bench> Bench::create(const Config& config, const RunOptions& options,
                            std::vector<RtlFile> files) {
  const Result<Plan> planned = bat::plan(config);
  if (!planned.ok()) return planned.error();
  LibraryRequest request;
  request.files = std::move(files);
  request.label =
      (config.name.empty() ? "config" : config.name) + "-" + config_hash(config).substr(0, 8);
  request.flavor = flavor_of(options);
  request.structures = options.structures;
  request.cache = options.cache;
  const Result<std::filesystem::path> built = build_library(request);
  if (!built.ok()) return built.error();
  auto library = load_library(built.value());
  if (!library.ok()) return library.error();
  Bench bench(config, planned.value());
  bench.library_ = std::move(library).value();
  return bench;
}

Result<RunResult> Bench::run(const bmt::Model& model, const std::vector<bmt::Sample>& samples,
                             const RunOptions& options, const std::string& replay) const {
  if (Status s = check_options(options); !s.ok()) return s.error();
  Session session(*this, model, samples, options, replay);
  return options.backend == Backend::kGolden ? session.golden_only() : session.on_device();
}

}  // namespace bat::sim
