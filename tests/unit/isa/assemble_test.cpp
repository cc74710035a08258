// SPDX-License-Identifier: Apache-2.0
#include "isa/assemble.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cerrno>

#include "forms.hpp"
#include "isa/disassemble.hpp"

using namespace skep;
using namespace skep::isa;

namespace {

std::string error(std::string_view text) {
  const auto result = assemble(text);
  REQUIRE(!result);
  CHECK(result.error().code == EINVAL);
  return result.error().source + ": " + result.error().message;
}

/// The program, as LLVM writes it, of a text that must be right.
std::string read(std::string_view text) {
  const auto program = assemble(text);
  if (!program) FAIL(program.error().text());
  return disassemble(*program, Style::llvm);
}

}  // namespace

TEST_CASE("labels are targets of jumps, calls and function pointers") {
  const auto program = assemble(R"(
      start:
        if r1 == 0 goto done
        call square
        r2 = subprog[square]
        goto start
      done: exit
      square:
        gotol done
  )");
  REQUIRE(program);
  CHECK(*program == make::jeq64_imm(1, 0, 4) + make::call_local(4) + make::lddw_func(2, 3) + make::ja(-5) +
                        make::exit() + make::gotol(-2));
}

TEST_CASE("blanks are free between words, decimal and hexadecimal numbers are the same") {
  CHECK(*assemble("r1+=0x10") == make::add64_imm(1, 16));
  CHECK(!assemble("r1 = *( u32 *)(r2 + 4)"));
  CHECK(!assemble("gotopc+1"));
  CHECK(*assemble("r1 = *(u32 *)(r2+4)") == make::ldxw(1, 2, 4));
  CHECK(*assemble("r1 = *(u32 *)(r2 - 0x4)\r\n") == make::ldxw(1, 2, -4));
  CHECK(*assemble("goto +1") == *assemble("goto pc+0x1"));
}

TEST_CASE("narrow values may be named by either half of their register") {
  CHECK(*assemble("w1 = *(u8 *)(r2 + 0)") == make::ldxb(1, 2, 0));
  CHECK(*assemble("*(u32 *)(r10 - 8) = w1") == make::stxw(10, 1, -8));
  CHECK(!assemble("w1 = *(u64 *)(r2 + 0)"));
  CHECK(*assemble("r2 = atomic_fetch_add((u32 *)(r1 +0), r2)") == make::atomic_fetch_add32(1, 2, 0));
}

TEST_CASE("a number that a move cannot hold makes it a wide move") {
  CHECK(*assemble("r1 = 0x80000000") == make::lddw(1, 0x80000000));
  CHECK(*assemble("r1 = -0x80000000") == make::mov64_imm(1, INT32_MIN));
  CHECK(*assemble("w1 = 0xffffffff") == make::mov32_imm(1, -1));
  CHECK(*assemble("r1 = 5 ll") == make::lddw(1, 5));
  CHECK(*assemble("(18) r1 = 0x5") == make::lddw(1, 5));
}

TEST_CASE("a listing of llvm-objdump is read") {
  const auto program = assemble(R"(
t.o:	file format elf64-bpf

Disassembly of section .text:

0000000000000000 <f>:
; int f(void)
       0:	18 01 00 00 05 00 00 00 00 00 00 00 00 00 00 00	r1 = 0x5 ll
       2:	85 10 00 00 01 00 00 00	call 0x1
       3:	05 00 ff ff 00 00 00 00	goto -0x1 <f+0x18>

0000000000000020 <g>:
       4:	85 20 00 00 07 00 00 00	call 0x7
       5:	95 00 00 00 00 00 00 00	exit
)");
  REQUIRE(program);
  CHECK(*program == make::lddw(1, 5) + make::call_local(1) + make::ja(-1) + make::call_kfunc(7, 0) + make::exit());
}

TEST_CASE("the instruction lines of the verifier's log are read") {
  CHECK(read("0: (b7) r0 = 1                        ; R0_w=1\n; return x;\n1: (95) exit\n") ==
        "   0: r0 = 0x1\n   1: exit\n");
}

TEST_CASE("a wrong line is reported with its number, its text and what was missing") {
  CHECK(error("r0 = 1\n\n  r1 = r12\n") ==
        "line 3: r1 = r12: expected a number or a register r0 to r10 or a 64-bit number, found \"r12\"");
  CHECK(error("frobnicate") == "line 1: frobnicate: unknown instruction");
  CHECK(error("r1 += 99999999999") ==
        "line 1: r1 += 99999999999: expected a number from -2147483648 to 2147483647 or a register r0 to r10, found "
        "\"99999999999\"");
  CHECK(error("r1 = -r2") == "line 1: r1 = -r2: expected register 1 again, found \"r2\"");
  CHECK(error("exit now") == "line 1: exit now: unexpected \" now\"");
  CHECK(error("goto nowhere\nexit") == "line 1: goto nowhere: label \"nowhere\" is not defined");
  CHECK(error("a: exit\na: exit") == "line 2: a: exit: label \"a\" is defined twice");
  CHECK(error(".quad x") == "line 1: .quad x: expected a 64-bit number after .quad");
}

TEST_CASE("a label that a jump cannot reach is reported") {
  std::string text = "goto far\n";
  for (int i = 0; i < 32768; ++i) text += ".quad 0x95\n";
  CHECK(error(text + "far: exit") ==
        "line 1: goto far: label \"far\" is 32768 instructions away, too far for this jump");
}

TEST_CASE("an opcode that contradicts the text is an error") {
  CHECK(error("(b7) exit") == "line 1: (b7) exit: unknown instruction");
}

TEST_CASE("in a listing the bytes count, because the text beside them is not exact") {
  const auto program =
      assemble("0:\t48 20 00 00 07 00 00 00\tr0 = *(u16 *)skb[r2]\n1:\tff 00 00 00 00 00 00 00\t<unknown>\n");
  REQUIRE(program);
  CHECK(*program == make::ldindh(2, 7) + Code{{.code = 0xff}});
}
