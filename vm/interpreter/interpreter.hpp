// SPDX-License-Identifier: Apache-2.0
// The two interpreters: one body, two ways to reach memory.
#pragma once

#include <cstdint>

#include "vm/interpreter/code.hpp"
#include "vm/run.hpp"

namespace skep::vm::interpreter {

/// Runs a program from its start with r1 and r2; true: `r0` is its result; false: run.fault says why the run was ended.
/// The run must be new (or reset): `program`, `cpu`, and what the program type needs are set, depth is 0. Fuel is counted
/// down; the tracer, if there is one, sees each instruction. At the end no record of a ring buffer is left reserved and
/// no spin lock held. Call within a stay on run.cpu.
///
/// Plain: validates nothing. For programs that a verifier has passed or that somebody trusts.
bool run_plain(const Code& code, Run& run, uint64_t r1, uint64_t r2, uint64_t& r0);

/// Checked: runs anything. Each access must be inside of memory that the program may reach at that moment, each argument
/// of a helper as its prototype says; a violation ends the run with EFAULT, the instruction and a sentence. Without a
/// context, r1 points to r2 bytes that the program may read and write.
bool run_checked(const Code& code, Run& run, uint64_t r1, uint64_t r2, uint64_t& r0);

/// The addresses in the plain interpreter that slots start with, by isa::Op and then by row of fusions.def.
const void* const* plain_labels();

}  // namespace skep::vm::interpreter
