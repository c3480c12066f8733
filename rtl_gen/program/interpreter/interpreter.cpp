// SPDX-License-Identifier: Apache-2.0
#include "rtl_gen/program/interpreter/interpreter.hpp"

#include "rtl_gen/program/interpreter/machine.hpp"

namespace bat {

Interpreter::Interpreter(const Config& config, const Plan& plan)
    : machine_(std::make_unique<Machine>(config, plan)) {}
Interpreter::~Interpreter() = default;
Interpreter::Interpreter(Interpreter&&) noexcept = default;
Interpreter& Interpreter::operator=(Interpreter&&) noexcept = default;

Status Interpreter::run(std::span<const Job> jobs, std::uint64_t model_base, MemoryPort& memory,
                        const ExecutionOrder& order, CompletionObserver* observer) {
  return machine_->run(jobs, model_base, memory, order, observer);
}

std::optional<Fault> Interpreter::fault() const { return machine_->fault(); }

void Interpreter::reset() { machine_->reset(); }

const ShadowMemory& Interpreter::memory() const { return machine_->memory(); }

}  // namespace bat
