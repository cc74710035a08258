// SPDX-License-Identifier: Apache-2.0
// What a run of the interpreter has besides its registers: frames, stack, and the ways that leave the loop.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "vm/interpreter/code.hpp"
#include "vm/run.hpp"

namespace skep::vm::interpreter {

/// Iterations that may_goto grants to each call of a function (Linux: BPF_MAX_LOOPS).
inline constexpr uint64_t kMaxLoops = uint64_t{8} << 20;

/// What r1 to r5 hold after a call in a checked run: no address, and easy to recognise.
inline constexpr uint64_t kPoison = 0xdeadc0de'00000000;

/// The frame of a function: where it returns to, and the registers that it must restore. Written when it is opened; not
/// before, since a run would pay for all of them.
struct Frame {
  const Slot* return_to;          ///< null: the frame was entered from outside of the loop
  const Code* code;               ///< of the caller
  std::array<uint64_t, 4> saved;  ///< r6 to r9
  uint64_t loops_left;            ///< of may_goto
  uint32_t depth;                 ///< in the calls of its program: 1 for the program itself
};

/// A helper under way, and the registers with which it was called.
struct HelperCall {
  const Callee* callee = nullptr;
  const uint64_t* registers = nullptr;
};

/// Shared by all nested executions of one run (callbacks of helpers run on the same stack).
class Machine {
 public:
  Machine(Run& owner, const Code& entry) : run(owner), code(&entry) {}
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  Run& run;
  const Code* code;          ///< being executed
  HelperCall helper_call{};  ///< innermost one of a checked run

  /// Opens a frame; its frame pointer. 0: all are in use, and the run has failed.
  uint64_t open_frame(const Slot* return_to, const uint64_t* r);
  /// Closes the newest frame, restores the caller's registers, and gives the slot to go on at.
  const Slot* close_frame(uint64_t* r);
  [[nodiscard]] Frame& frame() { return frames_[run.depth - 1]; }
  /// Zeroes the stack of the newest frame, so that a program's result never depends on what was there before.
  void clear_frame();
  /// Goes on in another program, in the newest frame: after a tail call, or on the way back to a caller of one.
  void switch_to(const Code& next);
  /// The newest frame is now that of a program which was tail-called.
  void begin_program() { frame().depth = 1; }

  /// Ends the run with an error at an instruction. The first error stays.
  void fail(const Slot* at, int code, std::string message);
  /// Gives the error that a helper has set its place.
  void locate_fault(const Slot* at);

  /// The bytes of all frames.
  [[nodiscard]] uint64_t stack_begin() const { return reinterpret_cast<uint64_t>(stack_); }

 private:
  std::array<Frame, kMaxNestedFrames> frames_;
  alignas(16) std::byte stack_[size_t{kMaxNestedFrames} * kStackBytes];
};

/// Discards what a run has left reserved, and gives back the lock that it holds.
void release_resources(Run& run);

}  // namespace skep::vm::interpreter
