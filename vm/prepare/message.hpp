// SPDX-License-Identifier: Apache-2.0
// Sentences about an object file, whose names may be hostile.
#pragma once

#include <fmt/format.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "skep/error.hpp"

namespace skep::vm {

/// A name from the file, in quotes: at most 64 characters, those that do not print as '?'.
inline std::string quoted(std::string_view name) {
  constexpr size_t kLongest = 64;
  std::string text = "'";
  for (const char c : name.substr(0, kLongest)) text += c >= ' ' && c <= '~' ? c : '?';
  return text + (name.size() > kLongest ? "...'" : "'");
}

template <class... Arguments>
Error fail(int code, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  return Error{code, fmt::format(format, std::forward<Arguments>(arguments)...)};
}

/// The file contradicts itself.
template <class... Arguments>
Error corrupt(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  return fail(EINVAL, format, std::forward<Arguments>(arguments)...);
}

}  // namespace skep::vm
