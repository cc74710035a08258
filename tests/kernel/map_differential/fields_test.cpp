// SPDX-License-Identifier: Apache-2.0
// Values with fields that BTF declares: Skep takes and refuses the types that the kernel takes and refuses.
#include <catch2/catch_test_macros.hpp>

#include "btf/builder.hpp"
#include "two_maps.hpp"

using namespace skep;
using namespace skep::maps;
using namespace skep::test;
using btf::TypeId;

namespace {

/// A BTF with one struct for each way to declare special fields that BTF_LOAD lets pass.
struct ValueTypes {
  btf::Builder builder;
  TypeId u32 = builder.add_int("unsigned int", 4);
  TypeId u64 = builder.add_int("unsigned long long", 8);
  TypeId two_words = builder.add_array(u64, u32, 2);
  TypeId lock = builder.add_struct("bpf_spin_lock", 4, {{"val", u32, 0, 0}});
  TypeId timer = builder.add_struct("bpf_timer", 16, {{"opaque", two_words, 0, 0}});
  TypeId work = builder.add_struct("bpf_wq", 16, {{"opaque", two_words, 0, 0}});
  TypeId count = builder.add_struct("bpf_refcount", 4, {{"opaque", u32, 0, 0}});
  TypeId section_lock = builder.add_var("lock", lock);

  TypeId with(const char* name, uint32_t size, const std::vector<btf::Member>& members) {
    return builder.add_struct(name, size, members);
  }

  std::vector<TypeId> all() {
    const TypeId nested = with("nested", 24, {{"n", u64, 0, 0}, {"t", timer, 64, 0}});
    const TypeId four_locks = builder.add_array(lock, u32, 4);
    const TypeId four_timers = builder.add_array(timer, u32, 4);
    const TypeId one_lock = builder.add_array(lock, u32, 1);
    const TypeId no_locks = builder.add_array(lock, u32, 0);
    const TypeId typedefed = builder.add_typedef("my_lock", lock);
    return {
        u32,
        u64,
        with("plain", 8, {{"a", u32, 0, 0}, {"b", u32, 32, 0}}),
        with("bits", 8, {{"a", u32, 0, 3}, {"b", u32, 3, 5}, {"c", u32, 32, 0}}),
        with("locked", 8, {{"l", lock, 0, 0}, {"n", u32, 32, 0}}),
        with("timed_bits", 24, {{"t", timer, 0, 0}, {"a", u32, 128, 3}, {"b", u32, 131, 5}}),
        with("two_timers", 32, {{"a", timer, 0, 0}, {"b", timer, 128, 0}}),
        with("timed", 24, {{"n", u64, 0, 0}, {"t", timer, 64, 0}}),
        with("both", 24, {{"l", lock, 0, 0}, {"t", timer, 64, 0}}),
        with("deep", 32, {{"n", u64, 0, 0}, {"in", nested, 64, 0}}),
        with("work", 16, {{"w", work, 0, 0}}),
        with("counted", 8, {{"r", count, 0, 0}}),
        with("array_of_locks", 16, {{"a", four_locks, 0, 0}}),
        with("array_of_timers", 64, {{"a", four_timers, 0, 0}}),
        with("array_of_one", 4, {{"a", one_lock, 0, 0}}),
        with("array_of_none", 4, {{"a", no_locks, 0, 0}, {"n", u32, 0, 0}}),
        with("typedefed", 4, {{"a", typedefed, 0, 0}}),
        builder.add_union("united", 4, {{"a", lock, 0, 0}, {"b", u32, 0, 0}}),
        lock,
        timer,
        builder.add_array(lock, u32, 2),
        builder.add_datasec(".data", 4, {{section_lock, 0, 4}}),
    };
  }
};

}  // namespace

TEST_CASE("values with special fields are taken and refused as in the kernel") {
  if (!kernel_bpf_works() || kernel_possible_cpus() == 0) SKIP("needs bpf(2), as root, and sysfs");
  ValueTypes set;
  const auto values = set.all();
  const auto blob = set.builder.bytes();
  const KernelFd btf(kernel_btf_load(blob));
  REQUIRE(btf.get() >= 0);
  const auto types = *btf::Types::parse(blob);
  DifferentialEnvironment environment;
  constexpr MapType kTypes[] = {MapType::array,       MapType::percpu_array,    MapType::hash,
                                MapType::percpu_hash, MapType::lru_hash,        MapType::lru_percpu_hash,
                                MapType::prog_array,  MapType::perf_event_array};
  for (const MapType type : kTypes)
    for (const TypeId value : values)
      for (const TypeId key : {TypeId{0}, set.u32, set.u64, set.lock})
        for (const uint32_t flags : {uint32_t{0}, kFlagRdonlyProg}) {
          const Attributes attributes{.type = type,
                                      .key_size = 4,
                                      .value_size = types->layout(value).size,
                                      .max_entries = 1,
                                      .flags = flags,
                                      .btf = types,
                                      .btf_key_type = key,
                                      .btf_value_type = value};
          const long kernel = kernel_create(attributes, -1, btf.get());
          const KernelFd closing(kernel);
          const auto ours = Map::create(attributes, environment);
          INFO(map_type_name(type) << " of " << types->type(value).name() << " (id " << value << "), key type " << key
                                   << ", flags " << flags);
          CHECK((ours ? 0 : -ours.error().code) == (kernel >= 0 ? 0 : kernel));
        }
}

TEST_CASE("a socket storage takes values of the sizes that the kernel takes") {
  if (!kernel_bpf_works() || kernel_possible_cpus() == 0) SKIP("needs bpf(2), as root, and sysfs");
  DifferentialEnvironment environment;
  for (const uint32_t size : {1U, 8U, 60000U, 65407U, 65408U, 65534U, 65535U, 65536U}) {
    btf::Builder builder;
    const TypeId u32 = builder.add_int("unsigned int", 4);
    const TypeId byte = builder.add_int("char", 1);
    const TypeId value = builder.add_array(byte, u32, size);
    const KernelFd btf(kernel_btf_load(builder.bytes()));
    const Attributes attributes{.type = MapType::sk_storage,
                                .key_size = 4,
                                .value_size = size,
                                .flags = kFlagNoPrealloc,
                                .btf = *btf::Types::parse(builder.bytes()),
                                .btf_key_type = u32,
                                .btf_value_type = value};
    const long kernel = kernel_create(attributes, -1, btf.get());
    const KernelFd closing(kernel);
    const auto ours = Map::create(attributes, environment);
    INFO("size " << size);
    CHECK((ours ? 0 : -ours.error().code) == (kernel >= 0 ? 0 : kernel));
  }
}
