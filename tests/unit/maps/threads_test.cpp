// SPDX-License-Identifier: Apache-2.0
// Programs and the host on the same maps at once. Meant for ThreadSanitizer; each test also checks what was read.
#include <array>
#include <atomic>
#include <thread>

#include "fake_environment.hpp"

using namespace skep;
using namespace skep::maps;
using namespace skep::maps::testing;

namespace {

constexpr uint32_t kKeys = 32;
constexpr int kRounds = 2000;

/// A value whose halves belong together.
struct Pair {
  uint64_t value = 0;
  uint64_t check = ~uint64_t{0};
  Pair() = default;
  explicit Pair(uint64_t number) : value(number), check(~number) {}
  [[nodiscard]] bool whole() const { return value == ~check; }
};

/// Reads a value as a program does: it is never written while a run can see it.
Pair read(const void* value) {
  Pair pair;
  std::memcpy(&pair, value, sizeof pair);
  return pair;
}

template <class... Work>
void at_once(Work... work) {
  std::array<std::thread, sizeof...(work)> threads{std::thread(work)...};
  for (auto& thread : threads) thread.join();
}

}  // namespace

TEST_CASE("hash elements are whole for programs while others replace and erase them") {
  for (const MapType type : {MapType::hash, MapType::lru_hash}) {
    FakeEnvironment environment(3);
    const auto map =
        must_create(environment, {.type = type, .key_size = 4, .value_size = sizeof(Pair), .max_entries = kKeys / 2});
    std::atomic<bool> stop{false};
    std::atomic<int> broken{0}, found{0};
    const auto reader = [&] {
      while (!stop) {
        const auto stay = environment.cpus().enter();
        for (uint32_t key = 0; key < kKeys; ++key)
          if (const void* value = map->lookup(&key, stay.cpu())) {
            ++found;
            if (!read(value).whole()) ++broken;
          }
      }
    };
    const auto program = [&] {
      for (int round = 0; round < kRounds; ++round) {
        const auto stay = environment.cpus().enter();
        const uint32_t key = static_cast<uint32_t>(round) % kKeys;
        const Pair pair(static_cast<uint64_t>(round));
        map->update(&key, &pair, 0, stay.cpu());
        if (round % 3 == 0) map->erase(&key);
      }
    };
    const auto host = [&] {
      // Until the readers had their turn, which on a busy machine may come late.
      for (int round = 0; round < kRounds || (found == 0 && round < 1000 * kRounds); ++round) {
        const uint32_t key = static_cast<uint32_t>(round) * 7 % kKeys;
        Pair pair(static_cast<uint64_t>(round));
        map->host_update(&key, &pair, 0);
        if (map->host_lookup(&key, &pair, 0) == 0 && !pair.whole()) ++broken;
        uint32_t next = 0;
        map->next_key(&key, &next);
        if (round % 5 == 0) map->host_lookup_and_erase(&key, &pair, 0);
        if (round % 50 == 0) {
          std::array<uint32_t, kKeys> keys{};
          std::array<Pair, kKeys> values{};
          uint32_t position = 0, count = kKeys;
          map->host_lookup_and_erase_batch(nullptr, &position, keys.data(), values.data(), count, 0);
          for (uint32_t i = 0; i < count; ++i)
            if (!values[i].whole()) ++broken;
        }
      }
      stop = true;
    };
    at_once(reader, reader, program, host);
    CHECK(broken == 0);
    CHECK(found > 0);
  }
}

TEST_CASE("for_each goes through a hash map that changes under it") {
  FakeEnvironment environment(2);
  const auto map = must_create(
      environment, {.type = MapType::hash, .key_size = 4, .value_size = sizeof(Pair), .max_entries = kKeys});
  std::atomic<bool> stop{false};
  std::atomic<int> broken{0};
  const auto visitor = [&] {
    while (!stop) {
      const auto stay = environment.cpus().enter();
      map->for_each(
          [&](void*, void* value) -> int64_t {
            if (!read(value).whole()) ++broken;
            return 0;
          },
          stay.cpu());
    }
  };
  const auto host = [&] {
    for (int round = 0; round < kRounds; ++round) {
      const uint32_t key = static_cast<uint32_t>(round) % kKeys;
      const Pair pair(static_cast<uint64_t>(round));
      map->host_update(&key, &pair, 0);
      if (round % 2 == 0) map->host_erase(&key);
    }
    stop = true;
  };
  at_once(visitor, host);
  CHECK(broken == 0);
}

