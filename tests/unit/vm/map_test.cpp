// SPDX-License-Identifier: Apache-2.0
// BPF_MAP_CREATE, BPF_MAP_FREEZE and the commands on elements.
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <thread>
#include <vector>

#include "maps/flags.hpp"
#include "support.hpp"

using namespace skep;
using namespace skep::vm;
using maps::MapType;

namespace {

long create(Vm& vm, const Attr& attr) {
  const long fd = create_map(vm, attr);
  if (fd >= 0) vm.close(static_cast<int>(fd));
  return fd < 0 ? fd : 0;
}

long change_and_create(Vm& vm, uint32_t MapCreateAttr::* field, uint32_t value) {
  Attr attr = array_attr();
  attr.map_create.*field = value;
  return create(vm, attr);
}

long freeze(Vm& vm, int map) {
  Attr attr{};
  attr.elem.map_fd = static_cast<uint32_t>(map);
  return bpf(vm, Command::map_freeze, attr);
}

long elem(Vm& vm, Command command, int map, uint64_t key, uint64_t value, uint64_t flags = 0) {
  Attr attr{};
  attr.elem = {.map_fd = static_cast<uint32_t>(map), .key = key, .value = value, .flags = flags};
  return bpf(vm, command, attr);
}

}  // namespace

TEST_CASE("A map of each basic type is created and closed") {
  const auto vm = make_vm();
  CHECK(create(*vm, array_attr()) == 0);
  CHECK(create(*vm, hash_attr()) == 0);
  Attr ring = array_attr(0, 4096);
  ring.map_create.map_type = static_cast<uint32_t>(MapType::ringbuf);
  ring.map_create.key_size = 0;
  CHECK(create(*vm, ring) == 0);
}

TEST_CASE("Creation refuses bad fields with Linux's errno") {
  const auto vm = make_vm();
  CHECK(change_and_create(*vm, &MapCreateAttr::map_type, 0) == -EINVAL);
  CHECK(change_and_create(*vm, &MapCreateAttr::map_type, maps::kMapTypeCount) == -EINVAL);
  CHECK(change_and_create(*vm, &MapCreateAttr::map_type, 0xffffffff) == -EINVAL);
  CHECK(change_and_create(*vm, &MapCreateAttr::key_size, 8) == -EINVAL);
  CHECK(change_and_create(*vm, &MapCreateAttr::max_entries, 0) == -EINVAL);
  CHECK(change_and_create(*vm, &MapCreateAttr::map_flags, maps::kFlagRdonly | maps::kFlagWronly) == -EINVAL);
  CHECK(change_and_create(*vm, &MapCreateAttr::map_ifindex, 1) == -EINVAL);
  CHECK(change_and_create(*vm, &MapCreateAttr::btf_key_type_id, 1) == -EINVAL);
  CHECK(change_and_create(*vm, &MapCreateAttr::btf_vmlinux_value_type_id, 1) == -EINVAL);
  CHECK(change_and_create(*vm, &MapCreateAttr::excl_prog_hash_size, 32) == -EINVAL);
  Attr attr = array_attr();
  attr.map_create.map_extra = 1;
  CHECK(create(*vm, attr) == -EINVAL);
}

TEST_CASE("A map is on node 0 or nowhere") {
  const auto vm = make_vm();
  Attr attr = array_attr(8, 4, maps::kFlagNumaNode);
  CHECK(create(*vm, attr) == 0);
  attr.map_create.numa_node = 0xffffffff;
  CHECK(create(*vm, attr) == 0);
  attr.map_create.numa_node = 1;
  CHECK(create(*vm, attr) == -EINVAL);
}

TEST_CASE("A map's name has letters, digits, dots and underscores, and an end") {
  const auto vm = make_vm();
  Attr attr = array_attr();
  attr.map_create.map_name = name_of("a.B_9\xe4");  // Latin-1
  CHECK(create(*vm, attr) == 0);
  for (const char* bad : {"a-b", "a b", "sixteen_letters_", "\xc3\xa4", "\xd7"}) {
    attr.map_create.map_name = name_of(bad);
    CHECK(create(*vm, attr) == -EINVAL);
  }
}

TEST_CASE("Types of a map's elements come from loaded BTF") {
  const auto vm = make_vm();
  const int btf = load_btf(*vm, int_btf());
  Attr attr = array_attr(4, 1);
  attr.map_create.btf_fd = static_cast<uint32_t>(btf);
  attr.map_create.btf_key_type_id = 1;
  attr.map_create.btf_value_type_id = 1;
  const int map = create_map(*vm, attr);
  REQUIRE(map >= 0);
  vm->close(btf);
  CHECK(vm->btf_ids().find(1) != nullptr);  // the map keeps it
  vm->close(map);
  CHECK(vm->btf_ids().find(1) == nullptr);

  CHECK(create(*vm, attr) == -EBADF);
  const int other = create_array(*vm);
  attr.map_create.btf_fd = static_cast<uint32_t>(other);
  CHECK(create(*vm, attr) == -EINVAL);
}

