// SPDX-License-Identifier: Apache-2.0
// Interface of a module: parameters and ports with widths as expressions of the parameters. Those
// of hand-written modules are read from their ANSI header, so an instance can never drift from its
// file.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "models/io/result.hpp"

namespace bat::emit {

enum class Direction { kInput, kOutput };

struct InterfaceParameter {
  std::string name;
  std::string default_value;  ///< constant expression
};

struct InterfacePort {
  Direction direction = Direction::kInput;
  std::string name;
  std::string width;  ///< constant expression of the parameters, in bits
};

struct Interface {
  std::string name;
  std::vector<InterfaceParameter> parameters;  ///< settable ones, in order
  std::vector<InterfaceParameter> derived;     ///< localparams of the header
  std::vector<InterfacePort> ports;
};

using Constants = std::map<std::string, long long, std::less<>>;

/// Reads the header `module name #(parameter int A = 1, ...) (input logic [A-1:0] x_i, ...);` of
/// the first module of `source`. Errors name what was not understood.
Result<Interface> read_interface(std::string_view source);

/// Reads every `localparam int Name = expression;` of a package, with the package name as prefix
/// (`bat_pkg::Name`).
Result<Constants> read_package(std::string_view source);

/// Value of a constant expression: integers (also 8'd3), names, + - * / % << >> comparisons, && ||
/// !,
/// ?:, parentheses, $clog2.
Result<long long> evaluate(std::string_view expression, const Constants& constants);

/// Values of all parameters and localparams: `overrides` first, then defaults.
Result<Constants> resolve_parameters(const Interface& module, const Constants& overrides,
                                     const Constants& package_constants);

}  // namespace bat::emit
