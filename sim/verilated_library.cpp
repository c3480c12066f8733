// SPDX-License-Identifier: Apache-2.0
#include "sim/verilated_library.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <system_error>
#include <utility>

#include "models/io/atomic_file.hpp"
#include "models/io/sha256.hpp"
#include "sim/process.hpp"
#include "sim/verilated/sources.hpp"

namespace bat::sim {
namespace fs = std::filesystem;
namespace {

constexpr const char* kInstallHint = "apt-get install verilator g++";
constexpr const char* kLibraryFile = "libbat_sim.so";

/// Advisory lock on a file, released when the process ends whatever happens.
class FileLock {
 public:
  explicit FileLock(const fs::path& path)
      : fd_(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644)) {
    while (fd_ >= 0 && ::flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  ~FileLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  bool held() const { return fd_ >= 0; }

 private:
  int fd_;
};

struct Tools {
  std::string verilator;
  std::string make;
  std::string compiler;  ///< "clang++" or "g++"
  std::string ccache;    ///< empty if not installed
};

Result<Tools> find_tools() {
  Tools tools;
  const auto missing = [](const char* program) {
    return Error{std::string("'") + program + "' is not installed; " + kInstallHint,
                 ErrorKind::kMissingTool};
  };
  const auto verilator = find_program("verilator");
  if (!verilator) return missing("verilator");
  const auto make = find_program("make");
  if (!make) return missing("make");
  tools.verilator = *verilator;
  tools.make = *make;
  // On `nano` the model by clang 14 is 1.3 times as fast as that by g++ 12, and built in half the
  // time.
  if (find_program("clang++")) {
    tools.compiler = "clang++";
  } else if (find_program("g++")) {
    tools.compiler = "g++";
  } else {
    return missing("g++");
  }
  if (find_program("ccache")) tools.ccache = "ccache";
  return tools;
}

std::vector<std::string> verilator_command(const LibraryRequest& request, const Tools& tools) {
  const bool taps = request.flavor != Flavor::kFast;
  std::string cflags =
      "-I.. -std=c++20 -fPIC -march=native -fvisibility=hidden "
      "-include sim/verilated/popcount.hpp -DBAT_SIM_TAPS=";
  cflags += taps ? "1" : "0";
  if (tools.compiler == "g++") cflags += " -fno-gnu-unique";
  std::vector<std::string> command{
      tools.verilator, "--cc",      "--exe",      "-O3",      "--x-assign", "fast",
      "--top-module",  "bat_top",   "--prefix",   "Vbat_top", "-Mdir",      "obj",
      "-Wno-fatal",    "-Wno-lint", "-Wno-style", "-CFLAGS",  cflags,       "-LDFLAGS",
      "-shared",       "-o",        kLibraryFile};
  command.emplace_back("+define+BAT_TAP_UNITS");
  if (request.structures) command.emplace_back("+define+SYNTHESIS");
  // Memories and state without reset start with random contents where results are checked closely.
  if (taps) {
    command.insert(command.end(),
                   {"--x-initial", "unique", "--assert", "+define+BAT_TAP+BAT_FAULT"});
  } else {
    command.insert(command.end(), {"--x-initial", "fast", "--noassert"});
  }
  if (request.flavor == Flavor::kTrace) command.emplace_back("--trace-fst");
  for (const RtlFile& file : request.files) command.push_back("rtl/" + file.name);
  for (const SourceFile& source : harness_sources()) {
    const std::string path = source.path;
    if (path.ends_with(".cpp")) command.push_back(path);
  }
  return command;
}

std::vector<std::string> make_command(const LibraryRequest& request, const Tools& tools) {
  // Observed models run briefly: building them fast matters more than running them fast.
  const char* fast = request.flavor == Flavor::kFast ? "OPT_FAST=-O2" : "OPT_FAST=-O1";
  return {tools.make,
          "-C",
          "obj",
          "-f",
          "Vbat_top.mk",
          "-j",
          "2",
          fast,
          "OPT_SLOW=-O0",
          "OPT_GLOBAL=-O1",
          "CXX=" + tools.compiler,
          "LINK=" + tools.compiler,
          "OBJCACHE=" + tools.ccache,
          kLibraryFile};
}

/// The instruction set that -march=native means here; the cache may be on a shared disk.
std::string cpu_flags() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("flags")) return line;
  }
  return {};
}

