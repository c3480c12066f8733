// SPDX-License-Identifier: Apache-2.0
#include "models/train/options.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <set>
#include <variant>

#include "models/io/glue_tsv.hpp"
#include "models/train/prune_schedule.hpp"

namespace bat::train {
namespace {

using Member = std::variant<int TrainOptions::*, std::int64_t TrainOptions::*,
                            double TrainOptions::*, bool TrainOptions::*,
                            std::string TrainOptions::*, std::filesystem::path TrainOptions::*>;

struct Field {
  const char* key;
  Member member;
  bool decides;  ///< changes what is learned
};

using O = TrainOptions;
const std::array kFields = {
    Field{"name", &O::name, false},
    Field{"recipe", &O::recipe, false},
    Field{"task", &O::task, true},
    Field{"data", &O::data, false},
    Field{"out", &O::out, false},
    Field{"device", &O::device, false},
    Field{"seed", &O::seed, true},
    Field{"layers", &O::layers, true},
    Field{"hidden", &O::hidden, true},
    Field{"heads", &O::heads, true},
    Field{"head_dim", &O::head_dim, true},
    Field{"ffn", &O::ffn, true},
    Field{"patch", &O::patch, true},
    Field{"act_bits", &O::act_bits, true},
    Field{"attention", &O::attention, true},
    Field{"weights", &O::weights, true},
    Field{"ffn_weights", &O::ffn_weights, true},
    Field{"pooler", &O::pooler, true},
    Field{"activation", &O::activation, true},
    Field{"vocab", &O::vocab, false},
    Field{"vocab_pieces", &O::vocab_pieces, true},
    Field{"max_tokens", &O::max_tokens, true},
    Field{"corpus", &O::corpus, false},
    Field{"extra", &O::extra, false},
    Field{"copies", &O::copies, true},
    Field{"extra_part", &O::extra_part, true},
    Field{"epochs", &O::epochs, true},
    Field{"batch", &O::batch, true},
    Field{"learning_rate", &O::learning_rate, true},
    Field{"warmup", &O::warmup, true},
    Field{"weight_decay", &O::weight_decay, true},
    Field{"clip", &O::clip, true},
    Field{"dropout", &O::dropout, true},
    Field{"prune", &O::prune, true},
    Field{"prune_block", &O::prune_block, true},
    Field{"prune_columns", &O::prune_columns, true},
    Field{"prune_heads", &O::prune_heads, true},
    Field{"prune_fine", &O::prune_fine, true},
    Field{"prune_by", &O::prune_by, true},
    Field{"prune_begin", &O::prune_begin, true},
    Field{"prune_end", &O::prune_end, true},
    Field{"pick", &O::pick, true},
    Field{"hard_weight", &O::hard_weight, true},
    Field{"soft_weight", &O::soft_weight, true},
    Field{"hidden_weight", &O::hidden_weight, true},
    Field{"attention_weight", &O::attention_weight, true},
    Field{"start", &O::start, false},
    Field{"grow", &O::grow, true},
    Field{"teacher", &O::teacher, false},
    Field{"teacher_start", &O::teacher_start, false},
    Field{"init_from_teacher", &O::init_from_teacher, true},
    Field{"teacher_layers", &O::teacher_layers, true},
    Field{"teacher_hidden", &O::teacher_hidden, true},
    Field{"teacher_heads", &O::teacher_heads, true},
    Field{"teacher_head_dim", &O::teacher_head_dim, true},
    Field{"teacher_ffn", &O::teacher_ffn, true},
    Field{"teacher_activation", &O::teacher_activation, true},
    Field{"teacher_epochs", &O::teacher_epochs, true},
    Field{"teacher_learning_rate", &O::teacher_learning_rate, true},
    Field{"teacher_weight_decay", &O::teacher_weight_decay, true},
    Field{"shift", &O::shift, true},
    Field{"flip", &O::flip, true},
    Field{"mix", &O::mix, true},
    Field{"holdout", &O::holdout, true},
    Field{"train_limit", &O::train_limit, true},
    Field{"test_limit", &O::test_limit, false},
    Field{"checkpoint_epochs", &O::checkpoint_epochs, false},
    Field{"time_limit", &O::time_limit, false},
    Field{"resume", &O::resume, false},
    Field{"finish", &O::finish, false},
};

std::string text_of(const TrainOptions& options, const Field& field) {
  return std::visit(
      [&](auto member) -> std::string {
        const auto& value = options.*member;
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::filesystem::path>) {
          return value.string();
        } else if constexpr (std::is_same_v<T, bool>) {
          return value ? "true" : "false";
        } else {
          return fmt::format("{}", value);
        }
      },
      field.member);
}

Error bad_value(std::string_view key, std::string_view value, const char* wanted) {
  return Error{fmt::format("option '{}': '{}' is not {}", key, value, wanted)};
}

template <typename T>
bool parse_number(std::string_view text, T& out) {
  const char* end = text.data() + text.size();
  const auto [last, code] = std::from_chars(text.data(), end, out);
  return code == std::errc() && last == end;
}

template <typename T>
Status assign(T& target, std::string_view key, std::string_view value) {
  if constexpr (std::is_same_v<T, bool>) {
    if (value != "true" && value != "false") return bad_value(key, value, "true or false");
    target = value == "true";
  } else if constexpr (std::is_same_v<T, double>) {
    double number = 0.0;
    if (!parse_number(value, number) || !std::isfinite(number)) {
      return bad_value(key, value, "a number");
    }
    target = number;
  } else if constexpr (std::is_integral_v<T>) {
    T number = 0;
    if (!parse_number(value, number)) return bad_value(key, value, "a whole number");
    target = number;
  } else {
    target = std::string(value);
  }
  return Ok{};
}

/// A rule that an option must meet.
struct Rule {
  bool met;
  const char* text;
};

Status check_shape(const Shape& s, const char* prefix) {
  const std::array rules = {
      Rule{s.layers >= 1 && s.layers <= bmt::kMaxLayers, "layers must be 1 .. 64"},
      Rule{s.hidden >= 8 && s.hidden <= bmt::kMaxHidden, "hidden must be 8 .. 4096"},
      Rule{s.heads >= 1 && s.heads <= bmt::kMaxHeads, "heads must be 1 .. 64"},
      Rule{s.head_dim >= 1 && s.head_dim <= bmt::kMaxHeadDim, "head_dim must be 1 .. 256"},
      Rule{s.ffn >= 1 && s.ffn <= bmt::kMaxFfn, "ffn must be 1 .. 16383"},
  };
  for (const Rule& rule : rules) {
    if (!rule.met) return Error{fmt::format("option '{}{}'", prefix, rule.text)};
  }
  return Ok{};
}

}  // namespace

