// SPDX-License-Identifier: Apache-2.0
// Where an instruction comes from, by the func_info and line_info records that PROG_LOAD brings along.
// The records are in ascending order of their instructions, as the verifier demands.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "btf/format.hpp"
#include "btf/types.hpp"

namespace skep::btf {

/// The record of the line that instruction `insn` comes from; null: none.
const LineInfo* find_line(std::span<const LineInfo> lines, uint32_t insn);

/// The record of the function that instruction `insn` lies in; null: none.
const FuncInfo* find_function(std::span<const FuncInfo> functions, uint32_t insn);

/// The parts of a source line; empty where the compiler did not record them.
struct SourceLine {
  std::string_view file;  ///< Without its folders.
  uint32_t line = 0;
  uint32_t column = 0;
  std::string_view text;  ///< Without the blanks around it.
};

SourceLine source_line(const Types& types, const LineInfo& info);

/// "file.c:12: text" for instruction `insn`, in one line; empty: unknown.
std::string source_text(const Types& types, std::span<const LineInfo> lines, uint32_t insn);

/// Name of the function that instruction `insn` lies in; empty: unknown.
std::string_view function_name(const Types& types, std::span<const FuncInfo> functions, uint32_t insn);

}  // namespace skep::btf
