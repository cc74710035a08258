// SPDX-License-Identifier: Apache-2.0
#include "maps/fields.hpp"

#include <array>

#include "btf/builder.hpp"
#include "fake_environment.hpp"
#include "maps/spin_lock.hpp"

using namespace skep;
using namespace skep::maps;
using namespace skep::maps::testing;
using btf::Member;
using btf::TypeId;

namespace {

/// BTF with the types that the tests are made of.
struct TypeSet {
  btf::Builder builder;
  TypeId u32 = builder.add_int("unsigned int", 4);
  TypeId u64 = builder.add_int("unsigned long long", 8);
  TypeId lock = builder.add_struct("bpf_spin_lock", 4, {{"val", u32, 0, 0}});
  TypeId timer = builder.add_struct("bpf_timer", 16, {{"opaque", builder.add_array(u64, u32, 2), 0, 0}});
  TypeId task = builder.add_fwd("task_struct", false);

  TypeId kptr(const char* tag) { return builder.add_ptr(builder.add_type_tag(tag, task)); }
  std::shared_ptr<const btf::Types> types() {
    auto parsed = btf::Types::parse(builder.bytes());
    if (!parsed) FAIL(parsed.error().text());
    return *parsed;
  }
};

Attributes with_btf(MapType type, const std::shared_ptr<const btf::Types>& types, TypeId key, TypeId value) {
  return {.type = type,
          .key_size = 4,
          .value_size = types->layout(value).size,
          .max_entries = 2,
          .btf = types,
          .btf_key_type = key,
          .btf_value_type = value};
}

}  // namespace

TEST_CASE("spin locks, timers and kptrs are found where BTF declares them") {
  TypeSet set;
  const TypeId kptr = set.kptr("kptr");
  const TypeId inner = set.builder.add_struct("inner", 24, {{"n", set.u64, 0, 0}, {"t", set.timer, 64, 0}});
  const TypeId pointers = set.builder.add_array(kptr, set.u32, 2);
  const TypeId value = set.builder.add_struct("value", 56,
                                              {{"count", set.u32, 0, 0},
                                               {"lock", set.lock, 32, 0},
                                               {"in", inner, 64, 0},
                                               {"p", pointers, 256, 0},
                                               {"tail", set.u64, 384, 0}});
  const auto fields = find_fields(*set.types(), value);
  REQUIRE(fields);
  CHECK(*fields == std::vector<Field>{{FieldKind::spin_lock, 4, 4},
                                      {FieldKind::timer, 16, 16},
                                      {FieldKind::kptr, 32, 8},
                                      {FieldKind::kptr, 40, 8}});
}

TEST_CASE("a value without special fields has none, whatever its type") {
  TypeSet set;
  const TypeId plain = set.builder.add_struct("plain", 8, {{"a", set.u32, 0, 0}, {"b", set.u32, 32, 0}});
  const TypeId united = set.builder.add_union("u", 4, {{"lock", set.lock, 0, 0}});
  const auto types = set.types();
  for (const TypeId type : {set.u32, plain, united}) {
    const auto fields = find_fields(*types, type);
    REQUIRE(fields);
    CHECK(fields->empty());
  }
}

TEST_CASE("declarations that cannot be are refused") {
  TypeSet set;
  const TypeId twice = set.builder.add_struct("twice", 8, {{"a", set.lock, 0, 0}, {"b", set.lock, 32, 0}});
  const TypeId locks = set.builder.add_array(set.lock, set.u32, 2);
  const TypeId array = set.builder.add_struct("array", 8, {{"a", locks, 0, 0}});
  const TypeId tagged = set.builder.add_struct("tagged", 8, {{"p", set.kptr("strange"), 0, 0}});
  const TypeId many =
      set.builder.add_struct("many", 96, {{"p", set.builder.add_array(set.kptr("kptr"), set.u32, 12), 0, 0}});
  const TypeId huge = set.builder.add_struct(
      "huge", 0x10000000, {{"p", set.builder.add_array(set.kptr("kptr"), set.u32, 0x2000000), 0, 0}});
  const TypeId head =
      set.builder.add_struct("bpf_list_head", 16, {{"o", set.builder.add_array(set.u64, set.u32, 2), 0, 0}});
  const TypeId unlocked = set.builder.add_struct("unlocked", 16, {{"head", head, 0, 0}});
  const auto types = set.types();
  const auto error = [&](TypeId type) {
    const auto fields = find_fields(*types, type);
    return fields ? 0 : fields.error().code;
  };
  CHECK(error(twice) == E2BIG);
  CHECK(error(array) == EINVAL);
  CHECK(error(tagged) == EINVAL);
  CHECK(error(many) == E2BIG);
  CHECK(error(huge) == E2BIG);
  CHECK(error(unlocked) == EINVAL);
}

