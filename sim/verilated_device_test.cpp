// SPDX-License-Identifier: Apache-2.0
// Library cache and Verilated device on a small design with the ports of bat_top.
#include "sim/verilated_device.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <future>

#include "models/io/atomic_file.hpp"

namespace bat::sim {
namespace {

namespace fs = std::filesystem;

constexpr int kHang = 1;
constexpr int kDropValid = 2;
constexpr int kNoLast = 3;

RtlFile mini_top() {
  return {"bat_top.sv", io::read_text(fs::path(BAT_SIM_TESTDATA) / "mini_top.sv").value()};
}

class MiniDevice : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    LibraryRequest request;
    request.files = {mini_top()};
    request.label = "mini";
    request.flavor = Flavor::kTaps;
    const Result<fs::path> path = build_library(request);
    ASSERT_TRUE(path.ok()) << path.error().message;
    library() = load_library(path.value()).value();
  }
  static void TearDownTestSuite() { library().reset(); }
  static std::shared_ptr<const VerilatedLibrary>& library() {
    static std::shared_ptr<const VerilatedLibrary> shared;
    return shared;
  }

  static void start(VerilatedDevice& device, std::uint32_t fault) {
    const std::vector<std::uint8_t> memory(8192);
    const std::vector<std::uint8_t> input{41, 1};
    ASSERT_TRUE(device.write_memory(0, memory).ok());
    ASSERT_TRUE(device.write_memory(64, input).ok());
    ASSERT_TRUE(device.write_register(reg::kJobProgram, fault).ok());
    ASSERT_TRUE(device.write_register(reg::kJobInput, 64).ok());
    ASSERT_TRUE(device.write_register(reg::kJobOutput, 4096).ok());
    ASSERT_TRUE(device.write_register(reg::kJobPush, 1).ok());
  }
};

TEST_F(MiniDevice, RunsAJobInEveryStallMode) {
  for (const StallMode mode : {StallMode::kNone, StallMode::kRandom, StallMode::kAdversarial}) {
    VerilatedOptions options;
    options.stall = mode;
    VerilatedDevice device(library(), options);
    start(device, 0);
    ASSERT_EQ(device.wait(100000).value(), Wait::kInterrupt);
    std::vector<std::uint8_t> output(2);
    ASSERT_TRUE(device.read_memory(4096, output).ok());
    EXPECT_EQ(output, (std::vector<std::uint8_t>{42, 1}));
    EXPECT_EQ(device.read_register(reg::kJobInput).value(), 64U);
    device.expect_idle();
    EXPECT_TRUE(device.violations().empty()) << device.violations().front();
  }
}

class CountingSink : public TapSink {
 public:
  int writes = 0;
  int starts = 0;
  int completions = 0;
  std::uint64_t data = 0;
  void write(std::uint64_t, int, int, int, int, std::uint64_t, std::uint64_t value) override {
    ++writes;
    data = value;
  }
  void start(std::uint64_t, int unit) override { starts += unit == 4 ? 1 : 0; }
  void done(std::uint64_t, int unit) override { completions += unit == 4 ? 1 : 0; }
};

TEST_F(MiniDevice, DeliversTaps) {
  CountingSink sink;
  VerilatedOptions options;
  options.taps = &sink;
  VerilatedDevice device(library(), options);
  start(device, 0);
  ASSERT_EQ(device.wait(100000).value(), Wait::kInterrupt);
  EXPECT_EQ(sink.writes, 1);
  EXPECT_EQ(sink.starts, 1);
  EXPECT_EQ(sink.completions, 1);
  EXPECT_EQ(sink.data, 256U + 42U);
}

TEST_F(MiniDevice, WatchdogEndsAHang) {
  VerilatedOptions options;
  options.stuck_cycles = 500;
  VerilatedDevice device(library(), options);
  start(device, kHang);
  const std::uint64_t before = device.cycle();
  EXPECT_EQ(device.wait(100000).value(), Wait::kStuck);
  EXPECT_EQ(device.cycle() - before, 500U);
}