std::optional<WeightKind> weight_kind(std::string_view name) {
  if (name == "binary") return WeightKind::kBinary;
  if (name == "ternary") return WeightKind::kTernary;
  if (name == "tws") return WeightKind::kSplit;
  if (name == "wtws") return WeightKind::kWeightedSplit;
  return std::nullopt;
}

Status set_option(TrainOptions& options, std::string_view key, std::string_view value) {
  for (const Field& field : kFields) {
    if (key != field.key) continue;
    return std::visit([&](auto member) { return assign(options.*member, key, value); },
                      field.member);
  }
  return Error{fmt::format("no option '{}'", key)};
}

std::vector<std::string> option_keys() {
  std::vector<std::string> keys;
  for (const Field& field : kFields) keys.emplace_back(field.key);
  return keys;
}

std::vector<std::string> option_lines(const TrainOptions& options) {
  std::vector<std::string> lines;
  for (const Field& field : kFields) {
    // Says nothing in runs that do not prune, whose identity it leaves as it was.
    if (std::string_view(field.key).starts_with("prune") && !options.prunes()) continue;
    if (std::string_view(field.key) == "grow" && !options.grow) continue;
    if (field.decides) lines.push_back(fmt::format("{}={}", field.key, text_of(options, field)));
  }
  return lines;
}

std::string identity(const TrainOptions& options) {
  std::string text;
  for (const std::string& line : option_lines(options)) text += line + "\n";
  return text;
}

std::string command_line(const TrainOptions& options) {
  const Result<TrainOptions> named = recipe(options.recipe);
  const TrainOptions base = named ? named.value() : TrainOptions{};
  std::string command = "batkit train";
  if (named) command += " --recipe " + options.recipe;
  static const std::set<std::string_view> local = {
      "data",    "out",           "recipe", "device", "resume", "start",
      "teacher", "teacher_start", "vocab",  "corpus", "extra",  "checkpoint_epochs",
      "finish",  "time_limit"};
  for (const Field& field : kFields) {
    if (local.contains(field.key)) continue;
    const std::string value = text_of(options, field);
    if (std::string_view(field.key) != "seed" && value == text_of(base, field)) continue;
    command += fmt::format(" --{} {}", field.key, value);
  }
  return command;
}

