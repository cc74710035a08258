// SPDX-License-Identifier: Apache-2.0
// The reverse of printing: JSON to the bytes of a BTF type.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "btf/map_shape.hpp"
#include "btf/types.hpp"
#include "skep/error.hpp"

namespace skep::btf {

/// Fills the start of `out` with the value of type `id` that `json` describes; what the JSON does not mention is 0, but
/// for a data section, whose bytes between and beside the variables that it mentions stay.
/// Understands what print_value() writes with a JsonWriter, and besides: decimal numbers for enums, pointers and bit
/// fields, members of anonymous structs by their own names, strings for arrays of bytes, a character for a byte. EINVAL:
/// the JSON does not fit the type; the message begins with the place, which begins with `path`
/// ("value.inner[3].flag: expects an integer").
Status parse_value(const Types& types, TypeId id, const nlohmann::json& json, std::span<std::byte> out,
                   std::string_view path = "value");

/// Fills `out` from an array of as many bytes, each a number or a string ("0x1f").
Status parse_bytes(const nlohmann::json& json, std::span<std::byte> out, std::string_view path = "value");

/// Key and value of a map's entry, in bytes.
struct MapEntry {
  std::vector<std::byte> key;
  std::vector<std::byte> value;  ///< Of a per-CPU map the values of all CPUs, at steps of MapShape::value_step().
};

/// The entries that `text` lists, a JSON array of {"key": ..., "value": ...}, as MapPrinter writes it as JSON. A per-CPU map takes "values" with "cpu" (CPUs not named get 0), or one "value" for all CPUs.
Result<std::vector<MapEntry>> parse_map(const MapShape& shape, std::string_view text);

}  // namespace skep::btf
