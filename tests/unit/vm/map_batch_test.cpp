// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <numeric>
#include <set>

#include "maps/flags.hpp"
#include "support.hpp"
#include "vm/user_memory.hpp"

using namespace skep;
using namespace skep::vm;

namespace {

struct Batch {
  explicit Batch(uint32_t count) : keys(count), values(count) {
    std::iota(keys.begin(), keys.end(), 0u);
    std::iota(values.begin(), values.end(), 100u);
  }
  long run(Vm& vm, Command command, int map) {
    attr.batch.map_fd = static_cast<uint32_t>(map);
    attr.batch.keys = reinterpret_cast<uint64_t>(keys.data());
    attr.batch.values = reinterpret_cast<uint64_t>(values.data());
    attr.batch.count = static_cast<uint32_t>(keys.size());
    return bpf(vm, command, attr);
  }
  [[nodiscard]] uint32_t done() const { return attr.batch.count; }

  std::vector<uint32_t> keys;
  std::vector<uint64_t> values;
  Attr attr{};
};

}  // namespace

TEST_CASE("Many elements are written and read at once") {
  const auto vm = make_vm();
  constexpr uint32_t kCount = 20000;  // more than a piece
  const int map = create_map(*vm, hash_attr(kCount));
  Batch writer(kCount);
  CHECK(writer.run(*vm, Command::map_update_batch, map) == 0);
  CHECK(writer.done() == kCount);

  Batch reader(kCount + 5);
  uint32_t position = 0;
  reader.attr.batch.out_batch = address_of(position);
  CHECK(reader.run(*vm, Command::map_lookup_batch, map) == -ENOENT);
  REQUIRE(reader.done() == kCount);
  std::set<uint32_t> seen;
  for (uint32_t i = 0; i < kCount; ++i) {
    seen.insert(reader.keys[i]);
    REQUIRE(reader.values[i] == reader.keys[i] + 100);
  }
  CHECK(seen.size() == kCount);
}

TEST_CASE("An array is read in pieces from position to position") {
  const auto vm = make_vm();
  const int map = create_map(*vm, array_attr(8, 10));
  Batch writer(10);
  REQUIRE(writer.run(*vm, Command::map_update_batch, map) == 0);
  uint32_t position = 0;
  std::vector<uint64_t> all;
  long result = 0;
  for (int round = 0; result == 0 && round < 10; ++round) {
    Batch reader(4);
    reader.attr.batch.in_batch = round == 0 ? 0 : address_of(position);
    reader.attr.batch.out_batch = address_of(position);
    result = reader.run(*vm, Command::map_lookup_batch, map);
    all.insert(all.end(), reader.values.begin(), reader.values.begin() + reader.done());
  }
  CHECK(result == -ENOENT);
  CHECK(all == writer.values);
}

TEST_CASE("A batch tells how far it came") {
  const auto vm = make_vm();
  const int map = create_map(*vm, array_attr(8, 4));
  Batch writer(6);
  CHECK(writer.run(*vm, Command::map_update_batch, map) == -E2BIG);
  CHECK(writer.done() == 4);

  // The keys end within the batch.
  GuardedPage page;
  const uint32_t keys[] = {0, 1};
  REQUIRE(copy_to_user(page.last(sizeof keys), keys, sizeof keys));
  Batch half(4);
  half.attr.batch = {.keys = page.last(sizeof keys),
                     .values = reinterpret_cast<uint64_t>(half.values.data()),
                     .count = 4,
                     .map_fd = static_cast<uint32_t>(map)};
  CHECK(bpf(*vm, Command::map_update_batch, half.attr) == -EFAULT);
  CHECK(half.done() == 2);
}

TEST_CASE("Elements are deleted at once, and taken out at once") {
  const auto vm = make_vm();
  const int map = create_map(*vm, hash_attr(100));
  Batch batch(50);
  uint32_t position = 0;
  batch.attr.batch.out_batch = address_of(position);
  REQUIRE(batch.run(*vm, Command::map_update_batch, map) == 0);
  Batch some(20);
  CHECK(some.run(*vm, Command::map_delete_batch, map) == 0);
  Batch rest(101);
  rest.attr.batch.out_batch = address_of(position);
  CHECK(rest.run(*vm, Command::map_lookup_and_delete_batch, map) == -ENOENT);
  CHECK(rest.done() == 30);
  uint64_t value = 0;
  CHECK(lookup(*vm, map, 40, value) == -ENOENT);
}

