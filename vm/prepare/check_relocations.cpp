// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "vm/prepare/check.hpp"
#include "vm/prepare/message.hpp"

namespace skep::vm {
namespace {

// Types of BPF relocations (LLVM's BPFELFRelocs; <elf.h> names some others).
constexpr uint32_t kR_BPF_64_64 = 1;     // A wide instruction; in old objects also a pointer in data.
constexpr uint32_t kR_BPF_64_ABS64 = 2;  // A pointer in data.
constexpr uint32_t kR_BPF_64_32 = 10;    // A call.

constexpr std::array kCodeTypes{kR_BPF_64_64, kR_BPF_64_32};
constexpr std::array kDataTypes{kR_BPF_64_64, kR_BPF_64_ABS64};

constexpr uint64_t kPointerSize = 8;

struct Place {
  const Object& object;
  const Functions& functions;
  uint32_t section_index;
  size_t index;  // Of the relocation in its section.

  [[nodiscard]] const Section& section() const { return object.sections[section_index]; }
  [[nodiscard]] const Relocation& relocation() const { return section().relocations[index]; }
  [[nodiscard]] const Symbol& symbol() const { return object.symbols[relocation().symbol]; }
  [[nodiscard]] std::string text() const {
    return fmt::format("relocation {} of section {} (symbol {})", index, quoted(section().name), quoted(symbol().name));
  }
};

Status check_type(const Place& place) {
  const auto& types = place.section().role == Role::code ? kCodeTypes : kDataTypes;
  if (std::find(types.begin(), types.end(), place.relocation().type) == types.end())
    return corrupt("{} has type {}, which does not belong there", place.text(), place.relocation().type);
  return {};
}

Status check_symbol(const Place& place) {
  if (place.symbol().section == SHN_COMMON)
    return fail(ENOTSUP, "{} refers to a variable without a place; give it an initial value", place.text());
  if (place.symbol().section == SHN_ABS) return corrupt("{} refers to an absolute symbol", place.text());
  return {};
}

Status check_place(const Place& place) {
  const Section& section = place.section();
  const uint64_t offset = place.relocation().offset;
  const uint64_t width = section.role == Role::code ? sizeof(isa::Insn) : kPointerSize;
  if (offset >= section.size || width > section.size - offset)
    return corrupt("{} at offset {} lies outside of its section, which has {} bytes", place.text(), offset,
                   section.size);
  if (section.role != Role::code) return {};
  if (offset % sizeof(isa::Insn) != 0)
    return corrupt("{}: its offset {} is not that of an instruction", place.text(), offset);
  // Code of a function that the linker has dropped may stay behind.
  const Function* function = place.functions.at(place.section_index, offset);
  if (function == nullptr) return {};
  if (Status status = check_patched_instruction(section, *function, offset); !status)
    return corrupt("{}: its offset {} {}", place.text(), offset, status.error().message);
  return {};
}

}  // namespace

Status check_relocations(const Object& object, const Functions& functions) {
  for (uint32_t i = 0; i < object.sections.size(); ++i) {
    for (size_t k = 0; k < object.sections[i].relocations.size(); ++k) {
      const Place place{object, functions, i, k};
      for (const auto check : {check_type, check_symbol, check_place}) {
        if (Status status = check(place); !status) return status;
      }
    }
  }
  return {};
}

}  // namespace skep::vm
