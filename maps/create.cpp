// SPDX-License-Identifier: Apache-2.0
// Making maps: the table of types, and Linux's order of checks (kernel/bpf/syscall.c, map_create).
#include <fmt/format.h>

#include <array>

#include "maps/array.hpp"
#include "maps/attributes.hpp"
#include "maps/hash.hpp"
#include "maps/local_storage.hpp"
#include "maps/lru_hash.hpp"
#include "maps/map_of_maps.hpp"
#include "maps/object_name.hpp"
#include "maps/percpu_array.hpp"
#include "maps/perf_event_array.hpp"
#include "maps/prog_array.hpp"
#include "maps/ringbuf.hpp"
#include "maps/types.hpp"
#include "maps/xskmap.hpp"

namespace skep::maps {
namespace {

constexpr bool kPrivileged = true;
constexpr bool kInner = true;

constexpr TypeRow kRows[] = {
    // clang-format off
    //  type                            check                        make                     privileged    may be inner
    {MapType::unspec},
    {MapType::hash,                     check_hash,                  HashMap::make,           !kPrivileged, kInner},
    {MapType::array,                    check_array,                 ArrayMap::make,          !kPrivileged, kInner},
    {MapType::prog_array,               check_reference_array,       ProgArray::make,         !kPrivileged, !kInner},
    {MapType::perf_event_array,         check_reference_array,       PerfEventArray::make,    !kPrivileged, kInner},
    {MapType::percpu_hash,              check_hash,                  PercpuHashMap::make,     !kPrivileged, kInner},
    {MapType::percpu_array,             check_array,                 PercpuArrayMap::make,    !kPrivileged, kInner},
    {MapType::stack_trace,              nullptr,                     nullptr,                 kPrivileged,  kInner},
    {MapType::cgroup_array,             check_reference_array,       nullptr,                 !kPrivileged, kInner},
    {MapType::lru_hash,                 check_hash,                  LruHashMap::make,        kPrivileged,  kInner},
    {MapType::lru_percpu_hash,          check_hash,                  LruPercpuHashMap::make,  kPrivileged,  kInner},
    {MapType::lpm_trie,                 nullptr,                     nullptr,                 kPrivileged,  kInner},
    {MapType::array_of_maps,            check_reference_array,       ArrayOfMaps::make,       !kPrivileged, !kInner},
    {MapType::hash_of_maps,             check_hash_of_maps,          HashOfMaps::make,        !kPrivileged, !kInner},
    {MapType::devmap,                   nullptr,                     nullptr,                 kPrivileged,  kInner},
    {MapType::sockmap,                  nullptr,                     nullptr,                 kPrivileged,  kInner},
    {MapType::cpumap,                   nullptr,                     nullptr,                 kPrivileged,  kInner},
    {MapType::xskmap,                   check_xskmap,                XskMap::make,            kPrivileged,  kInner},
    {MapType::sockhash,                 nullptr,                     nullptr,                 kPrivileged,  kInner},
    {MapType::cgroup_storage,           nullptr,                     nullptr,                 !kPrivileged, !kInner},
    {MapType::reuseport_sockarray,      nullptr,                     nullptr,                 kPrivileged,  kInner},
    {MapType::percpu_cgroup_storage,    nullptr,                     nullptr,                 !kPrivileged, !kInner},
    {MapType::queue,                    nullptr,                     nullptr,                 kPrivileged,  kInner},
    {MapType::stack,                    nullptr,                     nullptr,                 kPrivileged,  kInner},
    {MapType::sk_storage,               check_local_storage,         LocalStorageMap::make,   kPrivileged,  kInner},
    {MapType::devmap_hash,              nullptr,                     nullptr,                 kPrivileged,  kInner},
    {MapType::struct_ops,               nullptr,                     nullptr,                 kPrivileged,  !kInner},
    {MapType::ringbuf,                  nullptr,                     Ringbuf::make,           !kPrivileged, kInner},
    {MapType::inode_storage,            nullptr,                     nullptr,                 kPrivileged,  kInner},
    {MapType::task_storage,             nullptr,                     nullptr,                 kPrivileged,  kInner},
    {MapType::bloom_filter,             nullptr,                     nullptr,                 kPrivileged,  kInner},
    {MapType::user_ringbuf,             nullptr,                     nullptr,                 !kPrivileged, kInner},
    {MapType::cgrp_storage,             nullptr,                     nullptr,                 kPrivileged,  kInner},
    {MapType::arena,                    nullptr,                     nullptr,                 kPrivileged,  !kInner},
    // clang-format on
};

constexpr bool rows_are_complete() {
  for (uint32_t number = 0; number < std::size(kRows); ++number)
    if (static_cast<uint32_t>(kRows[number].type) != number) return false;
  return std::size(kRows) == kMapTypeCount;
}
static_assert(rows_are_complete(), "a row for every type of map_types.def, in order");

Status check(const Attributes& attributes, const TypeRow& row, const Environment& environment) {
  if (row.check)
    if (auto checked = row.check(attributes); !checked) return checked;
  if (!row.make)
    return Error{.code = kENOTSUPP,
                 .message = fmt::format("maps of type {} are not supported", map_type_name(row.type)),
                 .program = attributes.name};
  const bool zero_seed = row.check == check_hash && (attributes.flags & kFlagZeroSeed) != 0;
  if ((row.privileged || zero_seed) && environment.unprivileged())
    return attribute_error(EPERM, attributes, "creating it needs privilege");
  return {};
}

}  // namespace

const TypeRow* type_row(MapType type) {
  const auto number = static_cast<uint32_t>(type);
  return number == 0 || number >= kMapTypeCount ? nullptr : &kRows[number];
}

Result<std::shared_ptr<Map>> Map::create(Attributes attributes, Environment& environment) {
  if (auto checked = check_common(attributes); !checked) return std::move(checked).error();
  const TypeRow* row = type_row(attributes.type);
  if (!row)
    return Error{.code = EINVAL,
                 .message = fmt::format("map type {} does not exist", static_cast<uint32_t>(attributes.type)),
                 .program = attributes.name};
  if (auto checked = check(attributes, *row, environment); !checked) return std::move(checked).error();
  auto map = row->make(std::move(attributes), environment);
  if (!map) return map;
  const Attributes& made = (*map)->attributes();
  if (!is_object_name(made.name))
    return attribute_error(EINVAL, made,
                           "its name has more than 15 characters, or others than letters, digits, _ and .");
  if (made.btf && made.btf_value_type != 0)
    if (auto checked = (*map)->apply_btf(); !checked) return std::move(checked).error();
  return map;
}

}  // namespace skep::maps
