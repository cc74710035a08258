// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "btf/bits.hpp"

namespace skep::btf {

/// An integer of JSON, of up to 128 bits.
struct Number {
  bool negative = false;
  U128 magnitude = 0;

  /// Two's complement.
  [[nodiscard]] U128 bits() const { return negative ? 0 - magnitude : magnitude; }
  [[nodiscard]] bool fits_unsigned(uint32_t width) const {
    return (!negative || magnitude == 0) && (magnitude & ~low_bits(width)) == 0;
  }
  [[nodiscard]] bool fits_signed(uint32_t width) const {
    if (width == 0) return magnitude == 0;
    const U128 half = U128{1} << (width - 1);
    return negative ? magnitude <= half : magnitude < half;
  }
};

/// The number that is, or that a string holds: decimal with an optional sign, or hexadecimal ("0x1f").
std::optional<Number> parse_number(const nlohmann::json& json);
std::optional<Number> parse_number(std::string_view text);

}  // namespace skep::btf
