// SPDX-License-Identifier: Apache-2.0
#include "explore/pareto.hpp"

#include <algorithm>
#include <numeric>

namespace bat::explore {
namespace {

/// A list of vectors in which those that dominated lately are asked first.
class Dominators {
 public:
  explicit Dominators(std::size_t dimensions) : dimensions_(dimensions) {}

  void add(const Vector& vector) { list_.push_back(vector); }
  bool dominate(const Vector& vector) {
    for (std::size_t i = 0; i < list_.size(); ++i) {
      if (!dominates(list_[i], vector, dimensions_)) continue;
      if (i > 0) std::swap(list_[i], list_[i / 2]);
      return true;
    }
    return false;
  }

 private:
  std::size_t dimensions_;
  std::vector<Vector> list_;
};

}  // namespace

bool dominates(const Vector& a, const Vector& b, std::size_t dimensions) {
  bool smaller = false;
  for (std::size_t d = 0; d < dimensions; ++d) {
    if (a[d] > b[d]) return false;
    smaller = smaller || a[d] < b[d];
  }
  return smaller;
}

std::vector<std::uint32_t> pareto_front(std::span<const Vector> vectors, std::size_t dimensions) {
  std::vector<std::uint32_t> order(vectors.size());
  std::iota(order.begin(), order.end(), 0U);
  // In lexicographic order a vector is dominated by none behind it.
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    for (std::size_t d = 0; d < dimensions; ++d) {
      if (vectors[a][d] != vectors[b][d]) return vectors[a][d] < vectors[b][d];
    }
    return a < b;
  });
  Dominators dominators(dimensions);
  std::vector<std::uint32_t> front;
  for (const std::uint32_t i : order) {
    if (dominators.dominate(vectors[i])) continue;
    front.push_back(i);
    dominators.add(vectors[i]);
  }
  std::sort(front.begin(), front.end());
  return front;
}

std::vector<std::uint8_t> dominated_by(std::span<const Vector> front,
                                       std::span<const Vector> vectors, std::size_t dimensions) {
  Dominators dominators(dimensions);
  for (const Vector& vector : front) dominators.add(vector);
  std::vector<std::uint8_t> result;
  result.reserve(vectors.size());
  for (const Vector& vector : vectors) {
    result.push_back(dominators.dominate(vector) ? std::uint8_t{1} : std::uint8_t{0});
  }
  return result;
}

}  // namespace bat::explore
