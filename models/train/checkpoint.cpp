// SPDX-License-Identifier: Apache-2.0
// Checkpoints and networks as safetensors files of float tensors.
#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "models/io/safetensors.hpp"
#include "models/train/session.hpp"
#include "models/train/torch.hpp"

namespace bat::train {
namespace {

using nlohmann::json;
using torch::Tensor;

io::Tensor to_file(const Tensor& tensor) {
  const Tensor host = tensor.detach().to(torch::kCPU, torch::kFloat).contiguous();
  io::Tensor out;
  out.dtype = io::Dtype::kF32;
  for (const std::int64_t size : host.sizes())
    out.shape.push_back(static_cast<std::uint64_t>(size));
  out.data.resize(static_cast<std::size_t>(host.numel()) * sizeof(float));
  std::memcpy(out.data.data(), host.data_ptr<float>(), out.data.size());
  return out;
}

/// Copies `name` of `file` into `target`, which gives the shape.
Status from_file(const io::SafetensorsFile& file, const std::string& name, const Tensor& target) {
  const auto found = file.tensors.find(name);
  if (found == file.tensors.end()) return Error{fmt::format("checkpoint: no tensor '{}'", name)};
  // F16 copies of checkpoints, made to travel, are read too.
  const std::vector<float> values = io::float_values(found->second);
  if (values.size() != static_cast<std::size_t>(target.numel())) {
    return Error{fmt::format("checkpoint: tensor '{}' has not {} floats", name, target.numel())};
  }
  const Tensor host = torch::tensor(values).view(target.sizes());
  torch::NoGradGuard no_grad;
  target.detach().copy_(host);
  return Ok{};
}

const char* text_of(WeightKind kind) {
  switch (kind) {
    case WeightKind::kBinary:
      return "binary";
    case WeightKind::kTernary:
      return "ternary";
    case WeightKind::kSplit:
      return "tws";
    case WeightKind::kWeightedSplit:
      break;
  }
  return "wtws";
}

std::string spec_text(const NetworkSpec& s) {
  const bool softmax = s.attention == bmt::Attention::kSoftmax;
  json out{{"layers", s.shape.layers},
           {"hidden", s.shape.hidden},
           {"heads", s.shape.heads},
           {"head_dim", s.shape.head_dim},
           {"ffn", s.shape.ffn},
           {"input", s.tokens() ? "tokens" : "features"},
           {"rows", s.rows},
           {"features", s.features},
           {"vocab", s.vocab},
           {"segments", s.segments},
           {"classes", s.classes},
           {"regression", s.regression},
           {"pooler", s.pooler},
           {"gelu", s.gelu},
           {"word_head", s.word_head},
           {"act_bits", s.act_bits},
           {"attention", softmax ? "softmax" : "threshold"},
           {"weights", text_of(s.weights)},
           {"ffn_weights", text_of(s.ffn_weights.value_or(s.weights))}};
  if (s.cut.used()) {
    out["prune_block"] = s.cut.block;
    out["prune_columns"] = s.cut.group;
    out["fine"] = s.fine;
  }
  return out.dump();
}

/// Integer `key` of `object`, from 0 to `most`; -1 if it is not that.
int bounded(const json& object, const char* key, int most) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer()) return -1;
  const std::int64_t value = found->get<std::int64_t>();
  return value >= 0 && value <= most ? static_cast<int>(value) : -1;
}

Result<NetworkSpec> parse_spec(const std::string& text) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return Error{"checkpoint: 'spec' is not a JSON object"};
  NetworkSpec s;
  s.shape.layers = bounded(object, "layers", bmt::kMaxLayers);
  s.shape.hidden = bounded(object, "hidden", bmt::kMaxHidden);
  s.shape.heads = bounded(object, "heads", bmt::kMaxHeads);
  s.shape.head_dim = bounded(object, "head_dim", bmt::kMaxHeadDim);
  s.shape.ffn = bounded(object, "ffn", bmt::kMaxFfn);
  s.rows = bounded(object, "rows", bmt::kMaxTokens);
  const bool tokens = object.value("input", "features") == "tokens";
  s.input = tokens ? bmt::InputKind::kTokens : bmt::InputKind::kFeatures;
  s.features = bounded(object, "features", bmt::kMaxFeatures);
  s.vocab = tokens ? bounded(object, "vocab", 1 << 24) : 0;
  s.segments = tokens ? bounded(object, "segments", 2) : 1;
  s.regression = object.value("regression", false);
  s.pooler = object.value("pooler", false);
  s.gelu = object.value("gelu", false);
  s.word_head = object.value("word_head", false);
  s.weights = weight_kind(object.value("weights", "binary")).value_or(WeightKind::kBinary);
  s.ffn_weights = weight_kind(object.value("ffn_weights", ""));
  s.classes = bounded(object, "classes", bmt::kMaxClasses);
  s.act_bits = bounded(object, "act_bits", 8);
  s.attention = object.value("attention", "") == "softmax" ? bmt::Attention::kSoftmax
                                                           : bmt::Attention::kThreshold;
  if (object.contains("prune_block")) {
    s.cut.block = bounded(object, "prune_block", bmt::kMaxBinaryLength);
    s.cut.group = bounded(object, "prune_columns", bmt::kMaxBinaryLength);
    s.fine = object.value("fine", false);
    if (s.cut.block < 1 || s.cut.group < 1) {
      return Error{"checkpoint: 'prune_block' or 'prune_columns' is out of range"};
    }
  }
  const bool input_good = tokens ? s.vocab > 0 && s.segments > 0 : s.features > 0;
  const bool positive = s.shape.layers > 0 && s.shape.hidden > 0 && s.shape.heads > 0 &&
                        s.shape.head_dim > 0 && s.shape.ffn > 0 && s.rows > 1 && input_good &&
                        s.classes > 0 && s.act_bits >= 0;
  if (!positive) return Error{"checkpoint: 'spec' lacks a field or has one out of range"};
  return s;
}

