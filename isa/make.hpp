// SPDX-License-Identifier: Apache-2.0
// Instructions as expressions: `make::mov64_imm(0, 1) + make::exit()` is a program.
#pragma once

#include <vector>

#include "isa/opcodes.hpp"

namespace skep::isa {

/// A piece of program text.
using Code = std::vector<Insn>;

inline Code operator+(Code left, const Code& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

namespace make {

/// Builder of one form. The operands are those fields that the form leaves open, in this order: dst, src, displacement,
/// immediate, then jump distance or BTF module. A wide instruction takes its 64-bit number whole; where its second word
/// means something else, that follows as an operand of its own.
template <Op op>
class Maker {
  static constexpr const OpInfo& kRow = info(op);

  static constexpr bool is_open(Field field) { return field.use != Use::fixed; }

  static constexpr size_t operand_count() {
    return size_t(is_open(kRow.dst)) + size_t(is_open(kRow.src)) + size_t(is_open(kRow.off)) +
           size_t(is_open(kRow.imm)) + size_t(uses_high_half(kRow) && kRow.imm.use != Use::imm64);
  }

  /// Fixed value of a field, or the next operand.
  static constexpr int64_t take(Field field, const int64_t*& next) { return is_open(field) ? *next++ : field.value; }

 public:
  template <class... Operands>
  Code operator()(Operands... operands) const {
    static_assert(sizeof...(Operands) == operand_count(), "operands: dst, src, displacement, immediate, jump");
    const int64_t values[] = {int64_t(operands)..., 0};
    const int64_t* next = values;
    Insn insn{.code = kRow.code};
    insn.dst = uint8_t(take(kRow.dst, next)) & 0xf;
    insn.src = uint8_t(take(kRow.src, next)) & 0xf;
    if constexpr (kRow.off.use == Use::displacement) insn.off = int16_t(take(kRow.off, next));
    const int64_t imm = take(kRow.imm, next);
    insn.imm = int32_t(imm);
    if constexpr (kRow.off.use != Use::displacement) insn.off = int16_t(take(kRow.off, next));
    if constexpr (kRow.code != kLddw) return {insn};
    if constexpr (kRow.imm.use == Use::imm64) return {insn, {.imm = int32_t(imm >> 32)}};
    return {insn, {.imm = uses_high_half(kRow) ? int32_t(*next) : 0}};
  }
};

#define SKEP_OP(name, ...) inline constexpr Maker<Op::name> name{};
#include "isa/opcodes.def"

}  // namespace make

}  // namespace skep::isa
