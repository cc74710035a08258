// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "skep/error.hpp"

namespace skep::vm {

/// The BTF in a file, as a view of it: the section .BTF of an ELF file (a vmlinux, an object), else the whole file (as
/// /sys/kernel/btf/vmlinux is). EINVAL: an ELF file that is broken, ENOENT: one without BTF.
Result<std::string_view> btf_of_file(std::string_view file);

}  // namespace skep::vm
