// SPDX-License-Identifier: Apache-2.0
// Result of an operation on untrusted input: a value, or an error that a person can act on.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace bat {

/// Which exit code an error leads to (documented in the README).
enum class ErrorKind {
  kMismatch = 1,     ///< a check or comparison failed
  kBadInput = 2,     ///< a file, option or value breaks a rule
  kMissingTool = 3,  ///< an external tool is not installed
};

/// A message naming the place (file, line, key), the rule and, where there is one, the nearest
/// legal value.
struct Error {
  std::string message;
  ErrorKind kind = ErrorKind::kBadInput;
};

/// Holds either a T or an Error. Check with `ok()` before `value()`.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }
  T& value() & { return std::get<T>(state_); }
  const T& value() const& { return std::get<T>(state_); }
  T&& value() && { return std::get<T>(std::move(state_)); }
  const Error& error() const { return std::get<Error>(state_); }

 private:
  std::variant<T, Error> state_;
};

/// Success without a value.
struct Ok {};
using Status = Result<Ok>;

}  // namespace bat
