// SPDX-License-Identifier: Apache-2.0
#include "vm/interpreter/calls.hpp"

#include <cerrno>

#include "maps/map.hpp"
#include "vm/program.hpp"

namespace skep::vm::interpreter {

void out_of_fuel(Machine& m, const Slot* at) {
  m.fail(at, ETIME, "the program has executed as many instructions as it may");
}

void invalid_instruction(Machine& m, const Slot* at) { m.fail(at, EINVAL, "the instruction is invalid"); }

namespace {

/// bpf_tail_call: goes on in the other program, in the same frame; after the call if there is none or too many were.
const Slot* tail_call(Machine& m, const uint64_t* r, const Slot* call) {
  Run& run = m.run;
  auto* programs = reinterpret_cast<maps::Map*>(r[2]);
  maps::ProgramRef* target = programs->program_at(static_cast<uint32_t>(r[3]));
  if (target == nullptr || run.tail_calls >= kMaxTailCalls) return call + 1;
  const Result<const Code*> code = static_cast<const Program*>(target)->checked_code();
  if (!code) {
    run.fault = code.error();
    return nullptr;
  }
  ++run.tail_calls;
  m.switch_to(**code);
  m.begin_program();
  return (*code)->begin();
}

}  // namespace

const Slot* call_without_function(Machine& m, const uint64_t* r, const Slot* call) {
  const Callee& callee = m.code->callee(call);
  if (callee.refusal.empty()) return tail_call(m, r, call);
  m.fail(call, EINVAL, callee.refusal);
  return nullptr;
}

}  // namespace skep::vm::interpreter
