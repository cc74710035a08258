// SPDX-License-Identifier: Apache-2.0
#include "maps/reference_array.hpp"

#include "fake_environment.hpp"
#include "maps/perf_event_array.hpp"
#include "maps/prog_array.hpp"

using namespace skep;
using namespace skep::maps;
using namespace skep::maps::testing;

namespace {

Attributes of(MapType type, uint32_t flags = 0) {
  return {.type = type, .key_size = 4, .value_size = 4, .max_entries = 4, .flags = flags};
}

int put(Map& map, uint32_t index, int descriptor, uint64_t flags = 0) {
  return map.host_update(&index, &descriptor, flags);
}

int id_at(Map& map, uint32_t index, uint32_t& id) { return map.host_lookup(&index, &id, 0); }

std::shared_ptr<FakeProgram> program(uint32_t id, ProgramRef::Kind kind = {.type = 6}) {
  return std::make_shared<FakeProgram>(id, kind);
}

}  // namespace

TEST_CASE("a program array gives programs to tail calls and ids to the host") {
  FakeEnvironment environment;
  environment.programs = {{10, program(77)}, {11, program(78)}};
  const auto map = must_create(environment, of(MapType::prog_array));
  uint32_t id = 0;
  CHECK(id_at(*map, 0, id) == -ENOENT);
  CHECK(map->program_at(0) == nullptr);
  CHECK(put(*map, 0, 10) == 0);
  CHECK(map->program_at(0) == environment.programs[10].get());
  CHECK(id_at(*map, 0, id) == 0);
  CHECK(id == 77);
  CHECK(put(*map, 0, 11) == 0);
  CHECK(map->program_at(0)->id() == 78);
  CHECK(put(*map, 0, 12) == -EBADF);
  CHECK(put(*map, 4, 10) == -E2BIG);
  CHECK(put(*map, 0, 10, kUpdateNoExist) == -EINVAL);
  CHECK(put(*map, 0, 10, kUpdateExist) == -EINVAL);
  CHECK(map->program_at(4) == nullptr);
  CHECK(map->program_at(UINT32_MAX) == nullptr);
  uint32_t key = 0;
  CHECK(map->lookup(&key, 0) == nullptr);
  CHECK(drop(*map, 0) == 0);
  CHECK(drop(*map, 0) == -ENOENT);
  CHECK(drop(*map, 4) == -E2BIG);
  CHECK(map->program_at(0) == nullptr);
}

TEST_CASE("the first program decides of which kind the others must be") {
  FakeEnvironment environment;
  environment.programs = {
      {1, program(1, {.type = 6})},
      {2, program(2, {.type = 3})},
      {3, program(3, {.type = 6, .expected_attach_type = 1})},
      {4, program(4, {.type = 6, .xdp_has_frags = true})},
      {5, program(5, {.type = 28})},
  };
  const auto map = must_create(environment, of(MapType::prog_array));
  CHECK(put(*map, 0, 5) == -EINVAL);  // an extension is never a target, nor does it set the kind
  CHECK(put(*map, 0, 1) == 0);
  CHECK(put(*map, 1, 2) == -EINVAL);
  CHECK(put(*map, 1, 3) == -EINVAL);
  CHECK(put(*map, 1, 4) == -EINVAL);
  CHECK(drop(*map, 0) == 0);
  CHECK(put(*map, 0, 2) == -EINVAL);  // remembered although empty
  CHECK(static_cast<ProgArray&>(*map).admit({.type = 6}));
  CHECK_FALSE(static_cast<ProgArray&>(*map).admit({.type = 3}));
}

TEST_CASE("a program that was taken out lives until the runs under way end") {
  FakeEnvironment environment;
  std::weak_ptr<ProgramRef> seen = environment.programs.emplace(1, program(1)).first->second;
  const auto map = must_create(environment, of(MapType::prog_array));
  REQUIRE(put(*map, 2, 1) == 0);
  environment.programs.clear();
  {
    const auto stay = environment.cpus().enter();
    CHECK(map->program_at(2) != nullptr);
    CHECK(drop(*map, 2) == 0);
    CHECK_FALSE(seen.expired());
  }
  environment.cpus().reclaim();
  CHECK(seen.expired());
}

TEST_CASE("a program array drops its programs with its last user") {
  FakeEnvironment environment;
  std::weak_ptr<ProgramRef> seen = environment.programs.emplace(1, program(1)).first->second;
  const auto map = must_create(environment, of(MapType::prog_array));
  REQUIRE(put(*map, 0, 1) == 0);
  REQUIRE(put(*map, 3, 1) == 0);
  environment.programs.clear();
  CHECK_FALSE(seen.expired());
  map->last_user_gone();
  CHECK(map->program_at(0) == nullptr);
  CHECK(seen.expired());
}

TEST_CASE("a perf event array forgets what was put through a descriptor that closes") {
  FakeEnvironment environment;
  environment.buffers = {{1, std::make_shared<FakeBuffer>()}};
  const auto map = must_create(environment, of(MapType::perf_event_array));
  const int buffer = 1;
  for (uint32_t index = 0; index < 3; ++index)
    REQUIRE(map->host_update_through(index == 1 ? 50 : 51, &index, &buffer, 0) == 0);
  CHECK(map->perf_buffer_at(2) == environment.buffers[1].get());
  map->descriptor_closed(51);
  CHECK(map->perf_buffer_at(0) == nullptr);
  CHECK(map->perf_buffer_at(1) != nullptr);
  CHECK(map->perf_buffer_at(2) == nullptr);
  uint32_t id = 0;
  CHECK(id_at(*map, 1, id) == -kENOTSUPP);

  const auto preserving = must_create(environment, of(MapType::perf_event_array, kFlagPreserveElems));
  const uint32_t index = 0;
  REQUIRE(preserving->host_update_through(51, &index, &buffer, 0) == 0);
  preserving->descriptor_closed(51);
  CHECK(preserving->perf_buffer_at(0) != nullptr);
}

TEST_CASE("the host can put buffers of its own into a perf event array") {
  FakeEnvironment environment;
  const auto map = must_create(environment, of(MapType::perf_event_array));
  auto& array = static_cast<PerfEventArray&>(*map);
  const auto buffer = std::make_shared<FakeBuffer>();
  CHECK(array.put(3, buffer));
  CHECK_FALSE(array.put(4, buffer));
  CHECK(map->perf_buffer_at(3) == buffer.get());
  CHECK(array.put(3, nullptr));
  CHECK(map->perf_buffer_at(3) == nullptr);
}
