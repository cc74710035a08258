// SPDX-License-Identifier: Apache-2.0
// The VM as the machine that libbpf sees, and its configuration.
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <fstream>
#include <string>

#include "maps/flags.hpp"
#include "maps/ringbuf.hpp"
#include "support.hpp"
#include "vm/load_observer.hpp"

using namespace skep;
using namespace skep::vm;

namespace {

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::vector<std::byte>& content) {
    const int fd = ::mkstemp(path_);
    (void)!::write(fd, content.data(), content.size());
    ::close(fd);
  }
  ~TemporaryFile() { ::unlink(path_); }
  [[nodiscard]] const char* path() const { return path_; }

 private:
  char path_[30] = "/tmp/skep_vm_test_XXXXXX";
};

}  // namespace

TEST_CASE("The machine's files come from the configuration, not from the host") {
  const auto vm = make_vm({.kconfig = "CONFIG_HZ=250\n", .kernel_release = "6.1.2"});
  CHECK(vm->file("/proc/config.gz") == "CONFIG_HZ=250\n");
  CHECK(vm->file("/boot/config-6.1.2") == "CONFIG_HZ=250\n");
  CHECK_FALSE(vm->file("/boot/config-6.18.0"));
  CHECK(vm->file("/proc/kallsyms") == "");
  CHECK_FALSE(vm->file("/proc/version_signature"));
  CHECK_FALSE(vm->file("/sys/kernel/btf/vmlinux"));
  CHECK_FALSE(vm->file("/etc/passwd"));
  CHECK(vm->kernel_release() == "6.1.2");
  CHECK(vm->clock().hz() == 250);
  CHECK(make_vm()->file("/proc/config.gz") == default_kconfig());
}

TEST_CASE("A configuration that cannot be is refused with the reason") {
  CHECK(Vm::create({.cpus = 0}).error().code == EINVAL);
  CHECK(Vm::create({.cpus = maps::Cpus::kMax + 1}).error().code == EINVAL);
  CHECK(Vm::create({.kconfig = "CONFIG_HZ=0\n"}).error().code == EINVAL);
  const auto missing = Vm::create({.kernel_btf = "/nowhere/btf"});
  CHECK(missing.error().code == ENOENT);
  CHECK(missing.error().object == "/nowhere/btf");
  const TemporaryFile garbage(std::vector<std::byte>(100));
  CHECK(Vm::create({.kernel_btf = garbage.path()}).error().code == EINVAL);
}

TEST_CASE("A kernel's BTF is a file, and an object with the first id") {
  const auto blob = int_btf();
  const TemporaryFile file(blob);
  const auto vm = make_vm({.kernel_btf = file.path()});
  REQUIRE(vm != nullptr);
  const auto content = vm->file("/sys/kernel/btf/vmlinux");
  REQUIRE(content);
  CHECK(content->size() == blob.size());
  const int fd = fd_by_id(*vm, Command::btf_get_fd_by_id, 1);
  char name[16] = {};
  BtfInfo info{.name = address_of(name), .name_len = sizeof name};
  CHECK(get_info(*vm, fd, info) == 0);
  CHECK(info.kernel_btf == 1);
  CHECK(std::string(name) == "vmlinux");
  info = {.name = address_of(name), .name_len = 4};
  CHECK(get_info(*vm, fd, info) == -ENOSPC);
  CHECK(std::string(name) == "vml");
  CHECK(info.name_len == 7);

  // It is no BTF for a program's own types.
  Attr attr = array_attr(4, 1);
  attr.map_create.btf_fd = static_cast<uint32_t>(fd);
  attr.map_create.btf_value_type_id = 1;
  attr.map_create.btf_key_type_id = 1;
  CHECK(create_map(*vm, attr) == -EACCES);
}

TEST_CASE("libbpf's messages go to the VM's log, warnings also to who watches a load") {
  std::string seen;
  const auto vm =
      make_vm({.log = [&](int level, std::string_view text) { seen += std::to_string(level).append(text); }});
  vm->log(LogLevel::info, "one");
  {
    const LoadObserver observer;
    vm->log(LogLevel::warn, "two");
    vm->log(LogLevel::debug, "three");
    CHECK(observer.warnings() == "two");
  }
  CHECK(seen == "1one0two2three");
  CHECK_FALSE(make_vm()->wants(LogLevel::warn));
}

