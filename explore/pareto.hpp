// SPDX-License-Identifier: Apache-2.0
// Exact Pareto fronts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bat::explore {

/// Most objectives of a space.
inline constexpr std::size_t kMaxObjectives = 8;

/// A vector of values that are all to be small; `values[d]` for `d >= dimensions` are not read.
using Vector = std::array<double, kMaxObjectives>;

/// Whether `a` is nowhere larger than `b` and somewhere smaller.
bool dominates(const Vector& a, const Vector& b, std::size_t dimensions);

/// Indices, ascending, of those vectors that no other one dominates. Equal vectors stay together.
std::vector<std::uint32_t> pareto_front(std::span<const Vector> vectors, std::size_t dimensions);

/// Whether any of `front` dominates each of `vectors`: 1 or 0 by vector.
std::vector<std::uint8_t> dominated_by(std::span<const Vector> front,
                                       std::span<const Vector> vectors, std::size_t dimensions);

}  // namespace bat::explore
