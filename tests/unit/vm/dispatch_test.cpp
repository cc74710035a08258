// SPDX-License-Identifier: Apache-2.0
// bpf(2) as a hostile caller sees it.
#include <catch2/catch_test_macros.hpp>
#include <random>

#include "support.hpp"

using namespace skep;
using namespace skep::vm;

TEST_CASE("Unknown commands are EINVAL") {
  const auto vm = make_vm();
  Attr attr{};
  for (const int command : {-1, kCommandCount, 1000, std::numeric_limits<int>::min()})
    CHECK(vm->bpf(command, &attr, sizeof attr) == -EINVAL);
}

TEST_CASE("An attr of any size is taken, zeros behind what is known, a page at most") {
  const auto vm = make_vm();
  std::vector<std::byte> bytes(8192);
  Attr attr{};
  attr.get_id.id = 99;
  std::memcpy(bytes.data(), &attr, sizeof attr);
  const int command = static_cast<int>(Command::map_get_fd_by_id);
  for (unsigned size = 4; size <= 4096; ++size) REQUIRE(vm->bpf(command, bytes.data(), size) == -ENOENT);
  CHECK(vm->bpf(command, bytes.data(), 4097) == -E2BIG);
  CHECK(vm->bpf(command, bytes.data(), 0xffffffff) == -E2BIG);
  bytes[sizeof attr] = std::byte{1};
  CHECK(vm->bpf(command, bytes.data(), sizeof attr) == -ENOENT);
  CHECK(vm->bpf(command, bytes.data(), sizeof attr + 1) == -E2BIG);
}

TEST_CASE("An attr that cannot be read is EFAULT") {
  const auto vm = make_vm();
  GuardedPage page;
  for (int command = 0; command < kCommandCount; ++command) {
    CHECK(vm->bpf(command, nullptr, sizeof(Attr)) == -EFAULT);
    CHECK(vm->bpf(command, page.end() - 100, sizeof(Attr)) == -EFAULT);
    CHECK(vm->bpf(command, page.end() - sizeof(Attr), sizeof(Attr) + 1) == -EFAULT);
  }
}

TEST_CASE("What is behind a command's last field must be zero") {
  const auto vm = make_vm();
  const int map = create_array(*vm);
  Attr attr{};
  attr.elem.map_fd = static_cast<uint32_t>(map);
  attr.elem.value = 1;  // delete has a key only
  uint32_t key = 0;
  attr.elem.key = address_of(key);
  CHECK(bpf(*vm, Command::map_delete_elem, attr) == -EINVAL);
  attr = {};
  attr.bytes.back() = std::byte{1};
  for (int command = 0; command < kCommandCount; ++command)
    if (static_cast<Command>(command) != Command::prog_load) CHECK(vm->bpf(command, &attr, sizeof attr) == -EINVAL);
}

TEST_CASE("Random arguments never crash, and addresses that are not there give errors") {
  const auto vm = make_vm();
  const isa::Code code = trivial_code();
  const uint32_t fds[] = {static_cast<uint32_t>(create_array(*vm)), static_cast<uint32_t>(create_map(*vm, hash_attr())),
                          static_cast<uint32_t>(load(*vm, code)), static_cast<uint32_t>(load_btf(*vm, int_btf()))};
  // Numbers that fields may mean something by, none of which is the address of anything.
  const uint32_t numbers[] = {0, 1, 2, 4, 8, 16, 64, 0xffffffff, 0x80000000, fds[0], fds[1], fds[2], fds[3]};
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    Attr attr{};
    const size_t words = random() % (sizeof(Attr) / 4 + 1);
    for (size_t w = 0; w < words; ++w) {
      const uint32_t number = numbers[random() % std::size(numbers)];
      if (random() % 2 == 0) std::memcpy(attr.bytes.data() + 4 * w, &number, sizeof number);
    }
    const auto command = static_cast<Command>(random() % kCommandCount);
    const long result = bpf(*vm, command, attr);
    if (result > 0) vm->close(static_cast<int>(result));
    REQUIRE(result >= -4095);
  }
}
