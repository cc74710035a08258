// SPDX-License-Identifier: Apache-2.0
// The table of all instruction forms, and the way from an instruction word to its form.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "isa/insn.hpp"

namespace skep::isa {

/// What an instruction uses one of its fields for.
enum class Use : uint8_t {
  fixed,  ///< Must have one value: 0 when reserved, else the one that tells this form from others.
  // dst, src
  read,
  write,
  update,  ///< Read and written.
  // off
  displacement,  ///< Bytes added to a base address.
  btf_module,    ///< Index of a module's BTF in the load's array of descriptors; 0: the kernel's own.
  // off or imm
  jump,  ///< Words, counted from the next instruction.
  // imm
  value,           ///< Any number, sign-extended where the operation is wider.
  shift,           ///< A number below the width of the operation.
  divisor,         ///< A number other than 0.
  address_spaces,  ///< Address space to cast to in the upper half, from in the lower.
  helper,          ///< Id of a helper function.
  kfunc,           ///< BTF id of a kernel function.
  func,            ///< Start of a function of this program, in words from the next word (of a wide instruction: its
                   ///< second).
  // imm of a wide instruction; the second word has more
  imm64,          ///< Lower half of a number, whose upper half is in the second word.
  map_fd,         ///< Descriptor of a map.
  map_value,      ///< Descriptor of a map, with an offset into its value in the second word.
  btf_id,         ///< BTF id of a variable, with the descriptor of its module's BTF (or 0) in the second word.
  map_idx,        ///< As map_fd, by index into the load's array of descriptors.
  map_idx_value,  ///< As map_value, by index into the load's array of descriptors.
};

/// The use of one field, with its only allowed value if that is fixed.
struct Field {
  Use use = Use::fixed;
  int16_t value = 0;