TEST_CASE("Batches want rights, flags and maps that have them") {
  const auto vm = make_vm();
  const int map = create_map(*vm, hash_attr());
  for (const Command command : {Command::map_lookup_batch, Command::map_lookup_and_delete_batch,
                                Command::map_update_batch, Command::map_delete_batch}) {
    Batch batch(2);
    CHECK(batch.run(*vm, command, -1) == -EBADF);
    batch.attr.batch.elem_flags = 1;
    CHECK(batch.run(*vm, command, map) == -EINVAL);
    batch.attr.batch.elem_flags = maps::kUpdateLock;
    CHECK(batch.run(*vm, command, map) == -EINVAL);
    batch.attr.batch.elem_flags = 0;
    batch.keys.clear();
    CHECK(batch.run(*vm, command, map) == 0);
  }
  const int reader = fd_by_id(*vm, Command::map_get_fd_by_id, 1, maps::kFlagRdonly);
  Batch batch(2);
  CHECK(batch.run(*vm, Command::map_update_batch, reader) == -EPERM);
  const int writer = fd_by_id(*vm, Command::map_get_fd_by_id, 1, maps::kFlagWronly);
  CHECK(batch.run(*vm, Command::map_lookup_batch, writer) == -EPERM);

  Attr ring = array_attr(0, 4096);
  ring.map_create.map_type = static_cast<uint32_t>(maps::MapType::ringbuf);
  ring.map_create.key_size = 0;
  CHECK(batch.run(*vm, Command::map_update_batch, create_map(*vm, ring)) == -kENOTSUPP);
}

TEST_CASE("A batch of four thousand million elements asks for no more than the map has") {
  const auto vm = make_vm();
  const int map = create_map(*vm, array_attr(8, 4));
  Batch batch(5);
  uint32_t position = 0;
  batch.attr.batch = {.out_batch = address_of(position),
                      .keys = reinterpret_cast<uint64_t>(batch.keys.data()),
                      .values = reinterpret_cast<uint64_t>(batch.values.data()),
                      .count = 0xffffffff,
                      .map_fd = static_cast<uint32_t>(map)};
  CHECK(bpf(*vm, Command::map_lookup_batch, batch.attr) == -ENOENT);
  CHECK(batch.done() == 4);
}

TEST_CASE("A position behind the end of a hash table leaves the next one as it was") {
  const auto vm = make_vm();
  const int map = create_map(*vm, hash_attr(100));
  for (const Command command : {Command::map_lookup_batch, Command::map_lookup_and_delete_batch}) {
    Batch batch(5);
    uint32_t position = 1 << 20;
    uint32_t next = 0x5a5a5a5a;
    batch.attr.batch.in_batch = address_of(position);
    batch.attr.batch.out_batch = address_of(next);
    CHECK(batch.run(*vm, command, map) == -ENOENT);
    CHECK(batch.done() == 0);
    CHECK(next == 0x5a5a5a5a);
  }
}

TEST_CASE("A batch larger than memory is given out as far as the map reaches") {
  const auto vm = make_vm();
  constexpr uint32_t kValueBytes = 1 << 16;
  for (const auto type : {maps::MapType::array, maps::MapType::hash}) {
    Attr attr = array_attr(kValueBytes, 40000);  // more than 2 GiB, of which little is touched
    attr.map_create.map_type = static_cast<uint32_t>(type);
    attr.map_create.map_flags = type == maps::MapType::hash ? maps::kFlagNoPrealloc : 0;
    const int map = create_map(*vm, attr);
    REQUIRE(map >= 0);
    const uint32_t key = 0;
    const std::vector<std::byte> value(kValueBytes, std::byte{7});
    Attr elem{};
    elem.elem = {.map_fd = static_cast<uint32_t>(map),
                 .key = address_of(key),
                 .value = reinterpret_cast<uint64_t>(value.data())};
    REQUIRE(bpf(*vm, Command::map_update_elem, elem) == 0);
    // Room for three elements: an array has more, and the caller's memory ends.
    uint32_t keys[3] = {9, 9, 9}, position = 0;
    GuardedPage end;
    std::vector<std::byte> values(size_t{3} * kValueBytes);
    Attr batch{};
    batch.batch = {.out_batch = address_of(position),
                   .keys = type == maps::MapType::hash ? address_of(keys) : end.last(sizeof keys),
                   .values = reinterpret_cast<uint64_t>(values.data()),
                   .count = 0xffffffff,
                   .map_fd = static_cast<uint32_t>(map)};
    const long result = bpf(*vm, Command::map_lookup_batch, batch);
    CHECK(result == (type == maps::MapType::hash ? -ENOENT : -EFAULT));
    CHECK(batch.batch.count == (type == maps::MapType::hash ? 1u : 0u));
    CHECK(values[0] == std::byte{7});
    vm->close(map);
  }
}
