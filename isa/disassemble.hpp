// SPDX-License-Identifier: Apache-2.0
// Instructions as text.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "isa/insn.hpp"
#include "isa/text.hpp"

namespace skep::isa {

/// The instruction at `index` as one line, which assemble() reads back to the same words. A word that is no instruction,
/// or one whose reserved fields would not show, is written as ".quad 0x...". `program` may end anywhere.
std::string disassemble(std::span<const Insn> program, size_t index, Style style, const Symbols& symbols = {});

/// The whole program: lines of "index: instruction", and a line "label:" before each instruction that `symbols` has one
/// for. Ends with a line break.
std::string disassemble(std::span<const Insn> program, Style style, const Symbols& symbols = {});

}  // namespace skep::isa
