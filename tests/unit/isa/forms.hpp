// SPDX-License-Identifier: Apache-2.0
// Instructions of every form of the table, for tests of everything that is derived from it.
#pragma once

#include <vector>

#include "isa/make.hpp"

namespace skep::isa::test {

/// The fields of a form with its fixed values, and zeros where it leaves a field open.
inline Insn blank(const OpInfo& row) {
  const auto value = [](Field field) { return field.use == Use::fixed ? field.value : int16_t(0); };
  Insn insn{.code = row.code, .off = value(row.off), .imm = value(row.imm)};
  insn.dst = uint8_t(value(row.dst)) & 0xf;
  insn.src = uint8_t(value(row.src)) & 0xf;
  return insn;
}

/// A form with different values in all open fields: each edge value of each field at least once.
inline std::vector<Code> edge_cases(const OpInfo& row) {
  constexpr int64_t kRegs[] = {0, 1, 9, 10, 5, 6};
  constexpr int64_t kOffs[] = {0, 1, -1, INT16_MIN, INT16_MAX, 8};
  constexpr int64_t kImms[] = {0, 1, -1, INT32_MIN, INT32_MAX, 16};
  std::vector<Code> cases;
  for (size_t i = 0; i < 6; ++i) {
    for (size_t j = 0; j < 6; ++j) {
      Insn insn = blank(row);
      if (row.dst.use != Use::fixed) insn.dst = uint8_t(kRegs[i]) & 0xf;
      if (row.src.use != Use::fixed) insn.src = uint8_t(kRegs[j]) & 0xf;
      if (row.off.use != Use::fixed) insn.off = int16_t(kOffs[(i + j) % 6]);
      if (row.imm.use != Use::fixed) insn.imm = int32_t(kImms[j]);
      cases.push_back({insn});
      if (row.code == kLddw) cases.back().push_back({.imm = uses_high_half(row) ? int32_t(kImms[i]) : 0});
    }
  }
  return cases;
}

/// All edge cases of all forms that stand alone.
inline Code all_edge_cases() {
  Code code;
  for (const OpInfo& row : kOpTable)
    if (row.op != Op::lddw_high)
      for (const Code& one : edge_cases(row)) code = std::move(code) + one;
  return code;
}

}  // namespace skep::isa::test
