// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "btf/types.hpp"

namespace skep::btf {

/// Judges what the types of `types` say of each other, and notes for each what it resolves to, its size and
/// alignment. Refuses ids that do not exist, types without a size where one is needed, and loops.
Status resolve_types(Types& types, Origin origin);

}  // namespace skep::btf
