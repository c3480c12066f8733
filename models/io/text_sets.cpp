// SPDX-License-Identifier: Apache-2.0
#include "models/io/text_sets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace bat::io {
namespace {

using nlohmann::json;

/// `text` with a blank for each "<br />".
std::string without_breaks(std::string_view text) {
  constexpr std::string_view kBreak = "<br />";
  std::string out;
  for (std::size_t at = text.find(kBreak); at != std::string_view::npos; at = text.find(kBreak)) {
    out.append(text.substr(0, at));
    out.push_back(' ');
    text.remove_prefix(at + kBreak.size());
  }
  return out.append(text);
}

}  // namespace

Result<std::vector<LabelledText>> parse_label_first(std::string_view text, std::string_view label) {
  std::vector<LabelledText> out;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos || blank == 0 || blank + 1 == line.size()) {
      return Error{fmt::format("{}:{}: must be a label, a blank and a text", label, number)};
    }
    out.push_back({std::string(line.substr(blank + 1)), std::string(line.substr(0, blank))});
  }
  if (out.empty()) return Error{fmt::format("{}:1: no examples", label)};
  return out;
}

Result<std::vector<LabelledText>> parse_clinc(std::string_view text, std::string_view part,
                                              std::string_view label) {
  const json root = json::parse(text.begin(), text.end(), nullptr, false);
  const auto list = root.is_object() ? root.find(part) : root.end();
  if (!root.is_object() || list == root.end() || !list->is_array() || list->empty()) {
    return Error{fmt::format("{}: no JSON object with a list '{}'", label, part)};
  }
  std::vector<LabelledText> out;
  for (const json& pair : *list) {
    const bool good = pair.is_array() && pair.size() == 2 && pair[0].is_string() &&
                      pair[1].is_string() && !pair[1].get_ref<const std::string&>().empty();
    if (!good) {
      return Error{
          fmt::format("{}: item {} of '{}' is not [text, intent]", label, out.size(), part)};
    }
    out.push_back({pair[0].get<std::string>(), pair[1].get<std::string>()});
  }
  return out;
}

std::vector<std::string> sentences(std::string_view text, int least_words) {
  std::vector<std::string> out;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool last = i + 1 == text.size();
    const bool stop = text[i] == '.' || text[i] == '!' || text[i] == '?';
    if (!last && !(stop && text[i + 1] == ' ')) continue;
    std::string_view part = text.substr(begin, i + 1 - begin);
    while (part.starts_with(' ')) part.remove_prefix(1);
    if (std::count(part.begin(), part.end(), ' ') + 1 >= least_words) out.emplace_back(part);
    begin = i + 1;
  }
  return out;
}

Result<std::vector<LabelledText>> parse_reviews(std::string_view text, std::string_view label) {
  const json root = json::parse(text.begin(), text.end(), nullptr, false);
  if (!root.is_array() || root.empty()) return Error{fmt::format("{}: no JSON list", label)};
  std::vector<LabelledText> out;
  for (const json& item : root) {
    const bool fields = item.is_object() && item.contains("t") && item.contains("s") &&
                        item["t"].is_string() && item["s"].is_number_integer();
    const int polarity = fields ? item["s"].get<int>() : -1;
    if (polarity != 0 && polarity != 1) {
      return Error{
          fmt::format("{}: item {} is not {{\"t\": text, \"s\": 0 or 1}}", label, out.size())};
    }
    out.push_back(
        {without_breaks(item["t"].get_ref<const std::string&>()), polarity == 1 ? "1" : "0"});
  }
  return out;
}

}  // namespace bat::io
