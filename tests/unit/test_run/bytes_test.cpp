// SPDX-License-Identifier: Apache-2.0
// Programs without a packet, and those that look a socket up or dissect.
#include <linux/bpf.h>
#include <sys/socket.h>

#include "tests/unit/test_run/support.hpp"

namespace skep::vm::test {

constexpr std::string_view kSum = "r0 = *(u64 *)(r1 + 0)\nr2 = *(u64 *)(r1 + 8)\nr0 += r2\nexit\n";

TEST_CASE_METHOD(TestRunTest, "a raw tracepoint program gets its arguments") {
  const uint64_t arguments[] = {40, 2};
  const Bytes context = bytes_of(arguments);
  CHECK(good(ProgramType::raw_tracepoint, kSum, {.context = context}).retval == 42);
  CHECK(error(ProgramType::raw_tracepoint, kReturn1, {}) == 0);
  const Bytes data(64);
  CHECK(error(ProgramType::raw_tracepoint, kReturn1, {.data = data}) == EINVAL);
  const Bytes most(96);
  const Bytes more(97);
  CHECK(error(ProgramType::raw_tracepoint, kReturn1, {.context = most}) == 0);
  CHECK(error(ProgramType::raw_tracepoint, kReturn1, {.context = more}) == EINVAL);
  CHECK(error(ProgramType::raw_tracepoint, kReturn1, {.cpu = 1}) == EINVAL);
  CHECK(error(ProgramType::raw_tracepoint, kReturn1, {.flags = kTestRunOnCpu, .cpu = 99}) == ENXIO);
}

TEST_CASE_METHOD(TestRunTest, "a raw tracepoint program runs on the CPU that the caller asks for") {
  constexpr std::string_view kCpu = "call 8\nexit";  // bpf_get_smp_processor_id
  for (const uint32_t cpu : {1u, 0u, 1u})
    CHECK(good(ProgramType::raw_tracepoint, kCpu, {.flags = kTestRunOnCpu, .cpu = cpu}).retval == cpu);
  const auto stay = vm->cpus().enter();
  CHECK(error(ProgramType::raw_tracepoint, kCpu, {.flags = kTestRunOnCpu, .cpu = 1}) == EDEADLK);
}

TEST_CASE_METHOD(TestRunTest, "a raw tracepoint program that reads arguments that it was not given is ended") {
  const uint64_t argument = 40;
  const Bytes context = bytes_of(argument);
  const auto output = run(ProgramType::raw_tracepoint, kSum, {.context = context});
  REQUIRE(!output);
  CHECK(output.error().code == EFAULT);
  CHECK(output.error().insn == 1);
  CHECK(output.error().program == "p");
}

TEST_CASE_METHOD(TestRunTest, "a syscall program changes its context") {
  const uint64_t words[] = {1, 2};
  const Bytes context = bytes_of(words);
  const auto output = good(ProgramType::syscall, "*(u64 *)(r1 + 8) = 5\nr0 = 0\nexit", {.context = context});
  CHECK(read_as<std::array<uint64_t, 2>>(output.context)[1] == 5);
  CHECK(error(ProgramType::syscall, kReturn1, {.context = context, .flags = 1}) == EINVAL);
  const Bytes most(65535);
  const Bytes more(65536);
  CHECK(error(ProgramType::syscall, kReturn1, {.context = most}) == 0);
  CHECK(error(ProgramType::syscall, kReturn1, {.context = more}) == EINVAL);
}

TEST_CASE_METHOD(TestRunTest, "events that Linux does not test-run have a context of their type's size") {
  const uint64_t words[] = {0, 7};
  const Bytes context = bytes_of(words);
  for (const ProgramType type : {ProgramType::kprobe, ProgramType::tracepoint, ProgramType::perf_event}) {
    CHECK(good(type, "r0 = *(u64 *)(r1 + 8)\nexit", {.context = context}).retval == 7);
    CHECK(good(type, "r0 = *(u64 *)(r1 + 160)\nexit", {.context = context}).retval == 0);
    const Bytes data(64);
    CHECK(error(type, kReturn1, {.data = data}) == EINVAL);
    const Bytes huge(8193);
    CHECK(error(type, kReturn1, {.context = huge}) == EINVAL);
  }
}

TEST_CASE_METHOD(TestRunTest, "types that cannot be test-run say so") {
  const auto output = run(ProgramType::cgroup_device, kReturn1, {});
  REQUIRE(!output);
  CHECK(output.error().code == kENOTSUPP);
  CHECK(output.error().message.find("cgroup_device") != std::string::npos);
}

TEST_CASE_METHOD(TestRunTest, "a flow dissector writes keys, which are the data out") {
  const Bytes data = frame(64, 0x0800);
  const auto output = good(ProgramType::flow_dissector, R"(
      r1 = *(u64 *)(r1 + 144)
      r2 = 1000
      *(u16 *)(r1 + 2) = r2
      r0 = 0
      exit)",
                           {.data = data, .repeat = 3});
  const auto keys = read_as<bpf_flow_keys>(output.data);
  CHECK(output.data.size() == 56);
  CHECK((keys.nhoff == 14 && keys.thoff == 64 && keys.n_proto == 8));
  const Bytes tiny(13);
  CHECK(error(ProgramType::flow_dissector, kReturn1, {.data = tiny}) == EINVAL);
  bpf_flow_keys given{};
  given.flags = 1;
  const Bytes flags = bytes_of(given);
  CHECK(read_as<bpf_flow_keys>(good(ProgramType::flow_dissector, kReturn1, {.data = data, .context = flags}).data)
            .flags == 1);
  given.ip_proto = 1;
  const Bytes bad = bytes_of(given);
  CHECK(error(ProgramType::flow_dissector, kReturn1, {.data = data, .context = bad}) == EINVAL);
}

TEST_CASE_METHOD(TestRunTest, "a socket look-up needs to know of what") {
  bpf_sk_lookup given{};
  const auto with = [&] {
    const Bytes context = bytes_of(given);
    return error(ProgramType::sk_lookup, kReturn1, {.context = context});
  };
  CHECK(error(ProgramType::sk_lookup, kReturn1, {}) == EINVAL);
  CHECK(with() == EAFNOSUPPORT);
  given.family = AF_INET;
  CHECK(with() == 0);
  given.local_port = 0x10000;
  CHECK(with() == ERANGE);
  given.local_port = 80;
  given.cookie = 1;
  CHECK(with() == EINVAL);
  given.cookie = 0;
  given.ingress_ifindex = 1;
  CHECK(with() == EINVAL);
  given.ingress_ifindex = 0;
  const Bytes context = bytes_of(given);
  CHECK(good(ProgramType::sk_lookup, "r0 = 0\nexit", {.context = context}).retval == 0);
}

}  // namespace skep::vm::test
