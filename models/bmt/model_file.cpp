// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/model_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <set>
#include <type_traits>

#include "models/bmt/model_metadata.hpp"
#include "models/bmt/model_tensors.hpp"
#include "models/bmt/sparse_rows.hpp"
#include "models/io/safetensors.hpp"
#include "models/io/sha256.hpp"
#include "models/io/utf8.hpp"

namespace bat::bmt {
namespace {

constexpr const char* kModelKey = "bmt";
constexpr const char* kHashKey = "hash";
constexpr const char* kVocabKey = "vocab";

/// Sanity bound on rows read from a shape; `validate` applies the exact limits.
constexpr std::uint64_t kMaxRows = 1U << 20;

std::uint64_t row_bytes(int bits) { return static_cast<std::uint64_t>(bits + 7) / 8; }
std::uint64_t length(int n) { return static_cast<std::uint64_t>(n); }

/// Name of the tensor that holds the rows of matrix `name` in a packed form.
std::string packed_name(const std::string& name, SparseForm form) {
  return fmt::format("{}.{}", name, to_string(form));
}

template <typename T>
constexpr io::Dtype dtype_of() {
  if constexpr (std::is_same_v<T, std::uint8_t>) return io::Dtype::kU8;
  if constexpr (std::is_same_v<T, std::int8_t>) return io::Dtype::kI8;
  if constexpr (std::is_same_v<T, std::int16_t>) return io::Dtype::kI16;
  if constexpr (std::is_same_v<T, std::int32_t>) return io::Dtype::kI32;
  if constexpr (std::is_same_v<T, std::int64_t>) return io::Dtype::kI64;
}

/// Copies tensors out of a file; keeps the first broken rule.
class Reader {
 public:
  Reader(const io::SafetensorsFile& file, int branches, bool packed)
      : file_(file), branches_(branches), packed_(packed) {}

  template <typename T>
  void values(const std::string& name, const TensorShape& shape, std::vector<T>& out) {
    const io::Tensor* tensor = find(name, dtype_of<T>(), shape);
    if (tensor == nullptr) return;
    out.resize(tensor->data.size() / sizeof(T));
    for (std::size_t i = 0; i < out.size(); ++i) {
      std::uint64_t bits = 0;
      for (std::size_t b = 0; b < sizeof(T); ++b) {
        bits |= static_cast<std::uint64_t>(tensor->data[i * sizeof(T) + b]) << (8 * b);
      }
      out[i] = static_cast<T>(bits);
    }
  }

  void scalar(const std::string& name, std::int32_t& out) {
    std::vector<std::int32_t> one;
    values(name, {1}, one);
    if (!one.empty()) out = one.front();
  }

  void bits(const std::string& name, int out, int in, BitMatrix& matrix, const BlockMask& mask) {
    if (const auto form = form_of(name)) return packed_bits(name, *form, out, in, matrix, mask);
    const io::Tensor* tensor =
        find(name, io::Dtype::kU8, {length(branches_), length(out), row_bytes(in)});
    if (tensor == nullptr) return;
    matrix = BitMatrix(branches_, out, in);
    const std::size_t bytes = row_bytes(in);
    const std::uint8_t* from = tensor->data.data();
    for (int br = 0; br < branches_; ++br) {
      for (int o = 0; o < out; ++o) {
        const auto row = matrix.row(br, o);
        for (std::size_t i = 0; i < bytes; ++i) {
          row[i / 8] |= static_cast<std::uint64_t>(*from++) << (8 * (i % 8));
        }
      }
    }
  }

  void codes(const std::string& name, int out, int in, CodeMatrix& matrix) {
    const io::Tensor* tensor = find(name, io::Dtype::kU8, {length(out), length(in)});
    if (tensor == nullptr) return;
    matrix = CodeMatrix(out, in);
    matrix.codes = tensor->data;
  }

  void mask(const std::string& name, int out, int in, const Pruning& pruning, BlockMask& mask) {
    if (!file_.tensors.contains(name)) return;
    BlockMask read(pruning, out, in);
    const io::Tensor* tensor =
        find(name, io::Dtype::kU8, {length(read.groups), row_bytes(read.blocks)});
    if (tensor == nullptr) return;
    const std::size_t bytes = row_bytes(read.blocks);
    for (int g = 0; g < read.groups; ++g) {
      const std::uint8_t* row = &tensor->data[static_cast<std::size_t>(g) * bytes];
      for (int b = 0; b < static_cast<int>(8 * bytes); ++b) {
        if ((row[b / 8] >> (b % 8) & 1) == 0) continue;
        if (b >= read.blocks) return fail(name, fmt::format("has padding bits in row {}", g));
        read.keep(g, b);
      }
    }
    mask = std::move(read);
  }

