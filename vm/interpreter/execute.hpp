// SPDX-License-Identifier: Apache-2.0
// The loop of the interpreters: threaded dispatch, one label a form of instruction.
#pragma once

#include <cstdint>

#include "vm/interpreter/fusion.hpp"
#include "vm/interpreter/step.hpp"

namespace skep::vm::interpreter {

/// Executes from `ip` to the exit of the frame that was opened for it. False: the run has failed. With a null machine:
/// gives the labels, which the decoder puts into slots, and executes nothing.
template <class Mode>
bool execute(Machine* machine, const Slot* ip, uint64_t (&r)[isa::kRegisters], const void* const** labels = nullptr) {
  static const void* const kLabels[] = {
#define SKEP_OP(name, ...) &&name,
#include "isa/opcodes.def"
      &&invalid,
#define SKEP_FUSION_2(kind, a, b) &&kind##_##a##_##b,
#define SKEP_FUSION_3(kind, a, b, c) &&kind##_##a##_##b##_##c,
#define SKEP_FUSION_4(kind, a, b, c, d) &&kind##_##a##_##b##_##c##_##d,
#include "vm/interpreter/fusions.def"
  };
  if (machine == nullptr) {
    *labels = kLabels;
    return true;
  }
  State s{.m = *machine, .r = r, .fuel = Fuel(machine->run.fuel, ip)};

#define SKEP_DISPATCH()                                      \
  do {                                                       \
    if constexpr (Mode::kTraced) trace(s, ip);               \
    if constexpr (Mode::kFused) goto * ip->handler;          \
    goto* kLabels[static_cast<size_t>(s.m.code->op_of(ip))]; \
  } while (false)
#define SKEP_EXECUTE(last, next)         \
  ip = (next);                           \
  if constexpr (can_end<Mode>(Op::last)) \
    if (ip == nullptr) goto over;        \
  SKEP_DISPATCH();
#define SKEP_EXECUTE_FUSED(last, next) \
  if constexpr (Mode::kFused) {        \
    SKEP_EXECUTE(last, next)           \
  }

  SKEP_DISPATCH();

#define SKEP_OP(name, ...) \
  name:                    \
  SKEP_EXECUTE(name, (step<Mode, Op::name>(s, ip)))
#include "isa/opcodes.def"
invalid:
  SKEP_EXECUTE(invalid, (step<Mode, Op::invalid>(s, ip)))

#define SKEP_FUSION_2(kind, a, b) kind##_##a##_##b : SKEP_EXECUTE_FUSED(b, (kind<Mode, Op::a, Op::b>(s, ip)))
#define SKEP_FUSION_3(kind, a, b, c) \
  kind##_##a##_##b##_##c : SKEP_EXECUTE_FUSED(c, (kind<Mode, Op::a, Op::b, Op::c>(s, ip)))
#define SKEP_FUSION_4(kind, a, b, c, d) \
  kind##_##a##_##b##_##c##_##d : SKEP_EXECUTE_FUSED(d, (kind<Mode, Op::a, Op::b, Op::c, Op::d>(s, ip)))
#include "vm/interpreter/fusions.def"

over:
  return !machine->run.fault;
#undef SKEP_EXECUTE_FUSED
#undef SKEP_EXECUTE
#undef SKEP_DISPATCH
}

}  // namespace skep::vm::interpreter
