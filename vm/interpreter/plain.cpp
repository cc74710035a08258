// SPDX-License-Identifier: Apache-2.0
#include "vm/interpreter/interpreter.hpp"
#include "vm/interpreter/memory.hpp"
#include "vm/interpreter/run_mode.hpp"

namespace skep::vm::interpreter {

namespace {

struct Plain {
  using Memory = PlainMemory;
  static constexpr bool kChecked = false;
  static constexpr bool kTraced = false;
  static constexpr bool kFused = true;
};

struct PlainTraced : Plain {
  static constexpr bool kTraced = true;
  static constexpr bool kFused = false;  // each instruction is shown
};

}  // namespace

bool run_plain(const Code& code, Run& run, uint64_t r1, uint64_t r2, uint64_t& r0) {
  Machine m(run, code);
  const bool done = run.tracer == nullptr ? run_program<Plain>(m, r1, r2, r0) : run_program<PlainTraced>(m, r1, r2, r0);
  release_resources(run);
  return done;
}

const void* const* plain_labels() {
  const void* const* labels = nullptr;
  uint64_t no_registers[isa::kRegisters] = {};
  execute<Plain>(nullptr, nullptr, no_registers, &labels);
  return labels;
}

}  // namespace skep::vm::interpreter
