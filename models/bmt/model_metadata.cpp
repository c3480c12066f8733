// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/model_metadata.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

namespace bat::bmt {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxVocabulary = 1 << 24;

/// Reads typed members; keeps the first error.
class Members {
 public:
  Members(const Json& json, std::string prefix) : json_(json), prefix_(std::move(prefix)) {}

  int integer(const char* key, int lo, int hi) {
    const Json* value = find(key);
    if (value == nullptr) return lo;
    if (!value->is_number_integer()) return fail(key, "must be an integer"), lo;
    const bool huge = value->is_number_unsigned() &&
                      value->get<std::uint64_t>() > std::numeric_limits<int>::max();
    const std::int64_t number =
        huge ? std::numeric_limits<std::int64_t>::max() : value->get<std::int64_t>();
    if (number < lo || number > hi) {
      fail(key, fmt::format("is {}, must be {} .. {}", value->dump(), lo, hi));
      return lo;
    }
    return static_cast<int>(number);
  }

  bool boolean(const char* key) {
    const Json* value = find(key);
    if (value == nullptr) return false;
    if (!value->is_boolean()) return fail(key, "must be true or false"), false;
    return value->get<bool>();
  }

  std::string text(const char* key, bool required) {
    if (!required && !json_.contains(key)) return {};
    const Json* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_string()) return fail(key, "must be a string"), std::string();
    return value->get<std::string>();
  }

  /// True for `yes`, false for `no`.
  bool choice(const char* key, const char* yes, const char* no) {
    const std::string value = text(key, true);
    if (error_.empty() && value != yes && value != no) {
      fail(key, fmt::format("is \"{}\", must be \"{}\" or \"{}\"", value, yes, no));
    }
    return value == yes;
  }

  std::vector<std::string> texts(const char* key) {
    std::vector<std::string> out;
    if (!json_.contains(key)) return out;
    if (!json_[key].is_array()) return fail(key, "must be a list of strings"), out;
    for (const Json& item : json_[key]) {
      if (!item.is_string()) return fail(key, "must be a list of strings"), out;
      out.push_back(item.get<std::string>());
    }
    return out;
  }

  const Json& object(const char* key) {
    static const Json kEmpty = Json::object();
    const Json* value = find(key);
    if (value == nullptr) return kEmpty;
    if (!value->is_object()) return fail(key, "must be an object"), kEmpty;
    return *value;
  }

  void adopt(const Members& inner) {
    if (error_.empty()) error_ = inner.error_;
  }

  const std::string& error() const { return error_; }

 private:
  const Json* find(const char* key) {
    const auto found = json_.find(key);
    if (found != json_.end()) return &*found;
    fail(key, "is missing");
    return nullptr;
  }

  void fail(const char* key, const std::string& rule) {
    if (error_.empty()) error_ = fmt::format("{}{} {}", prefix_, key, rule);
  }

  const Json& json_;
  std::string prefix_;
  std::string error_;
};

Json features_json(const FeatureShape& f) {
  if (f.kind == FeatureKind::kRows) return {{"kind", "rows"}, {"count", f.count}};
  return {{"kind", "image"},
          {"height", f.height},
          {"width", f.width},
          {"channels", f.channels},
          {"patch", f.patch}};
}

void read_features(Members& top, Model& m) {
  constexpr int kMaxSide = 65535;
  Members in(top.object("features"), "metadata bmt: features.");
  FeatureShape& f = m.features;
  f.kind = in.choice("kind", "image", "rows") ? FeatureKind::kImage : FeatureKind::kRows;
  if (f.kind == FeatureKind::kRows) {
    f.count = in.integer("count", 1, kMaxFeatures);
  } else {
    f.height = in.integer("height", 1, kMaxSide);
    f.width = in.integer("width", 1, kMaxSide);
    f.channels = in.integer("channels", 1, kMaxFeatures);
    f.patch = in.integer("patch", 1, kMaxFeatures);
    const std::int64_t count = std::int64_t{f.patch} * f.patch * f.channels;
    // Beyond the limit `validate` names the rule.
    f.count = static_cast<int>(std::min<std::int64_t>(count, kMaxFeatures + 1));
  }
  top.adopt(in);
}

