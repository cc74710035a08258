// SPDX-License-Identifier: Apache-2.0
#include "isa/reference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <vector>

#include "isa/opcodes.hpp"
#include "isa/operands.hpp"

namespace skep::isa {

namespace {

constexpr std::string_view kIntroduction = R"(# Instructions

Generated from `isa/opcodes.def` by the test `the reference of instructions is current`, which rewrites this page when
`SKEP_REBASE=1` is in its environment.

Every form of an instruction that Skep knows: RFC 9669, and Linux 6.18 where it has more. A word has an opcode byte, the
registers `dst` and `src`, a 16-bit offset `off` and a 32-bit immediate `imm`. A number is the only value that the field
may have; `-` is reserved and must be 0. Texts are those of the kernel's log (without the opcode in front) and of
llvm-objdump; the assembler reads both.
)";

struct Section {
  std::string_view title;
  std::array<Class, 2> classes;
};

constexpr Section kSections[] = {
    {"Arithmetic", {Class::alu, Class::alu64}},
    {"Jumps, calls and exit", {Class::jmp, Class::jmp32}},
    {"Loads", {Class::ldx, Class::ldx}},
    {"Stores and atomics", {Class::st, Class::stx}},
    {"64-bit immediates and legacy packet loads", {Class::ld, Class::ld}},
};

/// In the order of enum Use.
constexpr std::array<std::string_view, size_t(Use::map_idx_value) + 1> kUseNames = {"",
                                                                                    "read",
                                                                                    "write",
                                                                                    "read, write",
                                                                                    "displacement",
                                                                                    "BTF module",
                                                                                    "jump",
                                                                                    "number",
                                                                                    "shift",
                                                                                    "divisor",
                                                                                    "address spaces",
                                                                                    "helper",
                                                                                    "kernel function",
                                                                                    "function",
                                                                                    "number",
                                                                                    "map descriptor",
                                                                                    "map descriptor and offset",
                                                                                    "BTF id",
                                                                                    "map index",
                                                                                    "map index and offset"};

std::string use(Field field) {
  if (field.use != Use::fixed) return std::string(kUseNames[size_t(field.use)]);
  return field.value == 0 ? "-" : fmt::format("{}", field.value);
}

/// A template as code in a table, whose cells a bare "|" would end.
std::string text(std::string_view text_template) {
  if (text_template.empty()) return "";
  std::string shown = "`";
  for (char c : text_template) shown += c == '|' ? "\\|" : std::string(1, c);
  return shown + "`";
}

/// How an operand is written that has the value 1, or the register 1.
std::string example(const Operand& operand, Style style) {
  const Symbols no_symbols;
  const Insn insn{.dst = 1, .src = 1, .off = 1, .imm = 1};
  const std::string shown = operand.print({.insn = insn, .high = 1, .index = 0, .style = style, .symbols = no_symbols});
  return fmt::format("`{}`", std::string_view(shown).substr(shown.find_first_not_of(' ')));
}

std::vector<OpInfo> rows_of(const Section& section) {
  std::vector<OpInfo> rows;
  std::ranges::copy_if(kOpTable, std::back_inserter(rows), [&](const OpInfo& row) {
    return std::ranges::find(section.classes, class_of(row.code)) != section.classes.end();
  });
  return rows;
}

}  // namespace

std::string instruction_reference() {
  std::string page(kIntroduction);
  page += "\n## Operands of the texts\n\n| operand | meaning | kernel | LLVM |\n|---|---|---|---|\n";
  for (const Operand& operand : operands())
    page += fmt::format("| `{{{}}}` | {} | {} | {} |\n", operand.name, operand.meaning, example(operand, Style::kernel),
                        example(operand, Style::llvm));
  for (const Section& section : kSections) {
    page += fmt::format("\n## {}\n\n", section.title);
    page += "| opcode | name | dst | src | off | imm | kernel | LLVM |\n|---|---|---|---|---|---|---|---|\n";
    for (const OpInfo& row : rows_of(section))
      page += fmt::format("| `{:02x}` | `{}` | {} | {} | {} | {} | {} | {} |\n", row.code, row.name, use(row.dst),
                          use(row.src), use(row.off), use(row.imm), text(row.kernel_text),
                          row.llvm_text == row.kernel_text ? "same" : text(row.llvm_text));
  }
  return page;
}

}  // namespace skep::isa
