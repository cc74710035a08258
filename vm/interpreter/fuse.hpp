// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "isa/opcodes.hpp"
#include "vm/interpreter/code.hpp"

namespace skep::vm::interpreter {

/// Gives each slot its handler: that of the run of instructions (fusions.def) from there on which leaves the fewest
/// dispatches until the end of the program, or its own. `labels`: see plain_labels().
void assign_handlers(std::span<Slot> slots, std::span<const isa::Op> ops, const void* const* labels);

}  // namespace skep::vm::interpreter
