// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "vm/prepare/object.hpp"

namespace skep::vm {

/// The object as an ELF file in the plainest layout: header, sections, their relocations, symbols (local ones first),
/// one string table, section headers; everything aligned to 8 bytes.
std::vector<std::byte> write_object(const Object& object);

}  // namespace skep::vm
