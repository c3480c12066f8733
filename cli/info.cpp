// SPDX-License-Identifier: Apache-2.0
// batkit info: shape of a model, and what its weight matrices take in each form of storage.
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/model_lookup.hpp"
#include "models/bmt/model_file.hpp"
#include "models/bmt/storage.hpp"

namespace bat::cli {
namespace {

using Json = nlohmann::ordered_json;

Json bytes_json(const std::optional<std::uint64_t>& bytes) {
  return bytes ? Json(*bytes) : Json(nullptr);
}

Json matrix_json(const bmt::MatrixStorage& m) {
  return {{"matrix", m.name},
          {"branches", m.branches},
          {"out", m.out},
          {"in", m.in},
          {"kept", m.kept},
          {"zeros", m.zeros},
          {"dense_bytes", m.dense_bytes},
          {"bitmap_bytes", bytes_json(m.bitmap_bytes)},
          {"index_bytes", bytes_json(m.index_bytes)},
          {"stored", m.stored ? to_string(*m.stored) : "dense"},
          {"stored_bytes", m.stored_bytes()}};
}

Json model_json(const bmt::Model& m) {
  Json json{{"model", m.name},
            {"task", m.task},
            {"input", m.input == bmt::InputKind::kTokens ? "tokens" : "features"},
            {"attention", m.attention == bmt::Attention::kSoftmax ? "softmax" : "threshold"},
            {"layers", m.layer_count()},
            {"hidden", m.hidden},
            {"head_dim", m.head_dim},
            {"act_bits", m.act_bits},
            {"branches", m.branches},
            {"classes", m.classes},
            {"max_tokens", m.max_tokens}};
  for (int i = 0; i < m.layer_count(); ++i) {
    json["heads"].push_back(m.heads(i));
    json["ffn"].push_back(m.ffn(i));
  }
  if (m.pruning.used()) json["pruning"] = {{"block", m.pruning.block}, {"group", m.pruning.group}};
  return json;
}

std::string bytes_text(const std::optional<std::uint64_t>& bytes) {
  return bytes ? fmt::format("{}", *bytes) : "-";
}

int execute(const std::string& name, bool json) {
  const auto path = find_model(name);
  if (!path.ok()) return fail(path.error());
  const auto loaded = bmt::load_model(path.value());
  if (!loaded.ok()) return fail(loaded.error());
  const bmt::Model& model = loaded.value();
  const auto matrices = bmt::matrix_storage(model);
  std::uint64_t dense = 0;
  std::uint64_t stored = 0;
  Json out = model_json(model);
  for (const bmt::MatrixStorage& m : matrices) {
    dense += m.dense_bytes;
    stored += m.stored_bytes();
    out["matrices"].push_back(matrix_json(m));
  }
  out["dense_bytes"] = dense;
  out["stored_bytes"] = stored;
  if (json) {
    print_json(out);
    return kExitOk;
  }
  for (const auto& [key, value] : out.items()) {
    if (key != "matrices") fmt::print("{:<14} {}\n", key, value.dump());
  }
  fmt::print("\n{:<14} {:>12} {:>6} {:>6} {:>10} {:>10} {:>10}  {}\n", "matrix", "out x in", "kept",
             "zeros", "dense", "bitmap", "index", "stored");
  for (const bmt::MatrixStorage& m : matrices) {
    fmt::print("{:<14} {:>12} {:>5.1f}% {:>5.1f}% {:>10} {:>10} {:>10}  {}\n", m.name,
               fmt::format("{} x {}", m.out, m.in), 100 * m.kept, 100 * m.zeros, m.dense_bytes,
               bytes_text(m.bitmap_bytes), bytes_text(m.index_bytes),
               m.stored ? to_string(*m.stored) : "dense");
  }
  return kExitOk;
}

}  // namespace

void add_info(CLI::App& app, Session& session) {
  CLI::App* command = add_command(app, session, "info",
                                  "Shape of a model, and bytes of its matrices dense and compact",
                                  "batkit info fashion-nano");
  auto name = std::make_shared<std::string>();
  command->add_option("model", *name, "Model file or zoo name")->required();
  command->callback([&session, name] {
    session.action = [&session, name] { return execute(*name, session.json); };
  });
}

}  // namespace bat::cli
