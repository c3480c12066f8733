// SPDX-License-Identifier: Apache-2.0
#include "models/train/bert_import.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "models/io/atomic_file.hpp"
#include "models/io/npz.hpp"
#include "models/io/safetensors.hpp"
#include "models/train/quantizers.hpp"
#include "models/train/torch.hpp"
#include "models/train/vocabulary.hpp"

namespace bat::train {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using torch::Tensor;

/// Reads tensors by name; keeps the first error.
class Reader {
 public:
  explicit Reader(const io::SafetensorsFile& file) : file_(file) {
    prefix_ = file.tensors.contains("bert.embeddings.word_embeddings.weight") ? "bert." : "";
  }

  Tensor read(const std::string& name, at::IntArrayRef shape) {
    const auto found = file_.tensors.find(prefix_ + name);
    if (found == file_.tensors.end()) return fail(name, "is missing", shape);
    std::vector<std::int64_t> have(found->second.shape.begin(), found->second.shape.end());
    if (at::IntArrayRef(have) != shape) return fail(name, "has another shape", shape);
    const std::vector<float> values = io::float_values(found->second);
    if (values.empty()) return fail(name, "holds no floats", shape);
    return torch::tensor(values).view(shape);
  }

  /// A tensor of one element, whatever its dimensions.
  Tensor scalar(const std::string& name) {
    const auto found = file_.tensors.find(prefix_ + name);
    if (found == file_.tensors.end()) return fail(name, "is missing", {});
    const std::vector<float> values = io::float_values(found->second);
    if (values.size() != 1) return fail(name, "is not one float", {});
    return torch::tensor(values[0]);
  }

  bool holds(const std::string& name) const { return file_.tensors.contains(prefix_ + name); }

  const std::string& error() const { return error_; }

 private:
  Tensor fail(const std::string& name, const char* what, at::IntArrayRef shape) {
    if (error_.empty()) error_ = fmt::format("tensor '{}{}' {}", prefix_, name, what);
    return torch::zeros(shape);
  }

  const io::SafetensorsFile& file_;
  std::string prefix_;
  std::string error_;
};

struct BertConfig {
  NetworkSpec spec;
  std::int64_t positions = 0;
};

int whole(const json& object, const char* key, int most) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer()) return 0;
  const auto value = found->get<std::int64_t>();
  return value > 0 && value <= most ? static_cast<int>(value) : 0;
}

Result<BertConfig> read_config(const fs::path& path) {
  const auto text = io::read_text(path);
  if (!text) return text.error();
  const json object = json::parse(text.value(), nullptr, false);
  if (!object.is_object()) return Error{path.string() + ": is not a JSON object"};
  BertConfig out;
  NetworkSpec& s = out.spec;
  s.input = bmt::InputKind::kTokens;
  s.act_bits = 0;
  s.attention = bmt::Attention::kSoftmax;
  s.shape.layers = whole(object, "num_hidden_layers", bmt::kMaxLayers);
  s.shape.hidden = whole(object, "hidden_size", bmt::kMaxHidden);
  s.shape.heads = whole(object, "num_attention_heads", bmt::kMaxHeads);
  s.shape.ffn = whole(object, "intermediate_size", bmt::kMaxFfn);
  s.vocab = whole(object, "vocab_size", 1 << 24);
  out.positions = whole(object, "max_position_embeddings", 1 << 20);
  const bool good = s.shape.layers > 0 && s.shape.hidden > 0 && s.shape.heads > 0 &&
                    s.shape.ffn > 0 && s.vocab > 0 && out.positions > 0 &&
                    s.shape.hidden % s.shape.heads == 0;
  if (!good) return Error{path.string() + ": lacks a size or has one out of range"};
  s.shape.head_dim = s.shape.hidden / s.shape.heads;
  return out;
}

void put(const Network& network, const std::string& name, const Tensor& value) {
  network.at(name).detach().copy_(value.view(network.at(name).sizes()));
}