Status check(const TrainOptions& o) {
  if (Status s = check_shape(o.shape(), ""); !s) return s;
  if (Status s = check_shape(o.teacher_shape(), "teacher_"); !s) return s;
  const bool bits_ok =
      o.act_bits == 0 || o.act_bits == 1 || o.act_bits == 2 || o.act_bits == 4 || o.act_bits == 8;
  const bool text = o.task == "clinc150" || o.task == "imdb" || io::glue_task(o.task).has_value();
  const auto relu_or_gelu = [](const std::string& a) { return a == "relu" || a == "gelu"; };
  const bool device_ok = o.device == "auto" || o.device == "cpu" || o.device == "cuda";
  const std::array rules = {
      Rule{!o.name.empty(), "name must not be empty"},
      Rule{!o.out.empty(), "out must name a folder"},
      Rule{device_ok, "device must be auto, cpu or cuda"},
      Rule{o.seed >= 0, "seed must not be negative"},
      Rule{o.heads * o.head_dim <= bmt::kMaxBinaryLength, "heads * head_dim must be <= 16383"},
      Rule{o.patch >= 1, "patch must be positive"},
      Rule{bits_ok, "act_bits must be 0 (float), 1, 2, 4 or 8"},
      Rule{o.attention == "softmax" || o.attention == "threshold",
           "attention must be softmax or threshold"},
      Rule{
          text || o.task_kind() != TaskFamily::kText,
          "task must be images, mnist, rows, spoken-digits, sst2, cola, mrpc, rte, stsb, clinc150, "
          "imdb or mlm"},
      Rule{o.task_kind() != TaskFamily::kText || !o.data.empty(), "data must name the text folder"},
      Rule{o.task == "images" || o.task == "mlm" || !o.data.empty(),
           "data must name the folder of this task"},
      Rule{o.task_kind() != TaskFamily::kCorpus || !o.corpus.empty(), "corpus must name a file"},
      Rule{o.task_kind() != TaskFamily::kCorpus || o.act_bits == 0,
           "act_bits must be 0 (float) for the task mlm"},
      Rule{train::weight_kind(o.weights).has_value(),
           "weights must be binary, ternary, tws or wtws"},
      Rule{o.ffn_weights == "same" || train::weight_kind(o.ffn_weights).has_value(),
           "ffn_weights must be same, binary, ternary, tws or wtws"},
      Rule{relu_or_gelu(o.activation) && relu_or_gelu(o.teacher_activation),
           "activation must be relu or gelu"},
      Rule{o.vocab_pieces >= 0, "vocab_pieces must not be negative"},
      Rule{o.max_tokens >= 3 && o.max_tokens <= bmt::kMaxTokens, "max_tokens must be 3 .. 4096"},
      Rule{o.act_bits != 0 || o.attention == "softmax", "attention of a float network is softmax"},
      Rule{o.epochs >= 1 && o.epochs <= 100000, "epochs must be 1 .. 100000"},
      Rule{o.batch >= 1, "batch must be positive"},
      Rule{o.learning_rate > 0.0, "learning_rate must be positive"},
      Rule{o.warmup >= 0.0 && o.warmup < 1.0, "warmup must be in [0, 1)"},
      Rule{o.weight_decay >= 0.0, "weight_decay must not be negative"},
      Rule{o.clip > 0.0, "clip must be positive"},
      Rule{o.dropout >= 0.0 && o.dropout < 1.0, "dropout must be in [0, 1)"},
      Rule{o.pick == "last" || o.pick == "best" || o.pick == "integer",
           "pick must be last, best or integer"},
      Rule{o.pick != "integer" || o.act_bits > 0, "pick: a float network has no integer view"},
      Rule{o.extra_part >= 0.0 && o.extra_part < 1.0, "extra_part must be in [0, 1)"},
      Rule{o.copies >= 0 && o.copies <= 1000, "copies must be 0 .. 1000"},
      Rule{!o.has_extra() || o.task_kind() == TaskFamily::kText,
           "extra or copies are for text tasks only"},
      Rule{!o.has_extra() || o.soft_weight > 0.0, "extra or copies need a soft_weight"},
      Rule{!o.has_extra() || o.act_bits > 0 || !o.teacher.empty(),
           "extra or copies need a teacher"},
      Rule{o.hard_weight >= 0.0 && o.soft_weight >= 0.0 && o.hidden_weight >= 0.0 &&
               o.attention_weight >= 0.0,
           "loss weights must not be negative"},
      Rule{o.hard_weight + o.soft_weight > 0.0, "hard_weight or soft_weight must be positive"},
      Rule{o.teacher_epochs >= 1, "teacher_epochs must be positive"},
      Rule{o.teacher_learning_rate > 0.0, "teacher_learning_rate must be positive"},
      Rule{o.shift >= 0 && o.shift <= 16, "shift must be 0 .. 16"},
      Rule{o.mix >= 0.0 && o.mix < 1.0, "mix must be in [0, 1)"},
      Rule{o.mix == 0.0 || o.task_kind() == TaskFamily::kImages ||
               o.task_kind() == TaskFamily::kRows,
           "mix is for images and rows only"},
      Rule{o.holdout >= 0, "holdout must not be negative"},
      Rule{o.train_limit >= 0 && o.test_limit >= 0, "limits must not be negative"},
      Rule{o.checkpoint_epochs >= 1, "checkpoint_epochs must be positive"},
      Rule{o.time_limit >= 0, "time_limit must not be negative"},
      Rule{!o.grow || !o.start.empty(), "grow needs a start"},
  };
  for (const Rule& rule : rules) {
    if (!rule.met) return Error{fmt::format("option {}", rule.text)};
  }
  return check_pruning(o);
}

}  // namespace bat::train
