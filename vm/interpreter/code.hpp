// SPDX-License-Identifier: Apache-2.0
// A program decoded for the interpreter: references resolved, one slot an instruction word.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "isa/opcodes.hpp"
#include "skep/error.hpp"
#include "vm/helpers/table.hpp"
#include "vm/run.hpp"

namespace skep::verifier {
struct HelperProto;
}

namespace skep::vm::interpreter {

/// One instruction, ready to be executed. Slot i is word i of the program: distances of jumps and calls hold as they are,
/// and a fault knows its instruction. A 64-bit immediate has its upper half in the immediate of the second slot.
struct Slot {
  const void* handler =
      nullptr;  ///< Where the plain interpreter executes it, with the ones after it if they are fused.
  uint8_t dst = 0;
  uint8_t src = 0;
  int16_t off = 0;
  int32_t imm = 0;  ///< Of a helper call: index into the program's callees.
};
static_assert(sizeof(Slot) == 16);

/// Number of bpf_tail_call, which the engine itself executes.
inline constexpr uint32_t kTailCallId = 12;

/// A helper that a program calls.
struct Callee {
  uint32_t id = 0;
  HelperFunction function = nullptr;                 ///< null: the tail call, or refused
  const verifier::HelperProto* prototype = nullptr;  ///< null: a function of the host, which takes any numbers
  std::string refusal{};                             ///< why executing the call is an error; dead code may have it
};

/// A map whose value the program addresses directly (global data).
struct DirectValue {
  const maps::Map* map = nullptr;
  uint64_t address = 0;
};

/// Where a program's helpers come from: vm/helpers/table.hpp, or a test's own.
using HelperLookup = HelperFunction (*)(uint32_t id);

/// Immutable and shared by threads. Keeps the addresses of the program's maps; must not outlive the program.
class Code {
 public:
  /// Decodes a program. ENOTSUPP, with the name, for what Linux has and Skep cannot execute: helpers, kernel functions,
  /// variables of the kernel, address-space casts, calls through a register.
  static Result<std::unique_ptr<Code>> build(const Program& program, HelperLookup helpers = helper_function);

  [[nodiscard]] const Program& program() const { return program_; }
  [[nodiscard]] const Slot* begin() const { return slots_.data(); }
  [[nodiscard]] uint32_t index_of(const Slot* slot) const { return static_cast<uint32_t>(slot - slots_.data()); }
  [[nodiscard]] isa::Op op_of(const Slot* slot) const { return ops_[index_of(slot)]; }
  [[nodiscard]] const Callee& callee(const Slot* call) const { return callees_[static_cast<size_t>(call->imm)]; }

  [[nodiscard]] std::span<const DirectValue> direct_values() const { return direct_values_; }

  /// The function whose address (the value of a `func` immediate) this is; null: none of this program.
  [[nodiscard]] const Slot* function_at(uint64_t address) const;

 private:
  explicit Code(const Program& program) : program_(program) {}
  friend class Decoder;

  const Program& program_;
  std::vector<Slot> slots_;
  std::vector<isa::Op> ops_;
  std::vector<Callee> callees_;
  std::vector<DirectValue> direct_values_;
  std::vector<const Slot*> functions_;  // whose addresses the program takes; sorted
};

}  // namespace skep::vm::interpreter
