// SPDX-License-Identifier: Apache-2.0
// What can be said about a program without following its execution: its words have meanings and its jumps
// have targets.
//
// The checks, their order, errors and texts are those of kernel/bpf/verifier.c (add_subprog_and_kfunc,
// check_subprogs, resolve_pseudo_ldimm64, check_cfg, do_check). Linux makes the ones of a whole program
// before it follows any path, and the ones of a single instruction when a path reaches it, so that a verifier
// wants them apart.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "isa/insn.hpp"
#include "skep/error.hpp"

namespace skep::isa {

/// Where Linux and RFC 9669 differ on what a valid program is.
struct Rules {
  bool zero_divisor_imm = false;     ///< Division by an immediate 0.
  bool any_shift_imm = false;        ///< Immediate shift amounts beyond the width, of which only the low bits count.
  bool callx = false;                ///< Calls through a register.
  bool frame_pointer_write = false;  ///< Writes to r10.
  bool fall_off_the_end = false;     ///< A last instruction that goes on.
};

inline constexpr Rules kLinuxRules{};
/// Without what Linux asks of values only where a path reaches an instruction, and compilers leave in code that none does.
inline constexpr Rules kLinuxRulesForDeadCode{
    .zero_divisor_imm = true, .any_shift_imm = true, .frame_pointer_write = true};
inline constexpr Rules kRfc9669Rules{
    .zero_divisor_imm = true, .any_shift_imm = true, .callx = true, .fall_off_the_end = false};

/// Checks that need the whole program: known opcodes, well-formed wide instructions, jumps and calls that
/// stay inside of their function and the program and do not go into the middle of a wide instruction,
/// functions that end with a jump or an exit. E2BIG for an empty program, else EINVAL.
Status check_structure(std::span<const Insn> program, const Rules& rules = kLinuxRules);

/// Checks of the instruction at `index` alone: reserved fields, register numbers, immediates. The program
/// must have passed check_structure. EINVAL; EACCES for a write to the frame pointer.
Status check_insn(std::span<const Insn> program, size_t index, const Rules& rules = kLinuxRules);

/// check_structure, then check_insn on every instruction.
Status validate(std::span<const Insn> program, const Rules& rules = kLinuxRules);

/// Start of each function of the program in ascending order: 0, and the targets of local calls and function
/// pointers. EINVAL for a target outside of the program.
Result<std::vector<size_t>> find_functions(std::span<const Insn> program);

}  // namespace skep::isa
