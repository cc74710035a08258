// SPDX-License-Identifier: Apache-2.0
// Every arithmetic form against an oracle that is written without the interpreter's templates: numbers of 128 bits,
// reduced at the end.
#include <catch2/catch_test_macros.hpp>
#include <cstdint>

#include "engines.hpp"

namespace skep::vm::testing {
namespace {

using isa::Op;
using Wide = __int128;

// Values at the borders of signedness, width and shift amounts.
constexpr uint64_t kOperands[] = {0,
                                  1,
                                  2,
                                  7,
                                  31,
                                  32,
                                  33,
                                  63,
                                  64,
                                  0x7f,
                                  0x80,
                                  0xff,
                                  0x7fff,
                                  0x8000,
                                  0xffff,
                                  0x7fffffff,
                                  0x80000000,
                                  0xffffffff,
                                  0x100000000,
                                  0x123456789abcdef0,
                                  0x7fffffffffffffff,
                                  0x8000000000000000,
                                  0xffffffff80000000,
                                  0xfffffffffffffffe,
                                  0xffffffffffffffff};
constexpr int32_t kImmediates[] = {0, 1, 2, 5, 31, 32, 63, 127, 32768, 0x7fffffff, -1, -2, -128, INT32_MIN};

Wide signed_value(uint64_t value, int bits) { return bits == 64 ? Wide(int64_t(value)) : Wide(int32_t(value)); }

/// Reads the operation off the form's name: "sdiv32_imm" is "sdiv" of 32 bits.
struct Form {
  std::string_view operation;
  int bits = 64;
  explicit Form(std::string_view name) {
    const size_t suffix = name.find_first_of("36");
    operation = name.substr(0, suffix);
    bits = name[suffix] == '3' ? 32 : 64;
  }
};

Wide shifted(std::string_view operation, Wide a, Wide signed_a, int amount) {
  if (operation == "lsh") return Wide(static_cast<unsigned __int128>(a) << amount);
  return (operation == "rsh" ? a : signed_a) >> amount;
}

Wide divided(std::string_view operation, Wide a, Wide b) {
  const bool is_quotient = operation == "div" || operation == "sdiv";
  if (b == 0) return is_quotient ? 0 : a;
  return is_quotient ? a / b : a % b;
}

/// What a two-operand form must give.
uint64_t expected(const Form& form, uint64_t dst, uint64_t src) {
  const uint64_t mask = form.bits == 64 ? ~uint64_t{0} : 0xffffffff;
  const Wide a = Wide(dst & mask);
  const Wide b = Wide(src & mask);
  const std::string_view op = form.operation;
  Wide result = 0;
  if (op == "add") result = a + b;
  if (op == "sub") result = a - b;
  if (op == "mul") result = Wide(static_cast<unsigned __int128>(a) * static_cast<unsigned __int128>(b));
  if (op == "or") result = a | b;
  if (op == "and") result = a & b;
  if (op == "xor") result = a ^ b;
  if (op == "mov") result = b;
  if (op == "lsh" || op == "rsh" || op == "arsh")
    result = shifted(op, a, signed_value(dst, form.bits), int(src % unsigned(form.bits)));
  if (op == "div" || op == "mod") result = divided(op, a, b);
  if (op == "sdiv" || op == "smod") result = divided(op, signed_value(dst, form.bits), signed_value(src, form.bits));
  return uint64_t(result) & mask;
}

bool is_two_operand(const isa::OpInfo& form) {
  const isa::AluOp op = isa::alu_op_of(form.code);
  return isa::is_alu(isa::class_of(form.code)) && op != isa::AluOp::neg && op != isa::AluOp::end &&
         form.name.find("movsx") == std::string_view::npos && form.op != Op::addr_space_cast;
}

isa::Insn instruction(const isa::OpInfo& form, int32_t imm) {
  isa::Insn insn{.code = form.code};
  insn.dst = 0;
  insn.src = form.src.reads() ? 1 : 0;
  insn.off = form.off.value;
  insn.imm = form.imm.use == isa::Use::fixed ? form.imm.value : imm;
  return insn;
}

uint64_t execute(const isa::Insn& insn, uint64_t r0, uint64_t r1) {
  const isa::Code code =
      isa::make::lddw(0, int64_t(r0)) + isa::make::lddw(1, int64_t(r1)) + isa::Code{insn} + isa::make::exit();
  const std::optional<uint64_t> result = run_everywhere(code);
  REQUIRE(result);
  return *result;
}

/// Whether Program::create takes the immediate: Linux refuses shifts beyond the width and division by 0.
bool is_valid_immediate(const isa::OpInfo& form, int32_t imm) {
  const int bits = Form(form.name).bits;
  if (form.imm.use == isa::Use::shift) return imm >= 0 && imm < bits;
  return form.imm.use != isa::Use::divisor || imm != 0;
}

TEST_CASE("arithmetic on registers is what wide numbers say") {
  for (const isa::OpInfo& form : isa::kOpTable) {
    if (!is_two_operand(form) || !form.src.reads()) continue;
    INFO(form.name);
    for (const uint64_t a : kOperands)
      for (const uint64_t b : kOperands) {
        INFO(std::hex << a << " " << b);
        if (execute(instruction(form, 0), a, b) != expected(Form(form.name), a, b)) FAIL_CHECK("wrong result");
      }
  }
}

TEST_CASE("arithmetic with immediates extends them with their sign") {
  for (const isa::OpInfo& form : isa::kOpTable) {
    if (!is_two_operand(form) || form.src.reads()) continue;
    INFO(form.name);
    for (const uint64_t a : kOperands)
      for (const int32_t imm : kImmediates) {
        if (!is_valid_immediate(form, imm)) continue;
        INFO(std::hex << a << " " << imm);
        if (execute(instruction(form, imm), a, 0x5555) != expected(Form(form.name), a, uint64_t(int64_t{imm})))
          FAIL_CHECK("wrong result");
      }
  }
}

TEST_CASE("the most negative number divided by -1 is itself, without remainder") {
  constexpr uint64_t kMin64 = 0x8000000000000000;
  CHECK(execute(isa::make::sdiv64_imm(0, -1)[0], kMin64, 0) == kMin64);
  CHECK(execute(isa::make::smod64_imm(0, -1)[0], kMin64, 0) == 0);
  CHECK(execute(isa::make::sdiv32_imm(0, -1)[0], 0xffffffff80000000, 0) == 0x80000000);
  CHECK(execute(isa::make::smod32_imm(0, -1)[0], 0xffffffff80000000, 0) == 0);
}

TEST_CASE("signed division rounds to zero, and the remainder has the dividend's sign") {
  CHECK(execute(isa::make::sdiv64_imm(0, 2)[0], uint64_t(-7), 0) == uint64_t(-3));
  CHECK(execute(isa::make::smod64_imm(0, 2)[0], uint64_t(-7), 0) == uint64_t(-1));
  CHECK(execute(isa::make::sdiv32_imm(0, -2)[0], 7, 0) == uint32_t(-3));
  CHECK(execute(isa::make::smod32_imm(0, -2)[0], 7, 0) == 1);
}

struct Unary {
  isa::Code code;
  uint64_t operand;
  uint64_t result;
};

TEST_CASE("negation, byte order and sign extension") {
  namespace make = isa::make;
  constexpr uint64_t kBytes = 0x1122334455667788;
  constexpr uint64_t kHigh = 0xf1f2f3f4f5f6f7f8;
  const Unary cases[] = {
      {make::neg64(0), 1, ~uint64_t{0}},
      {make::neg64(0), 0x8000000000000000, 0x8000000000000000},
      {make::neg32(0), 1, 0xffffffff},
      {make::neg32(0), 0xffffffff00000000, 0},
      {make::le16(0), kBytes, 0x7788},
      {make::le32(0), kBytes, 0x55667788},
      {make::le64(0), kBytes, kBytes},
      {make::be16(0), kBytes, 0x8877},
      {make::be32(0), kBytes, 0x88776655},
      {make::be64(0), kBytes, 0x8877665544332211},
      {make::bswap16(0), kBytes, 0x8877},
      {make::bswap32(0), kBytes, 0x88776655},
      {make::bswap64(0), kBytes, 0x8877665544332211},
      {make::movsx8_64(0, 0), kHigh, 0xfffffffffffffff8},
      {make::movsx16_64(0, 0), kHigh, 0xfffffffffffff7f8},
      {make::movsx32_64(0, 0), kHigh, 0xfffffffff5f6f7f8},
      {make::movsx8_32(0, 0), kHigh, 0xfffffff8},
      {make::movsx16_32(0, 0), kHigh, 0xfffff7f8},
      {make::movsx8_64(0, 0), 0xff7f, 0x7f},
      {make::movsx16_32(0, 0), 0xffff7fff, 0x7fff},
  };
  for (const Unary& unary : cases) {
    INFO(isa::info(isa::classify(unary.code[0])).name);
    CHECK(execute(unary.code[0], unary.operand, 0) == unary.result);
  }
}

TEST_CASE("a 64-bit immediate keeps all of its bits") {
  for (const uint64_t value : kOperands)
    CHECK(run_everywhere(isa::make::lddw(0, int64_t(value)) + isa::make::exit()) == value);
}

}  // namespace
}  // namespace skep::vm::testing
