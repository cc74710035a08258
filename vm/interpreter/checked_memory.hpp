// SPDX-License-Identifier: Apache-2.0
// Accesses of checked runs. On a violation the run has failed, with a sentence that names address and region.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vm/interpreter/machine.hpp"

namespace skep::vm::interpreter {

/// Loads `size` bytes, zero-extended; a context's field that stands for a pointer gives the whole pointer.
bool checked_load(Machine& m, const Slot* at, uint64_t address, size_t size, bool sign_extend, uint64_t& value);
bool checked_store(Machine& m, const Slot* at, uint64_t address, size_t size, uint64_t value);
/// Memory for an atomic operation: aligned to its size, and no context. Null: the run has failed.
void* checked_atomic(Machine& m, const Slot* at, uint64_t address, size_t size);

}  // namespace skep::vm::interpreter
