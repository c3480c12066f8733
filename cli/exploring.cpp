// SPDX-License-Identifier: Apache-2.0
#include "cli/exploring.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "cli/model_lookup.hpp"

namespace bat::cli {

explore::Progress Bars::progress() {
  return [this](std::string_view what, std::size_t done, std::size_t total) {
    if (!bar_ || what != what_) {
      bar_.reset();
      what_ = what;
      bar_ = std::make_unique<ProgressBar>(what_);
    }
    bar_->update(done, total);
  };
}

unsigned worker_threads(unsigned chosen) {
  return chosen > 0 ? chosen : std::max(1U, std::thread::hardware_concurrency());
}

std::string duration_text(double seconds) {
  if (seconds < 100) return fmt::format("{:.0f} s", std::max(1.0, seconds));
  if (seconds < 6000) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

std::string own_path() {
  std::error_code failure;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", failure);
  return failure ? "batkit" : path.string();
}

Result<explore::Exploration> prepare(explore::Space space, const std::string& folder,
                                     const explore::Progress& progress, const Announce& announce) {
  auto variants = explore::load_variants(space, zoo_folder());
  if (!variants.ok()) return variants.error();
  if (Status s = announce(space, variants.value().size()); !s.ok()) return s.error();
  const std::filesystem::path own = std::filesystem::path(folder) / "measured.json";
  explore::Measurements known;
  if (Status s = known.load(zoo_folder() / "measured.json"); !s.ok()) return s.error();
  if (!folder.empty()) {
    if (Status s = known.load(own); !s.ok()) return s.error();
  }
  const Status measured = explore::measure_variants(space, variants.value(), known, progress);
  // What was measured before a later model failed is kept too.
  if (!folder.empty()) {
    if (Status s = known.save(own); !s.ok()) return s.error();
  }
  if (!measured.ok()) return measured.error();
  return explore::Exploration(std::move(space), std::move(variants).value(), explore::area_model());
}

Result<std::unique_ptr<explore::Journal>> open_journal(const std::string& folder) {
  if (folder.empty()) return std::make_unique<explore::Journal>();
  return explore::Journal::open(std::filesystem::path(folder) / "journal.txt", BATKIT_VERSION);
}

void add_launcher_options(CLI::App& command, std::string& launcher, std::string& slurm,
                          unsigned& parallel, int& retries) {
  command.add_option("--launcher", launcher, "Where jobs run: local or slurm (a job array)")
      ->capture_default_str();
  command.add_option("--slurm", slurm, "Further arguments of sbatch, such as '--partition=long'");
  command.add_option("--parallel", parallel, "Jobs at a time (0: all cores; Slurm: no limit)");
  command.add_option("--retries", retries, "Further attempts of a job that fails")
      ->capture_default_str()
      ->check(CLI::Range(0, 100));
}

}  // namespace bat::cli
