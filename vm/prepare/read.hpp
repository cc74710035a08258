// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "skep/error.hpp"
#include "vm/prepare/object.hpp"

namespace skep::vm {

/// Reads a relocatable 64-bit little-endian BPF ELF file. Everything that `Object` has is in bounds: sections in the
/// file, names in their tables, symbols in their sections, relocations' symbols in the table; their offsets are not
/// yet judged. Debug information and sections of types that loading does not use are left out.
/// Errors: ENOEXEC for what is not a BPF object file, EINVAL for a corrupt one.
Result<Object> read_object(std::span<const std::byte> file);

}  // namespace skep::vm
