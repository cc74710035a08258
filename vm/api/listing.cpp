// SPDX-License-Identifier: Apache-2.0
// Disassembly of a program with its functions and source lines.
#include <algorithm>
#include <map>

#include "isa/disassemble.hpp"
#include "verifier/helpers.hpp"
#include "vm/api/handles.hpp"

namespace skep {
namespace {

/// Names of functions by their first instruction.
std::map<uint32_t, std::string> functions_of(const vm::Program& program) {
  std::map<uint32_t, std::string> names;
  const vm::ProgramSpec& spec = program.spec();
  if (!spec.btf) return names;
  for (const btf::FuncInfo& function : spec.functions)
    names[function.insn_off] = spec.btf->type(function.type_id).name();
  return names;
}

isa::Symbols symbols_of(const vm::Program* program, const std::map<uint32_t, std::string>& functions) {
  isa::Symbols symbols;
  symbols.helper = [](int32_t id) {
    const verifier::HelperProto* helper = verifier::helper(static_cast<uint32_t>(id));
    return helper == nullptr ? std::string() : std::string(helper->name);
  };
  symbols.label = [&functions](size_t index) {
    const auto found = functions.find(static_cast<uint32_t>(index));
    return found == functions.end() ? std::string() : found->second;
  };
  if (program != nullptr)
    symbols.map = [program](int32_t index) {
      const auto& maps = program->spec().maps;
      const auto place = static_cast<size_t>(index);
      return place < maps.size() ? maps[place]->attributes().name : std::string();
    };
  return symbols;
}

}  // namespace

std::vector<ListingLine> Program::listing() const {
  const auto program = impl_->loaded();
  std::map<uint32_t, std::string> functions;
  std::span<const isa::Insn> insns;
  if (program) {
    functions = functions_of(*program);
    insns = program->spec().insns;
  } else if (const auto* entry = impl_->entry()) {
    insns = impl_->object->object->insns(*entry);
  }
  functions.try_emplace(0, impl_->name);
  const isa::Symbols symbols = symbols_of(program.get(), functions);
  std::vector<ListingLine> lines;
  std::string last_source;
  for (size_t i = 0; i < insns.size(); i += isa::is_wide(insns[i]) ? 2 : 1) {
    ListingLine line;
    line.insn = static_cast<uint32_t>(i);
    if (const auto name = functions.find(line.insn); name != functions.end()) line.function = name->second;
    if (program) {
      std::string source = program->source_of(line.insn);
      if (source != last_source) line.source = last_source = std::move(source);
    }
    line.text = isa::disassemble(insns, i, isa::Style::llvm, symbols);
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace skep
