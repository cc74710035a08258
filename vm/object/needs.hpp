// SPDX-License-Identifier: Apache-2.0
// What an entry program needs of its object: other programs (through program arrays that are filled by declaration) and maps.
#pragma once

#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "skep/error.hpp"

namespace skep::vm {

struct Needs {
  std::set<std::string> programs;  ///< the program itself among them
  std::set<std::string> maps;      ///< by the name of their variable
  std::set<std::string> sections;  ///< data sections, which are maps too

  /// Whether a map of this name is needed; libbpf names a data section's map after the object and the section.
  [[nodiscard]] bool has_map(std::string_view name) const;
};

/// Follows references from `program` through functions and maps. `elf` must have passed vm/prepare. ENOENT: no such program.
Result<Needs> needs_of(std::span<const std::byte> elf, const std::string& program);

}  // namespace skep::vm
