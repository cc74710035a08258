// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "btf/types.hpp"
#include "btf/writer.hpp"
#include "skep/error.hpp"

namespace skep::btf {

/// Writes the value of type `id` that `data` begins with, as bpftool does where it can; floats and type tags, which
/// it cannot, in the same manner. EINVAL: `data` is shorter than the type, or the type has no values; E2BIG: hostile
/// types nest too deeply or give far more text than data. What was written until then stays in the output.
Status print_value(Writer& out, const Types& types, TypeId id, std::span<const std::byte> data);

}  // namespace skep::btf
