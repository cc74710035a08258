// SPDX-License-Identifier: Apache-2.0
// BPF_PROG_TEST_RUN's handling of the caller's buffers; what programs do is for the tests of vm/test_run.hpp.
#include <linux/bpf.h>

#include <catch2/catch_test_macros.hpp>
#include <utility>
#include <vector>

#include "isa/assemble.hpp"
#include "support.hpp"
#include "vm/user_memory.hpp"

using namespace skep;
using namespace skep::vm;
using verifier::ProgramType;

namespace {

struct TestRun {
  explicit TestRun(Vm& owner) : vm(owner), program(load(owner, trivial_code(), ProgramType::sched_cls)) {
    attr.test = {.prog_fd = static_cast<uint32_t>(program),
                 .data_size_in = static_cast<uint32_t>(in.size()),
                 .data_size_out = static_cast<uint32_t>(out.size()),
                 .data_in = reinterpret_cast<uint64_t>(in.data()),
                 .data_out = reinterpret_cast<uint64_t>(out.data()),
                 .repeat = 1};
  }
  long run() { return bpf(vm, Command::prog_test_run, attr); }

  Vm& vm;
  int program;
  std::vector<char> in = std::vector<char>(64, 'x');
  std::vector<char> out = std::vector<char>(64);
  Attr attr{};
};

}  // namespace

TEST_CASE("A test run gives back data, verdict and duration") {
  const auto vm = make_vm();
  TestRun test(*vm);
  test.attr.test.retval = 99;
  CHECK(test.run() == 0);
  CHECK(test.attr.test.retval == 0);
  CHECK(test.attr.test.data_size_out == 64);
  CHECK(test.out == test.in);
}

TEST_CASE("Output that does not fit is cut, and its size told") {
  const auto vm = make_vm();
  TestRun test(*vm);
  test.attr.test.data_size_out = 10;
  CHECK(test.run() == -ENOSPC);
  CHECK(test.attr.test.data_size_out == 64);
  CHECK(test.out[9] == 'x');
  CHECK(test.out[10] == 0);
}

TEST_CASE("A size of zero takes all output, and no address takes none") {
  const auto vm = make_vm();
  TestRun test(*vm);
  test.attr.test.data_size_out = 0;
  CHECK(test.run() == 0);
  CHECK(test.out == test.in);
  test.attr.test.data_out = 0;
  CHECK(test.run() == 0);
  CHECK(test.attr.test.data_size_out == 64);
}

TEST_CASE("Buffers of a test run are checked") {
  const auto vm = make_vm();
  TestRun test(*vm);
  test.attr.test.data_in = 1;
  CHECK(test.run() == -EFAULT);
  test.attr.test.data_in = reinterpret_cast<uint64_t>(test.in.data());
  test.attr.test.data_out = 1;
  CHECK(test.run() == -EFAULT);
  test.attr.test.data_out = 0;
  test.attr.test.data_size_in = 0xffffffff;
  CHECK(test.run() == -EINVAL);
  test.attr.test.data_size_in = 64;
  test.attr.test.ctx_size_in = 8;
  CHECK(test.run() == -EINVAL);
  test.attr.test.ctx_size_in = 0;
  test.attr.test.ctx_in = 8;
  CHECK(test.run() == -EINVAL);
  test.attr.test.ctx_in = 0;
  test.attr.test.ctx_out = 8;
  CHECK(test.run() == -EINVAL);
  test.attr.test.ctx_out = 0;
  test.attr.test.batch_size = 1;
  CHECK(test.run() == -EINVAL);
  test.attr.test.batch_size = 0;
  test.attr.test.prog_fd = 0xffffffff;
  CHECK(test.run() == -EBADF);
  test.attr.test.prog_fd = static_cast<uint32_t>(create_array(*vm));
  CHECK(test.run() == -EINVAL);
}

