// SPDX-License-Identifier: Apache-2.0
// Feeds mutated files to every reader. A crash, a broken promise or an empty message fails.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "verif/fuzz/mutator.hpp"
#include "verif/fuzz/targets.hpp"

namespace {

using bat::fuzz::Target;

bool accepts_valid_files(const Target& target) {
  if (target.valid.empty()) {
    std::printf("%s: no valid file to start from\n", target.name.c_str());
    return false;
  }
  for (const std::string& image : target.valid) {
    std::string broken;
    const std::string message = target.read(image, broken);
    if (!message.empty() || !broken.empty()) {
      std::printf("%s: a valid file is refused: %s%s\n", target.name.c_str(), message.c_str(),
                  broken.c_str());
      return false;
    }
  }
  return true;
}

struct Tally {
  std::size_t accepted = 0;
  std::size_t refused = 0;
};

bool run(const Target& target, std::size_t count, std::uint64_t seed) {
  if (!accepts_valid_files(target)) return false;
  Tally tally;
  for (std::size_t i = 0; i < count; ++i) {
    // Every case has its own seed, so that one alone can be run again.
    bat::fuzz::Random random(seed + i);
    std::string image = bat::fuzz::mutate(target.valid[random.below(target.valid.size())], random);
    if (target.repair && random.below(2) == 0) image = target.repair(image);
    std::string broken;
    const std::string message = target.read(image, broken);
    if (!broken.empty()) {
      std::printf("%s: %s\nagain: fuzz_readers --target %s --count 1 --seed %llu\n",
                  target.name.c_str(), broken.c_str(), target.name.c_str(),
                  static_cast<unsigned long long>(seed + i));
      return false;
    }
    ++(message.empty() ? tally.accepted : tally.refused);
  }
  std::printf("%s: %zu mutated files, %zu accepted, %zu refused with a message\n",
              target.name.c_str(), count, tally.accepted, tally.refused);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Feeds mutated files to the readers of untrusted input"};
  std::string name = "all";
  std::size_t count = 1000;
  std::uint64_t seed = 1;
  app.add_option("--target", name, "Reader, or all")->capture_default_str();
  app.add_option("--count", count, "Mutated files a reader")->capture_default_str();
  app.add_option("--seed", seed, "Seed of the first file")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  bool found = false;
  bool passed = true;
  for (const Target& target : bat::fuzz::targets()) {
    if (name != "all" && name != target.name) continue;
    found = true;
    passed = run(target, count, seed) && passed;
  }
  if (!found) std::printf("unknown target '%s'\n", name.c_str());
  return found && passed ? 0 : 1;
}
