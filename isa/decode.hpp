// SPDX-License-Identifier: Apache-2.0
// Programs as bytes.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "isa/insn.hpp"
#include "skep/error.hpp"

namespace skep::isa {

/// The instruction words of a program in wire format. EINVAL unless the size is a multiple of 8; what the
/// words mean is for isa/validate.hpp to check.
Result<std::vector<Insn>> decode(std::span<const std::byte> bytes);

/// The wire format of a program; a view of the same memory.
inline std::span<const std::byte> encode(std::span<const Insn> program) { return std::as_bytes(program); }

}  // namespace skep::isa
