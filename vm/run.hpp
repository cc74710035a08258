// SPDX-License-Identifier: Apache-2.0
// One run of a program: all that instructions and helpers share while it lasts.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "skep/error.hpp"
#include "vm/context.hpp"

namespace skep::maps {
class Map;
}

namespace skep::vm {

class Program;
class Regions;
class Vm;
struct Run;

/// A helper: BPF's r1 to r5, then the run; r0 back. The order is that of the x86-64 calling convention's registers.
using HelperFunction = uint64_t (*)(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, Run& run);

/// Sees each instruction before it is executed, with the registers r0 to r10. For tracing and coverage.
class Tracer {
 public:
  virtual ~Tracer() = default;
  virtual void step(const Program& program, uint32_t insn, const uint64_t* registers) = 0;
};

/// Where bpf_redirect and bpf_redirect_map asked the packet to go.
struct Redirect {
  enum class Kind : uint8_t { none, interface, peer, neighbour, map };
  Kind kind = Kind::none;
  uint32_t target = 0;  ///< interface index, or the map's value
  uint64_t flags = 0;
  const maps::Map* map = nullptr;  ///< of Kind::map
  uint64_t key = 0;                ///< of Kind::map
};

/// Limit of tail calls in a row (Linux: MAX_TAIL_CALL_CNT).
inline constexpr uint32_t kMaxTailCalls = 33;
/// Frames of BPF functions, the main program's included, and bytes of stack of each (Linux: MAX_CALL_FRAMES, MAX_BPF_STACK).
inline constexpr uint32_t kMaxFrames = 8;
/// Frames of a whole run: a tail call from a function replaces that function's frame, and the other program may call again.
inline constexpr uint32_t kMaxNestedFrames = kMaxFrames + kMaxTailCalls * (kMaxFrames - 1);
inline constexpr uint32_t kStackBytes = 512;

struct Run {
  Run(Vm& owner, const Program& entry, unsigned on_cpu) : vm(owner), program(&entry), cpu(on_cpu) {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  Vm& vm;
  const Program* program;  ///< changes with a tail call
  const unsigned cpu;

  Context* context = nullptr;  ///< what r1 pointed to at entry; null: plain memory (plugins of hosts)
  Packet* packet = nullptr;    ///< null: the program type has none

  /// BPF instructions that may still be executed. Charged by basic block; looked at where a run can become long: at
  /// taken backward jumps, calls, callbacks and tail calls. Negative: the run ends there with ETIME.
  int64_t fuel = std::numeric_limits<int64_t>::max();
  uint32_t tail_calls = 0;
  uint32_t depth = 0;  ///< frames in use, over callbacks and nested engines

  /// Live memory; set in checked runs only.
  Regions* regions = nullptr;
  Tracer* tracer = nullptr;

  /// Calls BPF function `function` (the value of a `func` immediate) from a helper: bpf_loop, for_each_map_elem.
  /// Set by the engine. False: the run is over, the helper returns at once.
  bool (*call)(Run& run, uint64_t function, const uint64_t (&arguments)[5], uint64_t& result) = nullptr;
  void* engine_state = nullptr;  ///< of the engine that set `call`

  /// Ends the run: set by a helper or an engine; the engine looks at it after each helper call.
  std::optional<Error> fault;
  void fail(int code, std::string message) {
    if (!fault) fault = Error{.code = code, .message = std::move(message)};
  }

  Redirect redirect;
  uint32_t packet_hash = 0;
  /// Ring buffer records that are reserved and not yet submitted or discarded; an engine discards them at the end.
  std::vector<std::pair<maps::Map*, void*>> reserved;
  void* spin_lock = nullptr;  ///< the one lock that a program may hold
};

}  // namespace skep::vm