TEST_F(MiniDevice, CheckersSeeFaultsOfTheDesign) {
  VerilatedOptions options;
  options.stall = StallMode::kAdversarial;
  bool seen = false;
  for (options.seed = 1; options.seed < 20 && !seen; ++options.seed) {
    VerilatedDevice device(library(), options);
    start(device, kDropValid);
    ASSERT_EQ(device.wait(100000).value(), Wait::kInterrupt);
    seen = !device.violations().empty() &&
           device.violations().front().find("awvalid: fell before ready") != std::string::npos;
  }
  EXPECT_TRUE(seen);
  VerilatedDevice device(library(), VerilatedOptions{});
  start(device, kNoLast);
  ASSERT_EQ(device.wait(100000).value(), Wait::kInterrupt);
  ASSERT_EQ(device.violations().size(), 1U);
  EXPECT_NE(device.violations().front().find("wlast: missing"), std::string::npos);
}

TEST_F(MiniDevice, InjectedErrorReachesTheDesignAndResetRecovers) {
  VerilatedDevice device(library(), VerilatedOptions{});
  device.fail_read(AxiFault{0, 0, AxiResponse::kDecErr});
  start(device, 0);
  ASSERT_EQ(device.wait(100000).value(), Wait::kInterrupt);
  EXPECT_EQ(device.read_register(reg::kError).value(), 1U);
  ASSERT_TRUE(device.reset().ok());
  start(device, 0);
  ASSERT_EQ(device.wait(100000).value(), Wait::kInterrupt);
  EXPECT_EQ(device.read_register(reg::kError).value(), 0U);
}

class TemporaryCache : public testing::Test {
 protected:
  void SetUp() override {
    cache_ = fs::temp_directory_path() / ("bat_cache_test_" + std::to_string(::getpid()));
    fs::create_directories(cache_);
  }
  void TearDown() override { fs::remove_all(cache_); }
  LibraryRequest request() const {
    LibraryRequest r;
    r.files = {mini_top()};
    r.label = "mini";
    r.cache = cache_;
    return r;
  }
  fs::path cache_;
};

TEST_F(TemporaryCache, ConcurrentRequestsBuildOnce) {
  auto first = std::async(std::launch::async, [&] { return build_library(request()); });
  auto second = std::async(std::launch::async, [&] { return build_library(request()); });
  const Result<fs::path> a = first.get();
  const Result<fs::path> b = second.get();
  ASSERT_TRUE(a.ok()) << a.error().message;
  ASSERT_TRUE(b.ok()) << b.error().message;
  EXPECT_EQ(a.value(), b.value());
  const fs::file_time_type built = fs::last_write_time(a.value());
  EXPECT_EQ(build_library(request()).value(), a.value());
  EXPECT_EQ(fs::last_write_time(a.value()), built) << "a hit must not build again";
}

TEST_F(TemporaryCache, BrokenDesignFailsWithTheLog) {
  LibraryRequest broken = request();
  broken.files[0].text += "\nmodule broken (input wire a_i; endmodule\n";
  const Result<fs::path> path = build_library(broken);
  ASSERT_FALSE(path.ok());
  EXPECT_NE(path.error().message.find("verilator failed"), std::string::npos);
  EXPECT_NE(path.error().message.find("syntax error"), std::string::npos);
  EXPECT_EQ(path.error().kind, ErrorKind::kMismatch);
}

TEST_F(TemporaryCache, MissingToolNamesThePackage) {
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nonexistent", 1);
  const Result<fs::path> result = build_library(request());
  ::setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().kind, ErrorKind::kMissingTool);
  EXPECT_NE(result.error().message.find("apt-get install verilator g++"), std::string::npos);
}

}  // namespace
}  // namespace bat::sim
