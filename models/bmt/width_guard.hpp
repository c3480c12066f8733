// SPDX-License-Identifier: Apache-2.0
// Watches that intermediate values stay within the widths that docs/numerics.md states.
#pragma once

#include <cstdint>
#include <string>

#include "models/bmt/primitives.hpp"
#include "models/io/result.hpp"

namespace bat::bmt {

/// Keeps the first violation; cheap while there is none.
class WidthGuard {
 public:
  /// Returns `value`; notes an error if it does not fit `bits` bits signed.
  std::int64_t check(std::int64_t value, int bits, const char* what) {
    if (!fits_signed(value, bits) && message_.empty()) note(value, bits, what);
    return value;
  }

  /// Prefix of later messages, such as a layer number; -1 for outside the encoder.
  void set_layer(int layer) { layer_ = layer; }

  bool ok() const { return message_.empty(); }
  Error error() const { return Error{message_, ErrorKind::kMismatch}; }

 private:
  void note(std::int64_t value, int bits, const char* what) {
    message_ = "overflow: ";
    if (layer_ >= 0) message_ += "layers." + std::to_string(layer_) + " ";
    message_ += std::string(what) + " is " + std::to_string(value) + ", more than " +
                std::to_string(bits) + " bits signed";
  }

  std::string message_;
  int layer_ = -1;
};

}  // namespace bat::bmt