TEST_CASE("A map of maps wants a template") {
  const auto vm = make_vm();
  const int inner = create_array(*vm);
  const int program = load(*vm, trivial_code());
  Attr attr = array_attr(4, 1);
  attr.map_create.map_type = static_cast<uint32_t>(MapType::array_of_maps);
  attr.map_create.inner_map_fd = static_cast<uint32_t>(inner);
  CHECK(create(*vm, attr) == 0);
  attr.map_create.inner_map_fd = static_cast<uint32_t>(program);
  CHECK(create(*vm, attr) == -EINVAL);
  attr.map_create.inner_map_fd = 0xffffffff;
  CHECK(create(*vm, attr) == -EBADF);
}

TEST_CASE("There are no tokens") {
  const auto vm = make_vm();
  Attr attr = array_attr(8, 4, maps::kFlagTokenFd);
  attr.map_create.map_token_fd = -1;
  CHECK(create(*vm, attr) == -EBADF);
  attr.map_create.map_token_fd = create_array(*vm);
  CHECK(create(*vm, attr) == -EINVAL);
}

TEST_CASE("Maps share one limit of memory, and give back what they had") {
  const auto vm = make_vm({.map_memory_limit = 1 << 20});
  const Attr half = array_attr(1 << 19, 1);
  const int first = create_map(*vm, half);
  REQUIRE(first >= 0);
  CHECK(create(*vm, array_attr(1 << 20, 1)) == -ENOMEM);
  vm->close(first);
  CHECK(create(*vm, half) == 0);
}

TEST_CASE("Elements are written, read and walked") {
  const auto vm = make_vm();
  const int map = create_map(*vm, hash_attr());
  for (uint32_t key = 0; key < 3; ++key) CHECK(update(*vm, map, key, key * 10) == 0);
  CHECK(update(*vm, map, 0, 1, maps::kUpdateNoExist) == -EEXIST);
  CHECK(update(*vm, map, 9, 1, maps::kUpdateExist) == -ENOENT);
  uint64_t value = 0;
  CHECK(lookup(*vm, map, 2, value) == 0);
  CHECK(value == 20);
  CHECK(lookup(*vm, map, 9, value) == -ENOENT);

  uint32_t key = 0;
  unsigned count = 0;
  long result = elem(*vm, Command::map_get_next_key, map, 0, address_of(key));
  for (; result == 0; result = elem(*vm, Command::map_get_next_key, map, address_of(key), address_of(key))) ++count;
  CHECK(result == -ENOENT);
  CHECK(count == 3);

  key = 1;
  CHECK(elem(*vm, Command::map_lookup_and_delete_elem, map, address_of(key), address_of(value)) == 0);
  CHECK(value == 10);
  key = 2;
  CHECK(elem(*vm, Command::map_delete_elem, map, address_of(key), 0) == 0);
  CHECK(elem(*vm, Command::map_delete_elem, map, address_of(key), 0) == -ENOENT);
}

TEST_CASE("Arrays have no look-up that deletes") {
  const auto vm = make_vm();
  const int map = create_array(*vm);
  uint32_t key = 0;
  uint64_t value = 0;
  CHECK(elem(*vm, Command::map_lookup_and_delete_elem, map, address_of(key), address_of(value)) == -kENOTSUPP);
}

TEST_CASE("Keys and values that are not there are EFAULT") {
  const auto vm = make_vm();
  const int map = create_map(*vm, hash_attr());
  GuardedPage page;
  uint32_t key = 0;
  uint64_t value = 0;
  const uint64_t short_key = page.last(3);
  const uint64_t short_value = page.last(7);
  CHECK(elem(*vm, Command::map_update_elem, map, short_key, address_of(value)) == -EFAULT);
  CHECK(elem(*vm, Command::map_update_elem, map, address_of(key), short_value) == -EFAULT);
  CHECK(elem(*vm, Command::map_update_elem, map, address_of(key), address_of(value)) == 0);
  CHECK(elem(*vm, Command::map_lookup_elem, map, short_key, address_of(value)) == -EFAULT);
  CHECK(elem(*vm, Command::map_lookup_elem, map, address_of(key), short_value) == -EFAULT);
  CHECK(elem(*vm, Command::map_get_next_key, map, short_key, address_of(key)) == -EFAULT);
  CHECK(elem(*vm, Command::map_get_next_key, map, 0, short_key) == -EFAULT);
  CHECK(elem(*vm, Command::map_delete_elem, map, short_key, 0) == -EFAULT);
}