namespace {

/// Of a program with a context of plain bytes.
struct ContextRun {
  ContextRun(Vm& owner, ProgramType type, std::string_view text) : vm(owner), code(*isa::assemble(text)) {
    Attr loading = load_attr(code, type);
    if (type == ProgramType::syscall) loading.prog_load.prog_flags = BPF_F_SLEEPABLE;
    attr.test = {.prog_fd = static_cast<uint32_t>(bpf(owner, Command::prog_load, loading)),
                 .ctx_size_in = sizeof words,
                 .ctx_in = address_of(words)};
  }
  long run() { return bpf(vm, Command::prog_test_run, attr); }
  /// The result with one field changed.
  template <class T>
  long with(T TestRunAttr::* field, T value) {
    const T old = std::exchange(attr.test.*field, value);
    const long result = run();
    attr.test.*field = old;
    return result;
  }

  Vm& vm;
  isa::Code code;
  uint64_t words[2] = {1, 2};
  Attr attr{};
};

constexpr std::string_view kStore = "r2 = 77\n*(u64 *)(r1 + 8) = r2\nr0 = 3\nexit\n";

}  // namespace

TEST_CASE("A syscall program gets its context back where it came from") {
  const auto vm = make_vm();
  ContextRun test(*vm, ProgramType::syscall, kStore);
  test.attr.test.data_size_out = 55;
  CHECK(test.run() == 0);
  CHECK(test.attr.test.retval == 3);
  CHECK((test.words[0] == 1 && test.words[1] == 77));
  CHECK(test.attr.test.data_size_out == 55);  // left alone, as the duration
  CHECK(test.attr.test.duration == 0);
  GuardedPage page;
  const uint64_t words[2] = {1, 2};
  REQUIRE(copy_to_user(page.last(sizeof words), words, sizeof words));
  page.make_read_only();
  test.attr.test.ctx_in = page.last(sizeof words);
  CHECK(test.run() == -EFAULT);
}

TEST_CASE("Contexts of raw tracepoints stay with the caller") {
  const auto vm = make_vm();
  ContextRun test(*vm, ProgramType::raw_tracepoint, "r0 = *(u64 *)(r1 + 8)\nexit\n");
  CHECK(test.run() == 0);
  CHECK(test.attr.test.retval == 2);
}

TEST_CASE("Programs with a plain context know no data, output, repetitions and batches") {
  const auto vm = make_vm();
  for (const ProgramType type : {ProgramType::syscall, ProgramType::raw_tracepoint}) {
    ContextRun test(*vm, type, "r0 = 0\nexit\n");
    uint64_t room = 0;
    CHECK(test.with(&TestRunAttr::data_in, address_of(room)) == -EINVAL);
    CHECK(test.with(&TestRunAttr::data_out, address_of(room)) == -EINVAL);
    CHECK(test.with(&TestRunAttr::duration, 1u) == -EINVAL);
    CHECK(test.with(&TestRunAttr::repeat, 1u) == -EINVAL);
    CHECK(test.with(&TestRunAttr::batch_size, 1u) == -EINVAL);
    CHECK(test.with(&TestRunAttr::data_size_in, 8u) == 0);
    test.attr.test.ctx_size_out = sizeof room;
    CHECK(test.with(&TestRunAttr::ctx_out, address_of(room)) == -EINVAL);
    test.attr.test.ctx_size_out = 0;
    CHECK(test.run() == 0);
  }
}

TEST_CASE("Only raw tracepoints ask for a CPU") {
  const auto vm = make_vm({.cpus = 2});
  ContextRun syscall(*vm, ProgramType::syscall, "r0 = 0\nexit\n");
  CHECK(syscall.with(&TestRunAttr::cpu, 1u) == 0);
  CHECK(syscall.with(&TestRunAttr::flags, 1u) == -EINVAL);
  ContextRun raw(*vm, ProgramType::raw_tracepoint, "call 8\nexit\n");
  CHECK(raw.with(&TestRunAttr::cpu, 1u) == -EINVAL);
  raw.attr.test.flags = 1;
  for (const uint32_t cpu : {1u, 0u, 1u}) {
    CHECK(raw.with(&TestRunAttr::cpu, cpu) == 0);
    CHECK(raw.attr.test.retval == cpu);
  }
  CHECK(raw.with(&TestRunAttr::cpu, 2u) == -ENXIO);
}
