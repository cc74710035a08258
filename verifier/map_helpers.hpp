// SPDX-License-Identifier: Apache-2.0
// Which helpers may be given which maps.
#pragma once

#include "maps/map_type.hpp"
#include "verifier/helpers.hpp"

namespace skep::verifier {

/// Whether a helper's const_map_ptr argument may be a map of this type (Linux: check_map_func_compatibility).
[[nodiscard]] bool goes_with(const HelperCaller& caller, HelperId helper, maps::MapType type);

/// Whether a helper changes which elements a map has, or their values: not where the map is read-only for programs
/// (Linux: record_func_map).
[[nodiscard]] constexpr bool changes_map(HelperId helper) {
  return helper == HelperId::map_update_elem || helper == HelperId::map_delete_elem ||
         helper == HelperId::map_push_elem || helper == HelperId::map_pop_elem;
}

}  // namespace skep::verifier
