// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <cstdint>

#include "engines.hpp"

namespace skep::vm::testing {
namespace {

namespace make = isa::make;

constexpr uint64_t kOperands[] = {0,           1,           2,           0x7fffffff,         0x80000000,
                                  0xffffffff,  0x100000000, 0x100000001, 0x7fffffffffffffff, 0x8000000000000000,
                                  ~uint64_t{0}};
constexpr int32_t kImmediates[] = {0, 1, 2, 0x7fffffff, -1, -2, INT32_MIN};

/// Whether a conditional jump is taken; `a` and `b` are at full width, as the program's registers have them.
bool expected(std::string_view name, uint64_t a, uint64_t b) {
  const bool is_32 = name.find("32") != std::string_view::npos;
  const std::string_view test = name.substr(0, name.find_first_of("36"));
  if (is_32) a = uint32_t(a), b = uint32_t(b);
  const int64_t sa = is_32 ? int32_t(a) : int64_t(a);
  const int64_t sb = is_32 ? int32_t(b) : int64_t(b);
  if (test == "jeq") return a == b;
  if (test == "jne") return a != b;
  if (test == "jset") return (a & b) != 0;
  if (test == "jgt") return a > b;
  if (test == "jge") return a >= b;
  if (test == "jlt") return a < b;
  if (test == "jle") return a <= b;
  if (test == "jsgt") return sa > sb;
  if (test == "jsge") return sa >= sb;
  if (test == "jslt") return sa < sb;
  REQUIRE(test == "jsle");
  return sa <= sb;
}

bool is_conditional(const isa::OpInfo& form) {
  return isa::is_jmp(isa::class_of(form.code)) && form.dst.reads() && form.off.use == isa::Use::jump;
}

/// r0 = 1 if the jump was taken, else 2.
uint64_t taken(isa::Insn jump, uint64_t a, uint64_t b) {
  jump.off = 2;
  const std::optional<uint64_t> r0 =
      run_everywhere(make::lddw(1, int64_t(a)) + make::lddw(2, int64_t(b)) + isa::Code{jump} + make::mov64_imm(0, 2) +
                     make::exit() + make::mov64_imm(0, 1) + make::exit());
  REQUIRE(r0);
  return *r0;
}

TEST_CASE("conditional jumps are taken when their condition holds") {
  for (const isa::OpInfo& form : isa::kOpTable) {
    if (!is_conditional(form)) continue;
    INFO(form.name);
    const bool has_register = form.src.reads();
    isa::Insn jump{.code = form.code};
    jump.dst = 1;
    jump.src = has_register ? 2 : 0;
    for (const uint64_t a : kOperands) {
      if (has_register)
        for (const uint64_t b : kOperands) CHECK(taken(jump, a, b) == (expected(form.name, a, b) ? 1 : 2));
      else
        for (const int32_t imm : kImmediates) {
          jump.imm = imm;
          CHECK(taken(jump, a, 0) == (expected(form.name, a, uint64_t(int64_t{imm})) ? 1 : 2));
        }
    }
  }
}

TEST_CASE("a loop counts") {
  const isa::Code code = make::mov64_imm(0, 0) + make::mov64_imm(1, 100) + make::add64_reg(0, 1) +
                         make::sub64_imm(1, 1) + make::jne64_imm(1, 0, -3) + make::exit();
  CHECK(run_everywhere(code) == 5050);
}

TEST_CASE("goto and gotol go forwards and backwards") {
  const isa::Code code = make::mov64_imm(0, 1) + make::ja(2) + make::add64_imm(0, 10) + make::exit() +
                         make::add64_imm(0, 100) + make::gotol(-4) + make::exit();
  CHECK(run_everywhere(code) == 111);
}

TEST_CASE("jumps over a wide instruction count its two words") {
  const isa::Code code = make::mov64_imm(0, 1) + make::ja(2) + make::lddw(0, 5) + make::add64_imm(0, 1) + make::exit();
  CHECK(run_everywhere(code) == 2);
}

TEST_CASE("may_goto lets a loop run 8388608 times") {
  const isa::Code code =
      make::mov64_imm(0, 0) + make::may_goto(2) + make::add64_imm(0, 1) + make::ja(-3) + make::exit();
  const std::shared_ptr<Vm> vm = make_vm();
  const std::shared_ptr<Program> program = raw_program(code);
  for (const EngineUnderTest* engine : {&kPlain, &kChecked}) {
    INFO(engine->name);
    CHECK(run(*engine, *vm, *program).r0 == 8U << 20);
  }
}

}  // namespace
}  // namespace skep::vm::testing
