// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/source_order.hpp"

#include <cctype>
#include <set>
#include <string_view>

#include "rtl_gen/blocks/rtl_sources.hpp"

namespace bat {
namespace {

using Emitted = std::map<std::string, std::string, std::less<>>;

/// Words of SystemVerilog text outside of `//` comments.
std::set<std::string, std::less<>> words_of(std::string_view text) {
  std::set<std::string, std::less<>> words;
  std::string word;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ' ';
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '_') {
      word += c;
      continue;
    }
    if (!word.empty()) words.insert(std::move(word));
    word.clear();
    if (text.substr(i, 2) == "//") {
      while (i < text.size() && text[i] != '\n') ++i;
    }
  }
  return words;
}

/// Depth-first walk: a module is listed after all that it uses.
class Walk {
 public:
  explicit Walk(const Emitted& emitted) : emitted_(emitted) {}

  void visit(const std::string& name) {
    if (!visited_.insert(name).second) return;
    const auto own = emitted_.find(name);
    const std::string_view text =
        own != emitted_.end() ? std::string_view(own->second) : blocks::rtl_source(name);
    const auto words = words_of(text);
    for (const auto& [other, unused] : emitted_) {
      if (other != name && words.contains(other)) visit(other);
    }
    for (const blocks::RtlSource& source : blocks::rtl_sources()) {
      if (source.name != name && words.contains(source.name)) visit(std::string(source.name));
    }
    order_.emplace_back(name, text);
  }

  std::vector<std::pair<std::string, std::string>> take() { return std::move(order_); }

 private:
  const Emitted& emitted_;
  std::set<std::string> visited_;
  std::vector<std::pair<std::string, std::string>> order_;
};

}  // namespace

std::vector<std::pair<std::string, std::string>> source_order(const Emitted& emitted,
                                                              const std::string& top) {
  Walk walk(emitted);
  walk.visit("bat_pkg");
  walk.visit(top);
  return walk.take();
}

}  // namespace bat
