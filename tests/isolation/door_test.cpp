// SPDX-License-Identifier: Apache-2.0
// A host that calls libbpf's own API, which the door brings to the VM that is current.
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "skep/libbpf.hpp"

#ifdef HAS_SKELETON
#include "packet_counter.skel.h"
#endif

namespace skep::tests {
namespace {

struct CloseObject {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
};
using ObjectPtr = std::unique_ptr<bpf_object, CloseObject>;

struct Counters {
  uint64_t packets, bytes;
};
constexpr uint32_t kPass = 2;

std::string example(const std::string& name) { return std::string(SKEP_EXAMPLES) + "/" + name + ".bpf.o"; }

Vm make_vm(const VmOptions& options = {}) {
  auto vm = Vm::create(options);
  REQUIRE(vm.ok());
  return *vm;
}

ObjectPtr load(const std::string& name) {
  ObjectPtr object(bpf_object__open_file(example(name).c_str(), nullptr));
  REQUIRE(object != nullptr);
  REQUIRE(bpf_object__load(object.get()) == 0);
  return object;
}

/// Test-runs a program on 64 zero bytes; its return value.
uint32_t test_run(int program, uint32_t repeat = 1) {
  std::array<std::byte, 64> packet{};
  bpf_test_run_opts options{};
  options.sz = sizeof options;
  options.data_in = packet.data();
  options.data_size_in = packet.size();
  options.repeat = static_cast<int>(repeat);
  REQUIRE(bpf_prog_test_run_opts(program, &options) == 0);
  return options.retval;
}

int program_of(const ObjectPtr& object, const char* name) {
  return bpf_program__fd(bpf_object__find_program_by_name(object.get(), name));
}
int map_of(const ObjectPtr& object, const char* name) { return bpf_object__find_map_fd_by_name(object.get(), name); }

}  // namespace

TEST_CASE("an object opens, loads, runs and is read through libbpf's API") {
  const Vm vm = make_vm();
  const CurrentVm current(vm);
  const ObjectPtr object = load("packet_counter");
  CHECK(test_run(program_of(object, "packet_counter"), 5) == kPass);

  REQUIRE(libbpf_num_possible_cpus() == 4);
  std::array<Counters, 4> of_cpus{};
  const uint32_t key = 0;
  REQUIRE(bpf_map_lookup_elem(map_of(object, "by_protocol"), &key, of_cpus.data()) == 0);
  uint64_t packets = 0;
  for (const Counters& counters : of_cpus) packets += counters.packets;
  CHECK(packets == 5);

  const int by_port = map_of(object, "by_port");
  const uint16_t port = 80;
  Counters counters{3, 180};
  CHECK(bpf_map_update_elem(by_port, &port, &counters, BPF_ANY) == 0);
  uint16_t next = 0;
  CHECK(bpf_map_get_next_key(by_port, nullptr, &next) == 0);
  CHECK(next == port);
  CHECK(bpf_map_get_next_key(by_port, &next, &next) == -ENOENT);
  CHECK(bpf_map_delete_elem(by_port, &port) == 0);
  CHECK(bpf_map_lookup_elem(by_port, &port, &counters) == -ENOENT);
}

TEST_CASE("information about objects comes from the VM") {
  const Vm vm = make_vm();
  const CurrentVm current(vm);
  const ObjectPtr object = load("functions");
  bpf_map_info info{};
  uint32_t size = sizeof info;
  REQUIRE(bpf_obj_get_info_by_fd(map_of(object, "squares"), &info, &size) == 0);
  CHECK(std::string(info.name) == "squares");
  CHECK(info.max_entries == 5);
  uint32_t id = 0;
  CHECK(bpf_prog_get_next_id(0, &id) == 0);
  const int again = bpf_prog_get_fd_by_id(id);
  CHECK(test_run(again) == 85);
  ::close(again);
}

TEST_CASE("records of a ring are polled through libbpf") {
  const Vm vm = make_vm();
  const CurrentVm current(vm);
  const ObjectPtr object = load("ring_buffer");
  std::vector<uint32_t> sizes;
  const auto receive = [](void* to, void* data, size_t) {
    static_cast<std::vector<uint32_t>*>(to)->push_back(*static_cast<uint32_t*>(data));
    return 0;
  };
  ring_buffer* ring = ring_buffer__new(map_of(object, "events"), receive, &sizes, nullptr);
  REQUIRE(ring != nullptr);
  CHECK(ring_buffer__poll(ring, 0) == 0);
  CHECK(test_run(program_of(object, "observe"), 2) == 0);
  CHECK(ring_buffer__poll(ring, 1000) == 2);
  CHECK(sizes == std::vector<uint32_t>{64, 64});
  // Nothing is left, so the next poll waits.
  const auto begin = std::chrono::steady_clock::now();
  CHECK(ring_buffer__poll(ring, 50) == 0);
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(45));
  CHECK(test_run(program_of(object, "observe"), 1) == 0);
  CHECK(ring_buffer__poll(ring, 1000) == 1);
  ring_buffer__free(ring);
}

