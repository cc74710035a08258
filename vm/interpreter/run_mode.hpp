// SPDX-License-Identifier: Apache-2.0
// What every run of an interpreter does around the loop.
#pragma once

#include <cstdint>

#include "vm/interpreter/execute.hpp"

namespace skep::vm::interpreter {

/// Enters a function from outside of the loop and executes it to its end.
template <class Mode>
bool execute_function(Machine& m, const Slot* function, const uint64_t (&arguments)[5], uint64_t& result) {
  uint64_t r[isa::kRegisters] = {0, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4]};
  r[isa::kFramePointer] = m.open_frame(nullptr, r);
  if (r[isa::kFramePointer] == 0) return false;
  frames_changed<Mode>(m);
  if constexpr (Mode::kChecked) m.clear_frame();
  if (!execute<Mode>(&m, function, r)) return false;
  result = r[0];
  return true;
}

/// What a callback costs in a checked run besides its instructions: a frame of zeroes, grants.
inline constexpr int64_t kCallbackFuel = 8;

/// Run::call: a helper calls back a function of the program.
template <class Mode>
bool call_back(Run& run, uint64_t address, const uint64_t (&arguments)[5], uint64_t& result) {
  Machine& m = *static_cast<Machine*>(run.engine_state);
  const Slot* function = m.code->function_at(address);
  if (function == nullptr) {
    run.fail(EFAULT, "a helper was given a callback that is no function of the program");
    return false;
  }
  if constexpr (Mode::kChecked) run.fuel -= kCallbackFuel;
  if (run.fuel < 0) {
    out_of_fuel(m, function);
    return false;
  }
  // A tail call in the callback must not change what the caller goes on with.
  const Code* caller = m.code;
  bool done = false;
  if constexpr (Mode::kChecked) {
    const CallbackGrants grants(m, arguments);
    done = execute_function<Mode>(m, function, arguments, result);
  } else {
    done = execute_function<Mode>(m, function, arguments, result);
  }
  if (m.code != caller) m.switch_to(*caller);
  return done;
}

template <class Mode>
bool run_program(Machine& m, uint64_t r1, uint64_t r2, uint64_t& r0) {
  Run& run = m.run;
  run.call = call_back<Mode>;
  run.engine_state = &m;
  const bool done = execute_function<Mode>(m, m.code->begin(), {r1, r2}, r0);
  run.depth = 0;
  run.call = nullptr;
  run.engine_state = nullptr;
  return done;
}

}  // namespace skep::vm::interpreter
