// SPDX-License-Identifier: Apache-2.0
// Sentences about an object file, whose names may be hostile.
#pragma once

#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "isa/quoted.hpp"
#include "skep/error.hpp"

namespace skep::vm {

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
