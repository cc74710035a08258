// SPDX-License-Identifier: Apache-2.0
#include "vm/prepare/functions.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "vm/prepare/message.hpp"

namespace skep::vm {
namespace {

constexpr std::string_view kText = ".text";

// libbpf follows calls by recursion, so a chain of this length must fit on a thread's stack.
constexpr size_t kMaxTextFunctions = 4096;

Status check_extent(const Object& object, const Function& function) {
  const Symbol& symbol = object.symbols[function.symbol];
  const Section& section = object.sections[function.section];
  if (symbol.name.empty()) return corrupt("a function in section {} has no name", quoted(section.name));
  if (symbol.size == 0 || symbol.size % sizeof(isa::Insn) != 0 || symbol.value % sizeof(isa::Insn) != 0)
    return corrupt("function {} in section {}, {} bytes at offset {}, does not consist of whole instructions",
                   quoted(symbol.name), quoted(section.name), symbol.size, symbol.value);
  return {};
}

Status check_apart(const Object& object, const std::vector<Function>& functions) {
  for (size_t i = 1; i < functions.size(); ++i) {
    const Function& before = functions[i - 1];
    const Function& function = functions[i];
    if (before.section != function.section || before.end <= function.begin) continue;
    return corrupt("functions {} and {} of section {} overlap", quoted(object.symbols[before.symbol].name),
                   quoted(object.symbols[function.symbol].name), quoted(object.sections[function.section].name));
  }
  return {};
}

// libbpf would append the object's only function to itself.
Status check_only_function(const Object& object, const Function& function) {
  const Section& section = object.sections[function.section];
  if (section.name != kText) return {};
  for (uint64_t offset = function.begin; offset < function.end; offset += sizeof(isa::Insn)) {
    const isa::Insn insn = instruction_at(section, offset);
    const bool is_call =
        insn.code == (uint8_t(isa::Class::jmp) | uint8_t(isa::JmpOp::call)) && insn.src == isa::kPseudoCall;
    if (is_call || (isa::is_wide(insn) && insn.src == isa::kPseudoFunc))
      return corrupt("function {}, the only one, calls a function", quoted(object.symbols[function.symbol].name));
  }
  return {};
}

}  // namespace

Result<Functions> Functions::find(const Object& object) {
  Functions functions;
  for (uint32_t i = 1; i < object.symbols.size(); ++i) {
    const Symbol& symbol = object.symbols[i];
    if (!symbol.is_defined() || symbol.type != STT_FUNC) continue;
    if (object.sections[symbol.section].role != Role::code) continue;
    const Function function{symbol.section, symbol.value, symbol.value + symbol.size, i};
    if (Status status = check_extent(object, function); !status) return std::move(status).error();
    functions.all_.push_back(function);
  }
  std::sort(functions.all_.begin(), functions.all_.end(), [](const Function& a, const Function& b) {
    return std::tie(a.section, a.begin, a.symbol) < std::tie(b.section, b.begin, b.symbol);
  });
  if (Status status = check_apart(object, functions.all_); !status) return std::move(status).error();

  const auto in_text = std::count_if(functions.all_.begin(), functions.all_.end(), [&](const Function& function) {
    return object.sections[function.section].name == kText;
  });
  if (static_cast<size_t>(in_text) > kMaxTextFunctions)
    return fail(E2BIG, "section '.text' has {} functions; {} are possible", in_text, kMaxTextFunctions);
  if (functions.all_.size() == 1) {
    if (Status status = check_only_function(object, functions.all_[0]); !status) return std::move(status).error();
  }
  return functions;
}

const Function* Functions::at(uint32_t section, uint64_t offset) const {
  const auto after = std::upper_bound(
      all_.begin(), all_.end(), std::tie(section, offset),
      [](const auto& place, const Function& function) { return place < std::tie(function.section, function.begin); });
  if (after == all_.begin()) return nullptr;
  const Function& function = *std::prev(after);
  return function.section == section && offset < function.end ? &function : nullptr;
}

bool Functions::is_program(const Object& object, const Function& function) const {
  return all_.size() == 1 || object.sections[function.section].name != kText;
}

isa::Insn instruction_at(const Section& section, uint64_t offset) {
  isa::Insn insn;
  std::memcpy(&insn, section.data.data() + offset, sizeof insn);
  return insn;
}

Status check_patched_instruction(const Section& section, const Function& function, uint64_t offset) {
  if (offset % sizeof(isa::Insn) != 0) return corrupt("is not that of an instruction");
  const uint64_t second = offset + sizeof(isa::Insn);
  if (isa::is_wide(instruction_at(section, offset)) && second >= function.end)
    return corrupt("is that of a wide instruction whose second half is missing");
  return {};
}

}  // namespace skep::vm
