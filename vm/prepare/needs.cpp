// SPDX-License-Identifier: Apache-2.0
#include "vm/prepare/needs.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "vm/prepare/externs.hpp"

namespace skep::vm {
namespace {

constexpr uint8_t kCall = uint8_t(isa::Class::jmp) | uint8_t(isa::JmpOp::call);

/// The variable of a map that the byte at `offset` of a map section belongs to; null: none.
const Symbol* map_at(const Object& object, uint32_t section, uint64_t offset) {
  const auto map = std::find_if(object.symbols.begin(), object.symbols.end(), [&](const Symbol& symbol) {
    return symbol.section == section && symbol.type == STT_OBJECT && offset >= symbol.value &&
           offset < symbol.value + std::max<uint64_t>(symbol.size, 1);
  });
  return map == object.symbols.end() ? nullptr : &*map;
}

/// A walk over what refers to what. Functions and maps are visited once each.
class Walk {
 public:
  Walk(const Object& object, const Functions& functions) : object_(object), functions_(functions) {}

  void visit_function(const Function* function) {
    if (function == nullptr || !seen_.emplace(function->section, function->begin).second) return;
    if (functions_.is_program(object_, *function)) needs_.programs.insert(object_.symbols[function->symbol].name);
    pending_.push_back(function);
  }

  Needs finish() {
    while (!pending_.empty()) {
      const Function* function = pending_.back();
      pending_.pop_back();
      follow_local_calls(*function, follow_relocations(function->section, function->begin, function->end));
    }
    return std::move(needs_);
  }

 private:
  /// Gives the places that have a relocation.
  std::set<uint64_t> follow_relocations(uint32_t section, uint64_t begin, uint64_t end) {
    std::set<uint64_t> places;
    for (const Relocation& relocation : object_.sections[section].relocations) {
      if (relocation.offset < begin || relocation.offset >= end) continue;
      follow(section, relocation);
      places.insert(relocation.offset);
    }
    return places;
  }

  void follow(uint32_t from, const Relocation& relocation) {
    const Symbol& symbol = object_.symbols[relocation.symbol];
    if (symbol.is_extern()) {
      needs_.sections.emplace(kKconfigSection);  // whose values are a map
      needs_.externs.insert(symbol.name);
    }
    if (!symbol.is_defined()) return;
    const Section& target = object_.sections[symbol.section];
    if (target.role == Role::code)
      visit_function(functions_.at(symbol.section, symbol.value + addend(from, relocation, symbol)));
    else if (target.role == Role::maps)
      visit_map(symbol.section, symbol.value);
    else
      needs_.sections.insert(target.name);
  }

  /// What the place of a relocation adds to its symbol: calls count instructions from the next one, loads count bytes.
  [[nodiscard]] uint64_t addend(uint32_t from, const Relocation& relocation, const Symbol& symbol) const {
    const Section& section = object_.sections[from];
    if (section.role != Role::code || symbol.type != STT_SECTION) return 0;
    const isa::Insn insn = instruction_at(section, relocation.offset);
    const auto imm = static_cast<int64_t>(insn.imm);
    return static_cast<uint64_t>(isa::is_wide(insn) ? imm : (imm + 1) * int64_t{sizeof(isa::Insn)});
  }

  /// Calls within a section that the compiler resolved by itself; the others mean what their relocation says.
  void follow_local_calls(const Function& function, const std::set<uint64_t>& relocated) {
    const Section& section = object_.sections[function.section];
    for (uint64_t at = function.begin; at < function.end; at += sizeof(isa::Insn)) {
      const isa::Insn insn = instruction_at(section, at);
      if (insn.code != kCall || insn.src != isa::kPseudoCall || relocated.contains(at)) continue;
      const int64_t target = static_cast<int64_t>(at) + (int64_t{insn.imm} + 1) * int64_t{sizeof(isa::Insn)};
      if (target >= 0) visit_function(functions_.at(function.section, static_cast<uint64_t>(target)));
    }
  }

  /// A map, and what its initial values refer to: inner maps and programs.
  void visit_map(uint32_t section, uint64_t offset) {
    const Symbol* map = map_at(object_, section, offset);
    if (map == nullptr || !needs_.maps.insert(map->name).second) return;
    follow_relocations(section, map->value, map->value + map->size);
  }

  const Object& object_;
  const Functions& functions_;
  std::set<std::pair<uint32_t, uint64_t>> seen_;
  std::vector<const Function*> pending_;
  Needs needs_;
};

}  // namespace

bool Needs::has_map(std::string_view name) const {
  if (maps.contains(std::string(name))) return true;
  return std::any_of(sections.begin(), sections.end(),
                     [name](const std::string& section) { return name.ends_with(section); });
}

Needs needs_of(const Object& object, const Functions& functions, const Function& program) {
  Walk walk(object, functions);
  walk.visit_function(&program);
  return walk.finish();
}

void empty_unneeded_arrays(Object& object, const Needs& needs) {
  for (uint32_t index = 1; index < object.sections.size(); ++index) {
    Section& section = object.sections[index];
    if (section.role != Role::maps) continue;
    std::erase_if(section.relocations, [&](const Relocation& relocation) {
      const Symbol& target = object.symbols[relocation.symbol];
      if (!target.is_defined() || object.sections[target.section].role != Role::code) return false;
      const Symbol* map = map_at(object, index, relocation.offset);
      return map == nullptr || !needs.maps.contains(map->name);
    });
  }
}

}  // namespace skep::vm
