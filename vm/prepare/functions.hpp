// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "isa/insn.hpp"
#include "skep/error.hpp"
#include "vm/prepare/object.hpp"

namespace skep::vm {

/// A function's place: bytes [begin, end) of a code section.
struct Function {
  uint32_t section = 0;
  uint64_t begin = 0;
  uint64_t end = 0;
  uint32_t symbol = 0;
};

/// All functions of an object, by section and place. None overlap, all consist of whole instructions.
class Functions {
 public:
  /// Finds and checks them.
  static Result<Functions> find(const Object& object);

  /// The function that the byte at `offset` of a section belongs to, or null.
  [[nodiscard]] const Function* at(uint32_t section, uint64_t offset) const;
  [[nodiscard]] const std::vector<Function>& all() const { return all_; }
  /// Whether libbpf makes it a program: it is outside of ".text", or the object's only function.
  [[nodiscard]] bool is_program(const Object& object, const Function& function) const;

 private:
  std::vector<Function> all_;
};

/// The instruction word at a byte offset of a section; the offset must be in bounds and aligned.
isa::Insn instruction_at(const Section& section, uint64_t offset);

/// Whether a record at `offset` (a relocation, a CO-RE record) may change the instruction there: it is whole and
/// begins there. Error: a clause about the offset ("is not that of an instruction").
Status check_patched_instruction(const Section& section, const Function& function, uint64_t offset);

}  // namespace skep::vm
