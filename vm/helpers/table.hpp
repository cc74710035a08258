// SPDX-License-Identifier: Apache-2.0
// The helper functions that programs of this VM can call.
//
// A helper is an ordinary function that takes Run& (or Skb, Xdp) and typed arguments; `row` makes a row of it. The rows of a
// family lie at the end of its file, the list of families in table.cpp.
#pragma once

#include <cstdint>
#include <span>

#include "vm/run.hpp"

namespace skep::vm {

/// The function of helper `id`; null: Linux may have it, this VM has not.
[[nodiscard]] HelperFunction helper_function(uint32_t id);

}  // namespace skep::vm
