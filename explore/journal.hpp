// SPDX-License-Identifier: Apache-2.0
// Results that outlive a killed run: one line each, appended as they come.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "models/io/result.hpp"

namespace bat::explore {

/// Key to number, in memory and, where a file is given, on disk. Safe from several threads.
class Journal {
 public:
  /// In memory only.
  Journal() = default;
  /// Reads `file` and appends to it. A last line without its end is dropped: the writer was killed
  /// within it. `version` is the first line of the file: what another version wrote is thrown away.
  static Result<std::unique_ptr<Journal>> open(const std::filesystem::path& file,
                                               const std::string& version);

  std::optional<std::int64_t> find(const std::string& key) const;
  void add(const std::string& key, std::int64_t value);
  std::size_t size() const { return values_.size(); }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::int64_t> values_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace bat::explore
