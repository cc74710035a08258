// SPDX-License-Identifier: Apache-2.0
// Names in messages: they come from files, and may be hostile.
#pragma once

#include <string>
#include <string_view>

namespace skep {

/// One line of text: what does not print as '?'.
inline std::string printable(std::string_view text) {
  std::string line;
  for (const char c : text) line += c >= ' ' && c <= '~' ? c : '?';
  return line;
}

/// A name in quotes: printable, at most 64 characters.
inline std::string quoted(std::string_view name) {
  constexpr size_t kLongest = 64;
  return "'" + printable(name.substr(0, kLongest)) + (name.size() > kLongest ? "...'" : "'");
}

}  // namespace skep
