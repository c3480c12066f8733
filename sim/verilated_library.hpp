// SPDX-License-Identifier: Apache-2.0
// A generated design as a shared library: verilated and compiled once, kept in a cache, loaded with
// dlopen.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "models/io/result.hpp"
#include "sim/verilated/abi.hpp"

namespace bat::sim {

/// What the library is for.
enum class Flavor {
  kFast,   ///< no observation, optimized for speed
  kTaps,   ///< every memory write and completion is reported; assertions on, random initial state
  kTrace,  ///< as kTaps, and writes FST traces
};
const char* name(Flavor flavor);

struct RtlFile {
  std::string name;  ///< file name without folder
  std::string text;
};

struct LibraryRequest {
  std::vector<RtlFile> files;  ///< in reading order: packages first
  std::string label;  ///< first part of the cache folder's name, such as a configuration name
  Flavor flavor = Flavor::kFast;
  bool structures = false;      ///< popcounts as they are synthesized, not as $countones
  std::filesystem::path cache;  ///< empty: default_cache_dir()
};

/// $BAT_CACHE_DIR, else $XDG_CACHE_HOME/batkit, else ~/.cache/batkit, else batkit in the system's
/// folder for temporary files.
std::filesystem::path default_cache_dir();

class VerilatedLibrary {
 public:
  ~VerilatedLibrary();
  VerilatedLibrary(const VerilatedLibrary&) = delete;
  VerilatedLibrary& operator=(const VerilatedLibrary&) = delete;

  const BatSimApi& api() const { return *api_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  friend Result<std::shared_ptr<const VerilatedLibrary>> load_library(const std::filesystem::path&);
  VerilatedLibrary(void* handle, const BatSimApi* api, std::filesystem::path path)
      : handle_(handle), api_(api), path_(std::move(path)) {}

  void* handle_;
  const BatSimApi* api_;
  std::filesystem::path path_;
};

/// Builds the library unless the cache has it. The key covers the RTL text, the harness, the
/// flavor, the compiler and the Verilator version, so a hit never is stale. Several processes may
/// ask for the same library at once: one builds, the others wait. A failed build leaves its log in
/// the cache and the error shows the end of it. ErrorKind::kMissingTool if a tool is not installed.
Result<std::filesystem::path> build_library(const LibraryRequest& request);

Result<std::shared_ptr<const VerilatedLibrary>> load_library(const std::filesystem::path& path);

}  // namespace bat::sim
