// SPDX-License-Identifier: Apache-2.0
// What a fuzz target demands of an answer beyond not crashing. A violation ends the process, as a sanitizer does.
#pragma once

#include <cstdio>
#include <cstdlib>

#include "skep/error.hpp"

namespace skep::fuzz {

inline void demand(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

/// An error has a code and is one sentence on one line.
inline void demand_error(const Error& error) {
  demand(error.code > 0, "an error has a positive errno");
  demand(!error.message.empty(), "an error has a message");
  demand(error.message.find('\n') == std::string::npos, "a message is one line");
}

template <class T>
bool ok_or_error(const Result<T>& result) {
  if (!result) demand_error(result.error());
  return result.ok();
}

}  // namespace skep::fuzz
