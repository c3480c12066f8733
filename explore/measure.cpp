// SPDX-License-Identifier: Apache-2.0
#include "explore/measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "models/bmt/dataset.hpp"
#include "models/bmt/golden.hpp"
#include "models/bmt/metrics.hpp"
#include "models/bmt/robustness.hpp"
#include "models/io/atomic_file.hpp"

namespace bat::explore {
namespace {

/// Classifies all samples on all cores.
class Pass {
 public:
  Pass(const bmt::Model& model, std::span<const bmt::Sample> samples, double noise,
       std::uint64_t seed)
      : golden_(model),
        samples_(samples),
        noise_(noise),
        seed_(seed),
        predictions_(samples.size()) {}

  Result<double> run(const std::string& what, const Progress& progress) {
    const unsigned threads = std::max(1U, std::thread::hardware_concurrency());
    std::vector<std::optional<Error>> errors(threads);
    {
      std::vector<std::jthread> workers;
      for (unsigned t = 0; t < threads; ++t) {
        workers.emplace_back([this, &errors, t] { errors[t] = work(); });
      }
      while (next_ < samples_.size()) {
        if (progress) progress(what, std::min(next_.load(), samples_.size()), samples_.size());
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
    }
    for (const auto& error : errors) {
      if (error) return *error;
    }
    return bmt::metric(golden_.model(), predictions_);
  }

 private:
  std::optional<Error> work() {
    for (std::size_t i = next_++; i < samples_.size(); i = next_++) {
      bmt::GaussianNoise noise(noise_, seed_ * 0x9E3779B97F4A7C15ULL + i);
      const auto logits = golden_.logits(samples_[i], nullptr, noise_ > 0.0 ? &noise : nullptr);
      if (!logits.ok()) return logits.error();
      predictions_[i] = bmt::predict(golden_.model(), logits.value(), samples_[i]);
    }
    return std::nullopt;
  }

  bmt::GoldenModel golden_;
  std::span<const bmt::Sample> samples_;
  double noise_;
  std::uint64_t seed_;
  std::atomic<std::size_t> next_{0};
  std::vector<bmt::Prediction> predictions_;
};

/// Measures one model; loads its data when the first value is missing.
class Measurer {
 public:
  Measurer(const bmt::Model& model, const std::string& hash, const MeasureRequest& request,
           Measurements& known, const Progress& progress)
      : model_(model), hash_(hash), request_(request), known_(known), progress_(progress) {}

  Result<Figures> run() {
    Figures figures;
    const Robustness& r = request_.robustness;
    const std::string draws =
        fmt::format("{} draws of {} from seed {}", r.draws,
                    r.samples == 0 ? "all" : std::to_string(r.samples), r.seed);
    if (!value(figures.accuracy, "accuracy", [&] { return clean(); })) return error_;
    if (!request_.disturbed) return figures;
    const std::string first = r.samples == 0 ? "" : fmt::format(", first {}", r.samples);
    if (!value(figures.reference, "accuracy" + first, [&] {
          return Pass(model_, some(), 0.0, 0).run(model_.name + ", accuracy", progress_);
        })) {
      return error_;
    }
    if (!value(figures.noise, fmt::format("noise {:g}, {}", r.noise, draws),
               [&] { return noise(); })) {
      return error_;
    }
    for (const WeightGuard& guard : request_.guards) {
      std::optional<double> figure;
      if (!value(figure, fmt::format("weight flips {:g}{}, {}", r.bitflips, guard.text(), draws),
                 [&] { return flips(guard); })) {
        return error_;
      }
      figures.flips.push_back(*figure);
    }
    return figures;
  }

 private:
  template <typename Measure>
  bool value(std::optional<double>& figure, std::string what, const Measure& measure_it) {
    if (!request_.data.empty()) what += " on " + request_.data;
    figure = known_.find(hash_, what);
    if (figure) return true;
    if (samples_.empty() && !load()) return false;
    const Result<double> measured = measure_it();
    if (!measured.ok()) {
      error_ = measured.error();
      return false;
    }
    known_.add(hash_, model_.name, what, measured.value());
    figure = measured.value();
    return true;
  }

  bool load() {
    auto loaded = bmt::load_dataset(place(), model_);
    if (!loaded.ok()) {
      error_ = Error{fmt::format("model {}: its accuracy was not measured yet, and its data cannot "
                                 "be read ({}); give them with models.data or models.test_sets",
                                 model_.name, loaded.error().message),
                     loaded.error().kind};
      return false;
    }
    samples_ = std::move(loaded).value();
    if (samples_.empty()) {
      error_ = Error{fmt::format("model {}: its data hold no sample", model_.name)};
      return false;
    }
    return true;
  }

