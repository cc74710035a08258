// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake_environment.hpp"

using namespace skep;
using namespace skep::maps;
using namespace skep::maps::testing;

namespace {

constexpr size_t kPageSize = 4096;

std::shared_ptr<Map> mappable(Environment& environment, uint32_t flags = 0) {
  return must_create(
      environment,
      {.type = MapType::array, .key_size = 4, .value_size = 8, .max_entries = 1, .flags = kFlagMmapable | flags});
}

void* map_it(Map& map, int protection) { return map.map_memory(nullptr, kPageSize, protection, MAP_SHARED, 0); }

}  // namespace

TEST_CASE("a map is frozen once") {
  FakeEnvironment environment;
  const auto map = must_create(environment, {.type = MapType::hash, .key_size = 4, .value_size = 8, .max_entries = 1});
  CHECK_FALSE(map->frozen());
  CHECK(map->freeze() == 0);
  CHECK(map->frozen());
  CHECK(map->freeze() == -EBUSY);
}

TEST_CASE("a map that is mapped writable cannot be frozen") {
  FakeEnvironment environment;
  const auto map = mappable(environment);
  void* reader = map_it(*map, PROT_READ);
  void* writer = map_it(*map, PROT_READ | PROT_WRITE);
  REQUIRE(writer != MAP_FAILED);
  CHECK(map->freeze() == -EBUSY);
  CHECK_FALSE(map->frozen());
  munmap(writer, kPageSize);
  CHECK(map->freeze() == 0);
  CHECK(munmap(reader, kPageSize) == 0);
}

TEST_CASE("a frozen map can be mapped for reading only, whoever holds its descriptor") {
  FakeEnvironment environment;
  const auto map = mappable(environment);
  REQUIRE(set(*map, 0, 5) == 0);
  REQUIRE(map->freeze() == 0);
  errno = 0;
  CHECK(map_it(*map, PROT_READ | PROT_WRITE) == MAP_FAILED);
  CHECK(errno == EPERM);
  auto* view = static_cast<uint64_t*>(map_it(*map, PROT_READ));
  REQUIRE(view != MAP_FAILED);
  CHECK(*view == 5);
  munmap(view, kPageSize);
  CHECK(mmap(nullptr, kPageSize, PROT_WRITE, MAP_SHARED, map->memory_fd(), 0) == MAP_FAILED);
  CHECK(pwrite(map->memory_fd(), "x", 1, 0) < 0);
  // Programs may go on writing.
  const uint32_t key = 0;
  *static_cast<uint64_t*>(map->lookup(&key, 0)) = 6;
  CHECK(must_get(*map, 0) == 6);
}

TEST_CASE("memory that is read-only for programs is never mapped writable") {
  FakeEnvironment environment;
  const auto map = mappable(environment, kFlagRdonlyProg);
  errno = 0;
  CHECK(map_it(*map, PROT_READ | PROT_WRITE) == MAP_FAILED);
  CHECK(errno == EACCES);
  REQUIRE(set(*map, 0, 5) == 0);
  REQUIRE(map->freeze() == 0);
  CHECK(must_get(*map, 0) == 5);
}

TEST_CASE("a map does not freeze while the host writes, and the host does not write once it is frozen") {
  FakeEnvironment environment;
  const auto map = mappable(environment, kFlagRdonlyProg);
  {
    const HostWrite first(*map);
    const HostWrite second(*map);
    CHECK((first.allowed() && second.allowed()));
    CHECK(map->freeze() == -EBUSY);
    CHECK_FALSE(map->frozen());
  }
  CHECK(map->freeze() == 0);
  CHECK_FALSE(HostWrite(*map).allowed());
  CHECK_FALSE(HostWrite(*map).allowed());
}

TEST_CASE("a freeze that fails leaves the map writable") {
  FakeEnvironment environment;
  const auto map = mappable(environment);
  void* writer = map_it(*map, PROT_READ | PROT_WRITE);
  REQUIRE(writer != MAP_FAILED);
  CHECK(map->freeze() == -EBUSY);
  CHECK(HostWrite(*map).allowed());
  munmap(writer, kPageSize);
  CHECK(map->freeze() == 0);
}
