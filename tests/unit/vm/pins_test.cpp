// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "maps/flags.hpp"
#include "support.hpp"

using namespace skep;
using namespace skep::vm;

namespace {

long pin(Vm& vm, int fd, const char* path, uint32_t flags = 0, int32_t path_fd = 0) {
  Attr attr{};
  attr.obj = {.pathname = reinterpret_cast<uint64_t>(path),
              .bpf_fd = static_cast<uint32_t>(fd),
              .file_flags = flags,
              .path_fd = path_fd};
  return bpf(vm, Command::obj_pin, attr);
}

long get(Vm& vm, const char* path, uint32_t flags = 0) {
  Attr attr{};
  attr.obj = {.pathname = reinterpret_cast<uint64_t>(path), .file_flags = flags};
  return bpf(vm, Command::obj_get, attr);
}

}  // namespace

TEST_CASE("A pin keeps a map when its descriptors are closed") {
  const auto vm = make_vm();
  const int map = create_array(*vm);
  REQUIRE(update(*vm, map, 0, 9) == 0);
  CHECK(pin(*vm, map, "/sys/fs/bpf/m") == 0);
  vm->close(map);
  CHECK(vm->has_pin("/sys/fs/bpf/m"));
  const auto again = static_cast<int>(get(*vm, "/sys/fs//bpf/./m"));
  REQUIRE(again >= 0);
  uint64_t value = 0;
  CHECK(lookup(*vm, again, 0, value) == 0);
  CHECK(value == 9);
  CHECK(vm->remove_pin("/sys/fs/bpf/m") == 0);
  CHECK(vm->map_ids().find(1) != nullptr);
  vm->close(again);
  CHECK(vm->map_ids().find(1) == nullptr);
}

TEST_CASE("Programs are pinned, BTF and other files are not") {
  const auto vm = make_vm();
  const int program = load(*vm, trivial_code());
  CHECK(pin(*vm, program, "/sys/fs/bpf/p") == 0);
  vm->close(program);
  const long again = get(*vm, "/sys/fs/bpf/p");
  CHECK(again >= 0);
  vm->close(static_cast<int>(again));
  CHECK(pin(*vm, load_btf(*vm, int_btf()), "/sys/fs/bpf/b") == -EINVAL);
  CHECK(pin(*vm, 0, "/sys/fs/bpf/f") == -EINVAL);
  CHECK(pin(*vm, -1, "/sys/fs/bpf/f") == -EINVAL);
}

TEST_CASE("A pin's path must be new and in the mount") {
  const auto vm = make_vm();
  const int map = create_array(*vm);
  REQUIRE(pin(*vm, map, "/sys/fs/bpf/m") == 0);
  CHECK(pin(*vm, map, "/sys/fs/bpf/m") == -EEXIST);
  CHECK(pin(*vm, map, "/sys/fs/bpf") == -EEXIST);
  CHECK(pin(*vm, map, "/sys/fs/bpf/a/b") == -ENOENT);
  CHECK(pin(*vm, map, "/sys/fs/bpf/m/b") == -ENOTDIR);
  CHECK(pin(*vm, map, "/sys/fs/bpf/with.dot") == -EPERM);
  CHECK(pin(*vm, map, "/tmp/m") == -EPERM);
  CHECK(pin(*vm, map, "/sys/fs/bpf/../m") == -EPERM);
  CHECK(pin(*vm, map, "") == -ENOENT);
  CHECK(pin(*vm, map, nullptr) == -EFAULT);
  CHECK(pin(*vm, map, std::string(5000, 'a').c_str()) == -ENAMETOOLONG);
}

TEST_CASE("Folders hold pins") {
  const auto vm = make_vm();
  const int map = create_array(*vm);
  CHECK(vm->is_pin_directory("/sys/fs/bpf"));
  CHECK(vm->make_pin_directory("/sys/fs/bpf/d") == 0);
  CHECK(vm->make_pin_directory("/sys/fs/bpf/d") == -EEXIST);
  CHECK(vm->make_pin_directory("/sys/fs/bpf/x/y") == -ENOENT);
  CHECK(vm->make_pin_directory("/home/x") == -EPERM);
  CHECK(vm->is_pin_directory("/sys/fs/bpf/d/"));
  CHECK(pin(*vm, map, "/sys/fs/bpf/d/m") == 0);
  CHECK(vm->remove_pin("/sys/fs/bpf/d") == -EISDIR);
  CHECK(vm->remove_pin("/sys/fs/bpf/none") == -ENOENT);
  CHECK(get(*vm, "/sys/fs/bpf/d") == -EACCES);
  CHECK_FALSE(vm->has_pin("/sys/fs/bpf/d"));
}

TEST_CASE("Getting a pin chooses the access, of maps only") {
  const auto vm = make_vm();
  const int map = create_array(*vm);
  REQUIRE(pin(*vm, map, "/sys/fs/bpf/m") == 0);
  const auto reader = static_cast<int>(get(*vm, "/sys/fs/bpf/m", maps::kFlagRdonly));
  REQUIRE(reader >= 0);
  CHECK(update(*vm, reader, 0, 1) == -EPERM);
  CHECK(get(*vm, "/sys/fs/bpf/m", maps::kFlagRdonly | maps::kFlagWronly) == -EINVAL);
  CHECK(get(*vm, "/sys/fs/bpf/m", 1) == -EINVAL);
  CHECK(get(*vm, "/sys/fs/bpf/none") == -ENOENT);
  CHECK(get(*vm, nullptr) == -EFAULT);
}

TEST_CASE("A path below a descriptor needs the flag, and the VM has no folders to give") {
  const auto vm = make_vm();
  const int map = create_array(*vm);
  CHECK(pin(*vm, map, "m", 0, 3) == -EINVAL);
  CHECK(pin(*vm, map, "m", 1) == -EINVAL);
  CHECK(pin(*vm, map, "m", maps::kFlagPathFd, 12345) == -EBADF);
  CHECK(pin(*vm, map, "m", maps::kFlagPathFd, map) == -ENOTDIR);
  CHECK(pin(*vm, map, "/sys/fs/bpf/m", maps::kFlagPathFd, 12345) == 0);
}
