// SPDX-License-Identifier: Apache-2.0
// The map types: Linux's numbers, libbpf's names.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace skep::maps {

enum class MapType : uint32_t {
#define SKEP_MAP_TYPE(number, name) name = number,
#include "maps/map_types.def"
};

/// Names by number.
inline constexpr auto kMapTypeNames = std::to_array<std::string_view>({
#define SKEP_MAP_TYPE(number, name) #name,
#include "maps/map_types.def"
});

inline constexpr uint32_t kMapTypeCount = kMapTypeNames.size();

/// libbpf's and bpftool's name ("percpu_array"); "unknown" for a number that Linux does not have.
constexpr std::string_view map_type_name(MapType type) {
  const auto number = static_cast<uint32_t>(type);
  return number < kMapTypeCount ? kMapTypeNames[number] : "unknown";
}

/// The type with that name, as libbpf and bpftool write it.
constexpr std::optional<MapType> map_type_by_name(std::string_view name) {
  for (uint32_t number = 0; number < kMapTypeCount; ++number)
    if (kMapTypeNames[number] == name) return static_cast<MapType>(number);
  return std::nullopt;
}

namespace detail {
inline constexpr uint32_t kMapTypeNumbers[] = {
#define SKEP_MAP_TYPE(number, name) number,
#include "maps/map_types.def"
};
constexpr bool numbers_are_dense() {
  for (uint32_t i = 0; i < kMapTypeCount; ++i)
    if (kMapTypeNumbers[i] != i) return false;
  return true;
}
static_assert(numbers_are_dense(), "map_types.def must list every number once and in order");
}  // namespace detail

}  // namespace skep::maps
