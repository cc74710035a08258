// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support.hpp"

using namespace skep;
using namespace skep::vm;

TEST_CASE("BTF is loaded, has an id, and comes back as it was") {
  const auto vm = make_vm();
  const auto blob = int_btf();
  const int fd = load_btf(*vm, blob);
  REQUIRE(fd >= 0);
  uint32_t id = 0;
  CHECK(next_id(*vm, Command::btf_get_next_id, 0, id) == 0);
  const int again = fd_by_id(*vm, Command::btf_get_fd_by_id, id);
  REQUIRE(again >= 0);
  std::vector<std::byte> copy(blob.size());
  BtfInfo info{.btf = reinterpret_cast<uint64_t>(copy.data()), .btf_size = static_cast<uint32_t>(copy.size())};
  CHECK(get_info(*vm, again, info) == 0);
  CHECK(info.id == id);
  CHECK(info.kernel_btf == 0);
  CHECK(copy == blob);
  vm->close(fd);
  vm->close(again);
  CHECK(fd_by_id(*vm, Command::btf_get_fd_by_id, id) == -ENOENT);
}

TEST_CASE("Bad BTF is refused, and the log says why") {
  const auto vm = make_vm();
  auto blob = int_btf();
  blob[0] = std::byte{0};
  char text[200] = {};
  Attr attr{};
  attr.btf_load = {.btf = reinterpret_cast<uint64_t>(blob.data()),
                   .btf_log_buf = address_of(text),
                   .btf_size = static_cast<uint32_t>(blob.size()),
                   .btf_log_size = sizeof text,
                   .btf_log_level = 1};
  CHECK(bpf(*vm, Command::btf_load, attr) == -EINVAL);
  CHECK(std::strlen(text) > 1);
  CHECK(attr.btf_load.btf_log_true_size == std::strlen(text) + 1);
  attr.btf_load.btf_log_size = 2;
  CHECK(bpf(*vm, Command::btf_load, attr) == -ENOSPC);
  attr.btf_load.btf_log_buf = 1;
  CHECK(bpf(*vm, Command::btf_load, attr) == -EFAULT);
}

TEST_CASE("Loading BTF checks its arguments") {
  const auto vm = make_vm();
  const auto blob = int_btf();
  Attr attr{};
  attr.btf_load = {.btf = 1, .btf_size = static_cast<uint32_t>(blob.size())};
  CHECK(bpf(*vm, Command::btf_load, attr) == -EFAULT);
  attr.btf_load.btf_size = (16 << 20) + 1;
  CHECK(bpf(*vm, Command::btf_load, attr) == -E2BIG);
  attr.btf_load = {.btf = reinterpret_cast<uint64_t>(blob.data()),
                   .btf_size = static_cast<uint32_t>(blob.size()),
                   .btf_log_level = 16};
  CHECK(bpf(*vm, Command::btf_load, attr) == -EINVAL);
  attr.btf_load.btf_log_level = 0;
  attr.btf_load.btf_flags = 1;
  CHECK(bpf(*vm, Command::btf_load, attr) == -EINVAL);
}

TEST_CASE("A name that does not fit is cut and told") {
  const auto vm = make_vm();
  const int fd = load_btf(*vm, int_btf());
  char name[8] = "xxxxxxx";
  BtfInfo info{.name = address_of(name), .name_len = sizeof name};
  CHECK(get_info(*vm, fd, info) == 0);
  CHECK(std::string(name).empty());
  CHECK(info.name_len == 0);
  info = {.name = address_of(name)};
  CHECK(get_info(*vm, fd, info) == -EINVAL);
  info = {.name_len = 5};
  CHECK(get_info(*vm, fd, info) == -EINVAL);
  info = {.name = 1, .name_len = 5};
  CHECK(get_info(*vm, fd, info) == -EFAULT);
}
