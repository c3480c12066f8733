// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/emit/module.hpp"

#include <fmt/format.h>

namespace bat::emit {

Statement set_next(Expr lhs, Expr rhs) {
  return {Statement::Kind::kNonblocking, std::move(lhs), std::move(rhs), {}, {}, {}};
}

Statement set_now(Expr lhs, Expr rhs) {
  return {Statement::Kind::kBlocking, std::move(lhs), std::move(rhs), {}, {}, {}};
}

Statement if_then(Expr condition, std::vector<Statement> then_body,
                  std::vector<Statement> else_body) {
  return {Statement::Kind::kIf, nullptr, std::move(condition), std::move(then_body),
          std::move(else_body), {}};
}

Statement case_of(Expr selector, std::vector<Statement::Arm> arms) {
  return {Statement::Kind::kCase, nullptr, std::move(selector), {}, {}, std::move(arms)};
}

Expr Module::input(std::string name, int width, std::string comment) {
  ports_.push_back({Direction::kInput, name, width, std::move(comment)});
  return ref(std::move(name), width);
}

Expr Module::output(std::string name, int width, std::string comment) {
  ports_.push_back({Direction::kOutput, name, width, std::move(comment)});
  return ref(std::move(name), width);
}

Expr Module::net(std::string name, int width, std::string comment) {
  add(Net{name, width, std::move(comment)});
  return ref(std::move(name), width);
}

Expr Module::constant(std::string name, int width, std::uint64_t value, std::string comment) {
  add(Constant{name, width, value, std::move(comment)});
  return ref(std::move(name), width);
}

void Module::parameter(std::string name, long long value, std::string comment) {
  parameters_.push_back({std::move(name), value, std::move(comment)});
}

void Module::port_group(std::string title) {
  groups_.emplace_back(ports_.size(), std::move(title));
}

Interface interface_of(const Module& module) {
  Interface result;
  result.name = module.name();
  for (const Parameter& parameter : module.parameters()) {
    result.parameters.push_back({parameter.name, std::to_string(parameter.value)});
  }
  for (const Port& port : module.ports()) {
    result.ports.push_back({port.direction, port.name, std::to_string(port.width)});
  }
  return result;
}

}  // namespace bat::emit
