// SPDX-License-Identifier: Apache-2.0
#include <cerrno>

#include "vm/interpreter/interpreter.hpp"
#include "vm/interpreter/memory.hpp"
#include "vm/interpreter/run_mode.hpp"
#include "vm/program.hpp"
#include "vm/regions.hpp"

namespace skep::vm::interpreter {

namespace {

struct Checked {
  using Memory = CheckedMemory;
  static constexpr bool kChecked = true;
  static constexpr bool kTraced = false;
  static constexpr bool kFused = false;
};

struct CheckedTraced : Checked {
  static constexpr bool kTraced = true;
};

/// What r1 points to.
void grant_input(Run& run, uint64_t r1, uint64_t r2) {
  if (run.context == nullptr)
    run.regions->grant({.begin = r1, .size = r2});
  else
    run.regions->grant({.begin = run.context->address(), .size = run.context->size(), .kind = RegionKind::context});
}

}  // namespace

bool run_checked(const Code& code, Run& run, uint64_t r1, uint64_t r2, uint64_t& r0) {
  Machine m(run, code);
  Regions regions(m.stack_begin());
  run.regions = &regions;
  grant_input(run, r1, r2);
  grant_packet(run);
  grant_program(m);
  bool done = run.tracer == nullptr ? run_program<Checked>(m, r1, r2, r0) : run_program<CheckedTraced>(m, r1, r2, r0);
  if (done && run.spin_lock != nullptr) {
    run.fault = Error{
        .code = EFAULT, .message = "the program ends with a spin lock held", .program = code.program().spec().name};
    done = false;
  }
  release_sockets(run);
  release_resources(run);
  run.regions = nullptr;
  return done;
}

}  // namespace skep::vm::interpreter