TEST_CASE("The log says why a command is refused") {
  std::string seen;
  const auto vm = make_vm({.log = [&](int, std::string_view text) { seen += text; }});
  CHECK(create_map(*vm, array_attr(0)) < 0);
  CHECK(seen.find("EINVAL") != std::string::npos);
}

TEST_CASE("Memory of a map is mapped with the rights of its descriptor") {
  const auto vm = make_vm();
  const int map = create_array(*vm, maps::kFlagMmapable);
  REQUIRE(map >= 0);
  const auto try_map = [&](int fd, int protection, int flags) {
    errno = 0;
    void* memory = vm->map(nullptr, 4096, protection, flags, fd, 0);
    if (memory != MAP_FAILED) ::munmap(memory, 4096);
    return memory != MAP_FAILED;
  };
  CHECK(try_map(map, PROT_READ | PROT_WRITE, MAP_SHARED));
  CHECK_FALSE(try_map(map, PROT_READ, MAP_PRIVATE));
  CHECK(errno == EINVAL);
  const int reader = fd_by_id(*vm, Command::map_get_fd_by_id, 1, maps::kFlagRdonly);
  CHECK(try_map(reader, PROT_READ, MAP_SHARED));
  CHECK_FALSE(try_map(reader, PROT_READ | PROT_WRITE, MAP_SHARED));
  CHECK(errno == EACCES);
  CHECK_FALSE(try_map(create_map(*vm, hash_attr()), PROT_READ, MAP_SHARED));
  CHECK_FALSE(try_map(load(*vm, trivial_code()), PROT_READ, MAP_SHARED));
  CHECK(errno == ENODEV);
}

TEST_CASE("What the host writes into mapped memory is in the map") {
  const auto vm = make_vm();
  const int map = create_array(*vm, maps::kFlagMmapable);
  auto* values = static_cast<uint64_t*>(vm->map(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0));
  REQUIRE(values != MAP_FAILED);
  values[2] = 77;
  uint64_t value = 0;
  CHECK(lookup(*vm, map, 2, value) == 0);
  CHECK(value == 77);
  ::munmap(values, 4096);
}

TEST_CASE("Anonymous memory is the host's") {
  const auto vm = make_vm();
  void* memory = vm->map(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  ::munmap(memory, 4096);
}

namespace {

int create_ring(Vm& vm) {
  Attr ring = array_attr(0, 4096);
  ring.map_create.map_type = static_cast<uint32_t>(maps::MapType::ringbuf);
  ring.map_create.key_size = 0;
  const int fd = create_map(vm, ring);
  REQUIRE(fd >= 0);
  return fd;
}

}  // namespace

TEST_CASE("A ring is polled through another descriptor than its own") {
  const auto vm = make_vm();
  const int fd = create_ring(*vm);
  CHECK(vm->pollable(fd) != fd);
  const int array = create_array(*vm);
  CHECK(vm->pollable(array) == array);
}

TEST_CASE("A waiter finds a ring readable after a wake-up until all is consumed") {
  const auto vm = make_vm();
  const int fd = create_ring(*vm);
  int error = 0;
  const auto map = vm->map_of_descriptor(fd, error);
  auto& ring = static_cast<maps::Ringbuf&>(*map);
  const auto is_readable = [&] {
    vm->before_wait();
    pollfd waiter{.fd = vm->pollable(fd), .events = POLLIN, .revents = 0};
    return poll(&waiter, 1, 0) == 1;
  };
  CHECK_FALSE(is_readable());
  REQUIRE(ring.output("abc", 3, maps::kRingbufNoWakeup) == 0);
  CHECK_FALSE(is_readable());
  REQUIRE(ring.output("abc", 3, maps::kRingbufForceWakeup) == 0);
  CHECK(is_readable());
  CHECK(is_readable());
  CHECK(ring.consume([](std::span<const std::byte>) {}) == 2);
  CHECK_FALSE(is_readable());
  REQUIRE(ring.output("abc", 3, 0) == 0);
  CHECK(is_readable());
}