  std::filesystem::path place() const {
    const std::string_view own = own_test_set(model_.task);
    if (!request_.data.empty() || request_.test_sets.empty() || own.empty()) return request_.data;
    return std::filesystem::path(request_.test_sets) / own;
  }

  std::span<const bmt::Sample> some() const {
    const auto count = static_cast<std::size_t>(request_.robustness.samples);
    return std::span(samples_).first(count == 0 ? samples_.size()
                                                : std::min(count, samples_.size()));
  }

  Result<double> clean() {
    return Pass(model_, samples_, 0.0, 0).run(model_.name + ", accuracy", progress_);
  }

  template <typename Draw>
  Result<double> mean(const Draw& draw) {
    double sum = 0;
    for (int i = 0; i < request_.robustness.draws; ++i) {
      const auto result = draw(request_.robustness.seed + static_cast<std::uint64_t>(i));
      if (!result.ok()) return result.error();
      sum += result.value();
    }
    return sum / request_.robustness.draws;
  }

  Result<double> noise() {
    return mean([&](std::uint64_t seed) {
      return Pass(model_, some(), request_.robustness.noise, seed)
          .run(model_.name + ", noise", progress_);
    });
  }

  Result<double> flips(const WeightGuard& guard) {
    const bmt::WeightFlips how{request_.robustness.bitflips, guard.protection,
                               std::max(1, guard.word_bits)};
    return mean([&](std::uint64_t seed) {
      const bmt::Model flipped = bmt::flip_weight_bits(model_, how, seed);
      return Pass(flipped, some(), 0.0, 0).run(model_.name + ", bit flips", progress_);
    });
  }

  const bmt::Model& model_;
  const std::string& hash_;
  const MeasureRequest& request_;
  Measurements& known_;
  const Progress& progress_;
  std::vector<bmt::Sample> samples_;
  Error error_;
};

}  // namespace

std::string_view own_test_set(std::string_view task) {
  static constexpr std::pair<std::string_view, std::string_view> kPlaces[] = {
      {"sst2", "glue/SST-2"}, {"cola", "glue/CoLA"},          {"mrpc", "glue/MRPC"},
      {"rte", "glue/RTE"},    {"stsb", "glue/STS-B"},         {"clinc150", "clinc"},
      {"mnist", "mnist"},     {"spoken-digits", "recordings"}};
  for (const auto& [name, place] : kPlaces) {
    if (name == task) return place;
  }
  return {};
}

WeightGuard WeightGuard::of(const Config& config) {
  const bmt::Protection protection = config.memory.weight_protection;
  return {protection, protection == bmt::Protection::kParity ? config.array.depth : 0};
}

std::string WeightGuard::text() const {
  if (protection == bmt::Protection::kNone) return {};
  if (word_bits == 0) return fmt::format(", {}", to_string(protection));
  return fmt::format(", {} of {} bits", to_string(protection), word_bits);
}

Status Measurements::load(const std::filesystem::path& file) {
  std::error_code none;
  if (!std::filesystem::exists(file, none)) return Ok{};
  const auto text = io::read_text(file);
  if (!text.ok()) return text.error();
  const auto json = nlohmann::json::parse(text.value(), nullptr, false);
  const Error bad{
      fmt::format("{}: is no file of measurements: remove it to measure again", file.string())};
  if (!json.is_object()) return bad;
  for (const auto& [hash, entry] : json.items()) {
    if (!entry.is_object() || !entry.contains("values") || !entry["values"].is_object()) return bad;
    const std::string model = entry.contains("model") && entry["model"].is_string()
                                  ? entry["model"].get<std::string>()
                                  : std::string();
    for (const auto& [what, value] : entry["values"].items()) {
      if (!value.is_number()) return bad;
      add(hash, model, what, value);
    }
  }
  return Ok{};
}

Status Measurements::save(const std::filesystem::path& file) const {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [hash, entry] : entries_) {
    json[hash] = {{"model", entry.model}, {"values", entry.values}};
  }
  return io::write_text_atomic(file, json.dump(2) + "\n");
}

std::optional<double> Measurements::find(const std::string& hash, const std::string& what) const {
  const auto entry = entries_.find(hash);
  if (entry == entries_.end()) return std::nullopt;
  const auto value = entry->second.values.find(what);
  if (value == entry->second.values.end()) return std::nullopt;
  return value->second;
}

void Measurements::add(const std::string& hash, const std::string& model, const std::string& what,
                       double value) {
  Entry& entry = entries_[hash];
  entry.model = model;
  entry.values.try_emplace(what, value);
}

Result<Figures> measure(const bmt::Model& model, const std::string& hash,
                        const MeasureRequest& request, Measurements& known,
                        const Progress& progress) {
  return Measurer(model, hash, request, known, progress).run();
}

}  // namespace bat::explore
