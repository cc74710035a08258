// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "fake_environment.hpp"

using namespace skep;
using namespace skep::maps;
using namespace skep::maps::testing;

namespace {

constexpr unsigned kCpus = 3;

Attributes of(MapType type, uint32_t value_size) {
  return {.type = type, .key_size = 4, .value_size = value_size, .max_entries = 4};
}

}  // namespace

TEST_CASE("the host sees the values of all CPUs, each rounded up to 8 bytes") {
  FakeEnvironment environment(kCpus);
  for (const MapType type : {MapType::percpu_array, MapType::percpu_hash, MapType::lru_percpu_hash}) {
    const auto map = must_create(environment, of(type, 12));
    REQUIRE(map->host_value_size() == kCpus * 16);
    std::array<uint32_t, kCpus * 4> in{}, out{};
    for (uint32_t i = 0; i < in.size(); ++i) in[i] = i + 1;
    const uint32_t key = 2;
    REQUIRE(map->host_update(&key, in.data(), 0) == 0);
    REQUIRE(map->host_lookup(&key, out.data(), 0) == 0);
    CHECK(in == out);
    for (unsigned cpu = 0; cpu < kCpus; ++cpu) {
      const auto* value = static_cast<uint32_t*>(map->lookup(&key, cpu));
      CHECK(value[0] == cpu * 4 + 1);
      CHECK(value[2] == cpu * 4 + 3);
      CHECK(map->lookup_percpu(&key, cpu) == value);
    }
    CHECK(map->lookup_percpu(&key, kCpus) == nullptr);
    CHECK(map->host_update(&key, in.data(), 3) == -EINVAL);
    CHECK(map->host_update(&key, in.data(), kUpdateLock) == -EINVAL);
    CHECK(map->host_update(&key, in.data(), kUpdateNoExist) == -EEXIST);
    CHECK(map->host_update(&key, in.data(), kUpdateExist) == 0);
  }
}

TEST_CASE("a program changes the value of its own CPU only") {
  FakeEnvironment environment(kCpus);
  for (const MapType type : {MapType::percpu_array, MapType::percpu_hash, MapType::lru_percpu_hash}) {
    const auto map = must_create(environment, of(type, 8));
    const uint32_t key = 1;
    const uint64_t one = 11, two = 22;
    CHECK(map->update(&key, &one, 0, 0) == 0);
    CHECK(map->update(&key, &two, 0, 2) == 0);
    std::array<uint64_t, kCpus> values{};
    REQUIRE(map->host_lookup(&key, values.data(), 0) == 0);
    CHECK(values == std::array<uint64_t, kCpus>{11, 0, 22});
    std::vector<uint64_t> seen;
    map->for_each(
        [&](void*, void* value) -> int64_t {
          seen.push_back(*static_cast<uint64_t*>(value));
          return 0;
        },
        2);
    CHECK(std::count(seen.begin(), seen.end(), 22) == 1);
    CHECK(std::count(seen.begin(), seen.end(), 11) == 0);
  }
}

TEST_CASE("an element that is used again has zeroes on the other CPUs") {
  FakeEnvironment environment(kCpus);
  const auto map = must_create(environment, of(MapType::percpu_hash, 8));
  uint32_t key = 1;
  const std::array<uint64_t, kCpus> all{5, 6, 7};
  for (int round = 0; round < 100; ++round) {
    REQUIRE(map->host_update(&key, all.data(), 0) == 0);
    REQUIRE(map->host_erase(&key) == 0);
    environment.cpus().reclaim();
    const uint64_t mine = 9;
    REQUIRE(map->update(&key, &mine, 0, 1) == 0);
    std::array<uint64_t, kCpus> values{};
    REQUIRE(map->host_lookup_and_erase(&key, values.data(), 0) == 0);
    REQUIRE(values == std::array<uint64_t, kCpus>{0, 9, 0});
    environment.cpus().reclaim();
  }
}

TEST_CASE("batches move the values of all CPUs") {
  FakeEnvironment environment(kCpus);
  for (const MapType type : {MapType::percpu_array, MapType::percpu_hash, MapType::lru_percpu_hash}) {
    const auto map = must_create(environment, of(type, 8));
    const std::array<uint32_t, 4> keys{0, 1, 2, 3};
    std::array<uint64_t, 4 * kCpus> values{}, out{};
    for (uint64_t i = 0; i < values.size(); ++i) values[i] = i;
    uint32_t count = 4;
    REQUIRE(map->host_update_batch(keys.data(), values.data(), count, 0) == 0);
    std::array<uint32_t, 4> out_keys{};
    uint32_t position = 0;
    count = 4;
    const int error = map->host_lookup_batch(nullptr, &position, out_keys.data(), out.data(), count, 0);
    CHECK((error == 0 || error == -ENOENT));
    REQUIRE(count == 4);
    for (unsigned i = 0; i < 4; ++i)
      for (unsigned cpu = 0; cpu < kCpus; ++cpu) CHECK(out[i * kCpus + cpu] == out_keys[i] * kCpus + cpu);
  }
}
