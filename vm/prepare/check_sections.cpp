// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "vm/prepare/check.hpp"
#include "vm/prepare/message.hpp"

namespace skep::vm {
namespace {

constexpr std::array kSingleRoles{Role::arena,   Role::maps,    Role::legacy_maps, Role::btf,
                                  Role::btf_ext, Role::license, Role::version};

Status check_single(const Object& object, Role role) {
  const auto count = std::count_if(object.sections.begin(), object.sections.end(),
                                   [role](const Section& section) { return section.role == role; });
  if (count > 1) return corrupt("the object has {} sections {}", count, quoted(object.find(role)->name));
  return {};
}

// Functions that others call are looked for in one section of this name.
Status check_one_text(const Object& object) {
  const auto count = std::count_if(object.sections.begin(), object.sections.end(), [](const Section& section) {
    return section.role == Role::code && section.name == ".text";
  });
  if (count > 1) return corrupt("the object has {} sections '.text'", count);
  return {};
}

Status check_content(const Section& section) {
  if (section.role == Role::code && section.size % sizeof(isa::Insn) != 0)
    return corrupt("section {} has {} bytes, which are not whole instructions", quoted(section.name), section.size);
  if (section.role == Role::version && section.size != sizeof(uint32_t))
    return corrupt("section 'version' has {} bytes instead of {}", section.size, sizeof(uint32_t));
  return {};
}

}  // namespace

Status check_sections(const Object& object) {
  for (const Role role : kSingleRoles) {
    if (Status status = check_single(object, role); !status) return status;
  }
  if (Status status = check_one_text(object); !status) return status;
  for (const Section& section : object.sections) {
    if (Status status = check_content(section); !status) return status;
  }
  return {};
}

}  // namespace skep::vm
