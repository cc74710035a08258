// SPDX-License-Identifier: Apache-2.0
// Calls: of functions, of helpers, of other programs; and back. A null slot: the run has failed.
#pragma once

#include <cstdint>

#include "vm/interpreter/call_check.hpp"
#include "vm/interpreter/machine.hpp"
#include "vm/regions.hpp"

namespace skep::vm::interpreter {

// Ends of a run, out of the loop's way.
void out_of_fuel(Machine& m, const Slot* at);
void invalid_instruction(Machine& m, const Slot* at);

template <class Mode>
void frames_changed(Machine& m) {
  if constexpr (Mode::kChecked) m.run.regions->set_frames(m.run.depth);
}

/// Calls the function of this program that `call` names.
template <class Mode>
const Slot* enter_function(Machine& m, uint64_t* r, const Slot* call) {
  const uint64_t frame_pointer = m.open_frame(call, r);
  if (frame_pointer == 0) return nullptr;
  r[10] = frame_pointer;
  frames_changed<Mode>(m);
  if constexpr (Mode::kChecked) m.clear_frame();
  return call + 1 + call->imm;
}

/// Returns from the newest function; null also if it was entered from outside of the loop.
template <class Mode>
const Slot* leave_function(Machine& m, uint64_t* r) {
  const Slot* to = m.close_frame(r);
  frames_changed<Mode>(m);
  if constexpr (Mode::kChecked) poison_arguments(r);
  return to;
}

/// A callee without a function: the tail call, which goes on in another program, or one that is refused.
const Slot* call_without_function(Machine& m, const uint64_t* r, const Slot* call);

template <class Mode>
const Slot* call_helper(Machine& m, uint64_t* r, const Slot* call) {
  Run& run = m.run;
  if (run.fuel < 0) [[unlikely]] {
    out_of_fuel(m, call);
    return nullptr;
  }
  const Callee& callee = m.code->callee(call);
  if constexpr (Mode::kChecked)
    if (!check_arguments(m, callee, r, call)) return nullptr;
  if (callee.function == nullptr) {
    const Slot* to = call_without_function(m, r, call);
    if constexpr (Mode::kChecked)
      if (to != nullptr) grant_program(m);
    return to;
  }
  if constexpr (Mode::kChecked) return call_checked(m, callee, r, call);
  r[0] = callee.function(r[1], r[2], r[3], r[4], r[5], run);
  if (run.fault) [[unlikely]] {
    m.locate_fault(call);
    return nullptr;
  }
  return call + 1;
}

}  // namespace skep::vm::interpreter
