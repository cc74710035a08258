// SPDX-License-Identifier: Apache-2.0
// Descriptors as callers of bpf(2) have them: what they stand for, who counts as a user, when an object goes.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <catch2/catch_test_macros.hpp>

#include "maps/flags.hpp"
#include "support.hpp"

using namespace skep;
using namespace skep::vm;

namespace {

int reopened(int fd, int flags) { return ::open(fmt::format("/proc/self/fd/{}", fd).c_str(), flags | O_CLOEXEC); }

/// The same file through a socket, as SCM_RIGHTS gives it to another process.
int sent(int fd) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends.data()) != 0) return -1;
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  *header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  int received = -1;
  if (::sendmsg(ends[0], &message, 0) == 1 && ::recvmsg(ends[1], &message, 0) == 1)
    std::memcpy(&received, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof received);
  ::close(ends[0]);
  ::close(ends[1]);
  return received;
}

bool has_map(Vm& vm, uint32_t id) { return vm.map_ids().find(id) != nullptr; }

}  // namespace

TEST_CASE("Every duplicate of a descriptor stands for the same map") {
  const auto vm = make_vm();
  const int map = create_array(*vm);
  REQUIRE(map >= 0);
  REQUIRE(update(*vm, map, 1, 42) == 0);
  for (const int copy : {::dup(map), ::fcntl(map, F_DUPFD_CLOEXEC, 100), reopened(map, O_RDWR), sent(map)}) {
    REQUIRE(copy >= 0);
    uint64_t value = 0;
    CHECK(lookup(*vm, copy, 1, value) == 0);
    CHECK(value == 42);
    CHECK(vm->close(copy) == 0);
  }
}

TEST_CASE("Descriptors are close-on-exec and cannot be written, grown or mapped by others") {
  const auto vm = make_vm();
  for (const int fd : {create_map(*vm, hash_attr()), load(*vm, trivial_code()), load_btf(*vm, int_btf())}) {
    REQUIRE(fd >= 0);
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(::write(fd, "x", 1) == -1);
    CHECK(::ftruncate(fd, 4096) == -1);
    vm->close(fd);
  }
}

TEST_CASE("A map goes with its last descriptor") {
  const auto vm = make_vm();
  const int map = create_array(*vm);
  const int copy = vm->duplicate(map, 0);
  REQUIRE(has_map(*vm, 1));
  CHECK(vm->close(map) == 0);
  CHECK(has_map(*vm, 1));
  CHECK(vm->close(copy) == 0);
  CHECK_FALSE(has_map(*vm, 1));
}

TEST_CASE("A descriptor that the VM did not make counts once it has been seen") {
  const auto vm = make_vm();
  const int map = create_array(*vm);
  const int copy = ::dup(map);
  uint64_t value = 0;
  REQUIRE(lookup(*vm, copy, 0, value) == 0);
  vm->close(map);
  CHECK(has_map(*vm, 1));
  CHECK(lookup(*vm, copy, 0, value) == 0);
  vm->close(copy);
  CHECK_FALSE(has_map(*vm, 1));
}

TEST_CASE("A close that the VM does not see leaves the map until the number is given out again") {
  const auto vm = make_vm();
  const int map = create_array(*vm);
  ::close(map);
  CHECK(has_map(*vm, 1));
  const int next = create_array(*vm);
  CHECK_FALSE(has_map(*vm, 1));
  CHECK(has_map(*vm, 2));
  vm->close(next);
}

TEST_CASE("dup3 over a map's descriptor drops that map and counts the new one") {
  const auto vm = make_vm();
  const int first = create_array(*vm);
  const int second = create_array(*vm);
  REQUIRE(update(*vm, second, 0, 7) == 0);
  CHECK(vm->duplicate_to(second, first, O_CLOEXEC) == first);
  CHECK_FALSE(has_map(*vm, 1));
  vm->close(second);
  uint64_t value = 0;
  CHECK(lookup(*vm, first, 0, value) == 0);
  CHECK(value == 7);
  vm->close(first);
  CHECK_FALSE(has_map(*vm, 2));
}

TEST_CASE("A placeholder becomes a map's descriptor, as libbpf does it") {
  const auto vm = make_vm();
  const int placeholder = vm->placeholder("libbpf-placeholder-fd", MFD_CLOEXEC);
  REQUIRE(placeholder >= 0);
  const int map = create_array(*vm);
  CHECK(vm->duplicate_to(map, placeholder, O_CLOEXEC) == placeholder);
  CHECK(vm->close(map) == 0);
  uint64_t value = 0;
  CHECK(lookup(*vm, placeholder, 0, value) == 0);
  CHECK(vm->close(placeholder) == 0);
  CHECK_FALSE(has_map(*vm, 1));
}

