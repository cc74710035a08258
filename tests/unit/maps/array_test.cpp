// SPDX-License-Identifier: Apache-2.0
#include "maps/array.hpp"

#include <sys/mman.h>

#include "fake_environment.hpp"

using namespace skep;
using namespace skep::maps;
using namespace skep::maps::testing;

namespace {

Attributes array(uint32_t entries, uint32_t value_size = 8, uint32_t flags = 0) {
  return {.type = MapType::array, .key_size = 4, .value_size = value_size, .max_entries = entries, .flags = flags};
}

}  // namespace

TEST_CASE("an array is zeroed, whole from the start, and never shrinks") {
  FakeEnvironment environment;
  const auto map = must_create(environment, array(3));
  CHECK(must_get(*map, 2) == 0);
  CHECK(set(*map, 1, 77) == 0);
  CHECK(must_get(*map, 1) == 77);
  uint64_t value = 0;
  CHECK(get(*map, 3, value) == -ENOENT);
  CHECK(set(*map, 3, 1) == -E2BIG);
  CHECK(set(*map, 1, 1, kUpdateNoExist) == -EEXIST);
  CHECK(set(*map, 3, 1, kUpdateNoExist) == -E2BIG);
  CHECK(set(*map, 1, 5, kUpdateExist) == 0);
  CHECK(set(*map, 1, 1, 3) == -EINVAL);
  CHECK(set(*map, 1, 1, 8) == -EINVAL);
  CHECK(set(*map, 1, 1, kUpdateLock) == -EINVAL);
  CHECK(drop(*map, 1) == -EINVAL);
  CHECK(must_get(*map, 1) == 5);
  uint32_t key = 0;
  CHECK(map->host_lookup_and_erase(&key, &value, 0) == -kENOTSUPP);
  CHECK(map->host_lookup(&key, &value, 1) == -EINVAL);
  CHECK(map->host_lookup(&key, &value, kUpdateLock) == -EINVAL);
}

TEST_CASE("keys of an array go up from 0, and an unknown key starts over") {
  FakeEnvironment environment;
  const auto map = must_create(environment, array(4));
  CHECK(keys_of(*map) == std::vector<uint32_t>{0, 1, 2, 3});
  uint32_t next = 9;
  const uint32_t beyond = 4;
  CHECK(map->next_key(&beyond, &next) == 0);
  CHECK(next == 0);
}

TEST_CASE("programs see an array's values in place") {
  FakeEnvironment environment;
  const auto map = must_create(environment, array(2, 12));
  const auto stay = environment.cpus().enter();
  uint32_t key = 1;
  auto* value = static_cast<uint32_t*>(map->lookup(&key, stay.cpu()));
  REQUIRE(value != nullptr);
  value[2] = 9;
  uint32_t out[3] = {};
  CHECK(map->host_lookup(&key, out, 0) == 0);
  CHECK(out[2] == 9);
  key = 0;
  CHECK(static_cast<std::byte*>(map->lookup(&key, 0)) + 16 == reinterpret_cast<std::byte*>(value));
  key = 2;
  CHECK(map->lookup(&key, stay.cpu()) == nullptr);
  key = 1;
  CHECK(map->lookup_percpu(&key, 0) == nullptr);
}

TEST_CASE("for_each visits an array in order until told to stop") {
  FakeEnvironment environment;
  const auto map = must_create(environment, array(5));
  std::vector<uint32_t> seen;
  const auto until_two = [&](void* key, void*) -> int64_t {
    seen.push_back(*static_cast<uint32_t*>(key));
    return seen.back() == 2 ? 1 : 0;
  };
  CHECK(map->for_each(until_two, 0) == 3);
  CHECK(seen == std::vector<uint32_t>{0, 1, 2});
  CHECK(map->for_each([](void*, void*) -> int64_t { return 0; }, 0) == 5);
}

TEST_CASE("an array for unprivileged programs is a power of two in memory, not in size") {
  FakeEnvironment environment;
  environment.is_unprivileged = true;
  const auto map = must_create(environment, array(5));
  auto& as_array = static_cast<ArrayMap&>(*map);
  CHECK(as_array.index_mask() == 7);
  uint32_t key = 5;
  CHECK(map->lookup(&key, 0) == nullptr);
  CHECK(create_error(environment, array(0x80000001)) == E2BIG);
  environment.is_unprivileged = false;
  CHECK(create_error(environment, array(0x80000001)) == ENOMEM);
}

TEST_CASE("only the value of a single-entry array has an address of its own") {
  FakeEnvironment environment;
  const auto one = must_create(environment, array(1, 12));
  uint64_t address = 0;
  uint32_t offset = 0;
  REQUIRE(one->direct_value_address(0, address) == 0);
  uint32_t key = 0;
  CHECK(address == reinterpret_cast<uint64_t>(one->lookup(&key, 0)));
  uint64_t inside = 0;
  CHECK(one->direct_value_address(11, inside) == 0);
  CHECK(inside == address + 11);
  CHECK(one->direct_value_address(12, inside) == -EINVAL);
  CHECK(one->direct_value_offset(address + 15, offset) == 0);  // in the padding up to 8 bytes, as in Linux
  CHECK(offset == 15);
  CHECK(one->direct_value_offset(address + 16, offset) == -ENOENT);
  CHECK(one->direct_value_offset(address - 1, offset) == -ENOENT);
  const auto two = must_create(environment, array(2));
  CHECK(two->direct_value_address(0, address) == -kENOTSUPP);
  CHECK(two->direct_value_offset(address, offset) == -kENOTSUPP);
}

