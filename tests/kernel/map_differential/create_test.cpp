// SPDX-License-Identifier: Apache-2.0
// Random attributes: Skep's maps are created or refused as the kernel's are.
#include <catch2/catch_test_macros.hpp>
#include <iterator>
#include <random>

#include "two_maps.hpp"

using namespace skep;
using namespace skep::maps;
using namespace skep::test;

namespace {

constexpr MapType kTypes[] = {
    MapType::hash,        MapType::array,        MapType::prog_array,    MapType::perf_event_array,
    MapType::percpu_hash, MapType::percpu_array, MapType::lru_hash,      MapType::lru_percpu_hash,
    MapType::ringbuf,     MapType::sk_storage,   MapType::array_of_maps, MapType::hash_of_maps};

/// Values at which rules change, and some between.
constexpr uint32_t kKeySizes[] = {0, 1, 4, 4, 4, 4, 5, 8, 512, 4194240, 4194252, 4194304, UINT32_MAX};
constexpr uint32_t kValueSizes[] = {0,     1,     4,     4,       4,       8,       100,        32760,
                                    32761, 32768, 32769, 4194251, 4194252, 4194253, 0x80000000, UINT32_MAX};
constexpr uint32_t kEntries[] = {0, 1, 2, 3, 4, 100, 4096, 8192, 12288, 0x08000001, 0x80000000, 0x80000001, UINT32_MAX};

template <size_t N>
uint32_t one_of(std::mt19937& random, const uint32_t (&values)[N]) {
  return values[random() % N];
}

Attributes random_attributes(std::mt19937& random) {
  Attributes attributes{.type = kTypes[random() % std::size(kTypes)],
                        .key_size = one_of(random, kKeySizes),
                        .value_size = one_of(random, kValueSizes),
                        .max_entries = one_of(random, kEntries)};
  for (unsigned bits = random() % 4; bits > 1; --bits) attributes.flags |= 1U << (random() % 19);
  constexpr int kNodes[] = {-1, 0, 0, 1, 100, -2};
  attributes.numa_node = kNodes[random() % std::size(kNodes)];
  if (random() % 16 == 0) attributes.extra = 1;
  return attributes;
}

/// Flags that need objects of other kinds, or the kernel's configuration.
constexpr uint32_t kOutOfScope = kFlagTokenFd | kFlagVtypeBtfObjFd;

}  // namespace

TEST_CASE("random attributes make a map in Skep just where they make one in the kernel") {
  if (!kernel_bpf_works() || kernel_possible_cpus() == 0) SKIP("needs bpf(2), as root, and sysfs");
  std::mt19937 random(20250729);
  DifferentialEnvironment environment;
  const Attributes inner{.type = MapType::array, .key_size = 4, .value_size = 8, .max_entries = 1};
  const KernelMap kernel_inner(kernel_create(inner));
  REQUIRE(kernel_inner.fd() >= 0);
  const auto our_inner = *Map::create(inner, environment);
  int made = 0;
  for (int round = 0; round < 20000; ++round) {
    Attributes attributes = random_attributes(random);
    if ((attributes.flags & kOutOfScope) != 0) continue;
    attributes.inner = our_inner;
    const auto ours = Map::create(attributes, environment);
    if (!ours && ours.error().code == ENOMEM) continue;  // depends on the machine, not on rules
    const long kernel = kernel_create(attributes, kernel_inner.fd());
    const KernelFd closing(kernel);
    if (kernel == -ENOMEM) continue;
    INFO("round " << round << ", type " << map_type_name(attributes.type) << ", key " << attributes.key_size
                  << ", value " << attributes.value_size << ", entries " << attributes.max_entries << ", flags "
                  << attributes.flags << ", node " << attributes.numa_node << ", extra " << attributes.extra);
    CHECK((ours ? 0 : -ours.error().code) == (kernel >= 0 ? 0 : kernel));
    if (kernel >= 0) ++made;
  }
  CHECK(made > 100);
}