  [[nodiscard]] constexpr bool reads() const { return use == Use::read || use == Use::update; }
  [[nodiscard]] constexpr bool writes() const { return use == Use::write || use == Use::update; }
  friend constexpr bool operator==(const Field&, const Field&) = default;
};

/// Every form of an instruction, in the order of the table; `invalid` is a word that has none of them.
enum class Op : uint8_t {
#define SKEP_OP(name, ...) name,
#include "isa/opcodes.def"
  invalid,
};

/// Number of forms, and one past the last valid Op.
inline constexpr size_t kOps = size_t(Op::invalid);

/// A row of the table.
struct OpInfo {
  Op op = Op::invalid;
  std::string_view name;
  uint8_t code = 0;
  Field dst, src, off, imm;
  std::string_view kernel_text;  ///< Template of the line in the kernel's log; empty: has no text of its own.
  std::string_view llvm_text;    ///< Template of llvm-objdump's line.
};

namespace table {

constexpr Field is(int value) { return {Use::fixed, int16_t(value)}; }

constexpr std::array<OpInfo, kOps> make_ops() {
  using enum Use;
  constexpr Field unused = is(0);  // NOLINT(misc-unused-using-decls)
  constexpr std::string_view same;
  std::array<OpInfo, kOps> rows{{
#define SKEP_OP(name, code, dst, src, off, imm, kernel_text, llvm_text) \
  OpInfo{Op::name, #name, code, {dst}, {src}, {off}, {imm}, kernel_text, llvm_text},
#include "isa/opcodes.def"
  }};
  for (OpInfo& row : rows)
    if (row.llvm_text == same) row.llvm_text = row.kernel_text;
  return rows;
}

}  // namespace table

inline constexpr std::array<OpInfo, kOps> kOpTable = table::make_ops();

/// The row of a form. `op` must not be Op::invalid.
constexpr const OpInfo& info(Op op) { return kOpTable[size_t(op)]; }

/// Whether the second word of a wide instruction carries something.
constexpr bool uses_high_half(const OpInfo& row) {
  using enum Use;
  return row.imm.use == imm64 || row.imm.use == map_value || row.imm.use == btf_id || row.imm.use == map_idx_value;
}

/// The value of the field that `field` (a member of OpInfo) describes.
constexpr int32_t field_value(const Insn& insn, Field OpInfo::* field) {
  if (field == &OpInfo::dst) return insn.dst;
  if (field == &OpInfo::src) return insn.src;
  return field == &OpInfo::off ? insn.off : insn.imm;
}

namespace table {

/// The first form of each opcode byte, and for each form the next one that shares its opcode byte.
struct FormChains {
  std::array<Op, 256> first{};
  std::array<Op, kOps> next{};
};

constexpr FormChains make_chains() {
  FormChains chains;
  chains.first.fill(Op::invalid);
  for (size_t i = kOps; i-- > 0;) {
    Op& first = chains.first[kOpTable[i].code];
    chains.next[i] = std::exchange(first, Op(i));
  }
  return chains;
}

inline constexpr FormChains kForms = make_chains();

using Key = Field OpInfo::*;

/// Whether `key` is fixed in all forms of an opcode byte, with a different value in each.
constexpr bool tells_apart(uint8_t code, Key key) {
  for (Op a = kForms.first[code]; a != Op::invalid; a = kForms.next[size_t(a)]) {
    if ((info(a).*key).use != Use::fixed) return false;
    for (Op b = kForms.next[size_t(a)]; b != Op::invalid; b = kForms.next[size_t(b)])
      if (info(a).*key == info(b).*key) return false;
  }
  return true;
}

constexpr bool has_siblings(uint8_t code) {
  return kForms.first[code] != Op::invalid && kForms.next[size_t(kForms.first[code])] != Op::invalid;
}

/// The field that tells the forms of each opcode byte apart; null where there is nothing to tell apart.
constexpr std::array<Key, 256> make_keys() {
  std::array<Key, 256> keys{};
  for (int code = 0; code < 256; ++code)
    if (has_siblings(uint8_t(code)))
      for (Key key : {&OpInfo::src, &OpInfo::off, &OpInfo::imm})
        if (tells_apart(uint8_t(code), key)) keys[size_t(code)] = key;
  return keys;
}

inline constexpr std::array<Key, 256> kKeys = make_keys();

constexpr bool forms_of_each_opcode_are_distinct() {
  for (int code = 0; code < 256; ++code)
    if (has_siblings(uint8_t(code)) && kKeys[size_t(code)] == nullptr) return false;
  return true;
}

}  // namespace table

/// Whether any form has this opcode byte.
constexpr bool is_known_opcode(uint8_t code) { return table::kForms.first[code] != Op::invalid; }

/// The form of an instruction word, by its opcode byte and the field that tells its forms apart; Op::invalid
/// when there is none. Reserved fields are not looked at: see isa/validate.hpp.
constexpr Op classify(const Insn& insn) {
  Op op = table::kForms.first[insn.code];
  const table::Key key = table::kKeys[insn.code];
  if (key == nullptr) return op;
  const int32_t value = field_value(insn, key);
  while (op != Op::invalid && (info(op).*key).value != value) op = table::kForms.next[size_t(op)];
  return op;
}

namespace table {

/// The opcodes that the encoding rules of RFC 9669 and Linux allow, written without the table.
constexpr bool is_encodable(uint8_t code) {
  const bool x = source_of(code) == Source::x;
  const AluOp alu = alu_op_of(code);
  const JmpOp jmp = jmp_op_of(code);
  const Mode mode = mode_of(code);
  const bool below_64_bits = size_of(code) != Size::dw;
  switch (class_of(code)) {
    case Class::ld:
      return mode == Mode::imm ? code == kLddw || code == 0 : (mode == Mode::abs || mode == Mode::ind) && below_64_bits;
    case Class::ldx: return mode == Mode::mem || (mode == Mode::memsx && below_64_bits);
    case Class::st: return mode == Mode::mem;
    case Class::stx: return mode == Mode::mem || mode == Mode::atomic;
    case Class::alu: return alu <= AluOp::end && !(alu == AluOp::neg && x);
    case Class::alu64: return alu <= AluOp::end && !((alu == AluOp::neg || alu == AluOp::end) && x);
    case Class::jmp:
      return jmp == JmpOp::call ||
             (jmp <= JmpOp::jcond && !(x && (jmp == JmpOp::ja || jmp == JmpOp::exit || jmp == JmpOp::jcond)));
    case Class::jmp32:
      return jmp < JmpOp::jcond && jmp != JmpOp::call && jmp != JmpOp::exit && !(x && jmp == JmpOp::ja);
  }
  return false;
}

constexpr bool covers_exactly_what_is_encodable() {
  for (int code = 0; code < 256; ++code)
    if (is_known_opcode(uint8_t(code)) != is_encodable(uint8_t(code))) return false;
  return true;
}

static_assert(forms_of_each_opcode_are_distinct());
static_assert(covers_exactly_what_is_encodable());

}  // namespace table

}  // namespace skep::isa
