// SPDX-License-Identifier: Apache-2.0
#include "models/io/glue_tsv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "models/io/atomic_file.hpp"

namespace bat::io {
namespace {

/// Column numbers of a task, from 0; `sentence_b` is -1 for single-sentence tasks.
struct Layout {
  std::size_t columns;
  std::string_view header;  ///< empty: the file has none
  int sentence_a, sentence_b, label;
};

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

Layout layout(GlueTask task) {
  switch (task) {
    case GlueTask::kSst2:
      return {2, "sentence\tlabel", 0, -1, 1};
    case GlueTask::kCola:
      return {4, "", 3, -1, 1};
    case GlueTask::kMrpc:
      return {5, "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String", 3, 4, 0};
    case GlueTask::kRte:
      return {4, "index\tsentence1\tsentence2\tlabel", 1, 2, 3};
    case GlueTask::kStsb:
      return {
          10,
          "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore",
          7, 8, 9};
  }
  return {};
}

std::vector<std::string_view> split_tabs(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    const std::size_t tab = line.find('\t');
    fields.push_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return fields;
    line.remove_prefix(tab + 1);
  }
}

bool parse_score(std::string_view text, float& score) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), score);
  return parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size() &&
         std::isfinite(score) && score >= 0.0F && score <= 5.0F;
}

int class_of(std::string_view text, GlueTask task) {
  const bool rte = task == GlueTask::kRte;
  if (text == (rte ? "entailment" : "0")) return 0;
  if (text == (rte ? "not_entailment" : "1")) return 1;
  return -1;
}

/// Returns what is wrong with the line, or an empty string.
std::string parse_line(std::string_view line, GlueTask task, const Layout& columns,
                       GlueExample& example) {
  const auto fields = split_tabs(line);
  if (fields.size() != columns.columns) {
    return fmt::format("{} columns, must be {}", fields.size(), columns.columns);
  }
  const auto field = [&](int i) { return fields[static_cast<std::size_t>(i)]; };
  example.sentence_a = field(columns.sentence_a);
  if (columns.sentence_b >= 0) example.sentence_b = field(columns.sentence_b);
  const std::string_view label = field(columns.label);
  if (task == GlueTask::kStsb) {
    if (!parse_score(label, example.score)) {
      return fmt::format("score \"{}\", must be a number 0 .. 5", label);
    }
    return {};
  }
  example.label = class_of(label, task);
  if (example.label < 0) {
    return fmt::format("label \"{}\", must be {}", label,
                       task == GlueTask::kRte ? "entailment or not_entailment" : "0 or 1");
  }
  return {};
}

}  // namespace

std::optional<GlueTask> glue_task(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c == '-' || c == '_') continue;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (plain == "sst2") return GlueTask::kSst2;
  if (plain == "cola") return GlueTask::kCola;
  if (plain == "mrpc") return GlueTask::kMrpc;
  if (plain == "rte") return GlueTask::kRte;
  if (plain == "stsb") return GlueTask::kStsb;
  return std::nullopt;
}

Result<std::vector<GlueExample>> parse_glue(std::string_view text, GlueTask task,
                                            std::string_view label) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const Layout columns = layout(task);
  std::vector<GlueExample> examples;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (number == 1 && !columns.header.empty()) {
      if (line == columns.header) continue;
      return Error{fmt::format("{}:1: header must be \"{}\"", label, columns.header)};
    }
    GlueExample example;
    const std::string problem = parse_line(line, task, columns, example);
    if (!problem.empty()) return Error{fmt::format("{}:{}: {}", label, number, problem)};
    examples.push_back(std::move(example));
  }
  if (examples.empty()) return Error{fmt::format("{}:1: no examples", label)};
  return examples;
}

Result<std::vector<GlueExample>> read_glue(const std::filesystem::path& path, GlueTask task) {
  const auto text = read_text(path);
  if (!text) return text.error();
  return parse_glue(text.value(), task, path.string());
}

}  // namespace bat::io