TEST_CASE("a per-CPU counter needs no lock") {
  for (const MapType type : {MapType::percpu_array, MapType::percpu_hash}) {
    FakeEnvironment environment(2);
    const auto map = must_create(environment, {.type = type, .key_size = 4, .value_size = 8, .max_entries = 1});
    const uint32_t key = 0;
    const std::array<uint64_t, 2> zero{};
    REQUIRE(map->host_update(&key, zero.data(), 0) == 0);
    const auto count = [&] {
      for (int round = 0; round < kRounds; ++round) {
        const auto stay = environment.cpus().enter();
        ++*static_cast<uint64_t*>(map->lookup(&key, stay.cpu()));
      }
    };
    at_once(count, count, count, count);
    std::array<uint64_t, 2> values{};
    REQUIRE(map->host_lookup(&key, values.data(), 0) == 0);
    CHECK(values[0] + values[1] == 4 * kRounds);
  }
}

TEST_CASE("programs stay callable while the host changes the array") {
  FakeEnvironment environment(2);
  const auto map =
      must_create(environment, {.type = MapType::prog_array, .key_size = 4, .value_size = 4, .max_entries = 4});
  for (int fd = 0; fd < 8; ++fd)
    environment.programs[fd] =
        std::make_shared<FakeProgram>(static_cast<uint32_t>(fd) + 100, ProgramRef::Kind{.type = 6});
  std::atomic<bool> stop{false};
  std::atomic<int> broken{0};
  const auto caller = [&] {
    while (!stop) {
      const auto stay = environment.cpus().enter();
      for (uint32_t index = 0; index < 4; ++index)
        if (const ProgramRef* program = map->program_at(index))
          if (program->id() < 100 || program->id() >= 108) ++broken;
    }
  };
  const auto host = [&] {
    for (int round = 0; round < kRounds; ++round) {
      const uint32_t index = static_cast<uint32_t>(round) % 4;
      const int fd = round % 8;
      map->host_update(&index, &fd, 0);
      if (round % 3 == 0) map->host_erase(&index);
      if (round % 100 == 0) map->last_user_gone();
    }
    stop = true;
  };
  at_once(caller, caller, host);
  CHECK(broken == 0);
}

TEST_CASE("inner maps stay usable while the host exchanges them") {
  FakeEnvironment environment(2);
  for (int fd = 0; fd < 2; ++fd)
    environment.maps[fd] =
        must_create(environment, {.type = MapType::array, .key_size = 4, .value_size = 8, .max_entries = 1});
  for (const MapType type : {MapType::array_of_maps, MapType::hash_of_maps}) {
    const auto map = must_create(
        environment, {.type = type, .key_size = 4, .value_size = 4, .max_entries = 2, .inner = environment.maps[0]});
    std::atomic<bool> stop{false};
    const auto program = [&] {
      while (!stop) {
        const auto stay = environment.cpus().enter();
        const uint32_t key = 0;
        if (auto* inner = static_cast<Map*>(map->lookup(&key, stay.cpu()))) inner->lookup(&key, stay.cpu());
      }
    };
    const auto host = [&] {
      const uint32_t key = 0;
      for (int round = 0; round < kRounds / 10; ++round) {
        const int fd = round % 2;
        map->host_update(&key, &fd, 0);
        if (round % 3 == 0) map->host_erase(&key);
      }
      stop = true;
    };
    at_once(program, host);
  }
  SUCCEED();
}

TEST_CASE("host copies and updates of arrays may meet programs' updates") {
  FakeEnvironment environment(2);
  const auto map =
      must_create(environment, {.type = MapType::array, .key_size = 4, .value_size = 20, .max_entries = 1});
  const uint32_t key = 0;
  const auto program = [&] {
    const std::array<uint32_t, 5> value{1, 2, 3, 4, 5};
    for (int round = 0; round < kRounds; ++round) {
      const auto stay = environment.cpus().enter();
      map->update(&key, value.data(), 0, stay.cpu());
    }
  };
  std::atomic<int> broken{0};
  const auto host = [&] {
    std::array<uint32_t, 5> value{};
    for (int round = 0; round < kRounds; ++round) {
      map->host_lookup(&key, value.data(), 0);
      for (uint32_t i = 0; i < 5; ++i)
        if (value[i] != 0 && value[i] != i + 1) ++broken;
    }
  };
  at_once(program, host);
  CHECK(broken == 0);
}
