// SPDX-License-Identifier: Apache-2.0
// Running a program on data and a context of the caller's: the semantics of BPF_PROG_TEST_RUN.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "skep/error.hpp"
#include "vm/program.hpp"
#include "vm/run.hpp"

namespace skep::vm {

struct TestRunInput {
  std::span<const std::byte> data{};     ///< packet; EINVAL for types without one
  std::span<const std::byte> context{};  ///< initial context in Linux's user-space layout; empty: the type's default
  uint32_t repeat = 1;                   ///< runs, 0 counts as 1; packet changes carry over
  Engine engine = Engine::checked;
  std::optional<Trusted> trusted{};  ///< needed for Engine::plain while no verifier has passed the program
  int64_t fuel = 1'000'000'000;      ///< instructions of one run; see Run::fuel
  Tracer* tracer = nullptr;
  uint32_t flags = 0;  ///< kTest*
  uint32_t cpu = 0;    ///< with kTestRunOnCpu
};

// Flags (BPF_F_TEST_*).
inline constexpr uint32_t kTestRunOnCpu = 1 << 0;             ///< raw tracepoints
inline constexpr uint32_t kTestXdpLiveFrames = 1 << 1;        ///< ENOTSUPP here: no device would take the frames
inline constexpr uint32_t kTestSkbChecksumComplete = 1 << 2;  ///< EBADMSG when the program leaves a wrong checksum

/// A tag that is not in the packet's bytes.
struct VlanTag {
  uint16_t protocol = 0;  ///< host byte order
  uint16_t tci = 0;
};

struct TestRunOutput {
  uint32_t retval = 0;
  double duration_ns = 0;          ///< mean of a run, without loading, compiling and resetting
  std::vector<std::byte> data;     ///< the packet afterwards
  std::vector<std::byte> context;  ///< the context afterwards, as Linux gives it out
  Redirect redirect;               ///< of the last run
  std::optional<VlanTag> vlan;     ///< that a socket buffer has beside its data afterwards
};

/// Runs `program` on a virtual CPU of its VM. Errors: Linux's errno for arguments that bpf(2) refuses; what the engine
/// says for a run that was ended (EFAULT: violation, ETIME: fuel), with instruction and source line.
/// ENOTSUPP for program types that cannot be run here. Tracepoint, perf event and kprobe programs, which Linux refuses to
/// test-run, run on the context bytes that they are given, and on zeros behind them.
Result<TestRunOutput> test_run(Vm& vm, const std::shared_ptr<Program>& program, const TestRunInput& input);

/// The same for many inputs, such as the packets of a capture: keeps packet and context memory between runs, and the
/// memory of `output` too. One thread at a time.
class TestRunner {
 public:
  TestRunner(Vm& vm, std::shared_ptr<Program> program);
  ~TestRunner();
  TestRunner(TestRunner&&) noexcept;
  TestRunner& operator=(TestRunner&&) noexcept;

  /// `output` is unspecified when this fails.
  Status run(const TestRunInput& input, TestRunOutput& output);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Runs a program whose r1 is the address of `memory` and whose r2 is its length (hosts' plugins); r0 is the result. Of
/// `input`, data, context, flags and cpu have no meaning here.
Result<uint64_t> run_on_memory(Vm& vm, const std::shared_ptr<Program>& program, std::span<std::byte> memory,
                               const TestRunInput& input);

}  // namespace skep::vm
