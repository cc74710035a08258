// SPDX-License-Identifier: Apache-2.0
// Program's decoded form. Both interpreters execute the same one.
#include "vm/interpreter/code.hpp"
#include "vm/program.hpp"

namespace skep::vm {

Result<const interpreter::Code*> Program::checked_code() const {
  if (const interpreter::Code* built = code_if_built_.load(std::memory_order_acquire)) return built;
  const std::lock_guard lock(code_mutex_);
  if (code_ == nullptr) {
    Result<std::unique_ptr<interpreter::Code>> code = interpreter::Code::build(*this);
    if (!code) return std::move(code).error();
    code_ = std::move(*code);
    code_if_built_.store(code_.get(), std::memory_order_release);
  }
  return code_.get();
}

Result<const interpreter::Code*> Program::plain_code(Trusted) const { return checked_code(); }

}  // namespace skep::vm
