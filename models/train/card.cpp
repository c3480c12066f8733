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

std::string facts(const TrainOptions& o, const bmt::Model& m, const TrainReport& r) {
  const ViewReport& v = *r.views;
  std::string text = "| | |\n| --- | --- |\n";
  text += table_row("task", fmt::format("{}, {} classes", m.task, m.classes));
  text += table_row("data", m.source.empty() ? "user data" : m.source);
  text += table_row("data sha256", fmt::format("`{}` (train images, train labels, test images, "
                                               "test labels: pixels and labels without headers)",
                                               r.data_sha256));
  text += table_row("shape", fmt::format("{} layers, hidden {}, {} heads of {}, FFN {}, {} tokens "
                                         "({} x {} patches and class token)",
                                         o.layers, o.hidden, o.heads, o.head_dim, o.ffn,
                                         m.max_tokens, o.patch, o.patch));
  text += table_row("bits", fmt::format("weights 1, activations {}, patch embedding and classifier "
                                        "8, residual stream 16",
                                        o.act_bits));
  text += table_row("attention", o.attention);
  text += table_row("seed", fmt::format("{}", o.seed));
  text += table_row("images set aside for choosing the recipe",
                    fmt::format("{}, accuracy {:.4f} (float view)", o.holdout, r.holdout_accuracy));
  text += table_row("**accuracy, integer view**",
                    fmt::format("**{:.4f}** on {} test images", v.integer_accuracy, v.images));
  text += table_row("accuracy, float view", fmt::format("{:.4f}", v.float_accuracy));
  text += table_row("same class in both views", fmt::format("{} of {}", v.same_class, v.images));
  if (m.task == "fashion-mnist") {
    text += table_row("linear baseline", fmt::format("{:.3f}", kFashionLinearBaseline));
  }
  text += table_row("licence of the weights",
                    m.license.empty() ? "as the training data allow"
                                      : m.license + "; the training data are MIT-licensed");
  text += table_row("library", "libtorch " TORCH_VERSION " for folding and float view");
  return text;
}

std::string differences(const ViewReport& v) {
  std::string text = fmt::format(
      "\n## Differing bits\n\nShare of code bits that differ between the float view and the "
      "integer "
      "view on the first {} test images. A bit that flips makes others flip further on. "
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
