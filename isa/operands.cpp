// SPDX-License-Identifier: Apache-2.0
#include "isa/operands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace skep::isa {

namespace {

constexpr int64_t kMinI16 = std::numeric_limits<int16_t>::min();
constexpr int64_t kMaxI16 = std::numeric_limits<int16_t>::max();
constexpr int64_t kMinI32 = std::numeric_limits<int32_t>::min();
constexpr int64_t kMaxI32 = std::numeric_limits<int32_t>::max();
constexpr int64_t kMaxU32 = std::numeric_limits<uint32_t>::max();

// --- Writing numbers --------------------------------------------------------------------------------------------------

std::string hex(int64_t value) {
  const uint64_t magnitude = value < 0 ? uint64_t(0) - uint64_t(value) : uint64_t(value);
  return fmt::format("{}0x{:x}", value < 0 ? "-" : "", magnitude);
}

std::string signed_hex(int64_t value) { return (value < 0 ? "" : "+") + hex(value); }

std::string number(const PrintedInsn& from, int64_t value) {
  return from.style == Style::llvm ? hex(value) : std::to_string(value);
}

// --- Registers --------------------------------------------------------------------------------------------------------

std::string print_dst(const PrintedInsn& from) { return fmt::format("r{}", from.insn.dst); }
std::string print_src(const PrintedInsn& from) { return fmt::format("r{}", from.insn.src); }
std::string print_wdst(const PrintedInsn& from) { return fmt::format("w{}", from.insn.dst); }
std::string print_wsrc(const PrintedInsn& from) { return fmt::format("w{}", from.insn.src); }
std::string print_adst(const PrintedInsn& from) {
  return from.style == Style::llvm ? print_wdst(from) : print_dst(from);
}
std::string print_asrc(const PrintedInsn& from) {
  return from.style == Style::llvm ? print_wsrc(from) : print_src(from);
}

/// A register with one of the prefixes. A line may name one twice, and must then mean the same.
bool read_register(Scanner& scanner, std::string_view prefixes, std::optional<uint8_t>& known) {
  const size_t start = scanner.position();
  std::optional<uint8_t> read;
  for (char prefix : prefixes)
    if (!read) read = scanner.reg(prefix);
  if (!read) return false;
  if (known.value_or(*read) != *read) {
    scanner.fail_at(start, fmt::format("register {} again", *known));
    return false;
  }
  known = read;
  return true;
}

bool read_dst(Scanner& scanner, ReadInsn& into) { return read_register(scanner, "r", into.dst); }
bool read_src(Scanner& scanner, ReadInsn& into) { return read_register(scanner, "r", into.src); }
bool read_wdst(Scanner& scanner, ReadInsn& into) { return read_register(scanner, "w", into.dst); }
bool read_wsrc(Scanner& scanner, ReadInsn& into) { return read_register(scanner, "w", into.src); }
bool read_ndst(Scanner& scanner, ReadInsn& into) { return read_register(scanner, "rw", into.dst); }
bool read_nsrc(Scanner& scanner, ReadInsn& into) { return read_register(scanner, "rw", into.src); }

// --- Displacements ----------------------------------------------------------------------------------------------------

std::string print_disp(const PrintedInsn& from) {
  const int off = from.insn.off;
  if (from.style == Style::kernel) return fmt::format(" {:+}", off);
  return fmt::format(" {} 0x{:x}", off < 0 ? '-' : '+', std::abs(off));
}

bool read_disp(Scanner& scanner, ReadInsn& into) {
  scanner.blanks();
  const std::optional<int64_t> off = scanner.signed_number(kMinI16, kMaxI16);
  if (off) into.insn.off = int16_t(*off);
  return off.has_value();
}

/// Immediate that is added to an index register; llvm-objdump does not know it and leaves it out.
std::string print_ind(const PrintedInsn& from) {
  if (from.style == Style::kernel) return fmt::format(" + {}", from.insn.imm);
  return from.insn.imm == 0 ? "" : " + " + hex(from.insn.imm);
}

bool read_ind(Scanner& scanner, ReadInsn& into) {
  if (scanner.rest().starts_with(']')) return true;
  if (!scanner.text(" + ")) return scanner.fail("']' or '+'");
  const std::optional<int64_t> imm = scanner.number(kMinI32, kMaxI32);
  if (imm) into.insn.imm = int32_t(*imm);
  return imm.has_value();
}

// --- Immediates -------------------------------------------------------------------------------------------------------

bool take_imm(std::optional<int64_t> value, ReadInsn& into) {
  if (value) into.insn.imm = int32_t(*value);
  return value.has_value();
}

std::string print_imm(const PrintedInsn& from) { return number(from, from.insn.imm); }

/// Operations of 32 bits take the number in either sign; in wider ones it is sign-extended, and only that sign is meant.
bool read_imm(Scanner& scanner, ReadInsn& into) {
  const bool either_sign = class_of(into.insn.code) == Class::alu;
  return take_imm(scanner.number(kMinI32, either_sign ? kMaxU32 : kMaxI32), into);
}

std::string print_cmp(const PrintedInsn& from) {
  return from.style == Style::llvm ? hex(from.insn.imm) : hex(uint32_t(from.insn.imm));
}

bool read_cmp(Scanner& scanner, ReadInsn& into) { return take_imm(scanner.number(kMinI32, kMaxU32), into); }

std::string print_imm64(const PrintedInsn& from) {
  const uint64_t value = imm64(from.insn, {.imm = from.high});
  return from.style == Style::llvm ? hex(int64_t(value)) : fmt::format("0x{:x}", value);
}

bool read_imm64(Scanner& scanner, ReadInsn& into) {
  const std::optional<uint64_t> value = scanner.number64();
  if (!value) return false;
  into.insn.imm = int32_t(*value);
  into.high = int32_t(*value >> 32);
  return true;
}

bool read_low(Scanner& scanner, ReadInsn& into) { return take_imm(scanner.number(kMinI32, kMaxI32), into); }

std::string print_high(const PrintedInsn& from) { return number(from, uint32_t(from.high)); }

bool read_high(Scanner& scanner, ReadInsn& into) {
  const std::optional<int64_t> value = scanner.number(0, kMaxU32);
  if (value) into.high = int32_t(*value);
  return value.has_value();
}

std::string print_map(const PrintedInsn& from) {
  const std::string name = from.symbols.map ? from.symbols.map(from.insn.imm) : "";
  return name.empty() ? "fd:" + number(from, from.insn.imm) : name;
}

bool read_map(Scanner& scanner, ReadInsn& into) {
  if (scanner.text("fd:")) return read_low(scanner, into);
  const std::string_view name = scanner.name();
  const std::optional<int32_t> fd = into.names.map ? into.names.map(name) : std::nullopt;
  return take_imm(fd, into) || scanner.fail("'fd:' and a number, or the name of a map");
}

std::string print_to_space(const PrintedInsn& from) { return number(from, uint32_t(from.insn.imm) >> 16); }
std::string print_from_space(const PrintedInsn& from) { return number(from, from.insn.imm & 0xffff); }

bool read_space(Scanner& scanner, ReadInsn& into, int shift) {
  const std::optional<int64_t> space = scanner.number(0, 0xffff);
  if (space) into.insn.imm = int32_t(uint32_t(into.insn.imm) | uint32_t(*space) << shift);
  return space.has_value();
}

bool read_to_space(Scanner& scanner, ReadInsn& into) { return read_space(scanner, into, 16); }
bool read_from_space(Scanner& scanner, ReadInsn& into) { return read_space(scanner, into, 0); }

// --- Targets of jumps and calls ---------------------------------------------------------------------------------------

std::string label_at(const PrintedInsn& from, int64_t distance) {
  const int64_t target = int64_t(from.index) + 1 + distance;
  return from.symbols.label && target >= 0 ? from.symbols.label(size_t(target)) : "";
}

std::string print_distance(const PrintedInsn& from, int64_t distance) {
  std::string label = label_at(from, distance);
  if (!label.empty()) return label;
  return from.style == Style::llvm ? signed_hex(distance) : fmt::format("pc{:+}", distance);
}

/// A distance in words ("+2", "pc+2") or a label; nullopt also for a label, of which the distance is still unknown.
std::optional<int64_t> read_distance(Scanner& scanner, ReadInsn& into, int64_t min, int64_t max) {
  const std::string_view rest = scanner.rest();
  if (rest.starts_with("pc+") || rest.starts_with("pc-")) scanner.text("pc");
  if (!scanner.rest().empty() && (scanner.rest()[0] == '+' || scanner.rest()[0] == '-'))
    return scanner.signed_number(min, max);
  into.label = scanner.name();
  if (into.label.empty()) scanner.fail("'+' or '-' and a number of instructions, or a label");
  return std::nullopt;
}

std::string print_jump(const PrintedInsn& from) { return print_distance(from, from.insn.off); }

bool read_jump(Scanner& scanner, ReadInsn& into) {
  const std::optional<int64_t> distance = read_distance(scanner, into, kMinI16, kMaxI16);
  into.insn.off = int16_t(distance.value_or(0));
  return distance || !into.label.empty();
}

std::string print_ljump(const PrintedInsn& from) { return print_distance(from, from.insn.imm); }

bool read_ljump(Scanner& scanner, ReadInsn& into) {
  const std::optional<int64_t> distance = read_distance(scanner, into, kMinI32, kMaxI32);
  into.insn.imm = int32_t(distance.value_or(0));
  return distance || !into.label.empty();
}

std::string print_func(const PrintedInsn& from) {
  std::string label = label_at(from, from.insn.imm);
  return label.empty() ? fmt::format("{:+}", from.insn.imm) : label;
}

/// llvm-objdump does not tell a local call from a helper call; "pc" does.
std::string print_target(const PrintedInsn& from) {
  std::string label = label_at(from, from.insn.imm);
  if (!label.empty()) return label;
  return "pc" + (from.style == Style::llvm ? signed_hex(from.insn.imm) : fmt::format("{:+}", from.insn.imm));
}

bool starts_with_number(const Scanner& scanner) {
  const std::string_view rest = scanner.rest();
  return !rest.empty() && (rest[0] == '-' || (rest[0] >= '0' && rest[0] <= '9'));
}

bool read_target(Scanner& scanner, ReadInsn& into) {
  return starts_with_number(scanner) ? read_low(scanner, into) : read_ljump(scanner, into);
}

std::string print_helper(const PrintedInsn& from) {
  const std::string name = from.symbols.helper ? from.symbols.helper(from.insn.imm) : "";
  if (from.style == Style::llvm) return name.empty() ? hex(from.insn.imm) : name;
  return fmt::format("{}#{}", name.empty() ? "unknown" : name, from.insn.imm);
}

constexpr std::string_view kUnnamedKfunc = "kernel-function";

/// "1", "name" or "name#1", where only the number counts.
bool read_helper(Scanner& scanner, ReadInsn& into) {
  if (starts_with_number(scanner)) return read_low(scanner, into);
  const std::string_view name = scanner.name();
  const std::optional<int32_t> id = into.names.helper ? into.names.helper(name) : std::nullopt;
  const bool may_be_helper = !into.names.helper || id || name == "unknown";
  if (may_be_helper && !name.empty() && scanner.text("#")) return read_low(scanner, into);
  return take_imm(id, into) || scanner.fail("the number or the name of a helper, or a label");
}

/// The module is not part of the kernel's text; it is shown where nothing else tells it.
std::string print_kfunc(const PrintedInsn& from) {
  const std::string name = from.symbols.kfunc ? from.symbols.kfunc(from.insn.imm, from.insn.off) : "";
  if (!name.empty()) return fmt::format("{}#{}", name, from.insn.imm);
  const std::string module = from.insn.off == 0 ? "" : fmt::format(" module {}", from.insn.off);
  return fmt::format("{}#{}{}", kUnnamedKfunc, from.insn.imm, module);
}

bool read_kfunc(Scanner& scanner, ReadInsn& into) {
  if (starts_with_number(scanner)) return read_low(scanner, into);
  if (!scanner.text(kUnnamedKfunc) && scanner.name().empty()) return scanner.fail("the name of a kernel function");
  if (!scanner.text("#") || !read_low(scanner, into)) return scanner.fail("'#' and the number of a kernel function");
  if (scanner.at_end()) return true;
  if (!scanner.text(" module ")) return scanner.fail("'module' or the end of the line");
  const std::optional<int64_t> module = scanner.number(kMinI16, kMaxI16);
  if (module) into.insn.off = int16_t(*module);
  return module.has_value();
}

constexpr Operand kOperands[] = {
    {"dst", "destination register, 64 bits", print_dst, read_dst},
    {"src", "source register, 64 bits", print_src, read_src},
    {"wdst", "lower half of the destination register", print_wdst, read_wdst},
    {"wsrc", "lower half of the source register", print_wsrc, read_wsrc},
    {"ndst", "destination of a narrow load; `w1` is read as well", print_dst, read_ndst},
    {"nsrc", "source of a narrow store; `w1` is read as well", print_src, read_nsrc},
    {"adst", "destination of a narrow atomic load; both ways are read in both styles", print_adst, read_ndst},
    {"asrc", "source of a narrow atomic; both ways are read in both styles", print_asrc, read_nsrc},
    {"disp", "displacement in bytes", print_disp, read_disp},
    {"ind", "number added to an index; LLVM does not know it", print_ind, read_ind},
    {"imm", "number; 32-bit operations take it in either sign", print_imm, read_imm},
    {"cmp", "number to compare with", print_cmp, read_cmp},
    {"imm64", "number of 64 bits", print_imm64, read_imm64},
    {"low", "number in the first word of two", print_imm, read_low},
    {"high", "number in the second word of two", print_high, read_high},
    {"map", "`fd:` and a map's descriptor, or its name", print_map, read_map},
    {"to_space", "address space to cast to", print_to_space, read_to_space},
    {"from_space", "address space to cast from", print_from_space, read_from_space},
    {"jump", "distance in words within 16 bits, or a label", print_jump, read_jump},
    {"ljump", "distance in words within 32 bits, or a label", print_ljump, read_ljump},
    {"func", "distance of a function in words, or its label", print_func, read_ljump},
    {"target", "the same in a call", print_target, read_target},
    {"helper", "id of a helper, its name, or both", print_helper, read_helper},
    {"kfunc", "name and BTF id of a kernel function", print_kfunc, read_kfunc},
};

constexpr bool is_operand(std::string_view name) {
  return std::ranges::find(kOperands, name, &Operand::name) != std::end(kOperands);
}

constexpr bool names_only_operands(std::string_view text) {
  for (size_t open = text.find('{'); open != text.npos; open = text.find('{', open + 1))
    if (!is_operand(text.substr(open + 1, text.find('}', open) - open - 1))) return false;
  return true;
}

static_assert(std::ranges::all_of(kOpTable, [](const OpInfo& row) {
  return names_only_operands(row.kernel_text) && names_only_operands(row.llvm_text);
}));

}  // namespace

std::span<const Operand> operands() { return kOperands; }

const Operand& find_operand(std::string_view name) { return *std::ranges::find(kOperands, name, &Operand::name); }

}  // namespace skep::isa