TEST_CASE("maps are pinned in the VM and reused by name") {
  const Vm vm = make_vm();
  const CurrentVm current(vm);
  const char* path = "/sys/fs/bpf/door_squares";
  {
    const ObjectPtr object = load("functions");
    CHECK(test_run(program_of(object, "call_functions")) == 85);
    REQUIRE(bpf_map__pin(bpf_object__find_map_by_name(object.get(), "squares"), path) == 0);
  }
  const int squares = bpf_obj_get(path);
  REQUIRE(squares >= 0);
  const uint32_t key = 4;
  uint64_t value = 0;
  CHECK(bpf_map_lookup_elem(squares, &key, &value) == 0);
  CHECK(value == 16);
  CHECK(::access(path, F_OK) != 0);
  ::close(squares);
}

TEST_CASE("the innermost VM is current, and only on its thread") {
  const Vm one = make_vm();
  const Vm other = make_vm();
  const CurrentVm outer(one);
  const ObjectPtr object = load("functions");
  uint32_t id = 0;
  {
    const CurrentVm inner(other);
    CHECK(bpf_prog_get_next_id(0, &id) == -ENOENT);
    int on_thread = 0;
    std::thread([&] { on_thread = bpf_prog_get_next_id(0, &id); }).join();
    CHECK(on_thread == -ENOSYS);
  }
  CHECK(bpf_prog_get_next_id(0, &id) == 0);
}

TEST_CASE("the current VM lives on while it is current") {
  auto vm = std::make_unique<Vm>(make_vm());
  const CurrentVm current(*vm);
  vm.reset();
  const ObjectPtr object = load("functions");
  CHECK(test_run(program_of(object, "call_functions")) == 85);
}

TEST_CASE("the host's kernel stays out of sight, also where libbpf looks for images of kernels") {
  utsname host{};
  REQUIRE(uname(&host) == 0);
  const Vm vm = make_vm({.kernel_release = host.release});
  const CurrentVm current(vm);
  CHECK(btf__load_vmlinux_btf() == nullptr);
  CHECK(bpf_object__open_file("/sys/kernel/btf/vmlinux", nullptr) == nullptr);
  CHECK(bpf_object__open_file("/proc/self/exe", nullptr) == nullptr);
  CHECK(errno == ENOENT);
}

TEST_CASE("without a current VM nothing opens") {
  CHECK(bpf_object__open_file(example("functions").c_str(), nullptr) == nullptr);
  CHECK(errno == ENOSYS);
}

#ifdef HAS_SKELETON
TEST_CASE("a skeleton of bpftool loads, and its variables are the program's") {
  const Vm vm = make_vm();
  const CurrentVm current(vm);
  packet_counter* skeleton = packet_counter__open();
  REQUIRE(skeleton != nullptr);
  skeleton->rodata->blocked_port = 80;
  REQUIRE(packet_counter__load(skeleton) == 0);
  CHECK(skeleton->bss->packets_seen == 0);
  CHECK(test_run(bpf_program__fd(skeleton->progs.packet_counter), 3) == kPass);
  CHECK(skeleton->bss->packets_seen == 3);
  skeleton->bss->packets_seen = 10;
  CHECK(test_run(bpf_program__fd(skeleton->progs.packet_counter)) == kPass);
  CHECK(skeleton->bss->packets_seen == 11);
  packet_counter__destroy(skeleton);
}
#endif

}  // namespace skep::tests
