// SPDX-License-Identifier: Apache-2.0
// Bytes of a model's weight matrices in each form that a file may hold them in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/bmt/model.hpp"
#include "models/bmt/sparse_rows.hpp"

namespace bat::bmt {

/// One 1-bit matrix.
struct MatrixStorage {
  std::string name;  ///< "layers.0.q"
  int branches = 1;
  int out = 0;
  int in = 0;
  double kept = 1.0;   ///< share of the weights that no mask prunes
  double zeros = 0.0;  ///< share of the kept weights whose two branches cancel
  std::uint64_t dense_bytes = 0;
  std::optional<std::uint64_t> bitmap_bytes;  ///< nothing where the form cannot hold the matrix
  std::optional<std::uint64_t> index_bytes;
  std::optional<SparseForm> stored;  ///< form that a file holds; nothing: dense

  std::uint64_t stored_bytes() const;
};

/// Every 1-bit matrix of the model, in the order of the file's table.
std::vector<MatrixStorage> matrix_storage(const Model& model);

}  // namespace bat::bmt
