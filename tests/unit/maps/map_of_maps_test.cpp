// SPDX-License-Identifier: Apache-2.0
#include "maps/map_of_maps.hpp"

#include "fake_environment.hpp"

using namespace skep;
using namespace skep::maps;
using namespace skep::maps::testing;

namespace {

Attributes array(uint32_t entries, uint32_t flags = 0) {
  return {.type = MapType::array, .key_size = 4, .value_size = 8, .max_entries = entries, .flags = flags};
}

Attributes outer(MapType type, std::shared_ptr<Map> inner) {
  return {.type = type, .key_size = 4, .value_size = 4, .max_entries = 4, .inner = std::move(inner)};
}

int put(Map& map, uint32_t key, int descriptor, uint64_t flags = 0) {
  return map.host_update(&key, &descriptor, flags);
}

constexpr MapType kOuters[] = {MapType::array_of_maps, MapType::hash_of_maps};

}  // namespace

TEST_CASE("programs find the inner map, the host its id") {
  FakeEnvironment environment;
  environment.maps[5] = must_create(environment, array(2));
  environment.maps[5]->set_id(55);
  for (const MapType type : kOuters) {
    const auto map = must_create(environment, outer(type, environment.maps[5]));
    const uint32_t key = 3;
    uint32_t id = 0;
    CHECK(map->lookup(&key, 0) == nullptr);
    CHECK(map->host_lookup(&key, &id, 0) == -ENOENT);
    CHECK(put(*map, 3, 5) == 0);
    CHECK(map->lookup(&key, 0) == environment.maps[5].get());
    CHECK(map->host_lookup(&key, &id, 0) == 0);
    CHECK(id == 55);
    CHECK(put(*map, 3, 6) == -EBADF);
    CHECK(put(*map, 3, 5, kUpdateNoExist) == (type == MapType::hash_of_maps ? -EEXIST : -EINVAL));
    CHECK(put(*map, 3, 5) == 0);

    uint32_t keys[4], ids[4], position = 0, count = 4;
    CHECK(map->host_lookup_batch(nullptr, &position, keys, ids, count, 0) == -ENOENT);
    CHECK(count == 1);
    CHECK(keys[0] == 3);
    CHECK(ids[0] == 55);
    CHECK(drop(*map, 3) == 0);
    CHECK(drop(*map, 3) == -ENOENT);
    CHECK(map->lookup(&key, 0) == nullptr);
  }
}

TEST_CASE("inner maps must be as the template was") {
  FakeEnvironment environment;
  environment.maps[1] = must_create(environment, array(2));
  environment.maps[2] = must_create(environment, array(3));
  environment.maps[3] = must_create(environment, array(2, kFlagRdonlyProg));
  environment.maps[4] =
      must_create(environment, {.type = MapType::percpu_array, .key_size = 4, .value_size = 8, .max_entries = 2});
  environment.maps[5] = must_create(environment, array(2, kFlagInnerMap));
  environment.maps[6] = must_create(environment, array(9, kFlagInnerMap));
  for (const MapType type : kOuters) {
    const auto map = must_create(environment, outer(type, environment.maps[1]));
    CHECK(put(*map, 0, 1) == 0);
    for (const int other : {2, 3, 4, 5}) CHECK(put(*map, 1, other) == -EINVAL);
    const auto any_size = must_create(environment, outer(type, environment.maps[5]));
    CHECK(put(*any_size, 0, 5) == 0);
    CHECK(put(*any_size, 1, 6) == 0);
    CHECK(put(*any_size, 2, 1) == -EINVAL);
  }
}

TEST_CASE("sizes of inner hash maps may differ") {
  FakeEnvironment environment;
  for (const int fd : {1, 2})
    environment.maps[fd] = must_create(
        environment,
        {.type = MapType::hash, .key_size = 4, .value_size = 8, .max_entries = static_cast<uint32_t>(fd) * 10});
  const auto map = must_create(environment, outer(MapType::array_of_maps, environment.maps[1]));
  CHECK(put(*map, 0, 2) == 0);
}

TEST_CASE("templates that cannot be inner maps are refused") {
  FakeEnvironment environment;
  const auto plain = must_create(environment, array(1));
  const auto programs =
      must_create(environment, {.type = MapType::prog_array, .key_size = 4, .value_size = 4, .max_entries = 1});
  for (const MapType type : kOuters) {
    CHECK(create_error(environment, outer(type, nullptr)) == EBADF);
    CHECK(create_error(environment, outer(type, programs)) == kENOTSUPP);
    CHECK(create_error(environment, outer(type, must_create(environment, outer(type, plain)))) == EINVAL);
  }
}

TEST_CASE("a template is remembered, not kept") {
  FakeEnvironment environment;
  auto inner = must_create(environment, array(1));
  const std::weak_ptr<Map> watch = inner;
  const auto map = must_create(environment, outer(MapType::array_of_maps, std::move(inner)));
  CHECK(watch.expired());
  REQUIRE(map->attributes().inner != nullptr);
  CHECK(map->attributes().inner->max_entries() == 1);
  CHECK(map->attributes().inner->type() == MapType::array);
}

TEST_CASE("an inner map that was taken out lives until the runs under way end") {
  FakeEnvironment environment;
  for (const MapType type : kOuters) {
    environment.maps[1] = must_create(environment, array(1));
    const std::weak_ptr<Map> watch = environment.maps[1];
    const auto map = must_create(environment, outer(type, environment.maps[1]));
    REQUIRE(put(*map, 0, 1) == 0);
    environment.maps.clear();
    {
      const auto stay = environment.cpus().enter();
      const uint32_t key = 0;
      CHECK(map->lookup(&key, stay.cpu()) == watch.lock().get());
      CHECK(map->erase(&key) == 0);
      CHECK_FALSE(watch.expired());
    }
    environment.cpus().reclaim();
    CHECK(watch.expired());
  }
}

TEST_CASE("maps of maps let go of all when they die") {
  FakeEnvironment environment;
  for (const MapType type : kOuters) {
    environment.maps[1] = must_create(environment, array(1));
    const std::weak_ptr<Map> watch = environment.maps[1];
    {
      const auto map = must_create(environment, outer(type, environment.maps[1]));
      for (uint32_t key = 0; key < 4; ++key) REQUIRE(put(*map, key, 1) == 0);
      environment.maps.clear();
      CHECK_FALSE(watch.expired());
    }
    environment.cpus().reclaim();
    CHECK(watch.expired());
  }
}
