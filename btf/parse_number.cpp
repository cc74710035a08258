// SPDX-License-Identifier: Apache-2.0
#include "btf/parse_number.hpp"

#include <nlohmann/json.hpp>
#include <string>

namespace skep::btf {
namespace {

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

}  // namespace

std::optional<Number> parse_number(std::string_view text) {
  Number number;
  if (text.starts_with('-')) {
    number.negative = true;
    text.remove_prefix(1);
  }
  unsigned base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  if (text.empty()) return std::nullopt;
  for (char c : text) {
    const auto digit = static_cast<unsigned>(digit_value(c));
    if (digit >= base || number.magnitude > (~U128{0} - digit) / base) return std::nullopt;
    number.magnitude = number.magnitude * base + digit;
  }
  return number;
}

std::optional<Number> parse_number(const nlohmann::json& json) {
  if (json.is_number_unsigned()) return Number{false, json.get<uint64_t>()};
  if (json.is_number_integer()) {
    const auto value = json.get<int64_t>();
    const auto magnitude = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
    return Number{value < 0, magnitude};
  }
  if (json.is_string()) return parse_number(std::string_view(json.get_ref<const std::string&>()));
  return std::nullopt;
}

}  // namespace skep::btf
