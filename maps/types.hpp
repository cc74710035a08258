// SPDX-License-Identifier: Apache-2.0
// The map types that are built, each with its creation. A row a type; everything else about a type is in its own file.
#pragma once

#include <memory>

#include "maps/map.hpp"

namespace skep::maps {

struct TypeRow {
  MapType type{};
  /// Linux's map_alloc_check: attributes that this type cannot have.
  Status (*check)(const Attributes&) = nullptr;
  /// Linux's map_alloc: memory and the map. Null: not built yet.
  Result<std::shared_ptr<Map>> (*make)(Attributes, Environment&) = nullptr;
  bool privileged = false;    ///< Linux asks for CAP_BPF or CAP_NET_ADMIN.
  bool may_be_inner = false;  ///< It may stand in a map of maps (Linux: has map_meta_equal).
};

/// The row of a type; null for a number that is none.
[[nodiscard]] const TypeRow* type_row(MapType type);

}  // namespace skep::maps