TEST_CASE("a value whose declarations cannot be has no special fields, as in Linux") {
  TypeSet set;
  const TypeId bits =
      set.builder.add_struct("bits", 24, {{"t", set.timer, 0, 0}, {"a", set.u32, 128, 3}, {"b", set.u32, 131, 5}});
  const TypeId twice = set.builder.add_struct("twice", 32, {{"a", set.timer, 0, 0}, {"b", set.timer, 128, 0}});
  const auto types = set.types();
  FakeEnvironment environment;
  for (const TypeId value : {bits, twice}) {
    const auto map = must_create(environment, with_btf(MapType::percpu_array, types, set.u32, value));
    CHECK(map->fields().empty());
    CHECK(map->timer_offset() == -1);
  }
}

TEST_CASE("only some map types may have a spin lock in their values") {
  TypeSet set;
  const TypeId value = set.builder.add_struct("value", 8, {{"lock", set.lock, 0, 0}, {"n", set.u32, 32, 0}});
  const auto types = set.types();
  FakeEnvironment environment;
  for (const MapType type : {MapType::array, MapType::hash}) {
    const auto map = must_create(environment, with_btf(type, types, set.u32, value));
    CHECK(map->spin_lock_offset() == 0);
    CHECK(map->timer_offset() == -1);
  }
  for (const MapType type : {MapType::percpu_array, MapType::percpu_hash, MapType::lru_hash})
    CHECK(create_error(environment, with_btf(type, types, set.u32, value)) == EOPNOTSUPP);
  Attributes read_only = with_btf(MapType::array, types, set.u32, value);
  read_only.flags = kFlagRdonlyProg;
  CHECK(create_error(environment, read_only) == EACCES);
  environment.is_unprivileged = true;
  CHECK(create_error(environment, with_btf(MapType::array, types, set.u32, value)) == EPERM);
}

TEST_CASE("the host neither sees nor overwrites special fields") {
  TypeSet set;
  const TypeId value = set.builder.add_struct(
      "value", 32, {{"n", set.u32, 0, 0}, {"lock", set.lock, 32, 0}, {"t", set.timer, 64, 0}, {"m", set.u64, 192, 0}});
  const auto types = set.types();
  FakeEnvironment environment;
  for (const MapType type : {MapType::array, MapType::hash}) {
    const auto map = must_create(environment, with_btf(type, types, set.u32, value));
    const uint32_t key = 1;
    std::array<uint32_t, 8> in{1, 2, 3, 4, 5, 6, 7, 8}, out{};
    REQUIRE(map->host_update(&key, in.data(), 0) == 0);
    auto* inside = static_cast<uint32_t*>(map->lookup(&key, 0));
    CHECK(inside[0] == 1);
    CHECK(inside[1] == 0);
    CHECK(inside[2] == 0);
    CHECK(inside[7] == 8);
    inside[2] = 77;  // a running timer
    REQUIRE(map->host_lookup(&key, out.data(), 0) == 0);
    CHECK(out == std::array<uint32_t, 8>{1, 0, 0, 0, 0, 0, 7, 8});
    in[0] = 9;
    REQUIRE(map->host_update(&key, in.data(), kUpdateLock) == 0);
    CHECK(inside[0] == 9);  // in place
    CHECK(inside[1] == 0);
    CHECK(inside[2] == 77);
    REQUIRE(map->host_lookup(&key, out.data(), kUpdateLock) == 0);
    CHECK(out[0] == 9);
    CHECK(out[2] == 0);
    CHECK(map->host_update(&key, in.data(), kUpdateLock | kUpdateNoExist) == -EEXIST);
    CHECK(map->freeze() == -kENOTSUPP);
  }
}

