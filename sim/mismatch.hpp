// SPDX-License-Identifier: Apache-2.0
// One difference between device and golden model, with everything that locates it.
#pragma once

#include <cstdint>
#include <string>

namespace bat::sim {

struct Mismatch {
  std::string config;
  std::uint64_t seed = 0;
  std::size_t sample = 0;
  std::uint64_t cycle = 0;
  std::string unit;      ///< "qmm", ...; empty where only logits were compared
  int instruction = -1;  ///< index in the program
  std::string disassembly;
  std::string tensor;  ///< golden name, such as "ln1_codes"
  int layer = -1;
  int head = -1;
  int row = 0;
  int column = 0;
  std::int64_t expected = 0;
  std::int64_t got = 0;
  std::uint64_t elements = 1;  ///< differing elements of the region
  std::string replay;          ///< command line that shows it again

  std::string text() const;
};

}  // namespace bat::sim
