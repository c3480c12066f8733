// SPDX-License-Identifier: Apache-2.0
#include "models/train/card.hpp"

#include <fmt/format.h>
#include <torch/version.h>

#include "models/io/atomic_file.hpp"

namespace bat::train {
namespace {

/// Accuracy of a linear model on the pixels (10,000 training images), for comparison.
constexpr double kFashionLinearBaseline = 0.833;

std::string table_row(const char* what, const std::string& value) {
  return fmt::format("| {} | {} |\n", what, value);
}

std::string input_text(const TrainOptions& o, const bmt::Model& m) {
  if (m.input == bmt::InputKind::kTokens) {
    return fmt::format("up to {} tokens, {} WordPieces, {} segment(s)", m.max_tokens, m.vocab_size,
                       m.segments);
  }
  if (m.features.kind == bmt::FeatureKind::kRows) {
    return fmt::format("{} tokens (rows of {} features and class token)", m.max_tokens,
                       m.features.count);
  }
  return fmt::format("{} tokens ({} x {} patches and class token)", m.max_tokens, o.patch, o.patch);
}

/// What was pruned, by which importance and when.
std::string pruning_text(const TrainOptions& o, const TrainReport& r) {
  std::string text = fmt::format(
      "{:.1f} % of the weights of the encoder's matrices: {:.0f} % of "
      "blocks of {} inputs by {} outputs",
      100.0 * r.pruned, 100.0 * o.prune, o.prune_block, o.prune_columns);
  if (o.prune_heads > 0) text += fmt::format(", {} heads a layer", o.prune_heads);
  if (o.prune_fine > 0.0) {
    text += fmt::format(", {:.0f} % in each row of a kept block", 100.0 * o.prune_fine);
  }
  return text + fmt::format("; by {}, between {:.0f} % and {:.0f} % of the epochs", o.prune_by,
                            100.0 * o.prune_begin, 100.0 * o.prune_end);
}

std::string bits_text(const TrainOptions& o, const bmt::Model& m) {
  const char* input =
      m.input == bmt::InputKind::kTokens ? "word and position tables" : "patch embedding";
  return fmt::format(
      "weights 1 ({} branch{}, {}), activations {}, {} and classifier 8, residual "
      "stream 16",
      m.branches, m.branches == 1 ? "" : "es", o.weights, o.act_bits, input);
}

std::string facts(const TrainOptions& o, const bmt::Model& m, const TrainReport& r) {
  const ViewReport& v = *r.views;
  const bool tokens = m.input == bmt::InputKind::kTokens;
  std::string text = "| | |\n| --- | --- |\n";
  text += table_row("task", m.task_kind == bmt::TaskKind::kRegression
                                ? m.task + ", one score"
                                : fmt::format("{}, {} classes", m.task, m.classes));
  text += table_row("data", m.source.empty() ? "user data" : m.source);
  text += table_row(
      "data sha256",
      fmt::format("`{}` ({})", r.data_sha256,
                  tokens ? "label, score and token ids of the training and test samples as used"
                         : "train images, train labels, test images, test labels: pixels and "
                           "labels without headers"));
  text += table_row("shape", fmt::format("{} layers, hidden {}, {} heads of {}, FFN {}, {}{}",
                                         o.layers, o.hidden, m.heads(0), o.head_dim, o.ffn,
                                         input_text(o, m), m.pooler ? ", pooler" : ""));
  text += table_row("bits", bits_text(o, m));
  if (o.prunes()) text += table_row("pruned", pruning_text(o, r));
  text += table_row("attention", o.attention);
  text += table_row("seed", fmt::format("{}", o.seed));
  if (o.pick != "last") {
    text += table_row("checkpoint", fmt::format("the best of all epochs on the {} samples{}",
                                                o.holdout > 0 ? "set-aside" : "development",
                                                o.pick == "integer" ? ", integer view" : ""));
  }
  if (!r.complete) {
    text += table_row("epochs",
                      fmt::format("{} of {}, cut off by time_limit", r.epochs_done, o.epochs));
  }
  if (o.holdout > 0) {
    text += table_row(
        "samples set aside for choosing the recipe",
        fmt::format("{}, {} {:.4f} (float view)", o.holdout, v.metric, r.holdout_accuracy));
  }
  const bool dev = tokens && m.task != "clinc150" && m.task != "imdb";
  const char* set = dev ? "development" : "test";
  text += table_row(fmt::format("**{}, integer view**", v.metric).c_str(),
                    fmt::format("**{:.4f}** on {} {} samples", v.integer_metric, v.samples, set));
  text += table_row(fmt::format("{}, float view", v.metric).c_str(),
                    fmt::format("{:.4f}", v.float_metric));
  for (const auto& [name, value] : v.others) {
    if (name == v.metric) continue;
    text += table_row((name + ", integer view").c_str(), fmt::format("{:.4f}", value));
  }
  if (m.task_kind == bmt::TaskKind::kClassification) {
    text += table_row("same class in both views", fmt::format("{} of {}", v.same_class, v.samples));
  }
  if (m.task == "fashion-mnist") {
    text += table_row("linear baseline", fmt::format("{:.3f}", kFashionLinearBaseline));
  }
  text +=
      table_row("licence of the weights",
                m.license.empty()
                    ? "our own work under Apache-2.0 as far as the training data allow; whether "
                      "weights inherit the terms of their training data is unsettled"
                    : m.license + "; the training data are MIT-licensed");
  text += table_row("library", "libtorch " TORCH_VERSION " for folding and float view");
  return text;
}

std::string differences(const ViewReport& v) {
  std::string text = fmt::format(
      "\n## Differing bits\n\nShare of code bits that differ between the float view and the "
      "integer "
      "view on the first {} test samples. A bit that flips makes others flip further on. "
      "{} of the int16 values in them were at a limit.\n\n| tensor | layer | share |\n| --- | --- "
      "| "
      "--- |\n",
      v.compared, v.saturated);
  for (const TensorAgreement& t : v.tensors) {
    text += fmt::format("| {} | {} | {:.5f} |\n", bmt::name(t.id), t.layer, t.share());
  }
  return text;
}

}  // namespace

Status write_card(const TrainOptions& options, const bmt::Model& model, const TrainReport& report,
                  const std::filesystem::path& path) {
  if (!report.views) return Error{"card: the run has not been evaluated"};
  std::string text = fmt::format("# {}\n\n", model.name);
  text += facts(options, model, report);
  text += fmt::format("\n## Training\n\n    {}\n\nAll options:\n\n", command_line(options));
  for (const std::string& line : option_lines(options)) text += "    " + line + "\n";
  text += differences(*report.views);
  return io::write_text_atomic(path, text);
}

}  // namespace bat::train
