// SPDX-License-Identifier: Apache-2.0
// Takes apart the lines of assembler text and of disassemblers' listings.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "isa/insn.hpp"

namespace skep::isa {

/// The parts of a line, without comment, index and address.
struct SourceLine {
  std::string_view label{};       ///< "name:", or llvm-objdump's "0000000000000000 <name>:".
  std::vector<Insn> words{};      ///< From llvm-objdump's bytes column.
  std::optional<uint8_t> code{};  ///< Opcode, from the kernel's "(b7)".
  std::string_view statement{};   ///< The instruction's text; empty when there is none.
};

/// Views of `line`, which must outlive the result.
SourceLine split_line(std::string_view line);

}  // namespace skep::isa
