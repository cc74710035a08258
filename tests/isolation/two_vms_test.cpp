// SPDX-License-Identifier: Apache-2.0
// Two VMs in one process never meet.
#include <linux/bpf.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tests/examples/support.hpp"

namespace skep::tests {
namespace {

Vm vm_with(const VmOptions& options) { return take(Vm::create(options)); }

Object load_object(Vm vm, const std::string& path, const ObjectOptions& options = {}) {
  Object object = take(vm.open(path, options));
  require_ok(object.load());
  return object;
}

uint32_t run(const Object& object, const std::string& name) {
  const Program program = take(object.program(name));
  const auto packet = zeroes(program.has_packet() ? 64 : 0);
  return retval(program, {.data = packet});
}

uint32_t run_machine(Vm vm, const std::string& program) { return run(load_object(vm, MACHINE_OBJECT), program); }

std::vector<uint32_t> ids(Vm& vm, bpf_cmd next) {
  std::vector<uint32_t> all;
  bpf_attr attr{};
  while (vm.bpf(next, &attr, sizeof attr) == 0) {
    all.push_back(attr.next_id);
    attr.start_id = attr.next_id;
  }
  return all;
}

int create_array(Vm& vm) {
  bpf_attr attr{};
  attr.map_type = BPF_MAP_TYPE_ARRAY;
  attr.key_size = attr.value_size = 4;
  attr.max_entries = 1;
  const long fd = vm.bpf(BPF_MAP_CREATE, &attr, sizeof attr);
  REQUIRE(fd >= 0);
  return static_cast<int>(fd);
}

long look_up(Vm& vm, int fd) {
  uint32_t key = 0, value = 0;
  bpf_attr attr{};
  attr.map_fd = static_cast<uint32_t>(fd);
  attr.key = reinterpret_cast<uint64_t>(&key);
  attr.value = reinterpret_cast<uint64_t>(&value);
  return vm.bpf(BPF_MAP_LOOKUP_ELEM, &attr, sizeof attr);
}

long pin(Vm& vm, bpf_cmd command, const char* path, int fd) {
  bpf_attr attr{};
  attr.pathname = reinterpret_cast<uint64_t>(path);
  attr.bpf_fd = static_cast<uint32_t>(fd);
  return vm.bpf(command, &attr, sizeof attr);
}

}  // namespace

TEST_CASE("each VM has its own kernel's types, whichever was there first") {
  Vm one = vm_with({.kernel_btf = example("kernel_types")});
  Vm other = vm_with({.kernel_btf = OTHER_KERNEL_OBJECT});
  Vm none = vm_with({});
  const auto offsets = [](Vm& vm) {
    return run(load_object(vm, example("core_relocation"), {.program = "offsets"}), "offsets");
  };
  constexpr uint32_t kOne = 24 * 1000000 + 72 * 1000 + 20;
  constexpr uint32_t kOther = 32 * 1000000 + 40 * 1000 + 2;
  CHECK(offsets(one) == kOne);
  CHECK(offsets(other) == kOther);
  Object without = take(none.open(example("core_relocation"), {.program = "offsets"}));
  CHECK_FALSE(without.load().ok());
  CHECK(offsets(one) == kOne);
}

TEST_CASE("each VM has its own configuration and version") {
  Vm one = vm_with({.kconfig = "CONFIG_HZ=100\nCONFIG_BPF_SYSCALL=y\n", .kernel_release = "6.1.0"});
  Vm other = vm_with({.kconfig = "CONFIG_HZ=300\nCONFIG_BPF_SYSCALL=y\n", .kernel_release = "4.19.0"});
  const Object in_one = load_object(one, example("kconfig"));
  const Object in_other = load_object(other, example("kconfig"));
  CHECK(run(in_one, "read_configuration") == 10100);
  CHECK(run(in_other, "read_configuration") == 0);
}

TEST_CASE("each VM has its own number of CPUs") {
  Vm one = vm_with({.cpus = 1});
  Vm many = vm_with({.cpus = 64});
  const Object in_one = load_object(one, example("packet_counter"));
  const Object in_many = load_object(many, example("packet_counter"));
  const auto size = [](const Object& object) { return take(object.map("by_protocol")).host_value_size(); };
  CHECK(size(in_many) == 64 * size(in_one));
  for (int i = 0; i < 8; ++i) CHECK(run_machine(one, "this_cpu") == 0);
  CHECK(run_machine(many, "this_cpu") < 64);
}

TEST_CASE("perf event arrays have an element for each CPU of their VM") {
  Vm two = vm_with({.cpus = 2});
  Vm eight = vm_with({.cpus = 8});
  CHECK(take(load_object(two, example("ring_buffer")).map("samples")).max_entries() <= 8);
  CHECK(run(load_object(two, example("ring_buffer")), "observe") == 0);
  CHECK(run(load_object(eight, example("ring_buffer")), "observe") == 0);
}

TEST_CASE("each VM has its own clock and its own random numbers") {
  Vm early = vm_with({.clock_ns = 1000, .seed = 1});
  Vm late = vm_with({.clock_ns = 999999, .seed = 2});
  Vm late_again = vm_with({.clock_ns = 999999, .seed = 2});
  CHECK(run_machine(early, "read_clock") == 1000);
  CHECK(run_machine(late, "read_clock") == 999999);
  CHECK(run_machine(early, "read_clock") == 1000);
  const uint32_t drawn = run_machine(late, "draw_number");
  CHECK(run_machine(late_again, "draw_number") == drawn);
  CHECK(run_machine(early, "draw_number") != drawn);
}

TEST_CASE("a VM's ids count its own objects only") {
  Vm one = vm_with({});
  Vm other = vm_with({});
  const Object in_one = load_object(one, example("packet_counter"));
  CHECK(ids(other, BPF_MAP_GET_NEXT_ID).empty());
  CHECK(ids(other, BPF_PROG_GET_NEXT_ID).empty());
  CHECK(ids(other, BPF_BTF_GET_NEXT_ID).empty());
  const Object in_other = load_object(other, example("functions"));
  CHECK(ids(one, BPF_PROG_GET_NEXT_ID).size() == 1);
  CHECK(ids(other, BPF_PROG_GET_NEXT_ID).size() == 1);
  CHECK(ids(one, BPF_MAP_GET_NEXT_ID).size() > ids(other, BPF_MAP_GET_NEXT_ID).size());
}

TEST_CASE("a descriptor of one VM means nothing in another") {
  Vm one = vm_with({});
  Vm other = vm_with({});
  const int fd = create_array(one);
  CHECK(look_up(one, fd) == 0);
  CHECK(look_up(other, fd) == -EINVAL);  // Linux's answer to a descriptor that is not of its bpf(2)
  ::close(fd);
}

TEST_CASE("a VM's pins are its own") {
  Vm one = vm_with({});
  Vm other = vm_with({});
  const int fd = create_array(one);
  const char* path = "/sys/fs/bpf/shared_name";
  REQUIRE(pin(one, BPF_OBJ_PIN, path, fd) == 0);
  CHECK(pin(other, BPF_OBJ_GET, path, 0) == -ENOENT);
  const long again = pin(one, BPF_OBJ_GET, path, 0);
  CHECK(again >= 0);
  CHECK(::access(path, F_OK) != 0);  // nor does the host see them
  ::close(static_cast<int>(again));
  ::close(fd);
}

TEST_CASE("the maps of one object in two VMs are two maps") {
  Vm one = vm_with({});
  Vm other = vm_with({});
  const Object in_one = load_object(one, example("globals"));
  const Object in_other = load_object(other, example("globals"));
  for (int i = 0; i < 5; ++i) (void)run(in_one, "use_globals");
  CHECK(run(in_other, "use_globals") == 101);
  CHECK(global<uint64_t>(in_one, "runs") == 5);
}

TEST_CASE("what an unprivileged VM refuses, its neighbour allows; what one VM found out is not the other's") {
  Vm privileged = vm_with({});
  Vm unprivileged = vm_with({.unprivileged = true});
  Object refused = take(unprivileged.open(example("packet_counter")));
  const Status status = refused.load();
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().code == EPERM);
  CHECK(run(load_object(privileged, example("packet_counter")), "packet_counter") == 2);
  Object again = take(unprivileged.open(example("packet_counter")));
  CHECK_FALSE(again.load().ok());
}

}  // namespace skep::tests
