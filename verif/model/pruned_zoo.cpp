// SPDX-License-Identifier: Apache-2.0
#include "verif/model/pruned_zoo.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "models/bmt/model_file.hpp"

namespace bat {

namespace fs = std::filesystem;

std::vector<bmt::Model> pruned_zoo_models() {
  std::multimap<std::uintmax_t, fs::path> files;
  for (const auto& entry : fs::directory_iterator(BAT_ZOO)) {
    if (entry.path().extension() == ".safetensors") files.emplace(entry.file_size(), entry.path());
  }
  std::vector<bmt::Model> models;
  for (const auto& [size, path] : files) {
    auto model = bmt::load_model(path);
    EXPECT_TRUE(model.ok()) << model.error().message;
    if (model.ok() && model.value().pruning.used()) models.push_back(std::move(model).value());
  }
  return models;
}

Config holding(Config base, std::span<const bmt::Model> models) {
  base.features = {1, 1, false, false, false, false, true};
  base.limits = {1, 1, 1, 1, 1, 1, 1, 1, 1};
  base.buffers.resident_layers = 0;
  return enlarged(base, models);
}

Config enlarged(const Config& small, std::span<const bmt::Model> models) {
  Config base = small;
  base.features.pruning = true;
  Config::Limits& l = base.limits;
  for (const bmt::Model& m : models) {
    base.features.act_bits = std::max(base.features.act_bits, m.act_bits);
    base.features.branches = std::max(base.features.branches, m.branches);
    (m.attention == bmt::Attention::kSoftmax ? base.features.softmax : base.features.threshold) =
        true;
    (m.input == bmt::InputKind::kTokens ? base.features.tokens : base.features.feature_rows) = true;
    base.array.depth = std::gcd(base.array.depth, std::gcd(m.pruning.block, m.pruning.group));
    base.array.depth = std::gcd(base.array.depth, m.head_dim);
    l.tokens = std::max(l.tokens, m.max_tokens);
    l.positions = l.tokens;
    l.hidden = std::max(l.hidden, m.hidden);
    l.head_dim = std::max(l.head_dim, m.head_dim);
    l.classes = std::max(l.classes, m.classes);
    l.features = std::max(l.features, m.features.count);
    for (int i = 0; i < m.layer_count(); ++i) {
      l.heads = std::max(l.heads, m.heads(i));
      l.ffn = std::max(l.ffn, m.ffn(i));
    }
  }
  base.array.cols = std::min(base.array.cols, base.array.depth);
  base.array.rows = std::min(base.array.rows, base.array.cols);
  return base;
}

}  // namespace bat