TEST_CASE("batches on an array go on where the last one ended") {
  FakeEnvironment environment;
  const auto map = must_create(environment, array(5));
  const uint32_t keys[] = {0, 1, 2, 3, 4};
  const uint64_t values[] = {10, 11, 12, 13, 14};
  uint32_t count = 5;
  REQUIRE(map->host_update_batch(keys, values, count, 0) == 0);
  CHECK(count == 5);

  uint32_t got_keys[5] = {};
  uint64_t got[5] = {};
  uint32_t position = 99;
  count = 3;
  CHECK(map->host_lookup_batch(nullptr, &position, got_keys, got, count, 0) == 0);
  CHECK(count == 3);
  CHECK(position == 2);
  CHECK(got[2] == 12);
  count = 3;
  CHECK(map->host_lookup_batch(&position, &position, got_keys, got, count, 0) == -ENOENT);
  CHECK(count == 2);
  CHECK(got_keys[1] == 4);
  CHECK(got[1] == 14);

  count = 0;
  CHECK(map->host_lookup_batch(nullptr, &position, got_keys, got, count, 0) == 0);
  count = 2;
  CHECK(map->host_lookup_batch(nullptr, &position, got_keys, got, count, 1) == -EINVAL);
  CHECK(count == 2);
  const uint32_t bad[] = {3, 5, 4};
  count = 3;
  CHECK(map->host_update_batch(bad, values, count, 0) == -E2BIG);
  CHECK(count == 1);
  CHECK(map->host_erase_batch(keys, count, 0) == -kENOTSUPP);
  CHECK(map->host_lookup_and_erase_batch(nullptr, &position, got_keys, got, count, 0) == -kENOTSUPP);
}

TEST_CASE("a memory-mappable array shares its pages with the host") {
  FakeEnvironment environment;
  const auto map = must_create(environment, array(600, 8, kFlagMmapable));
  REQUIRE(map->memory_fd() >= 0);
  constexpr size_t kTwoPages = 8192;
  auto* view = static_cast<uint64_t*>(map->map_memory(nullptr, kTwoPages, PROT_READ | PROT_WRITE, MAP_SHARED, 0));
  REQUIRE(view != MAP_FAILED);
  view[599] = 5;
  CHECK(must_get(*map, 599) == 5);
  CHECK(set(*map, 0, 6) == 0);
  CHECK(view[0] == 6);
  CHECK(munmap(view, kTwoPages) == 0);

  const auto refused = [&](size_t length, int protection, int flags, int64_t offset) {
    errno = 0;
    CHECK(map->map_memory(nullptr, length, protection, flags, offset) == MAP_FAILED);
    return errno;
  };
  CHECK(refused(kTwoPages + 1, PROT_READ, MAP_SHARED, 0) == EINVAL);
  CHECK(refused(kTwoPages, PROT_READ, MAP_SHARED, 4096) == EINVAL);
  CHECK(refused(4096, PROT_READ, MAP_PRIVATE, 0) == EINVAL);
  CHECK(refused(4096, PROT_READ, MAP_SHARED, 5) == EINVAL);
  CHECK(refused(0, PROT_READ, MAP_SHARED, 0) == EINVAL);
  CHECK(refused(SIZE_MAX - 100, PROT_READ, MAP_SHARED, 0) == EINVAL);
}

TEST_CASE("a read-only mapping of an array cannot be made writable") {
  FakeEnvironment environment;
  const auto map = must_create(environment, array(1, 8, kFlagMmapable));
  void* view = map->map_memory(nullptr, 4096, PROT_READ, MAP_SHARED, 0);
  REQUIRE(view != MAP_FAILED);
  CHECK(mprotect(view, 4096, PROT_READ | PROT_WRITE) != 0);
  munmap(view, 4096);
}

TEST_CASE("the memory of a mappable array cannot be cut off or extended through its descriptor") {
  FakeEnvironment environment;
  const auto map = must_create(environment, array(1, 8, kFlagMmapable));
  CHECK(ftruncate(map->memory_fd(), 0) != 0);
  CHECK(ftruncate(map->memory_fd(), 1 << 20) != 0);
  CHECK(set(*map, 0, 4) == 0);
}

TEST_CASE("maps without mappable memory say so") {
  FakeEnvironment environment;
  const auto map = must_create(environment, array(1));
  errno = 0;
  CHECK(map->map_memory(nullptr, 4096, PROT_READ, MAP_SHARED, 0) == MAP_FAILED);
  CHECK(errno == EINVAL);
  const auto hash = must_create(environment, {.type = MapType::hash, .key_size = 4, .value_size = 8, .max_entries = 1});
  CHECK(hash->map_memory(nullptr, 4096, PROT_READ, MAP_SHARED, 0) == MAP_FAILED);
  CHECK(errno == kENOTSUPP);
  CHECK(hash->memory_fd() == -1);
}