TEST_CASE("Unknown flags of elements are EINVAL, as is a lock that values do not have") {
  const auto vm = make_vm();
  const int map = create_map(*vm, hash_attr());
  uint32_t key = 0;
  uint64_t value = 0;
  for (const uint64_t flags : {uint64_t{1}, uint64_t{4}, uint64_t{1} << 63}) {
    CHECK(elem(*vm, Command::map_lookup_elem, map, address_of(key), address_of(value), flags) == -EINVAL);
    CHECK(elem(*vm, Command::map_lookup_and_delete_elem, map, address_of(key), address_of(value), flags) == -EINVAL);
  }
  CHECK(elem(*vm, Command::map_update_elem, map, address_of(key), address_of(value), 4) == -EINVAL);
  CHECK(elem(*vm, Command::map_update_elem, map, address_of(key), address_of(value), 8) == -EINVAL);
}

TEST_CASE("A frozen map is read only, and frozen once") {
  const auto vm = make_vm();
  const int map = create_array(*vm);
  const int program = load(*vm, trivial_code());
  CHECK(freeze(*vm, -1) == -EBADF);
  CHECK(freeze(*vm, program) == -EINVAL);
  CHECK(freeze(*vm, fd_by_id(*vm, Command::map_get_fd_by_id, 1, maps::kFlagRdonly)) == -EPERM);
  CHECK(update(*vm, map, 0, 3) == 0);
  CHECK(freeze(*vm, map) == 0);
  CHECK(update(*vm, map, 0, 4) == -EPERM);
  uint64_t value = 0;
  CHECK(lookup(*vm, map, 0, value) == 0);
  CHECK(value == 3);
  CHECK(freeze(*vm, map) == -EPERM);
}

TEST_CASE("A map of each CPU's values moves them all at once") {
  const auto vm = make_vm({.cpus = 3});
  Attr attr = array_attr(4, 1);
  attr.map_create.map_type = static_cast<uint32_t>(MapType::percpu_array);
  const int map = create_map(*vm, attr);
  uint32_t key = 0;
  uint64_t in[3] = {1, 2, 3};
  uint64_t out[3] = {};
  CHECK(elem(*vm, Command::map_update_elem, map, address_of(key), address_of(in)) == 0);
  CHECK(elem(*vm, Command::map_lookup_elem, map, address_of(key), address_of(out)) == 0);
  CHECK(std::memcmp(in, out, sizeof in) == 0);
}

TEST_CASE("Perf buffers are put into their array by descriptor") {
  struct Sink final : maps::PerfBuffer {
    int output(std::span<const std::byte>, std::span<const std::byte>) override { return 0; }
  };
  const auto vm = make_vm();
  Attr attr = array_attr(4, 1);
  attr.map_create.map_type = static_cast<uint32_t>(MapType::perf_event_array);
  const int map = create_map(*vm, attr);
  REQUIRE(map >= 0);
  const auto sink = std::make_shared<Sink>();
  const int buffer = vm->perf_buffer_descriptor(sink);
  REQUIRE(buffer >= 0);
  CHECK(update(*vm, map, 0, static_cast<uint64_t>(buffer)) == 0);
  CHECK(update(*vm, map, 0, static_cast<uint64_t>(map)) < 0);
  vm->close(buffer);
  CHECK(sink.use_count() == 2);  // the array's
  vm->close(map);
  CHECK(sink.use_count() == 1);
}

TEST_CASE("A map that freezes meanwhile takes a write as a whole or refuses it") {
  const auto vm = make_vm();
  constexpr uint32_t kValueBytes = 1 << 16;
  for (int round = 0; round < 50; ++round) {
    const int map = create_map(*vm, array_attr(kValueBytes, 1, maps::kFlagMmapable | maps::kFlagRdonlyProg));
    REQUIRE(map >= 0);
    std::atomic<int> written{0};
    long refusal = 0;
    std::thread writer([&] {
      const uint32_t key = 0;
      const std::vector<std::byte> value(kValueBytes, std::byte{7});
      while ((refusal = elem(*vm, Command::map_update_elem, map, address_of(key),
                             reinterpret_cast<uint64_t>(value.data()))) == 0)
        ++written;
    });
    while (written == 0) std::this_thread::yield();
    long result = -EBUSY;
    while (result == -EBUSY) result = freeze(*vm, map);
    writer.join();
    CHECK(result == 0);
    CHECK(refusal == -EPERM);
    vm->close(map);
  }
}