  int rows(const std::string& name, const BitMatrix&) {
    if (const auto form = form_of(name)) return packed_rows(packed_name(name, *form));
    const auto found = file_.tensors.find(name);
    if (found == file_.tensors.end()) return fail(name, "is missing"), 0;
    const TensorShape& shape = found->second.shape;
    if (shape.size() == 3 && shape[1] >= 1 && shape[1] <= kMaxRows)
      return static_cast<int>(shape[1]);
    fail(name,
         fmt::format("has shape [{}], must be [branches, rows, bytes]", fmt::join(shape, ", ")));
    return 0;
  }

  static void branches(int count, Requant& rq) { rq.branches = count; }

  /// After all tensors: none may be left over.
  void finish() {
    for (const auto& [name, tensor] : file_.tensors) {
      if (!used_.contains(name)) fail(name, "is not a tensor of this model");
    }
  }

  const std::string& error() const { return error_; }

 private:
  /// The form in which the rows of a matrix are packed, if they are.
  std::optional<SparseForm> form_of(const std::string& name) const {
    for (const SparseForm form : kSparseForms) {
      if (file_.tensors.contains(packed_name(name, form))) return form;
    }
    return std::nullopt;
  }

  int packed_rows(const std::string& name) {
    const TensorShape& shape = file_.tensors.at(name).shape;
    if (shape.size() == 2 && shape[0] >= 1 && shape[0] <= kMaxRows) {
      return static_cast<int>(shape[0]);
    }
    fail(name, fmt::format("has shape [{}], must be [rows, bytes]", fmt::join(shape, ", ")));
    return 0;
  }

  void packed_bits(const std::string& matrix_name, SparseForm form, int out, int in,
                   BitMatrix& matrix, const BlockMask& mask) {
    const std::string name = packed_name(matrix_name, form);
    if (!packed_) return fail(name, "is packed, which needs version 2 of the file");
    if (branches_ != 2) return fail(name, "is packed, which needs two branches");
    if (packed_rows(name) == 0) return;
    const TensorShape& shape = file_.tensors.at(name).shape;
    const io::Tensor* tensor = find(name, io::Dtype::kU8, {length(out), shape[1]});
    if (tensor == nullptr) return;
    auto unpacked = unpack_rows({form, out, shape[1], tensor->data}, in, mask);
    if (!unpacked) return fail(name, unpacked.error().message);
    matrix = std::move(unpacked).value();
  }

  const io::Tensor* find(const std::string& name, io::Dtype dtype, const TensorShape& shape) {
    used_.insert(name);
    const auto found = file_.tensors.find(name);
    if (found == file_.tensors.end()) return fail(name, "is missing"), nullptr;
    const io::Tensor& tensor = found->second;
    if (tensor.dtype != dtype) {
      fail(name, fmt::format("is {}, must be {}", io::name(tensor.dtype), io::name(dtype)));
      return nullptr;
    }
    if (tensor.shape != shape) {
      fail(name, fmt::format("has shape [{}], must be [{}]", fmt::join(tensor.shape, ", "),
                             fmt::join(shape, ", ")));
      return nullptr;
    }
    return &tensor;
  }

  void fail(const std::string& name, const std::string& rule) {
    if (error_.empty()) error_ = fmt::format("tensor {} {}", name, rule);
  }

  const io::SafetensorsFile& file_;
  int branches_;
  bool packed_;  ///< the version of the file knows packed rows
  std::set<std::string> used_;
  std::string error_;
};

/// Copies tensors of a valid model into a file.
class Writer {
 public:
  explicit Writer(io::SafetensorsFile& file) : file_(file) {}

  template <typename T>
  void values(const std::string& name, const TensorShape& shape, const std::vector<T>& in) {
    io::Tensor tensor{dtype_of<T>(), shape, {}};
    for (const T value : in) {
      const auto bits = static_cast<std::uint64_t>(value);
      for (std::size_t b = 0; b < sizeof(T); ++b) {
        tensor.data.push_back(static_cast<std::uint8_t>(bits >> (8 * b)));
      }
    }
    file_.tensors[name] = std::move(tensor);
  }

