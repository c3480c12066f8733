// SPDX-License-Identifier: Apache-2.0
// Readers under test.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace bat::fuzz {

struct Target {
  std::string name;
  std::vector<std::string> valid;  ///< images of correct files; each must be accepted
  /// Reads an image: empty when it was accepted, else the error message. Anything that must hold
  /// after acceptance is checked inside; a broken rule comes back through `broken`.
  std::function<std::string(const std::string& image, std::string& broken)> read;
  /// Repairs what would hide deeper code, such as a hash; may be empty.
  std::function<std::string(const std::string& image)> repair;
};

std::vector<Target> targets();

}  // namespace bat::fuzz
