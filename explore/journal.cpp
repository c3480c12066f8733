// SPDX-License-Identifier: Apache-2.0
#include "explore/journal.hpp"

#include <fmt/format.h>

#include <charconv>

#include "models/io/atomic_file.hpp"

namespace bat::explore {

Result<std::unique_ptr<Journal>> Journal::open(const std::filesystem::path& file,
                                               const std::string& version) {
  auto journal = std::make_unique<Journal>();
  const std::string header = "batkit journal " + version + "\n";
  std::string kept = header;
  std::error_code none;
  if (std::filesystem::exists(file, none)) {
    const auto text = io::read_text(file);
    if (!text.ok()) return text.error();
    const std::string& all = text.value();
    if (all.starts_with(header)) {
      for (std::size_t at = header.size();;) {
        const std::size_t end = all.find('\n', at);
        if (end == std::string::npos) break;
        const std::string line = all.substr(at, end - at);
        at = end + 1;
        const std::size_t space = line.find(' ');
        std::int64_t value = 0;
        if (space == std::string::npos) continue;
        const char* last = line.data() + line.size();
        const auto read = std::from_chars(line.data() + space + 1, last, value);
        if (read.ec != std::errc() || read.ptr != last) continue;
        journal->values_[line.substr(0, space)] = value;
        kept += line + '\n';
      }
    }
  }
  if (Status s = io::write_text_atomic(file, kept); !s) return s.error();
  journal->file_.reset(std::fopen(file.c_str(), "ab"));
  if (!journal->file_) return Error{fmt::format("{}: cannot be written", file.string())};
  return journal;
}

std::optional<std::int64_t> Journal::find(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto it = values_.find(key);
  if (it == values_.end()) return std::nullopt;
  return it->second;
}

void Journal::add(const std::string& key, std::int64_t value) {
  const std::lock_guard lock(mutex_);
  if (!values_.emplace(key, value).second || !file_) return;
  fmt::print(file_.get(), "{} {}\n", key, value);
  std::fflush(file_.get());
}

}  // namespace bat::explore
