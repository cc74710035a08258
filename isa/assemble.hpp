// SPDX-License-Identifier: Apache-2.0
// Text as instructions.
#pragma once

#include <string_view>
#include <vector>

#include "isa/insn.hpp"
#include "isa/text.hpp"
#include "skep/error.hpp"

namespace skep::isa {

/// The program that a text describes, an instruction a line, in the kernel's or in LLVM's style and in any mixture of
/// them; numbers are decimal or (0x) hexadecimal. Comments start with ";" or "//" and go to the end of the line.
///
/// Reads disassemble()'s text, the instruction lines of the verifier's log and llvm-objdump's listings, skipping what
/// surrounds the instructions. llvm-objdump's text does not tell local from helper calls and hides some immediates, so
/// that in a line with a bytes column the bytes count and the text is a comment. "call 0x1" without bytes is the helper.
///
/// Jumps and local calls go to "+n" or "pc+n", counted from the next instruction word, or to a label, which is defined
/// by "name:" alone or before an instruction. ".quad n" is an instruction word as a number.
///
/// The result may break rules that isa/validate.hpp checks. Errors are EINVAL, with the line in Error::source ("line 3:
/// r1 = x2").
Result<std::vector<Insn>> assemble(std::string_view text, const Names& names = {});

}  // namespace skep::isa
