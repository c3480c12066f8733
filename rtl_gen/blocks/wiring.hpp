// SPDX-License-Identifier: Apache-2.0
// Connects instances by name: output `x_o` of one module drives net `x`, input `x_i` of another
// reads it. Nets are declared where they are first met, with the width that the parameters give.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rtl_gen/emit/module.hpp"

namespace bat::blocks {

class Wiring {
 public:
  /// Values by parameter name, for every instance that has such a parameter.
  Wiring(emit::Module& module, emit::Constants parameters, emit::Constants package_constants)
      : module_(module),
        parameters_(std::move(parameters)),
        package_constants_(std::move(package_constants)) {}

  /// Declares a net, or refers to one that exists.
  emit::Expr net(const std::string& name, int width, std::string comment = "");
  /// A name that every port called `port` connects to unless an instance says otherwise.
  void always(const std::string& port, emit::Expr value);
  /// Marks a net as read or driven outside of instances (by an assignment).
  void read(const emit::Expr& value);
  void drive(const emit::Expr& value);
  void assign(const emit::Expr& lhs, const emit::Expr& rhs);

  /// Instantiates `module`; `own` overrides ports, `parameters` overrides the common values. A
  /// parameter with a number as default must be given here or in the common values.
  void instance(const emit::Interface& module, const std::string& name,
                const std::map<std::string, emit::Expr>& own = {},
                const emit::Constants& parameters = {});
  /// Instantiates a hand-written module by name.
  void leaf(std::string_view module, const std::string& name,
            const std::map<std::string, emit::Expr>& own = {},
            const emit::Constants& parameters = {});

  /// Outputs that nobody needs in this design, by net name.
  void ignore(std::set<std::string> nets) { ignored_.merge(nets); }

  /// Gives ignored nets a reader and reports nets without driver or reader and every problem met.
  Status finish();

 private:
  emit::Expr connect(const emit::InterfacePort& port, int width);

  emit::Module& module_;
  emit::Constants parameters_;
  emit::Constants package_constants_;
  std::map<std::string, emit::Expr> always_;
  std::map<std::string, emit::Expr> nets_;
  std::set<std::string> read_;
  std::set<std::string> driven_;
  std::set<std::string> ignored_;
  std::vector<std::string> problems_;
};

}  // namespace bat::blocks
