// SPDX-License-Identifier: Apache-2.0
// The messages are those of the verifier of Linux 6.12 to 6.18 for the same words.
#include "isa/validate.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cerrno>

#include "forms.hpp"

using namespace skep;
using namespace skep::isa;

namespace {

/// The message for a program that starts with these words and then returns 0.
std::string message(const Code& code, const Rules& rules = kLinuxRules) {
  const Status status = validate(code + make::mov64_imm(0, 0) + make::exit(), rules);
  return status ? "" : status.error().message;
}

std::string word_message(const Insn& insn) { return message(Code{insn}); }

}  // namespace

TEST_CASE("every form with valid operands is accepted") {
  for (const OpInfo& row : kOpTable) {
    if (row.op == Op::lddw_high || row.op == Op::callx) continue;
    INFO(row.name);
    Insn insn = test::blank(row);
    if (row.dst.use != Use::fixed) insn.dst = 1;
    if (row.src.use != Use::fixed) insn.src = 2;
    if (row.off.use == Use::jump) insn.off = 1;
    if (row.imm.use != Use::fixed) insn.imm = row.imm.use == Use::func ? -1 : 1;
    Code code{insn};
    if (row.code == kLddw) code.push_back({});
    CHECK(message(code) == "");
  }
}

TEST_CASE("each reserved field of each form must be 0") {
  for (const OpInfo& row : kOpTable) {
    if (row.op == Op::lddw_high || row.op == Op::callx) continue;
    for (Field OpInfo::* field : {&OpInfo::dst, &OpInfo::src, &OpInfo::off, &OpInfo::imm}) {
      if ((row.*field).use != Use::fixed) continue;
      INFO(row.name);
      Insn insn = test::blank(row);
      if (row.off.use == Use::jump) insn.off = 1;
      if (field == &OpInfo::dst) insn.dst = 9;
      if (field == &OpInfo::src) insn.src = 9;
      if (field == &OpInfo::off) insn.off = 99;
      if (field == &OpInfo::imm) insn.imm = 99;
      Code code{insn};
      if (row.code == kLddw) code.push_back({});
      CHECK(message(code) != "");
    }
  }
}

TEST_CASE("reserved fields are reported with the group of the instruction") {
  CHECK(word_message({.code = 0x07, .src = 1}) == "BPF_ALU uses reserved fields");
  CHECK(word_message({.code = 0x0f, .off = 1}) == "BPF_ALU uses reserved fields");
  CHECK(word_message({.code = 0x3f, .off = 2}) == "BPF_ALU uses reserved fields");
  CHECK(word_message({.code = 0x87, .imm = 1}) == "BPF_NEG uses reserved fields");
  CHECK(word_message({.code = 0xb7, .off = 8}) == "BPF_MOV uses reserved fields");
  CHECK(word_message({.code = 0xbc, .off = 32}) == "BPF_MOV uses reserved fields");
  CHECK(word_message({.code = 0xd7, .imm = 24}) == "BPF_END uses reserved fields");
  CHECK(word_message({.code = 0x61, .imm = 1}) == "BPF_LDX uses reserved fields");
  CHECK(word_message({.code = 0x01}) == "BPF_LDX uses reserved fields");
  CHECK(word_message({.code = 0x62, .src = 1}) == "BPF_ST uses reserved fields");
  CHECK(word_message({.code = 0x63, .imm = 1}) == "BPF_STX uses reserved fields");
  CHECK(word_message({.code = 0x15, .src = 1}) == "BPF_JMP/JMP32 uses reserved fields");
  CHECK(word_message({.code = 0x05, .imm = 1}) == "BPF_JA uses reserved fields");
  CHECK(word_message({.code = 0x95, .imm = 1}) == "BPF_EXIT uses reserved fields");
  CHECK(word_message({.code = 0x85, .off = 1, .imm = 1}) == "BPF_CALL uses reserved fields");
  CHECK(word_message({.code = 0x85, .src = 3}) == "BPF_CALL uses reserved fields");
  CHECK(word_message({.code = 0x20, .dst = 1}) == "BPF_LD_[ABS|IND] uses reserved fields");
  CHECK(message(Code{{.code = 0x18, .off = 1}, {}}) == "BPF_LD_IMM64 uses reserved fields");
  CHECK(word_message({.code = 0xe5, .off = 1, .imm = 3}) == "invalid may_goto imm 3");
}

TEST_CASE("unknown opcodes are refused") {
  CHECK(word_message({.code = 0x8f}) == "unknown opcode 8f");
  CHECK(word_message({.code = 0x00}) == "unknown opcode 00");
  CHECK(word_message({.code = 0x99}) == "unknown opcode 99");
  CHECK(word_message({.code = 0x86}) == "unknown opcode 86");
  CHECK(word_message({.code = 0x8d}) == "unknown opcode 8d");
  CHECK(message(make::callx(2), kRfc9669Rules) == "");
}

TEST_CASE("atomic operations must exist, and in their size") {
  CHECK(word_message({.code = 0xdb, .imm = 0x20}) == "BPF_ATOMIC uses invalid atomic opcode 20");
  CHECK(word_message({.code = 0xc3, .imm = -1}) == "BPF_ATOMIC uses invalid atomic opcode ffffffff");
  CHECK(word_message({.code = 0xd3, .imm = 0}) == "invalid atomic operand size");
  CHECK(word_message({.code = 0xcb, .imm = 0xf1}) == "invalid atomic operand size");
}

