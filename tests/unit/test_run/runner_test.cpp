// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include "tests/unit/test_run/support.hpp"

namespace skep::vm::test {

TEST_CASE_METHOD(TestRunTest, "no repetitions count as one") {
  const Bytes data = frame(64);
  CHECK(good(ProgramType::xdp, kReturn1, {.data = data, .repeat = 0}).retval == 1);
}

TEST_CASE_METHOD(TestRunTest, "the duration is the mean of a run") {
  const Bytes data = frame(64);
  const auto output = good(ProgramType::xdp, kReturn1, {.data = data, .repeat = 1000});
  CHECK(output.duration_ns > 0);
  CHECK(output.duration_ns < 1e6);
}

TEST_CASE_METHOD(TestRunTest, "each repetition has the whole fuel, and a run without end is ended") {
  const Bytes data = frame(64);
  CHECK(error(ProgramType::xdp, kReturn1, {.data = data, .repeat = 100, .fuel = 10}) == 0);
  CHECK(error(ProgramType::xdp, "r0 = 0\nagain: r0 += 1\nif r0 != 0 goto again\nexit", {.data = data, .fuel = 1000}) ==
        ETIME);
}

TEST_CASE_METHOD(TestRunTest, "the plain engine runs nothing that nobody trusts") {
  const Bytes data = frame(64);
  CHECK(error(ProgramType::xdp, kReturn1, {.data = data, .engine = Engine::plain}) == EPERM);
  CHECK(error(ProgramType::xdp, kReturn1, {.data = data, .engine = Engine::plain, .trusted = Trusted{}}) == 0);
  CHECK(error(ProgramType::xdp, kReturn1, {.data = data, .engine = Engine::jit}) == kENOTSUPP);
}

TEST_CASE_METHOD(TestRunTest, "the plain engine reaches the packet through 32-bit fields") {
  Bytes data = frame(64);
  data[0] = std::byte{0x5a};
  const TestRunInput input{.data = data, .engine = Engine::plain, .trusted = Trusted{}};
  CHECK(good(ProgramType::xdp, "r1 = *(u32 *)(r1 + 0)\nr0 = *(u8 *)(r1 + 0)\nexit", input).retval == 0x5a);
  CHECK(good(ProgramType::sched_cls, "r1 = *(u32 *)(r1 + 76)\nr0 = *(u8 *)(r1 + 0)\nexit", input).retval == 0x5a);
}

TEST_CASE_METHOD(TestRunTest, "both engines reach what pointer fields of the context lead to") {
  Bytes data = frame(64, 0x0800);
  for (const bool plain : {false, true}) {
    TestRunInput input{.data = data, .engine = plain ? Engine::plain : Engine::checked, .trusted = Trusted{}};
    CHECK(good(ProgramType::sched_cls, "r1 = *(u64 *)(r1 + 168)\ncall 95\nr0 = *(u32 *)(r0 + 4)\nexit", input).retval ==
          2);
    CHECK(good(ProgramType::flow_dissector, "r1 = *(u64 *)(r1 + 144)\nr0 = *(u16 *)(r1 + 0)\nexit", input).retval ==
          14);
  }
}

TEST_CASE_METHOD(TestRunTest, "a runner serves packet after packet, and errors between them do not matter") {
  TestRunner runner(*vm, program(ProgramType::xdp, R"(
      r0 = *(u32 *)(r1 + 4)
      r2 = *(u32 *)(r1 + 0)
      r0 -= r2
      exit)"));
  TestRunOutput output;
  for (const size_t size : {14, 5000, 64, 13, 1500, 20}) {
    const Bytes data = frame(size);
    const auto status = runner.run({.data = data}, output);
    CHECK(status.ok() == (size >= 14));
    if (!status) continue;
    CHECK(output.retval == std::min<size_t>(size, 3520));
    CHECK(output.data == data);
  }
}

TEST_CASE_METHOD(TestRunTest, "what one packet left behind is not seen by the next") {
  TestRunner runner(*vm, program(ProgramType::xdp, R"(
      r6 = r1
      r2 = -8
      call 44
      r1 = *(u32 *)(r6 + 0)
      r0 = *(u64 *)(r1 + 0)
      *(u64 *)(r1 + 0) = 77
      exit)"));
  TestRunOutput output;
  const Bytes data = frame(64);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(runner.run({.data = data}, output));
    CHECK(output.retval == 0);
  }
}

TEST_CASE_METHOD(TestRunTest, "more threads than CPUs run at once") {
  const auto shared = program(ProgramType::xdp, "r2 = 2\ncall 44\nexit");
  const Bytes data = frame(64);
  std::atomic<int> good_runs = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) {
        const auto output = test_run(*vm, shared, {.data = data});
        if (output && output->data.size() == 62) ++good_runs;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(good_runs == 300);
}

TEST_CASE_METHOD(TestRunTest, "run_on_memory gives the program memory and its length") {
  std::vector<std::byte> memory(8, std::byte{3});
  const auto sum = program(ProgramType::unspec, "r0 = *(u8 *)(r1 + 7)\nr0 += r2\n*(u8 *)(r1 + 0) = 9\nexit");
  const auto result = run_on_memory(*vm, sum, memory, {});
  REQUIRE(result);
  CHECK(*result == 11);
  CHECK(memory[0] == std::byte{9});
  const auto outside = program(ProgramType::unspec, "r0 = *(u8 *)(r1 + 8)\nexit");
  CHECK(run_on_memory(*vm, outside, memory, {}).error().code == EFAULT);
}

}  // namespace skep::vm::test
