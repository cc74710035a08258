// SPDX-License-Identifier: Apache-2.0
// The checks of an object before libbpf sees it. Each knows what libbpf takes for granted in one part of the file, and
// names the section, symbol or record that is not so.
#pragma once

#include "btf/types.hpp"
#include "skep/error.hpp"
#include "vm/prepare/functions.hpp"
#include "vm/prepare/object.hpp"

namespace skep::vm {

/// Sections that may exist once do; license and version have their form; code consists of whole instructions.
Status check_sections(const Object& object);

/// Relocations lie on whole instructions or pointers of their section and have a type that belongs there.
Status check_relocations(const Object& object, const Functions& functions);

/// The data sections of .BTF fit the ELF sections of their names; struct_ops values and kconfig externs are such as
/// libbpf can copy; every extern has a type. `types` is null if the object has no .BTF.
Status check_data_types(const Object& object, const btf::Types* types);

/// .BTF.ext: its parts, sections and records are in bounds, its CO-RE records name types, strings and instructions.
/// `types` is null if the object has no .BTF.
Status check_btf_ext(const Object& object, const Functions& functions, const btf::Types* types);

}  // namespace skep::vm
