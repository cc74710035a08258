// SPDX-License-Identifier: Apache-2.0
#include "vm/prepare/object.hpp"

#include <algorithm>
#include <array>

namespace skep::vm {
namespace {

struct Named {
  std::string_view name;
  Role role;
};

// Names that mean the same whatever the section's type and flags are.
constexpr std::array kExactNames{
    Named{"license", Role::license}, Named{"version", Role::version}, Named{"maps", Role::legacy_maps},
    Named{".maps", Role::maps},      Named{".BTF", Role::btf},        Named{".BTF.ext", Role::btf_ext},
};

struct NamedData {
  std::string_view name;
  Role role;
  uint32_t type;
  bool family;  // Also "name.anything".
};

constexpr std::array kDataNames{
    NamedData{".data", Role::data, SHT_PROGBITS, true},
    NamedData{".rodata", Role::rodata, SHT_PROGBITS, true},
    NamedData{".bss", Role::bss, SHT_NOBITS, true},
    NamedData{".addr_space.1", Role::arena, SHT_PROGBITS, false},
    NamedData{".struct_ops", Role::struct_ops, SHT_PROGBITS, false},
    NamedData{".struct_ops.link", Role::struct_ops, SHT_PROGBITS, false},
    NamedData{"?.struct_ops", Role::struct_ops, SHT_PROGBITS, false},
    NamedData{"?.struct_ops.link", Role::struct_ops, SHT_PROGBITS, false},
};

bool matches(const NamedData& row, std::string_view name, uint32_t type) {
  if (type != row.type || !name.starts_with(row.name)) return false;
  return name.size() == row.name.size() || (row.family && name[row.name.size()] == '.');
}

template <class Sections>
auto* find_role(Sections& sections, Role role) {
  const auto found = std::find_if(sections.begin(), sections.end(), [role](const Section& section) {
    return section.role == role && section.type != SHT_NULL;
  });
  return found == sections.end() ? nullptr : &*found;
}

}  // namespace

const Section* Object::find(Role role) const { return find_role(sections, role); }
Section* Object::find(Role role) { return find_role(sections, role); }

const Section* Object::find(std::string_view name) const {
  const auto found =
      std::find_if(sections.begin(), sections.end(), [name](const Section& section) { return section.name == name; });
  return found == sections.end() ? nullptr : &*found;
}

Role role_of(std::string_view name, uint32_t type, uint64_t flags) {
  for (const Named& row : kExactNames) {
    if (name == row.name) return row.role;
  }
  if (type == SHT_PROGBITS && (flags & SHF_EXECINSTR) != 0) return Role::code;
  for (const NamedData& row : kDataNames) {
    if (matches(row, name, type)) return row.role;
  }
  return Role::other;
}

bool takes_relocations(Role role) { return role == Role::code || role == Role::maps || role == Role::struct_ops; }

}  // namespace skep::vm
