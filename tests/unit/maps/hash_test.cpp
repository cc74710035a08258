// SPDX-License-Identifier: Apache-2.0
#include "maps/hash.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "fake_environment.hpp"

using namespace skep;
using namespace skep::maps;
using namespace skep::maps::testing;

namespace {

Attributes hash(uint32_t entries, uint32_t flags = 0) {
  return {.type = MapType::hash, .key_size = 4, .value_size = 8, .max_entries = entries, .flags = flags};
}

}  // namespace

TEST_CASE("a hash map creates, replaces and erases as the flags say") {
  FakeEnvironment environment;
  for (const uint32_t flags : {uint32_t{0}, kFlagNoPrealloc}) {
    const auto map = must_create(environment, hash(4, flags));
    uint64_t value = 0;
    CHECK(get(*map, 1, value) == -ENOENT);
    CHECK(set(*map, 1, 10, kUpdateExist) == -ENOENT);
    CHECK(set(*map, 1, 10, kUpdateNoExist) == 0);
    CHECK(set(*map, 1, 11, kUpdateNoExist) == -EEXIST);
    CHECK(must_get(*map, 1) == 10);
    CHECK(set(*map, 1, 12, kUpdateExist) == 0);
    CHECK(set(*map, 1, 13) == 0);
    CHECK(must_get(*map, 1) == 13);
    CHECK(set(*map, 1, 13, 3) == -EINVAL);
    CHECK(set(*map, 1, 13, kUpdateLock) == -EINVAL);
    CHECK(drop(*map, 1) == 0);
    CHECK(drop(*map, 1) == -ENOENT);
    CHECK(get(*map, 1, value) == -ENOENT);
  }
}

TEST_CASE("a full hash map refuses new keys and takes others for old ones") {
  FakeEnvironment environment;
  const auto map = must_create(environment, hash(3));
  for (uint32_t key = 0; key < 3; ++key) CHECK(set(*map, key, key) == 0);
  CHECK(set(*map, 3, 3) == -E2BIG);
  CHECK(set(*map, 2, 22) == 0);
  CHECK(drop(*map, 0) == 0);
  CHECK(set(*map, 3, 3) == 0);
  CHECK(set(*map, 0, 0) == -E2BIG);
}

TEST_CASE("keys of every size are told apart by all their bytes") {
  FakeEnvironment environment;
  for (const uint32_t size : {1U, 2U, 3U, 4U, 5U, 7U, 8U, 9U, 16U, 17U, 40U, 511U}) {
    const auto map = must_create(
        environment, {.type = MapType::hash, .key_size = size, .value_size = 4, .max_entries = 2 * size + 1});
    std::vector<std::byte> key(size);
    for (uint32_t at = 0; at < size; ++at) {
      key[at] = std::byte{0x80};
      CHECK(map->host_update(key.data(), &at, kUpdateNoExist) == 0);
      key[at] = std::byte{0};
    }
    for (uint32_t at = 0; at < size; ++at) {
      key[at] = std::byte{0x80};
      uint32_t value = 0;
      CHECK(map->host_lookup(key.data(), &value, 0) == 0);
      CHECK(value == at);
      key[at] = std::byte{0};
    }
    uint32_t none = 0;
    CHECK(map->host_lookup(key.data(), &none, 0) == -ENOENT);
  }
}

TEST_CASE("next_key gives every key once, and starts over for a key that is gone") {
  FakeEnvironment environment;
  const auto map = must_create(environment, hash(100));
  for (uint32_t key = 0; key < 100; ++key) REQUIRE(set(*map, key * 7, key) == 0);
  auto keys = keys_of(*map);
  CHECK(std::set(keys.begin(), keys.end()).size() == 100);
  const uint32_t absent = 1;
  uint32_t next = 0;
  CHECK(map->next_key(&absent, &next) == 0);
  CHECK(next == keys.front());
  CHECK(map->next_key(&keys.back(), &next) == -ENOENT);
}

TEST_CASE("erasing each key while going through them ends with an empty map") {
  FakeEnvironment environment;
  const auto map = must_create(environment, hash(64));
  for (uint32_t key = 0; key < 64; ++key) REQUIRE(set(*map, key, key) == 0);
  uint32_t key = 0, next = 0;
  int steps = 0;
  for (int error = map->next_key(nullptr, &key); error == 0; key = next, ++steps) {
    error = map->next_key(&key, &next);
    CHECK(drop(*map, key) == 0);
  }
  CHECK(steps == 64);
  CHECK(map->next_key(nullptr, &key) == -ENOENT);
}

TEST_CASE("an update leaves the value that a program holds as it was") {
  FakeEnvironment environment;
  const auto map = must_create(environment, hash(1));
  REQUIRE(set(*map, 5, 1) == 0);
  const auto stay = environment.cpus().enter();
  const uint32_t key = 5;
  const auto* held = static_cast<uint64_t*>(map->lookup(&key, stay.cpu()));
  REQUIRE(held != nullptr);
  for (uint64_t value = 2; value < 1000; ++value) REQUIRE(set(*map, 5, value) == 0);
  CHECK(drop(*map, 5) == 0);
  for (uint32_t other = 10; other < 500; ++other) {
    REQUIRE(set(*map, other, other) == 0);
    REQUIRE(drop(*map, other) == 0);
  }
  CHECK(*held == 1);
}