  void scalar(const std::string& name, std::int32_t value) {
    values(name, {1}, std::vector<std::int32_t>{value});
  }

  void bits(const std::string& name, int out, int in, const BitMatrix& matrix,
            const BlockMask& mask) {
    if (const auto rows = smallest_rows(matrix, mask)) {
      packed_ = true;
      return values(packed_name(name, rows->form), {length(out), rows->row_bytes}, rows->bytes);
    }
    std::vector<std::uint8_t> bytes;
    for (int br = 0; br < matrix.branches; ++br) {
      for (int o = 0; o < out; ++o) {
        const auto row = matrix.row(br, o);
        for (std::size_t i = 0; i < row_bytes(in); ++i) {
          bytes.push_back(static_cast<std::uint8_t>(row[i / 8] >> (8 * (i % 8))));
        }
      }
    }
    values(name, {length(matrix.branches), length(out), row_bytes(in)}, bytes);
  }

  void codes(const std::string& name, int out, int in, const CodeMatrix& matrix) {
    values(name, {length(out), length(in)}, matrix.codes);
  }

  void mask(const std::string& name, int, int, const Pruning&, const BlockMask& mask) {
    if (mask.empty()) return;
    const std::size_t bytes = row_bytes(mask.blocks);
    std::vector<std::uint8_t> bits(static_cast<std::size_t>(mask.groups) * bytes, 0);
    for (int g = 0; g < mask.groups; ++g) {
      for (int b = 0; b < mask.blocks; ++b) {
        std::uint8_t& byte =
            bits[static_cast<std::size_t>(g) * bytes + static_cast<std::size_t>(b / 8)];
        if (mask.keeps(g, b)) byte = static_cast<std::uint8_t>(byte | 1U << (b % 8));
      }
    }
    values(name, {length(mask.groups), row_bytes(mask.blocks)}, bits);
  }

  static int rows(const std::string&, const BitMatrix& matrix) { return matrix.out; }
  static void branches(int, const Requant&) {}

  /// Whether some matrix was smaller with packed rows.
  bool packed() const { return packed_; }

 private:
  io::SafetensorsFile& file_;
  bool packed_ = false;
};

Result<Model> from_file(const io::SafetensorsFile& file) {
  for (const char* key : {kModelKey, kHashKey}) {
    if (!file.metadata.contains(key)) return Error{fmt::format("metadata key {} is missing", key)};
  }
  if (file.metadata.at(kHashKey) != file.data_sha256) {
    return Error{fmt::format("hash of the data section is {}, metadata say {}", file.data_sha256,
                             file.metadata.at(kHashKey))};
  }
  int version = 0;
  auto parsed = parse_metadata(file.metadata.at(kModelKey), &version);
  if (!parsed) return parsed.error();
  Model model = std::move(parsed).value();
  const auto vocab = file.metadata.find(kVocabKey);
  if (vocab != file.metadata.end()) model.vocab = vocab->second;
  Reader reader(file, model.branches, version >= kPackedVersion);
  TensorTable<Reader, Model>(reader, model).visit();
  reader.finish();
  if (!reader.error().empty()) return Error{reader.error()};
  if (Status status = validate(model); !status) return status.error();
  return model;
}

}  // namespace

Result<Model> load_model(const std::filesystem::path& path) {
  const auto file = io::read_safetensors(path);
  if (!file) return file.error();
  auto model = from_file(file.value());
  if (!model) return Error{path.string() + ": " + model.error().message};
  return model;
}

Status save_model(const Model& model, const std::filesystem::path& path) {
  if (Status status = validate(model); !status) return status;
  const std::string texts = model.name + model.task + model.source + model.license +
                            model.train_command + fmt::format("{}", fmt::join(model.labels, ""));
  if (!io::is_utf8(texts)) return Error{path.string() + ": a text of the model is not UTF-8"};
  io::SafetensorsFile file;
  Writer writer(file);
  TensorTable<Writer, const Model>(writer, model).visit();
  file.metadata[kModelKey] = metadata_json(model, writer.packed() ? kPackedVersion : kPlainVersion);
  file.metadata[kHashKey] = io::sha256_hex(io::data_section(file));
  if (!model.vocab.empty()) file.metadata[kVocabKey] = model.vocab;
  return io::write_safetensors(file, path);
}

}  // namespace bat::bmt
