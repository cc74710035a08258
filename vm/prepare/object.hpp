// SPDX-License-Identifier: Apache-2.0
// A BPF object file as plain data: the sections, symbols and relocations that loading uses, and nothing else of ELF.
#pragma once

#include <elf.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace skep::vm {

/// What a section is to a loader; libbpf goes by the same names (bpf_object__elf_collect()).
enum class Role : uint8_t {
  code,         ///< Functions; in ".text" those that others call, elsewhere programs.
  data,         ///< ".data", ".data.*"
  rodata,       ///< ".rodata", ".rodata.*"
  bss,          ///< ".bss", ".bss.*"
  arena,        ///< ".addr_space.1": variables in the arena.
  maps,         ///< ".maps": maps that BTF defines.
  legacy_maps,  ///< "maps": arrays of struct bpf_map_def.
  struct_ops,   ///< ".struct_ops", ".struct_ops.link", with or without '?'.
  btf,
  btf_ext,
  license,
  version,
  other,  ///< Nothing that loading looks at.
};

/// A change to a section's content: at `offset` it refers to a symbol.
struct Relocation {
  uint64_t offset = 0;
  uint32_t type = 0;    ///< R_BPF_*.
  uint32_t symbol = 0;  ///< Index in Object::symbols.
};

struct Section {
  std::string name;
  Role role = Role::other;
  uint32_t type = SHT_NULL;  ///< SHT_PROGBITS or SHT_NOBITS; SHT_NULL: the first one, which stands for none.
  uint64_t flags = 0;
  uint64_t size = 0;  ///< Bytes; those of `data` unless SHT_NOBITS.
  std::vector<std::byte> data{};
  std::vector<Relocation> relocations{};
};

struct Symbol {
  std::string name;
  uint8_t binding = STB_LOCAL;
  uint8_t type = STT_NOTYPE;
  uint8_t visibility = STV_DEFAULT;
  uint16_t section = SHN_UNDEF;  ///< Index in Object::sections, SHN_UNDEF, SHN_ABS or SHN_COMMON.
  uint64_t value = 0;            ///< Offset in its section.
  uint64_t size = 0;

  [[nodiscard]] bool is_defined() const { return section != SHN_UNDEF && section < SHN_LORESERVE; }
  /// As libbpf tells externs (sym_is_extern()).
  [[nodiscard]] bool is_extern() const {
    return section == SHN_UNDEF && type == STT_NOTYPE && (binding == STB_GLOBAL || binding == STB_WEAK);
  }
};

struct Object {
  std::vector<Section> sections;  ///< The first stands for no section.
  std::vector<Symbol> symbols;    ///< The first stands for no symbol.

  /// The first section with this role, or null. Roles other than code and data have at most one.
  [[nodiscard]] const Section* find(Role role) const;
  [[nodiscard]] Section* find(Role role);
  /// The first section with this name, or null.
  [[nodiscard]] const Section* find(std::string_view name) const;
};

/// What a section of this name, ELF type and flags is.
Role role_of(std::string_view name, uint32_t type, uint64_t flags);

/// Whether loading uses the relocations of such a section.
bool takes_relocations(Role role);

}  // namespace skep::vm
