// SPDX-License-Identifier: Apache-2.0
#include "maps/map_type.hpp"

#include <linux/bpf.h>

#include <catch2/catch_test_macros.hpp>

#include "maps/flags.hpp"

using namespace skep::maps;

TEST_CASE("map types have Linux's numbers") {
  CHECK(static_cast<int>(MapType::hash) == BPF_MAP_TYPE_HASH);
  CHECK(static_cast<int>(MapType::lpm_trie) == BPF_MAP_TYPE_LPM_TRIE);
  CHECK(static_cast<int>(MapType::sockmap) == BPF_MAP_TYPE_SOCKMAP);
  CHECK(static_cast<int>(MapType::percpu_cgroup_storage) == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE);
  CHECK(static_cast<int>(MapType::devmap_hash) == BPF_MAP_TYPE_DEVMAP_HASH);
  CHECK(static_cast<int>(MapType::user_ringbuf) == BPF_MAP_TYPE_USER_RINGBUF);
  CHECK(kMapTypeCount == 34);
}

TEST_CASE("map types are found by the names that libbpf uses") {
  CHECK(map_type_by_name("percpu_array") == MapType::percpu_array);
  CHECK(map_type_by_name("unspec") == MapType::unspec);
  CHECK(map_type_by_name("no_such_map") == std::nullopt);
  CHECK(map_type_by_name("") == std::nullopt);
  CHECK(map_type_name(MapType::arena) == "arena");
  CHECK(map_type_name(MapType(34)) == "unknown");
  CHECK(map_type_name(MapType(UINT32_MAX)) == "unknown");
}

TEST_CASE("map flags have Linux's values") {
  CHECK(kFlagNoPrealloc == BPF_F_NO_PREALLOC);
  CHECK(kFlagNumaNode == BPF_F_NUMA_NODE);
  CHECK(kFlagRdonlyProg == BPF_F_RDONLY_PROG);
  CHECK(kFlagMmapable == BPF_F_MMAPABLE);
  CHECK(kFlagPreserveElems == BPF_F_PRESERVE_ELEMS);
  CHECK(kFlagInnerMap == BPF_F_INNER_MAP);
  CHECK(kFlagLink == BPF_F_LINK);
  CHECK(kUpdateNoExist == BPF_NOEXIST);
  CHECK(kUpdateLock == BPF_F_LOCK);
  CHECK(kOutputCurrentCpu == BPF_F_CURRENT_CPU);
  CHECK(kOutputContextLengthMask == BPF_F_CTXLEN_MASK);
  CHECK(kStackUser == BPF_F_USER_STACK);
  CHECK(kStackReuseId == BPF_F_REUSE_STACKID);
}
