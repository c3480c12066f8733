// SPDX-License-Identifier: Apache-2.0
// A larger network that computes what a smaller one does: a start for shapes that no checkpoint
// has.
#pragma once

#include <cstdint>
#include <memory>

#include "models/io/result.hpp"
#include "models/train/network.hpp"

namespace bat::train {

/// `small`, a float network, in the shape `to`: whole multiples of its layers, hidden size, head
/// size and FFN; as many heads. Widths are repeated as in Net2Net (Chen et al., arXiv 1511.05641):
/// copies of a unit share what the next matrix gave it, so that without `noise` and with as many
/// layers the outputs are equal. Layers are repeated in place, which changes the function; training
/// on repairs it. `noise` is added to the weights of the encoder, in units of the root mean square
/// of a matrix: without it copies stay equal for ever. The error names the size that does not fit.
Result<std::unique_ptr<Network>> grown(const Network& small, const Shape& to, double noise,
                                       std::int64_t seed);

}  // namespace bat::train
