// SPDX-License-Identifier: Apache-2.0
#include "verif/fuzz/targets.hpp"

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "models/bmt/golden.hpp"
#include "models/bmt/model_file.hpp"
#include "models/bmt/random_model.hpp"
#include "models/io/atomic_file.hpp"
#include "models/io/glue_tsv.hpp"
#include "models/io/idx.hpp"
#include "models/io/safetensors.hpp"
#include "models/io/sha256.hpp"
#include "models/io/wordpiece.hpp"
#include "rtl_gen/config/config.hpp"
#include "rtl_gen/plan/plan.hpp"

namespace bat::fuzz {
namespace {

std::span<const std::uint8_t> bytes_of(const std::string& image) {
  return {reinterpret_cast<const std::uint8_t*>(image.data()), image.size()};
}

std::string text_of(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

template <typename T>
std::string message_of(const Result<T>& result) {
  return result.ok() ? std::string() : result.error().message;
}

Target config_target() {
  Target target{"config", {}, {}, {}};
  for (const std::string& name : config_names()) {
    target.valid.emplace_back(config_source(name));
  }
  target.read = [](const std::string& image, std::string& broken) -> std::string {
    const Result<Config> config = parse_config(image, "fuzz.toml");
    if (!config.ok()) {
      if (config.error().message.find("fuzz.toml") == std::string::npos) {
        broken = "the message does not name the file: " + config.error().message;
      }
      return config.error().message;
    }
    const std::string canonical = canonical_text(config.value());
    const Result<Config> again = parse_config(canonical, "canonical");
    if (!again.ok() || config_hash(again.value()) != config_hash(config.value())) {
      broken = "the canonical text does not read back";
    }
    const Result<Plan> planned = plan(config.value());
    return message_of(planned);
  };
  return target;
}

bmt::RandomModelSpec small_spec(int variant) {
  bmt::RandomModelSpec spec;
  spec.hidden = 12;
  spec.heads = 2;
  spec.head_dim = 5;
  spec.ffn = 9;
  spec.max_tokens = 4;
  spec.vocab = 6;
  spec.act_bits = variant == 1 ? 2 : 1;
  spec.branches = variant == 1 ? 2 : 1;
  spec.pooler = variant == 1;
  if (variant == 2) spec.input = bmt::InputKind::kFeatures;
  if (variant == 3) {
    spec.pruning = {4, 5};
    spec.layers = 2;
    spec.layer_heads = {1, 2};
  }
  if (variant != 0) spec.attention = bmt::Attention::kThreshold;
  return spec;
}

/// A file for a reader that takes paths; one a process.
class ScratchFile {
 public:
  ScratchFile()
      : path_(std::filesystem::temp_directory_path() /
              ("bat_fuzz_" + std::to_string(::getpid()) + ".safetensors")) {}
  ~ScratchFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A model that was accepted must be usable: the golden model computes or says why not.
void use_model(const bmt::Model& model, std::string& broken) {
  const Status valid = bmt::validate(model);
  if (!valid.ok()) {
    broken = "accepted, but not valid: " + valid.error().message;
    return;
  }
  const bmt::Sample sample = bmt::random_sample(model, model.max_tokens < 3 ? 1 : 3, 1);
  const auto logits = bmt::GoldenModel(model).logits(sample);
  if (!logits.ok() && logits.error().message.empty()) broken = "golden error without a message";
}

/// New data hash for a file whose structure still parses.
std::string repair_hash(const std::string& image) {
  auto file = io::parse_safetensors(bytes_of(image), "fuzz");
  if (!file.ok()) return image;
  io::SafetensorsFile fixed = std::move(file).value();
  if (fixed.metadata.contains("hash")) {
    fixed.metadata["hash"] = io::sha256_hex(io::data_section(fixed));
  }
  return text_of(io::serialize_safetensors(fixed));
}

Target model_target() {
  Target target{"model", {}, {}, repair_hash};
  const auto scratch = std::make_shared<ScratchFile>();
  for (int variant = 0; variant < 4; ++variant) {
    const bmt::Model model = bmt::random_model(small_spec(variant), 7);
    if (!bmt::save_model(model, scratch->path()).ok()) continue;
    target.valid.push_back(io::read_text(scratch->path()).value());
  }
  target.read = [scratch](const std::string& image, std::string& broken) -> std::string {
    if (!io::write_text_atomic(scratch->path(), image).ok()) {
      broken = "cannot write the scratch file";
      return {};
    }
    const Result<bmt::Model> model = bmt::load_model(scratch->path());
    if (!model.ok()) return model.error().message;
    use_model(model.value(), broken);
    return {};
  };
  return target;
}

Target safetensors_target() {
  Target target{"safetensors", {}, {}, {}};
  io::SafetensorsFile file;
  file.metadata.emplace("key", "value");
  file.tensors["x"] = {io::Dtype::kU8, {2, 3}, {1, 2, 3, 4, 5, 6}};
  file.tensors["y"] = {io::Dtype::kI32, {1}, {1, 2, 3, 4}};
  target.valid.push_back(text_of(io::serialize_safetensors(file)));
  target.read = [](const std::string& image, std::string& broken) -> std::string {
    const auto parsed = io::parse_safetensors(bytes_of(image), "fuzz");
    if (!parsed.ok()) return parsed.error().message;
    const auto again = io::parse_safetensors(io::serialize_safetensors(parsed.value()), "again");
    if (!again.ok()) broken = "what was read cannot be written and read again";
    return {};
  };
  return target;
}

Target idx_target() {
  Target target{"idx", {}, {}, {}};
  target.valid.push_back(
      std::string("\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x01"
                  "abcd",
                  20));
  target.valid.push_back(
      std::string("\0\0\x08\x01\0\0\0\x03"
                  "xyz",
                  11));
  target.read = [](const std::string& image, std::string&) -> std::string {
    const auto parsed = io::parse_idx(bytes_of(image), "fuzz");
    return message_of(parsed);
  };
  return target;
}

Target gzip_target() {
  Target target{"gzip", {}, {}, {}};
  static constexpr std::uint8_t kHello[] = {
      31, 139, 8,  0,   0,  0, 0,  0,   0,   3,   203, 72, 205, 201, 201,
      87, 200, 64, 144, 92, 0, 59, 124, 138, 223, 18,  0,  0,   0};  // "hello hello hello\n"
  target.valid.push_back(text_of(kHello));
  target.read = [](const std::string& image, std::string& broken) -> std::string {
    const auto data = io::gunzip(bytes_of(image), "fuzz", 1 << 16);
    if (!data.ok()) return data.error().message;
    if (data.value().size() > (1 << 16)) broken = "more bytes than the limit";
    return {};
  };
  return target;
}

Target glue_target() {
  Target target{"glue", {}, {}, {}};
  target.valid = {"sentence\tlabel\nan apple\t1\nno pear\t0\n"};
  target.read = [](const std::string& image, std::string&) -> std::string {
    std::string message;
    for (const char* task : {"sst2", "cola", "mrpc", "rte", "stsb"}) {
      const auto parsed = io::parse_glue(image, *io::glue_task(task), "fuzz");
      if (std::string_view(task) == "sst2" && !parsed.ok()) message = parsed.error().message;
    }
    return message;
  };
  return target;
}

Target vocab_target() {
  Target target{"vocab", {}, {}, {}};
  target.valid = {"[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n##b\nc\xC3\xA9\n\xE4\xB8\xAD\n"};
  target.read = [](const std::string& image, std::string& broken) -> std::string {
    const auto pieces = io::WordPiece::from_vocab(image, true);
    // The mutated text also goes through the tokenizer of a correct vocabulary.
    const auto good = io::WordPiece::from_vocab("[UNK]\n[CLS]\n[SEP]\na\n##b\n", true);
    const io::Encoding encoded = good.value().encode(image, image, 16);
    if (encoded.ids.size() > 16) broken = "more tokens than asked for";
    return message_of(pieces);
  };
  return target;
}

}  // namespace

std::vector<Target> targets() {
  return {config_target(), model_target(), safetensors_target(), idx_target(),
          gzip_target(),   glue_target(),  vocab_target()};
}

}  // namespace bat::fuzz
