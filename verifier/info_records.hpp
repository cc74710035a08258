// SPDX-License-Identifier: Apache-2.0
// func_info and line_info of a program: reading the records of BPF_PROG_LOAD, and checking that they fit the program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "btf/format.hpp"
#include "skep/error.hpp"
#include "verifier/structure.hpp"

namespace skep::verifier {

/// The records in `bytes`, each `record_size` bytes long: callers may be older or newer than we are. EINVAL for a size
/// that cannot be, E2BIG if a longer record says something in the part that we do not know.
Result<std::vector<btf::FuncInfo>> read_func_info(std::span<const std::byte> bytes, uint32_t record_size);
Result<std::vector<btf::LineInfo>> read_line_info(std::span<const std::byte> bytes, uint32_t record_size);

/// What must hold before the functions of the program are known (check_btf_func_early).
Status check_func_info_alone(const ProgramText& text);
/// func_info describes `subprograms`: their name and type are entered there (check_btf_func). Without func_info,
/// functions other than the first may have neither tail calls nor legacy packet loads (check_abnormal_return).
Status match_func_info(const ProgramText& text, std::vector<Subprogram>& subprograms);
/// line_info is in order and has a line for the start of each function (check_btf_line).
Status match_line_info(const ProgramText& text, const std::vector<Subprogram>& subprograms);

}  // namespace skep::verifier