TEST_CASE("of several errors the one that Linux finds first is reported") {
  CHECK(word_message({.code = 0xf5, .off = 9}) == "jump out of range from insn 0 to 10");
  CHECK(word_message({.code = 0xbd, .dst = 15, .src = 11, .imm = 1}) == "R15 is invalid");
  CHECK(word_message({.code = 0xbf, .dst = 15, .src = 11, .imm = 1}) == "BPF_MOV uses reserved fields");
  CHECK(word_message({.code = 0xbf, .dst = 15, .off = 1, .imm = 3}) ==
        "addr_space_cast insn can only convert between address space 1 and 0");
}

TEST_CASE("registers go up to r10, and r10 is read only") {
  CHECK(word_message({.code = 0xbf, .dst = 1, .src = 11}) == "R11 is invalid");
  CHECK(word_message({.code = 0xb7, .dst = 15}) == "R15 is invalid");
  CHECK(message(make::mov64_imm(10, 0)) == "frame pointer is read only");
  CHECK(validate(make::mov64_imm(10, 0) + make::exit()).error().code == EACCES);
  CHECK(message(make::ldxw(10, 1, 0)) == "frame pointer is read only");
  CHECK(message(make::atomic_xchg64(1, 10, 0)) == "frame pointer is read only");
  CHECK(message(make::stxdw(1, 10, 0)) == "");
  CHECK(message(make::atomic_add64(1, 10, 0)) == "");
}

TEST_CASE("immediates that have no meaning are refused, unless the rules are those of RFC 9669") {
  CHECK(message(make::div64_imm(1, 0)) == "div by zero");
  CHECK(message(make::smod32_imm(1, 0)) == "div by zero");
  CHECK(message(make::lsh32_imm(1, 32)) == "invalid shift 32");
  CHECK(message(make::lsh64_imm(1, 32)) == "");
  CHECK(message(make::arsh64_imm(1, 64)) == "invalid shift 64");
  CHECK(message(make::rsh64_imm(1, -1)) == "invalid shift -1");
  CHECK(message(make::div64_imm(1, 0), kRfc9669Rules) == "");
  CHECK(message(make::lsh32_imm(1, 99), kRfc9669Rules) == "");
  CHECK(message(make::addr_space_cast(1, 2, 2)) ==
        "addr_space_cast insn can only convert between address space 1 and 0");
}

TEST_CASE("wide instructions have a well-formed second word") {
  CHECK(message(Code{{.code = 0x18}}) == "invalid bpf_ld_imm64 insn");
  CHECK(message(Code{{.code = 0x18}, {.src = 1}}) == "invalid bpf_ld_imm64 insn");
  CHECK(message(Code{{.code = 0x18, .src = 1}, {.imm = 1}}) == "unrecognized bpf_ld_imm64 insn");
  CHECK(message(Code{{.code = 0x18, .src = 7}, {}}) == "unrecognized bpf_ld_imm64 insn");
  const Status cut = validate(make::ja(1) + make::exit() + Code{{.code = 0x05, .off = -2}, {.code = 0x18}},
                              {.fall_off_the_end = true});
  CHECK(cut.error().message == "invalid bpf_ld_imm64 insn");
}

TEST_CASE("jumps stay inside of their function") {
  CHECK(message(make::ja(2)) == "jump out of range from insn 0 to 3");
  CHECK(message(make::ja(-2)) == "jump out of range from insn 0 to -1");
  CHECK(message(make::gotol(1 << 30)) == "jump out of range from insn 0 to 1073741825");
  CHECK(message(make::jeq64_imm(1, 0, 2)) == "jump out of range from insn 0 to 3");
  CHECK(message(make::ja(-1)) == "");
  // The second function starts at 2, where the first must not jump.
  const Code two = make::call_local(1) + make::ja(0) + make::exit();
  CHECK(validate(two).error().message == "jump out of range from insn 1 to 2");
}

TEST_CASE("nothing goes into the middle of a wide instruction") {
  CHECK(message(make::ja(1) + make::lddw(1, 0)) == "jump into the middle of ldimm64 insn 1");
  const Code call = make::call_local(2) + make::exit() + make::lddw(1, 0) + make::exit();
  CHECK(validate(call, {.fall_off_the_end = true}).error().message == "jump into the middle of ldimm64 insn 2");
}

TEST_CASE("functions end with an exit or a jump") {
  CHECK(validate(make::mov64_imm(0, 0)).error().message == "last insn is not an exit or jmp");
  CHECK(validate(make::exit() + make::jeq64_imm(1, 1, -2)).error().message == "last insn is not an exit or jmp");
  CHECK(validate(make::exit() + make::gotol(-2)).ok());
  CHECK(validate(make::call_local(0) + make::exit()).error().message == "last insn is not an exit or jmp");
}

TEST_CASE("calls go to instructions of the program") {
  CHECK(message(make::call_local(5)) == "call to invalid destination");
  CHECK(message(make::call_local(-2)) == "call to invalid destination");
  CHECK(message(make::lddw_func(1, 9)) == "call to invalid destination");
  CHECK(*find_functions(make::call_local(2) + make::lddw_func(1, 2) + make::exit() + make::exit()) ==
        std::vector<size_t>{0, 3, 4});
}

TEST_CASE("an empty program is refused") { CHECK(validate({}).error().code == E2BIG); }

TEST_CASE("errors carry the index of the instruction") {
  const Status status = validate(make::mov64_imm(0, 0) + make::lddw(1, 0) + make::lsh64_imm(1, 64) + make::exit());
  CHECK(status.error().insn == 3);
  CHECK(status.error().code == EINVAL);
}