TEST_CASE("A descriptor's access mode limits what bpf(2) may do through it") {
  const auto vm = make_vm();
  const int map = create_array(*vm);
  uint64_t value = 0;
  const int reader = fd_by_id(*vm, Command::map_get_fd_by_id, 1, maps::kFlagRdonly);
  REQUIRE(reader >= 0);
  CHECK(lookup(*vm, reader, 0, value) == 0);
  CHECK(update(*vm, reader, 0, 1) == -EPERM);
  const int writer = fd_by_id(*vm, Command::map_get_fd_by_id, 1, maps::kFlagWronly);
  REQUIRE(writer >= 0);
  CHECK(update(*vm, writer, 0, 1) == 0);
  CHECK(lookup(*vm, writer, 0, value) == -EPERM);
  for (const int fd : {map, reader, writer}) vm->close(fd);
  CHECK_FALSE(has_map(*vm, 1));
}

TEST_CASE("Descriptors of something else are EINVAL, closed ones EBADF") {
  const auto vm = make_vm();
  const int file = ::open("/dev/null", O_RDWR);
  const int program = load(*vm, trivial_code());
  uint64_t value = 0;
  CHECK(lookup(*vm, file, 0, value) == -EINVAL);
  CHECK(lookup(*vm, program, 0, value) == -EINVAL);
  CHECK(lookup(*vm, -1, 0, value) == -EBADF);
  vm->close(program);
  CHECK(lookup(*vm, program, 0, value) == -EBADF);
  CHECK(vm->close(program) == -EBADF);
  CHECK(vm->close(file) == 0);
}

TEST_CASE("The descriptor that a VM keeps for itself is nobody else's") {
  const auto vm = make_vm();
  const int map = create_map(*vm, hash_attr());
  // The keeper was opened first.
  struct stat own{};
  struct stat keeper{};
  ::fstat(map, &own);
  int fd = 0;
  for (; fd < map; ++fd)
    if (::fstat(fd, &keeper) == 0 && keeper.st_ino == own.st_ino && keeper.st_dev == own.st_dev) break;
  REQUIRE(fd < map);
  uint64_t value = 0;
  CHECK(lookup(*vm, fd, 0, value) == -EBADF);
  CHECK(vm->close(fd) == -EBADF);
  CHECK(vm->duplicate_to(map, fd, 0) == -EBUSY);
  vm->close(map);
}

TEST_CASE("Two VMs never meet") {
  const auto one = make_vm();
  const auto other = make_vm();
  const int map = create_array(*one);
  REQUIRE(update(*one, map, 0, 5) == 0);
  uint64_t value = 0;
  CHECK(lookup(*other, map, 0, value) == -EINVAL);
  CHECK(fd_by_id(*other, Command::map_get_fd_by_id, 1) == -ENOENT);
  const int own = create_array(*other);
  CHECK(has_map(*other, 1));
  CHECK(lookup(*other, own, 0, value) == 0);
  CHECK(value == 0);
  CHECK(lookup(*one, own, 0, value) == -EINVAL);
  one->close(map);
  other->close(own);
}

TEST_CASE("A program keeps its maps when their descriptors are closed") {
  const auto vm = make_vm();
  const int map = create_array(*vm);
  const isa::Code code = isa::make::lddw_map_fd(1, map) + trivial_code();
  const int program = load(*vm, code);
  REQUIRE(program >= 0);
  vm->close(map);
  CHECK(has_map(*vm, 1));
  const int again = fd_by_id(*vm, Command::map_get_fd_by_id, 1);
  CHECK(again >= 0);
  vm->close(again);
  CHECK(has_map(*vm, 1));
  vm->close(program);
  CHECK_FALSE(has_map(*vm, 1));
}

TEST_CASE("A program array and its program let go of each other with the array's last descriptor") {
  const auto vm = make_vm();
  Attr attr = array_attr(4, 1);
  attr.map_create.map_type = static_cast<uint32_t>(maps::MapType::prog_array);
  const int map = create_map(*vm, attr);
  REQUIRE(map >= 0);
  const isa::Code code = isa::make::lddw_map_fd(1, map) + trivial_code();
  const int program = load(*vm, code);
  REQUIRE(program >= 0);
  REQUIRE(update(*vm, map, 0, static_cast<uint64_t>(program)) == 0);
  vm->close(program);
  CHECK(vm->program_ids().find(1) != nullptr);
  vm->close(map);
  CHECK(vm->program_ids().find(1) == nullptr);
  CHECK_FALSE(has_map(*vm, 1));
}

TEST_CASE("A VM ends with objects still in use") {
  auto vm = make_vm();
  const int map = create_array(*vm);
  const int program = load(*vm, trivial_code());
  const std::weak_ptr<Vm> watch = vm;
  const std::weak_ptr<Program> object = vm->program_ids().find(1);
  vm.reset();
  CHECK(watch.expired());
  CHECK(object.expired());
  ::close(map);
  ::close(program);
}
