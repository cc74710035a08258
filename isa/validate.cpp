// SPDX-License-Identifier: Apache-2.0
#include "isa/validate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "isa/opcodes.hpp"

namespace skep::isa {

namespace {

using Program = std::span<const Insn>;

Error invalid(size_t index, std::string message) {
  return {.code = EINVAL, .message = std::move(message), .insn = int64_t(index)};
}

// --- The whole program
// ------------------------------------------------------------------------------------------------

bool refers_to_function(Op op) { return op == Op::call_local || op == Op::lddw_func; }

/// Every opcode of the jump classes but calls and exits, whether it is known or not: Linux looks at the opcode later.
bool is_jump(const Insn& insn) {
  const JmpOp op = jmp_op_of(insn.code);
  return is_jmp(class_of(insn.code)) && op != JmpOp::call && op != JmpOp::exit;
}

int64_t jump_target(const Insn& insn, size_t index) {
  const int64_t distance = insn.code == info(Op::gotol).code ? insn.imm : insn.off;
  return int64_t(index) + 1 + distance;
}

bool ends_function(const Insn& insn) {
  const Op op = classify(insn);
  return op == Op::exit || op == Op::ja || op == Op::gotol;
}

/// Jumps of [begin, end) stay there, and nothing runs on past its end.
Status check_function(Program program, size_t begin, size_t end, const Rules& rules) {
  for (size_t i = begin; i < end; ++i) {
    if (!is_jump(program[i])) continue;
    const int64_t target = jump_target(program[i], i);
    if (target < int64_t(begin) || target >= int64_t(end))
      return invalid(i, fmt::format("jump out of range from insn {} to {}", i, target));
  }
  if (!rules.fall_off_the_end && !ends_function(program[end - 1]))
    return invalid(end - 1, "last insn is not an exit or jmp");
  return {};
}

Status check_functions(Program program, const std::vector<size_t>& starts, const Rules& rules) {
  for (size_t i = 0; i < starts.size(); ++i) {
    const size_t end = i + 1 < starts.size() ? starts[i + 1] : program.size();
    if (Status status = check_function(program, starts[i], end, rules); !status) return status;
  }
  return {};
}

bool is_high_word(const Insn& insn) { return insn.code == 0 && insn.dst == 0 && insn.src == 0 && insn.off == 0; }

/// Source fields of wide instructions whose second word must be 0.
bool has_no_high_half(const OpInfo& row) { return row.imm.use == Use::map_fd || row.imm.use == Use::map_idx; }

Status check_wide(Program program, size_t index) {
  if (index + 1 == program.size() || !is_high_word(program[index + 1]))
    return invalid(index, "invalid bpf_ld_imm64 insn");
  const Op op = classify(program[index]);
  if (op == Op::invalid || (has_no_high_half(info(op)) && program[index + 1].imm != 0))
    return invalid(index, "unrecognized bpf_ld_imm64 insn");
  return {};
}

Status check_opcode(const Insn& insn, size_t index, const Rules& rules) {
  const bool is_load = class_of(insn.code) == Class::ldx;
  const Mode mode = mode_of(insn.code);
  if (is_load && ((mode != Mode::mem && mode != Mode::memsx) || insn.imm != 0))
    return invalid(index, "BPF_LDX uses reserved fields");
  const bool known = is_known_opcode(insn.code) && insn.code != info(Op::lddw_high).code;
  const bool refused = insn.code == info(Op::callx).code && !rules.callx;
  if (!known || refused) return invalid(index, fmt::format("unknown opcode {:02x}", insn.code));
  return {};
}

Status check_words(Program program, const Rules& rules) {
  for (size_t i = 0; i < program.size(); ++i) {
    const bool wide = is_wide(program[i]);
    if (Status status = wide ? check_wide(program, i) : check_opcode(program[i], i, rules); !status) return status;
    i += wide ? 1 : 0;
  }
  return {};
}

/// Words that are the second half of a wide instruction.
std::vector<bool> find_high_words(Program program) {
  std::vector<bool> high(program.size());
  for (size_t i = 0; i + 1 < program.size(); ++i)
    if (is_wide(program[i])) high[++i] = true;
  return high;
}

Status check_targets(Program program, const std::vector<size_t>& starts) {
  const std::vector<bool> high = find_high_words(program);
  const auto check = [&](size_t target) -> Status {
    if (!high[target]) return {};
    return invalid(target - 1, fmt::format("jump into the middle of ldimm64 insn {}", target - 1));
  };
  for (size_t start : starts)
    if (Status status = check(start); !status) return status;
  for (size_t i = 0; i < program.size(); ++i) {
    if (!is_jump(program[i])) continue;
    if (Status status = check(size_t(jump_target(program[i], i))); !status) return status;
  }
  return {};
}

// --- A single instruction
// ---------------------------------------------------------------------------------------------

/// How Linux names the group of an instruction in "... uses reserved fields".
std::string_view alu_group(AluOp op) {
  switch (op) {
    case AluOp::end: return "BPF_END";
    case AluOp::neg: return "BPF_NEG";
    case AluOp::mov: return "BPF_MOV";
    default: return "BPF_ALU";
  }
}

std::string_view jmp_group(JmpOp op) {
  switch (op) {
    case JmpOp::call: return "BPF_CALL";
    case JmpOp::ja: return "BPF_JA";
    case JmpOp::exit: return "BPF_EXIT";
    default: return "BPF_JMP/JMP32";
  }
}

std::string_view group_name(uint8_t code) {
  switch (class_of(code)) {
    case Class::ld: return mode_of(code) == Mode::imm ? "BPF_LD_IMM64" : "BPF_LD_[ABS|IND]";
    case Class::ldx: return "BPF_LDX";
    case Class::st: return "BPF_ST";
    case Class::stx: return "BPF_STX";
    case Class::alu:
    case Class::alu64: return alu_group(alu_op_of(code));
    case Class::jmp:
    case Class::jmp32: return jmp_group(jmp_op_of(code));
  }
  return "";
}

/// An atomic instruction whose immediate names no operation, or none of this size.
std::string invalid_atomic(const Insn& insn) {
  Insn wider = insn;
  wider.code = info(Op::atomic_add64).code;
  if (classify(wider) != Op::invalid) return "invalid atomic operand size";
  return fmt::format("BPF_ATOMIC uses invalid atomic opcode {:02x}", uint32_t(insn.imm));
}

std::string reserved_fields(const Insn& insn) {
  if (insn.code == info(Op::may_goto).code) return fmt::format("invalid may_goto imm {}", insn.imm);
  return fmt::format("{} uses reserved fields", group_name(insn.code));
}

bool is_atomic(uint8_t code) { return class_of(code) == Class::stx && mode_of(code) == Mode::atomic; }

Status check_form(const Insn& insn, size_t index, Op op) {
  if (op == Op::invalid) return invalid(index, is_atomic(insn.code) ? invalid_atomic(insn) : reserved_fields(insn));
  for (Field OpInfo::* field : {&OpInfo::dst, &OpInfo::src, &OpInfo::off, &OpInfo::imm}) {
    const Field& expected = info(op).*field;
    if (expected.use == Use::fixed && field_value(insn, field) != expected.value)
      return invalid(index, reserved_fields(insn));
  }
  if (op == Op::addr_space_cast && insn.imm != 1 && insn.imm != 1 << 16)
    return invalid(index, "addr_space_cast insn can only convert between address space 1 and 0");
  return {};
}

Status check_register(const Insn& insn, size_t index, Op op, Field OpInfo::* field) {
  const int32_t number = field_value(insn, field);
  if (op == Op::invalid || (info(op).*field).use == Use::fixed || number < kRegisters) return {};
  return invalid(index, fmt::format("R{} is invalid", number));
}

Status check_frame_pointer(const Insn& insn, size_t index, const OpInfo& row) {
  for (Field OpInfo::* field : {&OpInfo::src, &OpInfo::dst})
    if ((row.*field).writes() && field_value(insn, field) == kFramePointer)
      return Error{.code = EACCES, .message = "frame pointer is read only", .insn = int64_t(index)};
  return {};
}

Status check_immediate(const Insn& insn, size_t index, const OpInfo& row, const Rules& rules) {
  const int width = class_of(insn.code) == Class::alu64 ? 64 : 32;
  switch (row.imm.use) {
    case Use::divisor:
      if (insn.imm == 0 && !rules.zero_divisor_imm) return invalid(index, "div by zero");
      return {};
    case Use::shift:
      if ((insn.imm < 0 || insn.imm >= width) && !rules.any_shift_imm)
        return invalid(index, fmt::format("invalid shift {}", insn.imm));
      return {};
    default: return {};
  }
}

}  // namespace

Result<std::vector<size_t>> find_functions(std::span<const Insn> program) {
  std::vector<size_t> starts = {0};
  for (size_t i = 0; i < program.size(); ++i) {
    if (!refers_to_function(classify(program[i]))) continue;
    const int64_t target = int64_t(i) + 1 + program[i].imm;
    if (target < 0 || target >= int64_t(program.size())) return invalid(i, "call to invalid destination");
    starts.push_back(size_t(target));
  }
  std::ranges::sort(starts);
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  return starts;
}

Status check_structure(std::span<const Insn> program, const Rules& rules) {
  if (program.empty()) return Error{.code = E2BIG, .message = "program has no instructions"};
  Result<std::vector<size_t>> starts = find_functions(program);
  if (!starts) return std::move(starts).error();
  if (Status status = check_functions(program, *starts, rules); !status) return status;
  if (Status status = check_words(program, rules); !status) return status;
  return check_targets(program, *starts);
}

Status check_insn(std::span<const Insn> program, size_t index, const Rules& rules) {
  const Insn& insn = program[index];
  const Op op = classify(insn);
  // Linux looks at the first operand of a comparison before it looks at reserved fields.
  if (is_jump(insn))
    if (Status status = check_register(insn, index, op, &OpInfo::dst); !status) return status;
  if (Status status = check_form(insn, index, op); !status) return status;
  for (Field OpInfo::* field : {&OpInfo::src, &OpInfo::dst})
    if (Status status = check_register(insn, index, op, field); !status) return status;
  if (Status status = check_immediate(insn, index, info(op), rules); !status) return status;
  return rules.frame_pointer_write ? Status{} : check_frame_pointer(insn, index, info(op));
}

Status validate(std::span<const Insn> program, const Rules& rules) {
  if (Status status = check_structure(program, rules); !status) return status;
  for (size_t i = 0; i < program.size(); i += is_wide(program[i]) ? 2 : 1)
    if (Status status = check_insn(program, i, rules); !status) return status;
  return {};
}

}  // namespace skep::isa
