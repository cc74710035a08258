// SPDX-License-Identifier: Apache-2.0
#include "maps/lru_hash.hpp"

#include "fake_environment.hpp"

using namespace skep;
using namespace skep::maps;
using namespace skep::maps::testing;

namespace {

Attributes lru(uint32_t entries, uint32_t flags = 0) {
  return {.type = MapType::lru_hash, .key_size = 4, .value_size = 8, .max_entries = entries, .flags = flags};
}

}  // namespace

TEST_CASE("a full LRU map makes room by itself") {
  FakeEnvironment environment;
  const auto map = must_create(environment, lru(10));
  for (uint32_t key = 0; key < 1000; ++key) {
    REQUIRE(set(*map, key, key) == 0);
    REQUIRE(must_get(*map, key) == key);
  }
  CHECK(keys_of(*map).size() == 10);
}

TEST_CASE("what programs looked up stays, what nobody uses goes") {
  FakeEnvironment environment;
  const auto map = must_create(environment, lru(16));
  const auto stay = environment.cpus().enter();
  const uint32_t used = 3;
  for (uint32_t key = 0; key < 16; ++key) REQUIRE(set(*map, key, key) == 0);
  for (uint32_t key = 100; key < 400; ++key) {
    REQUIRE(map->lookup(&used, stay.cpu()) != nullptr);
    REQUIRE(set(*map, key, key) == 0);
  }
  CHECK(must_get(*map, used) == 3);
  CHECK(keys_of(*map).size() == 16);
}

TEST_CASE("an update of an LRU map that fails or replaces drops nothing") {
  FakeEnvironment environment;
  const auto map = must_create(environment, lru(4));
  for (uint32_t key = 0; key < 4; ++key) REQUIRE(set(*map, key, key) == 0);
  CHECK(set(*map, 9, 9, kUpdateExist) == -ENOENT);
  CHECK(set(*map, 1, 9, kUpdateNoExist) == -EEXIST);
  CHECK(set(*map, 1, 9, kUpdateLock) == -EINVAL);
  CHECK(set(*map, 1, 9) == 0);
  CHECK(keys_of(*map).size() == 4);
  CHECK(must_get(*map, 1) == 9);
}

TEST_CASE("erased places of an LRU map are filled before anything is dropped") {
  FakeEnvironment environment;
  const auto map = must_create(environment, lru(8));
  for (uint32_t key = 0; key < 8; ++key) REQUIRE(set(*map, key, key) == 0);
  CHECK(drop(*map, 2) == 0);
  CHECK(drop(*map, 2) == -ENOENT);
  const uint32_t five = 5;
  uint64_t value = 0;
  CHECK(map->host_lookup_and_erase(&five, &value, 0) == 0);
  CHECK(value == 5);
  CHECK(set(*map, 20, 20) == 0);
  CHECK(set(*map, 21, 21) == 0);
  for (const uint32_t key : {0U, 1U, 3U, 4U, 6U, 7U, 20U, 21U}) must_get(*map, key);
  uint32_t keys[8], position = 0, count = 8;
  uint64_t values[8];
  CHECK(map->host_lookup_and_erase_batch(nullptr, &position, keys, values, count, 0) == -ENOENT);
  CHECK(count == 8);
  for (uint32_t key = 0; key < 8; ++key) CHECK(set(*map, key, key) == 0);
  CHECK(keys_of(*map).size() == 8);
}

TEST_CASE("LRU maps with lists of each CPU have as many entries for each") {
  FakeEnvironment environment;  // 4 CPUs
  const auto map = must_create(environment, lru(9, kFlagNoCommonLru));
  CHECK(map->max_entries() == 12);
  CHECK(create_error(environment, lru(9, kFlagNoPrealloc)) == kENOTSUPP);
}

TEST_CASE("an LRU map for each CPU's values evicts too") {
  FakeEnvironment environment;
  const auto map =
      must_create(environment, {.type = MapType::lru_percpu_hash, .key_size = 4, .value_size = 8, .max_entries = 3});
  const auto stay = environment.cpus().enter();
  for (uint32_t key = 0; key < 50; ++key) {
    const uint64_t value = key;
    REQUIRE(map->update(&key, &value, 0, stay.cpu()) == 0);
    REQUIRE(*static_cast<uint64_t*>(map->lookup(&key, stay.cpu())) == key);
    REQUIRE(*static_cast<uint64_t*>(map->lookup_percpu(&key, (stay.cpu() + 1) % 4)) == 0);
    REQUIRE(map->lookup_percpu(&key, 4) == nullptr);
  }
  CHECK(keys_of(*map).size() == 3);
}
