// SPDX-License-Identifier: Apache-2.0
// BPF_PROG_TEST_RUN's handling of the caller's buffers; what programs do is for the tests of vm/test_run.hpp.
#include <catch2/catch_test_macros.hpp>
#include <vector>

#include "support.hpp"

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
