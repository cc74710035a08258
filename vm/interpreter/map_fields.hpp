// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "btf/types.hpp"
#include "maps/map.hpp"

namespace skep::vm::interpreter {

/// What a program reads through the address of a map: the kernel's struct bpf_map, laid out as `kernel`'s BTF says. Fields
/// that a VM's map has too (type, sizes, flags, id, name) have their values, the others are 0. False with a reason: there is
/// no such BTF, or the bytes are not those of one member (Linux: check_ptr_to_map_access).
bool read_map_field(const maps::Map& map, const btf::Types* kernel, uint64_t offset, size_t size, uint64_t& value,
                    std::string& reason);

}  // namespace skep::vm::interpreter