TEST_CASE("memory of erased elements is used again once no run can see them") {
  FakeEnvironment environment;
  const auto map = must_create(environment, hash(16));
  for (uint32_t round = 0; round < 20000; ++round) {
    REQUIRE(set(*map, round, round) == 0);
    REQUIRE(drop(*map, round) == 0);
  }
  CHECK(environment.charged < 1 << 20);
}

TEST_CASE("a hash map without preallocation grows until the memory limit") {
  FakeEnvironment environment;
  environment.limit = 400 << 10;
  const auto map = must_create(
      environment,
      {.type = MapType::hash, .key_size = 4, .value_size = 1000, .max_entries = 10000, .flags = kFlagNoPrealloc});
  std::array<std::byte, 1000> value{};
  int error = 0;
  uint32_t key = 0;
  for (; key < 10000 && error == 0; ++key) error = map->host_update(&key, value.data(), 0);
  CHECK(error == -ENOMEM);
  CHECK(key > 100);
  CHECK(drop(*map, 0) == 0);
  environment.cpus().synchronize();
  CHECK(map->host_update(&key, value.data(), 0) == 0);
  CHECK(create_error(environment, hash(1 << 20)) == ENOMEM);
}

TEST_CASE("look-up-and-delete gives the value and takes the element") {
  FakeEnvironment environment;
  const auto map = must_create(environment, hash(4));
  REQUIRE(set(*map, 1, 42) == 0);
  const uint32_t key = 1;
  uint64_t value = 0;
  CHECK(map->host_lookup_and_erase(&key, &value, 1) == -EINVAL);
  CHECK(map->host_lookup_and_erase(&key, &value, kUpdateLock) == -EINVAL);
  CHECK(map->host_lookup_and_erase(&key, &value, 0) == 0);
  CHECK(value == 42);
  CHECK(map->host_lookup_and_erase(&key, &value, 0) == -ENOENT);
}

TEST_CASE("for_each visits every element, also when the visitor erases them") {
  FakeEnvironment environment;
  const auto map = must_create(environment, hash(50));
  for (uint32_t key = 0; key < 50; ++key) REQUIRE(set(*map, key, key) == 0);
  const auto stay = environment.cpus().enter();
  std::set<uint32_t> seen;
  const auto visit = [&](void* key, void* value) -> int64_t {
    const auto number = *static_cast<uint32_t*>(key);
    CHECK(*static_cast<uint64_t*>(value) == number);
    seen.insert(number);
    CHECK(map->erase(key) == 0);
    return 0;
  };
  CHECK(map->for_each(visit, stay.cpu()) == 50);
  CHECK(seen.size() == 50);
  uint32_t none = 0;
  CHECK(map->next_key(nullptr, &none) == -ENOENT);
}

TEST_CASE("batches on a hash map hand out whole buckets") {
  FakeEnvironment environment;
  const auto map = must_create(environment, hash(200));
  std::vector<uint32_t> keys(200);
  std::vector<uint64_t> values(200);
  for (uint32_t i = 0; i < 200; ++i) {
    keys[i] = i;
    values[i] = i + uint64_t{1000};
  }
  uint32_t count = 200;
  REQUIRE(map->host_update_batch(keys.data(), values.data(), count, 0) == 0);
  CHECK(map->batch_position_size() == 4);

  for (const bool erase : {false, true}) {
    std::set<uint32_t> seen;
    uint32_t position = 0;
    const void* from = nullptr;
    int error = 0;
    while (error == 0) {
      count = 20;
      error = erase ? map->host_lookup_and_erase_batch(from, &position, keys.data(), values.data(), count, 0)
                    : map->host_lookup_batch(from, &position, keys.data(), values.data(), count, 0);
      for (uint32_t i = 0; i < count; ++i) {
        CHECK(values[i] == keys[i] + uint64_t{1000});
        CHECK(seen.insert(keys[i]).second);
      }
      from = &position;
    }
    CHECK(error == -ENOENT);
    CHECK(seen.size() == 200);
  }
  CHECK(keys_of(*map).empty());

  const uint32_t beyond = 1 << 20;
  uint32_t position = 7;
  count = 5;
  CHECK(map->host_lookup_batch(&beyond, &position, keys.data(), values.data(), count, 0) == -ENOENT);
  CHECK(count == 0);
  CHECK(position == 7);
  count = 5;
  CHECK(map->host_lookup_batch(nullptr, &position, keys.data(), values.data(), count, kUpdateLock) == -EINVAL);
}

TEST_CASE("a batch too small for a bucket asks for more room") {
  FakeEnvironment environment;
  // 64 buckets for 33 to 64 keys: some bucket has two.
  const auto map = must_create(environment, hash(64));
  for (uint32_t key = 0; key < 64; ++key) REQUIRE(set(*map, key, key) == 0);
  uint32_t keys[1], position = 0, found = 0, count = 1;
  uint64_t values[1];
  const void* from = nullptr;
  int error = 0;
  while (error == 0) {
    count = 1;
    error = map->host_lookup_batch(from, &position, keys, values, count, 0);
    found += count;
    from = &position;
  }
  CHECK(error == -ENOSPC);
  CHECK(count == 0);
  CHECK(found < 64);
}

TEST_CASE("erasing a batch stops at the first key that is not there") {
  FakeEnvironment environment;
  const auto map = must_create(environment, hash(4));
  for (uint32_t key = 0; key < 4; ++key) REQUIRE(set(*map, key, key) == 0);
  const uint32_t keys[] = {3, 9, 2};
  uint32_t count = 3;
  CHECK(map->host_erase_batch(keys, count, 0) == -ENOENT);
  CHECK(count == 1);
  CHECK(keys_of(*map).size() == 3);
}
