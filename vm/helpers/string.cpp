// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

#include "vm/helpers/families.hpp"

namespace skep::vm::helpers {
namespace {

constexpr uint64_t kBaseMask = 0x1f;      // BPF_STRTOX_BASE_MASK
constexpr size_t kNumberCharacters = 63;  // more of a number is not looked at

int strncmp(Run&, const char* text, uint32_t size, const char* other) {
  const int order = std::strncmp(text, other, size);
  return (order > 0) - (order < 0);
}

/// As the kernel's isspace, which knows Latin-1's no-break space.
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\xa0'; }
bool is_hexadecimal(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

struct Number {
  uint64_t magnitude = 0;
  bool is_negative = false;
};

/// Takes "0x" and "0" for the bases that they announce, as the C library's strtoul does.
void skip_radix(std::string_view& text, int& base) {
  const bool announces_16 = text.size() > 2 && text[0] == '0' && (text[1] | 0x20) == 'x' && is_hexadecimal(text[2]);
  if (base == 0) base = announces_16 ? 16 : text.starts_with('0') ? 8 : 10;
  if (base == 16 && text.size() > 1 && text[0] == '0' && (text[1] | 0x20) == 'x') text.remove_prefix(2);
}

/// The number of characters that were read, or a negative errno (Linux: __bpf_strtoull).
int64_t parse(std::string_view text, uint64_t flags, Number& number) {
  auto base = static_cast<int>(flags & kBaseMask);
  if (text.empty() || (flags & ~kBaseMask) != 0) return -EINVAL;
  if (base != 0 && base != 8 && base != 10 && base != 16) return -EINVAL;
  const char* const start = text.data();
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  number.is_negative = text.starts_with('-');
  if (number.is_negative) text.remove_prefix(1);
  text = text.substr(0, kNumberCharacters);
  skip_radix(text, base);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number.magnitude, base);
  if (error == std::errc::result_out_of_range) return -ERANGE;
  if (error != std::errc{}) return -EINVAL;
  return end - start;
}

int64_t strtol(Run&, const char* text, uint64_t size, uint64_t flags, int64_t* result) {
  *result = 0;
  Number number;
  const int64_t consumed = parse({text, size}, flags, number);
  if (consumed < 0) return consumed;
  constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (number.magnitude > kMax + (number.is_negative ? 1 : 0)) return -ERANGE;
  *result = static_cast<int64_t>(number.is_negative ? 0 - number.magnitude : number.magnitude);
  return consumed;
}

int64_t strtoul(Run&, const char* text, uint64_t size, uint64_t flags, uint64_t* result) {
  *result = 0;
  Number number;
  const int64_t consumed = parse({text, size}, flags, number);
  if (consumed < 0) return consumed;
  if (number.is_negative) return -EINVAL;
  *result = number.magnitude;
  return consumed;
}

constexpr Row kRows[] = {
    row<strncmp>(HelperId::strncmp),
    row<strtol>(HelperId::strtol),
    row<strtoul>(HelperId::strtoul),
};

}  // namespace

Rows string_helpers() { return kRows; }

}  // namespace skep::vm::helpers
