// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/blocks/wiring.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "rtl_gen/blocks/rtl_sources.hpp"

namespace bat::blocks {
namespace {

using emit::Constants;
using emit::Direction;
using emit::Expr;

bool is_number(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
  });
}

/// `x_i`, `x_o` -> `x`; `x_ni`, `x_no` -> `x_n`.
std::string net_name(const std::string& port) {
  if (port.ends_with("_ni") || port.ends_with("_no")) return port.substr(0, port.size() - 1);
  if (port.ends_with("_i") || port.ends_with("_o")) return port.substr(0, port.size() - 2);
  return port;
}

}  // namespace

Expr Wiring::net(const std::string& name, int width, std::string comment) {
  const auto found = nets_.find(name);
  if (found != nets_.end()) {
    if (found->second->width != width) {
      problems_.push_back(
          fmt::format("net {} has {} bits and is used with {}", name, found->second->width, width));
    }
    return found->second;
  }
  return nets_.emplace(name, module_.net(name, width, std::move(comment))).first->second;
}

void Wiring::always(const std::string& port, Expr value) { always_[port] = std::move(value); }

void Wiring::read(const Expr& value) {
  emit::for_each_ref(value, [this](const std::string& name, int) { read_.insert(name); });
}

void Wiring::drive(const Expr& value) {
  emit::for_each_ref(value, [this](const std::string& name, int) { driven_.insert(name); });
}

void Wiring::assign(const Expr& lhs, const Expr& rhs) {
  drive(lhs);
  read(rhs);
  module_.assign(lhs, rhs);
}

Expr Wiring::connect(const emit::InterfacePort& port, int width) {
  const auto fixed = always_.find(port.name);
  if (fixed != always_.end()) return fixed->second;
  for (const emit::Port& own : module_.ports()) {
    if (own.name == port.name) return emit::ref(own.name, own.width);
  }
  return net(net_name(port.name), width);
}

void Wiring::instance(const emit::Interface& module, const std::string& name,
                      const std::map<std::string, Expr>& own, const Constants& parameters) {
  emit::Instance result{module, name, {}, {}};
  Constants overrides;
  for (const emit::InterfaceParameter& parameter : module.parameters) {
    auto value = parameters.find(parameter.name);
    if (value == parameters.end()) {
      value = parameters_.find(parameter.name);
      if (value == parameters_.end()) {
        // A default that is a formula follows from the others; a plain number would be a guess.
        if (is_number(parameter.default_value)) {
          problems_.push_back(fmt::format("{}: parameter {} is not given", name, parameter.name));
        }
        continue;
      }
    }
    overrides[parameter.name] = value->second;
    result.parameters.emplace_back(parameter.name, value->second);
  }
  const auto values = emit::resolve_parameters(module, overrides, package_constants_);
  if (!values) {
    problems_.push_back(name + ": " + values.error().message);
    return;
  }
  std::set<std::string> met;
  for (const emit::InterfacePort& port : module.ports) {
    const auto width = emit::evaluate(port.width, values.value());
    if (!width) {
      problems_.push_back(fmt::format("{}.{}: {}", name, port.name, width.error().message));
      continue;
    }
    const auto given = own.find(port.name);
    const Expr value =
        given != own.end() ? given->second : connect(port, static_cast<int>(width.value()));
    met.insert(port.name);
    if (port.direction == Direction::kInput) {
      read(value);
    } else {
      drive(value);
    }
    result.connections.push_back({port.name, value});
  }
  for (const auto& [port, value] : own) {
    if (!met.contains(port)) problems_.push_back(fmt::format("{} has no port {}", name, port));
  }
  module_.instance(std::move(result));
}

void Wiring::leaf(std::string_view module, const std::string& name,
                  const std::map<std::string, Expr>& own, const Constants& parameters) {
  const auto interface = emit::read_interface(rtl_source(module));
  if (!interface) {
    problems_.push_back(fmt::format("{}: {}", module, interface.error().message));
    return;
  }
  instance(interface.value(), name, own, parameters);
}

Status Wiring::finish() {
  std::vector<Expr> unread;
  for (const auto& [name, value] : nets_) {
    if (!driven_.contains(name)) problems_.push_back(fmt::format("net {} is not driven", name));
    if (read_.contains(name)) continue;
    if (ignored_.contains(name)) {
      unread.push_back(value);
    } else {
      problems_.push_back(fmt::format("net {} is not read", name));
    }
  }
  if (!unread.empty()) {
    module_.comment("Outputs that this design does not need.");
    const int width = emit::concat(unread)->width;
    module_.assign(module_.net("unused_outputs", width), emit::concat(unread));
  }
  if (problems_.empty()) return Ok{};
  return Error{fmt::format("module {}:\n  {}", module_.name(), fmt::join(problems_, "\n  "))};
}

}  // namespace bat::blocks
