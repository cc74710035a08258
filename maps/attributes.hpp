// SPDX-License-Identifier: Apache-2.0
// Checks of creation attributes that several map types share.
#pragma once

#include <cerrno>
#include <cstdint>
#include <string>

#include "maps/flags.hpp"
#include "maps/map.hpp"

namespace skep::maps {

/// Largest value of a per-CPU map (Linux: PCPU_MIN_UNIT_SIZE), bytes.
inline constexpr uint32_t kMaxPercpuValue = 32768;

/// An error about the creation of a map.
[[nodiscard]] Error attribute_error(int code, const Attributes& attributes, std::string_view what);
/// ENOMEM for a map of this size.
[[nodiscard]] Error no_memory(const Attributes& attributes);

/// What Linux's map_create checks for every type: extra, access flags, NUMA node, name.
Status check_common(const Attributes& attributes);

/// EINVAL unless flags are among `known` and those of access for programs are not contradictory.
Status check_flags(const Attributes& attributes, uint32_t known);

/// NUMA node that was asked for; -1: none.
[[nodiscard]] int numa_node(const Attributes& attributes);

/// Flags of access: through descriptors and for programs.
inline constexpr uint32_t kAccessFlags = kFlagRdonly | kFlagWronly | kFlagRdonlyProg | kFlagWronlyProg;

/// Whether update flags are known: ANY, NOEXIST or EXIST, with or without LOCK where that is `lockable`.
[[nodiscard]] constexpr bool update_flags_known(uint64_t flags, bool lockable) {
  return (lockable ? flags & ~kUpdateLock : flags) <= kUpdateExist;
}

}  // namespace skep::maps
