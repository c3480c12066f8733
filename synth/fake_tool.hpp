// SPDX-License-Identifier: Apache-2.0
// A stand-in for a tool, for tests of what happens when it fails.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "synth/tool.hpp"

namespace bat::synth {

/// A program of this name that does what `script` says comes first in PATH.
class FakeTool {
 public:
  FakeTool(const std::filesystem::path& dir, const std::string& name, const std::string& script)
      : path_(std::getenv("PATH")) {
    const std::filesystem::path bin = dir / "bin";
    std::filesystem::create_directories(bin);
    EXPECT_TRUE(write_text(bin / name, "#!/bin/sh\n" + script));
    std::filesystem::permissions(bin / name, std::filesystem::perms::owner_all);
    setenv("PATH", (bin.string() + ":" + path_).c_str(), 1);
  }
  FakeTool(const FakeTool&) = delete;
  FakeTool& operator=(const FakeTool&) = delete;
  ~FakeTool() { setenv("PATH", path_.c_str(), 1); }

 private:
  std::string path_;
};

}  // namespace bat::synth
