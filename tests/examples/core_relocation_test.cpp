// SPDX-License-Identifier: Apache-2.0
// examples/core-relocation: a program meets the types of another kernel.
#include <cerrno>

#include "tests/examples/support.hpp"

namespace skep::tests {
namespace {

/// struct task as kernel_types.c has it.
struct Task {
  long added_in_a_later_version[3];
  int pid;
  struct {
    uint32_t flags : 5;
    uint32_t priority : 7;
  } bits;
  uint8_t peer[18];
  char name[16];
};

Object load_with_kernel(const std::string& program) {
  VmOptions options;
  options.kernel_btf = example("kernel_types");
  return load_example(take(Vm::create(options)), "core_relocation", {.program = program});
}

uint32_t read_task(const void* task) {
  const Program program = take(load_with_kernel("read_task").program("read_task"));
  return retval(program, {.context = bytes_of(reinterpret_cast<uint64_t>(task))});
}

}  // namespace

TEST_CASE("offsets, sizes and values of enumerators are the kernel's") {
  const Program program = take(load_with_kernel("offsets").program("offsets"));
  CHECK(retval(program, {}) == offsetof(Task, pid) * 1000000 + sizeof(Task) * 1000 + 20);
}

TEST_CASE("a relocated read finds the fields of a structure that the host owns") {
  Task task{};
  task.pid = 4000;
  task.bits.flags = 31;
  task.bits.priority = 99;
  CHECK(read_task(&task) == 4099);
}

TEST_CASE("a read through a wild pointer is an error of the helper, not the end of the host") {
  CHECK(read_task(nullptr) == uint32_t(-1));
  CHECK(read_task(reinterpret_cast<const void*>(uintptr_t{0xdead} << 48)) == uint32_t(-1));
}

TEST_CASE("without the BTF of a kernel relocations cannot be made") {
  Vm vm = take(Vm::create());
  Object object = take(vm.open(example("core_relocation")));
  CHECK_FALSE(object.load().ok());
}

TEST_CASE("the BTF of a kernel that is missing or broken is an error of the VM, which names the file") {
  VmOptions options;
  options.kernel_btf = "/nonexistent/vmlinux";
  auto missing = Vm::create(options);
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().code == ENOENT);
  CHECK(missing.error().object == options.kernel_btf);

  options.kernel_btf = std::string(SKEP_EXAMPLES) + "/mixed.pcap";
  CHECK_FALSE(Vm::create(options).ok());
}

}  // namespace skep::tests
