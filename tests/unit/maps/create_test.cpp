// SPDX-License-Identifier: Apache-2.0
// What can be created, and what Linux refuses.
#include <functional>

#include "fake_environment.hpp"

using namespace skep;
using namespace skep::maps;
using namespace skep::maps::testing;

namespace {

using Change = std::function<void(Attributes&)>;

Attributes plain(MapType type) { return {.type = type, .key_size = 4, .value_size = 4, .max_entries = 4}; }

struct Case {
  const char* what;
  std::vector<MapType> types;
  Change change;
  int error;
};

const std::vector<MapType> kArrays = {MapType::array, MapType::percpu_array, MapType::prog_array,
                                      MapType::perf_event_array};
const std::vector<MapType> kReferences = {MapType::prog_array, MapType::perf_event_array};
const std::vector<MapType> kHashes = {MapType::hash, MapType::percpu_hash, MapType::lru_hash, MapType::lru_percpu_hash};
const std::vector<MapType> kLru = {MapType::lru_hash, MapType::lru_percpu_hash};
const std::vector<MapType> kPercpu = {MapType::percpu_array, MapType::percpu_hash, MapType::lru_percpu_hash};

std::vector<MapType> both(std::vector<MapType> left, const std::vector<MapType>& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

Change flags(uint32_t set) {
  return [=](Attributes& attributes) { attributes.flags = set; };
}
Change node(int number) {
  return [=](Attributes& attributes) {
    attributes.flags = kFlagNumaNode;
    attributes.numa_node = number;
  };
}
Change value_size(uint32_t bytes) {
  return [=](Attributes& attributes) { attributes.value_size = bytes; };
}
Change key_size(uint32_t bytes) {
  return [=](Attributes& attributes) { attributes.key_size = bytes; };
}
Change entries(uint32_t count) {
  return [=](Attributes& attributes) { attributes.max_entries = count; };
}

const std::vector<MapType> kAll = both(kArrays, kHashes);

const Case kCases[] = {
    // clang-format off
    {"as it is",                       kAll,        [](Attributes&) {},                           0},
    {"no entries",                     kAll,        entries(0),                                   EINVAL},
    {"no value",                       kAll,        value_size(0),                                EINVAL},
    {"no key",                         kAll,        key_size(0),                                  EINVAL},
    {"a key of 8 bytes",               kArrays,     key_size(8),                                  EINVAL},
    {"a key of 8 bytes",               kHashes,     key_size(8),                                  0},
    {"a value of 8 bytes",             kReferences, value_size(8),                                EINVAL},
    {"map_extra",                      kAll,        [](Attributes& a) { a.extra = 1; },           EINVAL},
    {"unknown flag",                   kAll,        flags(1u << 30),                              EINVAL},
    {"read-only descriptor",           kAll,        flags(kFlagRdonly),                           0},
    {"write-only descriptor",          kAll,        flags(kFlagWronly),                           0},
    {"both",                           kAll,        flags(kFlagRdonly | kFlagWronly),             EINVAL},
    {"read-only for programs",         {MapType::array, MapType::percpu_array, MapType::hash}, flags(kFlagRdonlyProg), 0},
    {"both for programs",              kAll,        flags(kFlagRdonlyProg | kFlagWronlyProg),     EINVAL},
    {"read-only for programs",         kReferences, flags(kFlagRdonlyProg),                       EINVAL},
    {"NUMA node 0",                    {MapType::array, MapType::hash, MapType::lru_hash}, node(0), 0},
    {"NUMA node 0",                    kPercpu,     node(0),                                      EINVAL},
    {"NUMA node -1",                   kAll,        node(-1),                                     0},
    {"NUMA node 9",                    kAll,        node(9),                                      EINVAL},
    {"a node without the flag",        kAll,        [](Attributes& a) { a.numa_node = 9; },       0},
    {"mappable",                       {MapType::array}, flags(kFlagMmapable),                    0},
    {"mappable",                       both(kReferences, {MapType::percpu_array}), flags(kFlagMmapable), EINVAL},
    {"mappable",                       kHashes,     flags(kFlagMmapable),                         EINVAL},
    {"inner map of any size",          {MapType::array}, flags(kFlagInnerMap),                    0},
    {"inner map of any size",          kReferences, flags(kFlagInnerMap),                         EINVAL},
    {"preserved elements",             {MapType::perf_event_array}, flags(kFlagPreserveElems),    0},
    {"preserved elements",             {MapType::array, MapType::prog_array}, flags(kFlagPreserveElems), EINVAL},
    {"no preallocation",               {MapType::hash, MapType::percpu_hash}, flags(kFlagNoPrealloc), 0},
    {"no preallocation",               kLru,        flags(kFlagNoPrealloc),                       kENOTSUPP},
    {"no preallocation",               kArrays,     flags(kFlagNoPrealloc),                       EINVAL},
    {"LRU lists by CPU",               kLru,        flags(kFlagNoCommonLru),                      0},
    {"LRU lists by CPU",               {MapType::hash, MapType::percpu_hash}, flags(kFlagNoCommonLru), EINVAL},
    {"zero seed",                      kHashes,     flags(kFlagZeroSeed),                         0},
    {"a value of 2 GiB",               {MapType::array}, value_size(0x80000000),                  E2BIG},
    {"a value of 2 GiB",               kHashes,     value_size(0x80000000),                       E2BIG},
    {"a value below 2 GiB",            {MapType::array}, value_size(0x7fffffff),                  ENOMEM},
    {"a value of 32 KiB and a byte",   kPercpu,     value_size(32769),                            E2BIG},
    {"a value of 32 KiB",              kPercpu,     value_size(32768),                            0},
    {"a key of 4 MiB",                 kHashes,     key_size(4 << 20),                            E2BIG},
    {"the most entries",               kHashes,     entries(UINT32_MAX),                          E2BIG},
    {"the most entries",               kArrays,     entries(UINT32_MAX),                          ENOMEM},
    {"the most and the largest",       {MapType::array}, [](Attributes& a) { a.value_size = 0x7fffffff; a.max_entries = UINT32_MAX; }, ENOMEM},
    {"a name of 15 characters",        kAll,        [](Attributes& a) { a.name = "abc_.DEF0123456"; }, 0},
    {"a name of 16 characters",        kAll,        [](Attributes& a) { a.name = "abc_.DEF01234567"; }, EINVAL},
    {"a name with a blank",            kAll,        [](Attributes& a) { a.name = "a b"; },        EINVAL},
    {"a key type without a value type", kAll,       [](Attributes& a) { a.btf_key_type = 1; },    EINVAL},
    // clang-format on
};

}  // namespace

TEST_CASE("each type is created or refused by its attributes as in Linux") {
  FakeEnvironment environment;
  for (const Case& each : kCases)
    for (const MapType type : each.types) {
      INFO(map_type_name(type) << ": " << each.what);
      Attributes attributes = plain(type);
      each.change(attributes);
      CHECK(create_error(environment, attributes) == each.error);
    }
}

TEST_CASE("types that Linux has and Skep has not yet are named in the error") {
  FakeEnvironment environment;
  for (const MapType type : {MapType::lpm_trie, MapType::queue, MapType::bloom_filter, MapType::arena,
                             MapType::struct_ops, MapType::cgroup_array, MapType::user_ringbuf}) {
    auto map = Map::create(plain(type), environment);
    REQUIRE_FALSE(map);
    CHECK(map.error().code == kENOTSUPP);
    CHECK(map.error().message.find(map_type_name(type)) != std::string::npos);
  }
}

TEST_CASE("numbers that are no map type are invalid") {
  FakeEnvironment environment;
  for (const uint32_t number : {uint32_t{0}, kMapTypeCount, kMapTypeCount + 1, UINT32_MAX})
    CHECK(create_error(environment, plain(static_cast<MapType>(number))) == EINVAL);
}

TEST_CASE("flags of the descriptor do not stay with the map") {
  FakeEnvironment environment;
  Attributes attributes = plain(MapType::hash);
  attributes.flags = kFlagRdonly | kFlagNoPrealloc;
  CHECK(must_create(environment, attributes)->attributes().flags == kFlagNoPrealloc);
}

TEST_CASE("without privilege some types cannot be created") {
  FakeEnvironment environment;
  environment.is_unprivileged = true;
  for (const MapType type : kLru) CHECK(create_error(environment, plain(type)) == EPERM);
  for (const MapType type : {MapType::array, MapType::hash, MapType::percpu_hash, MapType::prog_array})
    CHECK(create_error(environment, plain(type)) == 0);
  Attributes attributes = plain(MapType::hash);
  attributes.flags = kFlagZeroSeed;
  CHECK(create_error(environment, attributes) == EPERM);
}

TEST_CASE("a map that does not fit the memory limit takes nothing of it") {
  FakeEnvironment environment;
  environment.limit = 100 << 10;
  for (const MapType type : kAll) {
    Attributes attributes = plain(type);
    attributes.max_entries = 1 << 20;
    CHECK(create_error(environment, attributes) == ENOMEM);
    CHECK(environment.charged == 0);
  }
}
