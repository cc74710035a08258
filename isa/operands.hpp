// SPDX-License-Identifier: Apache-2.0
// The {operands} of the text templates in isa/opcodes.def: how each is printed and read back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "isa/opcodes.hpp"
#include "isa/scanner.hpp"
#include "isa/text.hpp"

namespace skep::isa {

/// An instruction on its way to text.
struct PrintedInsn {
  Insn insn;
  int32_t high;  ///< Immediate of the second word of a wide instruction.
  size_t index;
  Style style;
  const Symbols& symbols;
};

/// An instruction on its way from text, as far as it has been read.
struct ReadInsn {
  Insn insn;
  int32_t high = 0;
  std::string_view label{};  ///< Target of a jump or a call, if it is written as a name.
  std::optional<uint8_t> dst{}, src{};
  const Names& names;
};

struct Operand {
  std::string_view name;
  std::string_view meaning;  ///< For the documentation, in Markdown.
  std::string (*print)(const PrintedInsn& from);
  bool (*read)(Scanner& scanner, ReadInsn& into);
};

std::span<const Operand> operands();

/// The operand of a name. The compiler has proved that the templates name no others.
const Operand& find_operand(std::string_view name);

/// Calls `literal(text)` and `operand(const Operand&)` for the parts of a template in their order, until one returns false.
template <class Literal, class OperandCall>
bool for_each_part(std::string_view text, Literal literal, OperandCall operand) {
  while (!text.empty()) {
    const size_t open = std::min(text.find('{'), text.size());
    if (open > 0 && !literal(text.substr(0, open))) return false;
    if (open == text.size()) return true;
    const size_t close = text.find('}', open);
    if (!operand(find_operand(text.substr(open + 1, close - open - 1)))) return false;
    text.remove_prefix(close + 1);
  }
  return true;
}

}  // namespace skep::isa
