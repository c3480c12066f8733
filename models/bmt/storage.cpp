// SPDX-License-Identifier: Apache-2.0
#include "models/bmt/storage.hpp"

#include <fmt/format.h>

namespace bat::bmt {
namespace {

void count(const Linear& linear, MatrixStorage& storage) {
  const BitMatrix& m = linear.weight;
  double kept = 0.0;
  double zeros = 0.0;
  for (int o = 0; o < m.out; ++o) {
    for (int i = 0; i < m.in; ++i) {
      if (!linear.mask.keeps_input(o, i)) continue;
      kept += 1.0;
      if (m.branches == 2 && m.bit(0, o, i) != m.bit(1, o, i)) zeros += 1.0;
    }
  }
  storage.kept = kept / (static_cast<double>(m.out) * static_cast<double>(m.in));
  storage.zeros = kept > 0.0 ? zeros / kept : 0.0;
}

MatrixStorage storage_of(std::string name, const Linear& linear) {
  const BitMatrix& m = linear.weight;
  MatrixStorage storage;
  storage.name = std::move(name);
  storage.branches = m.branches;
  storage.out = m.out;
  storage.in = m.in;
  storage.dense_bytes = static_cast<std::uint64_t>(m.branches) * static_cast<std::uint64_t>(m.out) *
                        static_cast<std::uint64_t>((m.in + 7) / 8);
  count(linear, storage);
  if (const auto rows = pack_rows(m, linear.mask, SparseForm::kBitmap)) {
    storage.bitmap_bytes = rows->bytes.size();
  }
  if (const auto rows = pack_rows(m, linear.mask, SparseForm::kIndex)) {
    storage.index_bytes = rows->bytes.size();
  }
  if (const auto rows = smallest_rows(m, linear.mask)) storage.stored = rows->form;
  return storage;
}

}  // namespace

std::uint64_t MatrixStorage::stored_bytes() const {
  if (!stored) return dense_bytes;
  return *(*stored == SparseForm::kBitmap ? bitmap_bytes : index_bytes);
}

std::vector<MatrixStorage> matrix_storage(const Model& model) {
  std::vector<MatrixStorage> list;
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const Layer& l = model.layers[i];
    const std::string layer = fmt::format("layers.{}.", i);
    list.push_back(storage_of(layer + "q", l.q));
    list.push_back(storage_of(layer + "k", l.k));
    list.push_back(storage_of(layer + "v", l.v));
    list.push_back(storage_of(layer + "o", l.o));
    list.push_back(storage_of(layer + "f1", l.f1));
    list.push_back(storage_of(layer + "f2", l.f2));
  }
  if (model.pooler) list.push_back(storage_of("pooler", *model.pooler));
  return list;
}

}  // namespace bat::bmt