void add_parameters(const Network& network, io::SafetensorsFile& file) {
  for (const std::string& name : network.parameters().names()) {
    file.tensors["parameter." + name] = to_file(network.at(name));
  }
  if (!network.spec().cut.used()) return;
  for (const std::string& name : network.matrices()) {
    file.tensors["mask." + name] = to_file(network.mask(name));
  }
}

Status read_parameters(const io::SafetensorsFile& file, const Network& network) {
  for (const std::string& name : network.parameters().names()) {
    if (Status s = from_file(file, "parameter." + name, network.at(name)); !s) return s;
  }
  if (!network.spec().cut.used()) return Ok{};
  for (const std::string& name : network.matrices()) {
    if (Status s = from_file(file, "mask." + name, network.mask(name)); !s) return s;
  }
  return Ok{};
}

const std::string* metadata(const io::SafetensorsFile& file, const char* key) {
  const auto found = file.metadata.find(key);
  return found == file.metadata.end() ? nullptr : &found->second;
}

}  // namespace

Status Session::save(const std::filesystem::path& path) const {
  io::SafetensorsFile file;
  graph_->on_stream([&] {
    add_parameters(network_, file);
    if (finished()) return;
    file.tensors["adam.first"] = to_file(optimizer_->state().first);
    file.tensors["adam.second"] = to_file(optimizer_->state().second);
  });
  file.metadata["spec"] = spec_text(network_.spec());
  file.metadata["identity"] = options_.identity;
  file.metadata["epochs_done"] = std::to_string(epoch_);
  file.metadata["complete"] = finished() ? "true" : "false";
  if (!options_.vocab.empty()) file.metadata["vocab"] = options_.vocab;
  return io::write_safetensors(file, path);
}

Status Session::save_picked(const std::filesystem::path& path, double figure) const {
  io::SafetensorsFile file;
  graph_->on_stream([&] { add_parameters(network_, file); });
  file.metadata["spec"] = spec_text(network_.spec());
  file.metadata["figure"] = fmt::format("{}", figure);
  if (!options_.vocab.empty()) file.metadata["vocab"] = options_.vocab;
  return io::write_safetensors(file, path);
}

Status Session::load_picked(const std::filesystem::path& path) {
  const Result<io::SafetensorsFile> file = io::read_safetensors(path);
  if (!file) return file.error();
  Status status = Ok{};
  graph_->on_stream([&] { status = read_parameters(file.value(), network_); });
  return status;
}

std::optional<double> picked_figure(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  const Result<io::SafetensorsFile> file = io::read_safetensors(path);
  const std::string* figure = file ? metadata(file.value(), "figure") : nullptr;
  if (figure == nullptr) return std::nullopt;
  return std::strtod(figure->c_str(), nullptr);
}

Status Session::load(const std::filesystem::path& path) {
  const Result<io::SafetensorsFile> read = io::read_safetensors(path);
  if (!read) return read.error();
  const io::SafetensorsFile& file = read.value();
  const std::string* identity = metadata(file, "identity");
  const std::string* done = metadata(file, "epochs_done");
  if (identity == nullptr || done == nullptr || *identity != options_.identity) {
    return Error{path.string() + ": is a checkpoint of a run with other options"};
  }
  const int epochs = std::atoi(done->c_str());
  if (epochs < 0 || epochs > options_.epochs) {
    return Error{path.string() + ": 'epochs_done' is out of range"};
  }
  Status status = Ok{};
  graph_->on_stream([&] {
    status = read_parameters(file, network_);
    if (status && epochs < options_.epochs) {
      status = from_file(file, "adam.first", optimizer_->state().first);
      if (status) status = from_file(file, "adam.second", optimizer_->state().second);
    }
    optimizer_->state().step.fill_(static_cast<std::int64_t>(epochs) * steps_per_epoch_);
  });
  epoch_ = epochs;
  return status;
}

Result<StoredNetwork> load_network(const std::filesystem::path& path) {
  const Result<io::SafetensorsFile> file = io::read_safetensors(path);
  if (!file) return file.error();
  const std::string* text = metadata(file.value(), "spec");
  if (text == nullptr) return Error{path.string() + ": is not a checkpoint (no 'spec')"};
  const Result<NetworkSpec> spec = parse_spec(*text);
  if (!spec) return Error{path.string() + ": " + spec.error().message};
  const std::string* vocab = metadata(file.value(), "vocab");
  if (spec.value().tokens() && vocab == nullptr) {
    return Error{path.string() + ": holds no vocabulary"};
  }
  StoredNetwork stored{std::make_unique<Network>(spec.value(), 0), vocab ? *vocab : ""};
  stored.network->to(torch::kCPU);
  if (Status s = read_parameters(file.value(), *stored.network); !s) {
    return Error{path.string() + ": " + s.error().message};
  }
  return stored;
}

bool is_complete(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return false;
  const Result<io::SafetensorsFile> file = io::read_safetensors(path);
  if (!file) return false;
  const std::string* complete = metadata(file.value(), "complete");
  return complete != nullptr && *complete == "true";
}

}  // namespace bat::train
