// SPDX-License-Identifier: Apache-2.0
#include "isa/disassemble.hpp"

#include <fmt/format.h>

#include <bit>
#include <optional>

#include "isa/opcodes.hpp"
#include "isa/operands.hpp"

namespace skep::isa {

namespace {

bool has_valid_fields(const Insn& insn, const OpInfo& row) {
  for (Field OpInfo::* field : {&OpInfo::dst, &OpInfo::src, &OpInfo::off, &OpInfo::imm}) {
    const Field& expected = row.*field;
    if (expected.use == Use::fixed && field_value(insn, field) != expected.value) return false;
  }
  return insn.dst < kRegisters && (row.src.use == Use::fixed || insn.src < kRegisters);
}

/// The row whose text says everything about the instruction at `index`, if there is one.
const OpInfo* find_text(std::span<const Insn> program, size_t index) {
  const Op op = classify(program[index]);
  if (op == Op::invalid || info(op).kernel_text.empty() || !has_valid_fields(program[index], info(op))) return nullptr;
  if (!is_wide(program[index])) return &info(op);
  if (index + 1 >= program.size()) return nullptr;
  const Insn& high = program[index + 1];
  const bool shows_high = high == Insn{.imm = uses_high_half(info(op)) ? high.imm : 0};
  return shows_high ? &info(op) : nullptr;
}

std::string print(const OpInfo& row, const PrintedInsn& insn) {
  std::string line;
  for_each_part(
      insn.style == Style::kernel ? row.kernel_text : row.llvm_text,
      [&](std::string_view text) { return line += text, true; },
      [&](const Operand& operand) { return line += operand.print(insn), true; });
  return line;
}

size_t words_of_line(std::span<const Insn> program, size_t index) {
  return is_wide(program[index]) && find_text(program, index) != nullptr ? 2 : 1;
}

}  // namespace

std::string disassemble(std::span<const Insn> program, size_t index, Style style, const Symbols& symbols) {
  const Insn& insn = program[index];
  const std::string prefix = style == Style::kernel ? fmt::format("({:02x}) ", insn.code) : "";
  const OpInfo* row = find_text(program, index);
  if (row == nullptr) return fmt::format("{}.quad 0x{:016x}", prefix, std::bit_cast<uint64_t>(insn));
  const int32_t high = is_wide(insn) ? program[index + 1].imm : 0;
  return prefix + print(*row, {.insn = insn, .high = high, .index = index, .style = style, .symbols = symbols});
}

std::string disassemble(std::span<const Insn> program, Style style, const Symbols& symbols) {
  std::string text;
  for (size_t i = 0; i < program.size(); i += words_of_line(program, i)) {
    const std::string label = symbols.label ? symbols.label(i) : "";
    if (!label.empty()) text += label + ":\n";
    text += fmt::format("{:4}: {}\n", i, disassemble(program, i, style, symbols));
  }
  return text;
}

}  // namespace skep::isa