void read_pruning(Members& top, Model& m) {
  Members in(top.object("pruning"), "metadata bmt: pruning.");
  m.pruning.block = in.integer("block", 1, kMaxBinaryLength);
  m.pruning.group = in.integer("group", 1, kMaxBinaryLength);
  top.adopt(in);
}

void read_tokenizer(Members& top, Model& m) {
  Members in(top.object("tokenizer"), "metadata bmt: tokenizer.");
  m.vocab_size = in.integer("vocab_size", 1, kMaxVocabulary);
  m.lower_case = in.boolean("lower_case");
  top.adopt(in);
}

void read_description(Members& in, Model& m) {
  m.name = in.text("name", true);
  m.task = in.text("task", true);
  m.task_kind = in.choice("task_kind", "regression", "classification") ? TaskKind::kRegression
                                                                       : TaskKind::kClassification;
  m.labels = in.texts("labels");
  m.logit_scale = in.text("logit_scale", false);
  m.source = in.text("source", false);
  m.license = in.text("license", false);
  m.train_command = in.text("train_command", false);
}

void read_shape(Members& in, Model& m) {
  m.input = in.choice("input", "tokens", "features") ? InputKind::kTokens : InputKind::kFeatures;
  m.layers.resize(static_cast<std::size_t>(in.integer("layers", 1, kMaxLayers)));
  m.hidden = in.integer("hidden", 1, kMaxHidden);
  m.head_dim = in.integer("head_dim", 1, kMaxHeadDim);
  m.act_bits = in.integer("act_bits", 1, 8);
  m.branches = in.integer("branches", 1, 2);
  m.attention =
      in.choice("attention", "softmax", "threshold") ? Attention::kSoftmax : Attention::kThreshold;
  m.classes = in.integer("classes", 1, kMaxClasses);
  m.max_tokens = in.integer("max_tokens", 1, kMaxTokens);
  if (in.boolean("pooler")) m.pooler.emplace();
  m.embed_shift = in.integer("embed_shift", 0, 7);
  m.segments = in.integer("segments", 1, 2);
}

}  // namespace

std::string metadata_json(const Model& m, int version) {
  const bool tokens = m.input == InputKind::kTokens;
  const bool regression = m.task_kind == TaskKind::kRegression;
  Json json = {{"version", version},
               {"name", m.name},
               {"task", m.task},
               {"task_kind", regression ? "regression" : "classification"},
               {"labels", m.labels},
               {"input", tokens ? "tokens" : "features"},
               {"layers", m.layer_count()},
               {"hidden", m.hidden},
               {"head_dim", m.head_dim},
               {"act_bits", m.act_bits},
               {"branches", m.branches},
               {"attention", m.attention == Attention::kSoftmax ? "softmax" : "threshold"},
               {"classes", m.classes},
               {"max_tokens", m.max_tokens},
               {"pooler", m.pooler.has_value()},
               {"embed_shift", m.embed_shift},
               {"segments", m.segments}};
  if (tokens) {
    json["tokenizer"] = {{"vocab_size", m.vocab_size}, {"lower_case", m.lower_case}};
  } else {
    json["features"] = features_json(m.features);
  }
  if (m.pruning.used()) {
    json["pruning"] = {{"block", m.pruning.block}, {"group", m.pruning.group}};
  }
  if (!m.logit_scale.empty()) json["logit_scale"] = m.logit_scale;
  json["source"] = m.source;
  json["license"] = m.license;
  json["train_command"] = m.train_command;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Model> parse_metadata(std::string_view text, int* version) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (!json.is_object()) return Error{"metadata bmt: not a JSON object"};
  Members in(json, "metadata bmt: ");
  const int found = in.integer("version", kPlainVersion, kPackedVersion);
  if (version != nullptr) *version = found;
  Model m;
  read_description(in, m);
  read_shape(in, m);
  if (m.input == InputKind::kTokens) {
    read_tokenizer(in, m);
  } else {
    read_features(in, m);
  }
  if (json.contains("pruning")) read_pruning(in, m);
  if (!in.error().empty()) return Error{in.error()};
  return m;
}

}  // namespace bat::bmt
