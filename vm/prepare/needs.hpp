// SPDX-License-Identifier: Apache-2.0
// What an entry program needs of its object: other programs (through program arrays that are filled by declaration) and maps.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "vm/prepare/functions.hpp"
#include "vm/prepare/object.hpp"

namespace skep::vm {

struct Needs {
  std::set<std::string> programs;  ///< the program itself among them
  std::set<std::string> maps;      ///< by the name of their variable
  std::set<std::string> sections;  ///< data sections, which are maps too
  std::set<std::string> externs;   ///< what it takes from the kernel or its configuration

  /// Whether a map of this name is needed; libbpf names a data section's map after the object and the section.
  [[nodiscard]] bool has_map(std::string_view name) const;
};

/// Follows references from the program through functions and maps.
Needs needs_of(const Object& object, const Functions& functions, const Function& program);

/// Empties the program arrays that are filled by declaration and not needed: libbpf fills each of them, also one that is not to
/// be created, and fails where a program in it is not loaded.
void empty_unneeded_arrays(Object& object, const Needs& needs);

}  // namespace skep::vm
