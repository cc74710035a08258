// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "vm/prepare/check.hpp"
#include "vm/prepare/externs.hpp"
#include "vm/prepare/message.hpp"

namespace skep::vm {
namespace {

using btf::Kind;
using btf::SectionVar;
using btf::Type;
using btf::Types;

// Bytes of all kconfig externs together; libbpf adds them up in an int.
constexpr uint64_t kMaxKconfigSize = 1 << 20;

// libbpf keeps a pointer to the arena's map in an array that it allocates for this many maps and moves when it grows.
constexpr size_t kMaxMapsWithArena = 16;

std::string variable_text(const Type& section, const SectionVar& var) {
  return fmt::format("variable {} of section {}", quoted(section.types().type(var.type).name()),
                     quoted(section.name()));
}

// A variable of a section that the file has. Offsets of 0 in a section of size 0 are still to come, from the symbols.
Status check_variable(const Section& section, const Type& datasec, const SectionVar& var) {
  const Type type = datasec.types().type(var.type);
  if (!type.is(Kind::var)) return corrupt("BTF calls a function {}", variable_text(datasec, var));
  const uint64_t size = std::max<uint64_t>(var.size, datasec.types().layout(type.ref()).size);
  if (var.offset > section.size || size > section.size - var.offset)
    return corrupt("BTF places {}, {} bytes at offset {}, outside of the section, which has {} bytes",
                   variable_text(datasec, var), size, var.offset, section.size);
  return {};
}

// libbpf reads a value's members at their byte offsets, which bit fields do not have.
Status check_struct_ops_variable(const Type& datasec, const SectionVar& var) {
  const Type type = datasec.types().resolve(datasec.types().type(var.type).ref());
  if (!type.is(Kind::struct_)) return corrupt("{} is not a struct", variable_text(datasec, var));
  for (const btf::Member& member : type.members()) {
    if (member.bitfield_size != 0 || member.bit_offset % 8 != 0)
      return fail(ENOTSUP, "{} has a bit field {}", variable_text(datasec, var), quoted(member.name));
  }
  return {};
}

Status check_kconfig(const Type& datasec) {
  uint64_t total = 0;
  for (const SectionVar var : datasec.section_vars()) {
    const Type type = datasec.types().type(var.type);
    if (!type.is(Kind::var)) return corrupt("{} is a function", variable_text(datasec, var));
    total += datasec.types().layout(type.ref()).size;
  }
  if (total > kMaxKconfigSize)
    return fail(E2BIG, "kconfig externs have {} bytes; {} are possible", total, kMaxKconfigSize);
  return {};
}

Status check_datasec(const Object& object, const Type& datasec) {
  if (datasec.name() == kKconfigSection) return check_kconfig(datasec);
  if (datasec.name() == kKsymsSection) return {};
  const Section* section = object.find(datasec.name());
  if (section == nullptr) {
    // Only a section without size needs its ELF section, to get it from there.
    if (datasec.size() != 0) return {};
    return corrupt("BTF describes section {}, which does not exist", quoted(datasec.name()));
  }
  for (const SectionVar var : datasec.section_vars()) {
    if (Status status = check_variable(*section, datasec, var); !status) return status;
    if (section->role != Role::struct_ops) continue;
    if (Status status = check_struct_ops_variable(datasec, var); !status) return status;
  }
  return {};
}

bool holds_maps(std::string_view name) {
  const Role role = role_of(name, SHT_PROGBITS, 0);
  return role == Role::maps || role == Role::struct_ops;
}

bool is_map_itself(Role role) { return role == Role::data || role == Role::rodata || role == Role::bss; }

Status check_arena(const Object& object, size_t declared_maps) {
  if (object.find(Role::arena) == nullptr) return {};
  if (object.find(Role::maps) == nullptr) return corrupt("the object has variables in an arena, but no maps");
  const auto data_maps = std::count_if(object.sections.begin(), object.sections.end(),
                                       [](const Section& section) { return is_map_itself(section.role); });
  const size_t count = declared_maps + static_cast<size_t>(data_maps) + 1;  // The last may be kconfig's.
  if (count > kMaxMapsWithArena)
    return fail(ENOTSUP, "an object with variables in an arena can have {} maps, global data included; it has {}",
                kMaxMapsWithArena, count);
  return {};
}

Status check_externs(const Object& object, const Types* types) {
  for (const Symbol& symbol : object.symbols) {
    if (!symbol.is_extern() || symbol.name.empty()) continue;
    if (types == nullptr || !find_extern(*types, symbol.name))
      return fail(ENOENT, "extern {} has no type in section '.BTF' that says where it comes from", quoted(symbol.name));
  }
  return {};
}

}  // namespace

Status check_data_types(const Object& object, const Types* types) {
  if (Status status = check_externs(object, types); !status) return status;
  if (types == nullptr) return check_arena(object, 0);

  std::set<std::string_view> names;
  size_t declared_maps = 0;
  for (btf::TypeId id = 1; id < types->count(); ++id) {
    const Type type = types->type(id);
    if (!type.is(Kind::datasec)) continue;
    if (!names.insert(type.name()).second) return corrupt("BTF describes section {} twice", quoted(type.name()));
    if (Status status = check_datasec(object, type); !status) return status;
    if (holds_maps(type.name())) declared_maps += type.vlen();
  }
  return check_arena(object, declared_maps);
}

}  // namespace skep::vm