void read_norm(Reader& in, const Network& network, const std::string& to, const std::string& from) {
  const std::int64_t d = network.spec().shape.hidden;
  put(network, to + ".gain", in.read(from + ".LayerNorm.weight", {d}));
  put(network, to + ".offset", in.read(from + ".LayerNorm.bias", {d}));
}

void read_embeddings(Reader& in, const Network& network, const BertConfig& config) {
  const NetworkSpec& s = network.spec();
  const std::int64_t d = s.shape.hidden;
  put(network, "word", in.read("embeddings.word_embeddings.weight", {s.vocab, d}));
  Tensor position =
      in.read("embeddings.position_embeddings.weight", {config.positions, d}).narrow(0, 0, s.rows);
  const Tensor segment = in.read("embeddings.token_type_embeddings.weight", {2, d});
  if (s.segments == 2) {
    put(network, "segment", segment);
  } else {
    position = position + segment[0];
  }
  put(network, "position", position);
  read_norm(in, network, "embed.ln", "embeddings");
}

void read_layer(Reader& in, const Network& network, int i) {
  const NetworkSpec& s = network.spec();
  const std::int64_t d = s.shape.hidden;
  const std::int64_t f = s.shape.ffn;
  const std::string from = fmt::format("encoder.layer.{}.", i);
  const std::string p = layer_prefix(i);
  std::vector<Tensor> weights, biases;
  for (const char* part : {"query", "key", "value"}) {
    weights.push_back(in.read(from + "attention.self." + part + ".weight", {d, d}));
    biases.push_back(in.read(from + "attention.self." + part + ".bias", {d}));
  }
  put(network, p + "qkv.weight", torch::stack(weights));
  put(network, p + "qkv.bias", torch::stack(biases));
  put(network, p + "o.weight", in.read(from + "attention.output.dense.weight", {d, d}));
  put(network, p + "o.bias", in.read(from + "attention.output.dense.bias", {d}));
  read_norm(in, network, p + "ln1", from + "attention.output");
  put(network, p + "f1.weight", in.read(from + "intermediate.dense.weight", {f, d}));
  put(network, p + "f1.bias", in.read(from + "intermediate.dense.bias", {f}));
  put(network, p + "f2.weight", in.read(from + "output.dense.weight", {d, f}));
  put(network, p + "f2.bias", in.read(from + "output.dense.bias", {d}));
  read_norm(in, network, p + "ln2", from + "output");
}

/// Scales of activations are positive and kept as logarithms.
Tensor log_scale(const Tensor& scale) { return scale.clamp_min(1e-5).log(); }

void read_quantizers(Reader& in, const Network& network, int i) {
  const NetworkSpec& s = network.spec();
  const std::int64_t d = s.shape.hidden;
  const std::int64_t f = s.shape.ffn;
  const std::string from = fmt::format("encoder.layer.{}.", i);
  const std::string p = layer_prefix(i);
  std::vector<Tensor> inputs, shifts, outputs;
  for (const char* part : {"query", "key", "value"}) {
    const std::string self = from + "attention.self.";
    inputs.push_back(in.scalar(self + part + ".input_clip_val"));
    shifts.push_back(in.read(self + part + ".move.bias", {d}));
    outputs.push_back(in.scalar(self + "clip_" + part));
  }
  put(network, p + "input.alpha", log_scale(torch::stack(inputs).mean()));
  put(network, p + "input.beta", torch::stack(shifts).mean(0));
  put(network, p + "qkv.alpha", log_scale(torch::stack(outputs)));
  put(network, p + "attention.alpha", log_scale(in.scalar(from + "attention.self.clip_attn")));
  const std::string o = from + "attention.output.dense.";
  put(network, p + "context.alpha", log_scale(in.scalar(o + "input_clip_val")));
  put(network, p + "context.beta", in.read(o + "move.bias", {d}));
  const std::string f1 = from + "intermediate.dense.";
  put(network, p + "ffn_input.alpha", log_scale(in.scalar(f1 + "input_clip_val")));
  put(network, p + "ffn_input.beta", in.read(f1 + "move.bias", {d}));
  const std::string f2 = from + "output.dense.";
  put(network, p + "ffn.alpha", log_scale(in.scalar(f2 + "input_clip_val")));
  network.at(p + "f1.bias").detach().add_(in.read(f2 + "move.bias", {f}));
}

