// SPDX-License-Identifier: Apache-2.0
#include "vm/interpreter/machine.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "isa/insn.hpp"
#include "maps/map.hpp"
#include "vm/program.hpp"

namespace skep::vm::interpreter {

namespace {
constexpr size_t kFirstSaved = 6;  // r6 to r9 survive a call
}

uint64_t Machine::open_frame(const Slot* return_to, const uint64_t* r) {
  const uint32_t depth = run.depth == 0 ? 1 : frame().depth + 1;
  if (depth > kMaxFrames || run.depth == kMaxNestedFrames) {
    fail(return_to, EFAULT, fmt::format("more than {} functions call each other", kMaxFrames));
    return 0;
  }
  Frame& opened = frames_[run.depth++];
  opened.return_to = return_to;
  opened.code = code;
  opened.loops_left = kMaxLoops;
  opened.depth = depth;
  std::copy_n(r + kFirstSaved, opened.saved.size(), opened.saved.begin());
  return stack_begin() + uint64_t{run.depth} * kStackBytes;
}

const Slot* Machine::close_frame(uint64_t* r) {
  const Frame& closed = frame();
  std::copy_n(closed.saved.begin(), closed.saved.size(), r + kFirstSaved);
  r[isa::kFramePointer] -= kStackBytes;
  --run.depth;
  if (code != closed.code) switch_to(*closed.code);
  return closed.return_to == nullptr ? nullptr : closed.return_to + 1;
}

void Machine::clear_frame() { std::memset(stack_ + size_t{run.depth - 1} * kStackBytes, 0, kStackBytes); }

void Machine::switch_to(const Code& next) {
  code = &next;
  run.program = &next.program();
}

void Machine::fail(const Slot* at, int error, std::string message) {
  run.fail(error, std::move(message));
  locate_fault(at);
}

void Machine::locate_fault(const Slot* at) {
  Error& error = *run.fault;
  if (error.insn >= 0 || at == nullptr) return;
  const Program& program = code->program();
  error.insn = code->index_of(at);
  error.program = program.spec().name;
  error.source = program.source_of(static_cast<uint32_t>(error.insn));
}

}  // namespace skep::vm::interpreter