TEST_CASE("a spin lock that is not given back makes the host's copies fail") {
  TypeSet set;
  const TypeId value = set.builder.add_struct("value", 8, {{"lock", set.lock, 0, 0}, {"n", set.u32, 32, 0}});
  const auto types = set.types();
  FakeEnvironment environment;
  for (const MapType type : {MapType::array, MapType::hash}) {
    const auto map = must_create(environment, with_btf(type, types, set.u32, value));
    const uint32_t key = 1;
    std::array<uint32_t, 2> in{0, 5}, out{};
    REQUIRE(map->host_update(&key, in.data(), 0) == 0);
    auto* inside = static_cast<uint32_t*>(map->lookup(&key, 0));
    REQUIRE(lock_value(inside));
    in[1] = 6;
    CHECK(map->host_update(&key, in.data(), kUpdateLock) == -EBUSY);
    CHECK(map->host_lookup(&key, out.data(), kUpdateLock) == -EBUSY);
    CHECK(inside[1] == 5);
    unlock_value(inside);
    CHECK(map->host_update(&key, in.data(), kUpdateLock) == 0);
    CHECK(inside[1] == 6);
  }
}

TEST_CASE("BTF types must have the sizes of key and value and fit the type") {
  TypeSet set;
  const TypeId section_var = set.builder.add_var("x", set.u32);
  const TypeId section = set.builder.add_datasec(".data", 4, {{section_var, 0, 4}});
  const TypeId typedefed = set.builder.add_typedef("__u32", set.u32);
  const auto types = set.types();
  FakeEnvironment environment;
  const auto error = [&](MapType type, TypeId key, TypeId value, uint32_t entries = 1) {
    Attributes attributes = with_btf(type, types, key, value);
    attributes.value_size = 4;
    attributes.max_entries = entries;
    return create_error(environment, attributes);
  };
  CHECK(error(MapType::array, set.u32, set.u32) == 0);
  CHECK(error(MapType::array, typedefed, set.u32) == 0);
  CHECK(error(MapType::array, set.u64, set.u32) == EINVAL);
  CHECK(error(MapType::array, set.u32, set.u64) == EINVAL);
  CHECK(error(MapType::array, set.u32, 999) == EINVAL);
  CHECK(error(MapType::array, set.lock, set.u32) == EINVAL);  // 4 bytes, but no integer
  CHECK(error(MapType::hash, set.lock, set.u32) == 0);
  CHECK(error(MapType::array, 0, section) == 0);  // global data has no key
  CHECK(error(MapType::array, 0, section, 2) == EINVAL);
  CHECK(error(MapType::array, 0, set.u32) == EINVAL);
  CHECK(error(MapType::percpu_array, 0, section) == EINVAL);
  CHECK(error(MapType::hash, 0, set.u32) == EINVAL);
  CHECK(error(MapType::perf_event_array, set.u32, set.u32) == kENOTSUPP);
  CHECK(error(MapType::prog_array, set.u32, set.u32) == 0);
}

TEST_CASE("a socket storage is made with BTF types only and has no elements of its own") {
  TypeSet set;
  const auto types = set.types();
  FakeEnvironment environment;
  Attributes attributes = with_btf(MapType::sk_storage, types, set.u32, set.u64);
  attributes.max_entries = 0;
  attributes.flags = kFlagNoPrealloc;
  const auto map = must_create(environment, attributes);
  const int descriptor = 3;
  uint64_t value = 0;
  CHECK(map->host_lookup(&descriptor, &value, 0) == -EBADF);
  CHECK(map->next_key(nullptr, &value) == -kENOTSUPP);
  attributes.max_entries = 1;
  CHECK(create_error(environment, attributes) == EINVAL);
  attributes.max_entries = 0;
  attributes.flags = 0;
  CHECK(create_error(environment, attributes) == EINVAL);
  CHECK(create_error(environment,
                     {.type = MapType::sk_storage, .key_size = 4, .value_size = 8, .flags = kFlagNoPrealloc}) ==
        EINVAL);
}