std::string content_key(const LibraryRequest& request, const Tools& tools) {
  io::Sha256 hash;
  const auto add = [&hash](const std::string& text) {
    const std::uint64_t size = text.size();  // keeps "a" + "bc" and "ab" + "c" apart
    hash.update({reinterpret_cast<const std::uint8_t*>(&size), sizeof size});
    hash.update({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  };
  for (const RtlFile& file : request.files) {
    add(file.name);
    add(file.text);
  }
  for (const SourceFile& source : harness_sources()) add(source.text);
  for (const std::string& word : verilator_command(request, tools)) add(word);
  for (const std::string& word : make_command(request, tools)) add(word);
  add(cpu_flags());
  std::error_code ignored;
  add(std::to_string(fs::file_size(fs::canonical(tools.verilator, ignored), ignored)));
  const auto binary = find_program("verilator_bin");
  if (binary) add(std::to_string(fs::file_size(*binary, ignored)));
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string key;
  for (const std::uint8_t byte : hash.digest()) {
    key += kDigits[byte >> 4];
    key += kDigits[byte & 15];
  }
  return key.substr(0, 20);
}

Status write_sources(const LibraryRequest& request, const fs::path& dir) {
  std::error_code error;
  fs::create_directories(dir / "rtl", error);
  for (const RtlFile& file : request.files) {
    if (Status s = io::write_text_atomic(dir / "rtl" / file.name, file.text); !s.ok()) return s;
  }
  for (const SourceFile& source : harness_sources()) {
    fs::create_directories((dir / source.path).parent_path(), error);
    if (Status s = io::write_text_atomic(dir / source.path, source.text); !s.ok()) return s;
  }
  if (error) return Error{dir.string() + ": " + error.message()};
  return Ok{};
}

Status run_step(const std::vector<std::string>& command, const fs::path& dir, const char* what) {
  const fs::path log = dir / "build.log";
  const Result<int> status = run_process(command, dir, log);
  if (!status.ok()) return status.error();
  if (status.value() == 0) return Ok{};
  const fs::path kept = fs::path(dir).replace_extension(".log");
  std::error_code ignored;
  fs::copy_file(log, kept, fs::copy_options::overwrite_existing, ignored);
  return Error{std::string(what) + " failed with status " + std::to_string(status.value()) +
                   "; log: " + kept.string() + "\n" + last_lines(log, 20),
               ErrorKind::kMismatch};
}

Status build_in(const LibraryRequest& request, const Tools& tools, const fs::path& dir) {
  if (Status s = write_sources(request, dir); !s.ok()) return s;
  Status s = run_step(verilator_command(request, tools), dir, "verilator");
  if (!s.ok()) return s;
  return run_step(make_command(request, tools), dir, "compiling the verilated model");
}

/// Folders of builds that were killed; nobody else builds while the lock is held.
void remove_leftovers(const fs::path& cache, const std::string& stem) {
  std::error_code ignored;
  std::vector<fs::path> leftovers;
  for (const fs::directory_entry& entry : fs::directory_iterator(cache, ignored)) {
    if (entry.path().filename().string().starts_with(stem + ".work")) {
      leftovers.push_back(entry.path());
    }
  }
  for (const fs::path& leftover : leftovers) fs::remove_all(leftover, ignored);
}

}  // namespace

const char* name(Flavor flavor) {
  switch (flavor) {
    case Flavor::kFast:
      return "fast";
    case Flavor::kTaps:
      return "taps";
    case Flavor::kTrace:
      return "trace";
  }
  return "";
}

fs::path default_cache_dir() {
  if (const char* dir = std::getenv("BAT_CACHE_DIR"); dir && *dir) return dir;
  if (const char* dir = std::getenv("XDG_CACHE_HOME"); dir && *dir) return fs::path(dir) / "batkit";
  if (const char* dir = std::getenv("HOME"); dir && *dir) return fs::path(dir) / ".cache/batkit";
  std::error_code ignored;
  return fs::temp_directory_path(ignored) / "batkit";
}

Result<fs::path> build_library(const LibraryRequest& request) {
  Result<Tools> tools = find_tools();
  if (!tools.ok()) return tools.error();
  const fs::path cache = request.cache.empty() ? default_cache_dir() : request.cache;
  const std::string stem =
      request.label + "-" + name(request.flavor) + "-" + content_key(request, tools.value());
  const fs::path dir = cache / stem;
  const fs::path library = dir / kLibraryFile;
  std::error_code error;
  if (fs::exists(library, error)) return library;
  fs::create_directories(cache, error);
  const FileLock lock(cache / (stem + ".lock"));
  if (error || !lock.held()) {
    return Error{"cannot write to the cache " + cache.string() + "; set BAT_CACHE_DIR"};
  }
  if (fs::exists(library, error)) return library;
  remove_leftovers(cache, stem);
  const fs::path work = cache / (stem + ".work" + std::to_string(::getpid()));
  const Status built = build_in(request, tools.value(), work);
  if (!built.ok()) {
    fs::remove_all(work, error);
    return built.error();
  }
  fs::path ready = cache / (stem + ".ready");
  fs::remove_all(ready, error);
  fs::create_directories(ready, error);
  fs::rename(work / "obj" / kLibraryFile, ready / kLibraryFile, error);
  fs::rename(work / "build.log", ready / "build.log", error);
  fs::rename(ready, dir, error);
  if (error) return Error{dir.string() + ": " + error.message()};
  fs::remove_all(work, error);
  return library;
}

VerilatedLibrary::~VerilatedLibrary() { ::dlclose(handle_); }

Result<std::shared_ptr<const VerilatedLibrary>> load_library(const fs::path& path) {
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) return Error{std::string("cannot load the simulation library: ") + ::dlerror()};
  const auto function = reinterpret_cast<BatSimApiFunction>(::dlsym(handle, BAT_SIM_API_SYMBOL));
  const BatSimApi* api = function ? function() : nullptr;
  if (!api || api->abi_version != BAT_SIM_ABI_VERSION) {
    ::dlclose(handle);
    return Error{path.string() + ": not a simulation library of this version; delete it"};
  }
  return std::shared_ptr<const VerilatedLibrary>(new VerilatedLibrary(handle, api, path));
}

}  // namespace bat::sim