/// BiT's words are one bit each: sign(W - mean W) times the mean size of the row.
void binarize_words(const Network& network) {
  const Tensor& word = network.at("word");
  const Tensor w = word.detach().clone();
  const Tensor sign = (w - w.mean()).ge(0.0).to(torch::kFloat) * 2.0 - 1.0;
  word.detach().copy_(sign * w.abs().mean(1, true));
  const Tensor all = torch::cat({word.flatten(), network.at("position").flatten()});
  put(network, "embed.step", log_scale(best_step(all)));
}

Result<io::SafetensorsFile> read_weights(const fs::path& folder) {
  std::error_code ignored;
  const fs::path npz = folder / "model.npz";
  if (fs::exists(npz, ignored)) return io::read_npz(npz);
  return io::read_safetensors(folder / "model.safetensors");
}

}  // namespace

bool is_bert_folder(const fs::path& path) {
  std::error_code ignored;
  const bool weights =
      fs::exists(path / "model.safetensors", ignored) || fs::exists(path / "model.npz", ignored);
  return weights && fs::exists(path / "config.json", ignored) &&
         fs::exists(path / "vocab.txt", ignored);
}

Result<StoredNetwork> import_bert(const fs::path& folder, int rows, int segments) {
  Result<BertConfig> config = read_config(folder / "config.json");
  if (!config) return config.error();
  if (rows > config.value().positions) {
    return Error{fmt::format("{}: has {} positions, {} are wanted (option max_tokens)",
                             folder.string(), config.value().positions, rows)};
  }
  const auto vocab = io::read_text(folder / "vocab.txt");
  if (!vocab) return vocab.error();
  NetworkSpec spec = config.value().spec;
  spec.rows = rows;
  spec.segments = segments;
  spec.classes = 2;
  if (pieces_of(vocab.value()).size() != static_cast<std::size_t>(spec.vocab)) {
    return Error{folder.string() + ": vocab.txt and config.json differ in the number of pieces"};
  }
  const auto file = read_weights(folder);
  if (!file) return file.error();
  Reader in(file.value());
  const bool binarized = in.holds("encoder.layer.0.attention.self.clip_query");
  if (binarized) spec.act_bits = 1;
  torch::NoGradGuard no_grad;
  StoredNetwork out{std::make_unique<Network>(spec, 0), vocab.value()};
  out.network->to(torch::kCPU);
  read_embeddings(in, *out.network, config.value());
  for (int i = 0; i < spec.shape.layers; ++i) read_layer(in, *out.network, i);
  if (binarized) {
    for (int i = 0; i < spec.shape.layers; ++i) read_quantizers(in, *out.network, i);
    binarize_words(*out.network);
  }
  if (!in.error().empty()) return Error{folder.string() + ": " + in.error()};
  return out;
}

Result<StoredNetwork> with_vocab(StoredNetwork stored, const std::string& vocab) {
  if (!stored.network->spec().tokens() || stored.vocab == vocab) return stored;
  const auto lines = lines_in(vocab, stored.vocab);
  if (!lines) return lines.error();
  torch::NoGradGuard no_grad;
  NetworkSpec spec = stored.network->spec();
  spec.vocab = static_cast<int>(lines.value().size());
  StoredNetwork out{std::make_unique<Network>(spec, 0), vocab};
  out.network->to(torch::kCPU);
  const Tensor index = torch::tensor(lines.value(), torch::kInt64);
  for (const std::string& name : spec.word_head
                                     ? std::vector<std::string>{"word", "word_head.offset"}
                                     : std::vector<std::string>{"word"}) {
    out.network->at(name).detach().copy_(stored.network->at(name).index_select(0, index));
  }
  for (const std::string& name : out.network->parameters().names()) {
    const Tensor& from = stored.network->at(name);
    if (from.sizes() == out.network->at(name).sizes() && name != "word") {
      out.network->at(name).detach().copy_(from);
    }
  }
  out.network->take_masks(*stored.network);
  return out;
}

}  // namespace bat::train
