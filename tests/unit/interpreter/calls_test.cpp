// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <cstdint>

#include "engines.hpp"

namespace skep::vm::testing {
namespace {

namespace make = isa::make;

Outcome run_with(const EngineUnderTest& engine, const isa::Code& code, std::vector<HelperFunction> helpers,
                 int64_t fuel = INT64_MAX) {
  static const std::shared_ptr<Vm> vm = make_vm();
  return run(engine, *vm, *raw_program(code, std::move(helpers)), {.fuel = fuel});
}

TEST_CASE("a function gets r1 to r5, returns r0 and leaves r6 to r10 alone") {
  const isa::Code code = make::mov64_imm(6, 6) + make::mov64_imm(9, 9) + make::stdw(10, -8, 1) +
                         make::mov64_imm(1, 10) + make::mov64_imm(5, 50) + make::call_local(5) + make::add64_reg(0, 6) +
                         make::add64_reg(0, 9) + make::ldxdw(1, 10, -8) + make::add64_reg(0, 1) + make::exit() +
                         // the function
                         make::mov64_reg(0, 1) + make::add64_reg(0, 5) + make::mov64_imm(6, 600) +
                         make::mov64_imm(9, 900) + make::stdw(10, -8, 2) + make::exit();
  CHECK(run_everywhere(code) == 60 + 6 + 9 + 1);
}

TEST_CASE("a function reads its caller's stack through a pointer") {
  const isa::Code code = make::stdw(10, -8, 41) + make::mov64_reg(1, 10) + make::add64_imm(1, -8) +
                         make::call_local(1) + make::exit() + make::ldxdw(0, 1, 0) + make::add64_imm(0, 1) +
                         make::exit();
  CHECK(run_everywhere(code) == 42);
}

/// r1 calls deep: function(n) = n == 0 ? 7 : function(n - 1).
isa::Code recursion(int depth) {
  return make::mov64_imm(1, depth) + make::call_local(1) + make::exit() + make::jne64_imm(1, 0, 2) +
         make::mov64_imm(0, 7) + make::exit() + make::sub64_imm(1, 1) + make::call_local(-5) + make::exit();
}

TEST_CASE("eight frames are there, a ninth is an error") {
  CHECK(run_everywhere(recursion(6)) == 7);
  const Error error = checked_error(recursion(7));
  CHECK(error.code == EFAULT);
  CHECK(error.message == "more than 8 functions call each other");
  CHECK(error.insn == 7);
  CHECK(run_everywhere(recursion(7)) == std::nullopt);
}

uint64_t sum(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, Run&) {
  return a + 2 * b + 3 * c + 4 * d + 5 * e;
}

TEST_CASE("a helper gets r1 to r5 and gives r0") {
  const isa::Code code = make::mov64_imm(1, 1) + make::mov64_imm(2, 10) + make::mov64_imm(3, 100) +
                         make::mov64_imm(4, 1000) + make::mov64_imm(5, 10000) + make::mov64_imm(6, 3) +
                         make::call_helper(1) + make::add64_reg(0, 6) + make::exit();
  for (const EngineUnderTest& engine : kEngines) CHECK(run_with(engine, code, {nullptr, sum}).r0 == 54321 + 3);
}

uint64_t failing(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, Run& run) {
  run.fail(EPERM, "the helper ends the run");
  return 0;
}

TEST_CASE("a helper can end the run") {
  const isa::Code code = make::mov64_imm(0, 0) + make::call_helper(0) + make::exit();
  for (const EngineUnderTest& engine : kEngines) {
    const Outcome outcome = run_with(engine, code, {failing});
    CHECK(outcome.error.code == EPERM);
    CHECK(outcome.error.message == "the helper ends the run");
    CHECK(outcome.error.insn == 1);
    CHECK(outcome.error.program == "raw");
  }
}

TEST_CASE("calling a number that nobody has is an error where it happens") {
  const isa::Code code = make::mov64_imm(0, 0) + make::call_helper(5) + make::exit();
  for (const EngineUnderTest& engine : kEngines) {
    const Outcome outcome = run_with(engine, code, {sum});
    CHECK(outcome.error.code == EINVAL);
    CHECK(outcome.error.message == "there is no function 5 to call");
  }
}

/// Calls back r1 with (i, r2), i below r3, until the result is not 0; gives the sum of the results.
uint64_t call_back(uint64_t function, uint64_t argument, uint64_t count, uint64_t, uint64_t, Run& run) {
  uint64_t total = 0;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t result = 0;
    if (!run.call(run, function, {i, argument, 0, 0, 0}, result)) return 0;
    total += result;
  }
  return total;
}

/// Calls back a function of two instructions that returns 10 * i + argument; `count` times.
isa::Code callback_program(int count, const isa::Code& body) {
  return make::lddw_func(1, 6) + make::mov64_imm(2, 3) + make::mov64_imm(3, count) + make::mov64_imm(6, 1000) +
         make::call_helper(0) + make::exit() + body;
}

TEST_CASE("helpers call functions of the program") {
  const isa::Code body =
      make::mov64_reg(0, 1) + make::mul64_imm(0, 10) + make::add64_reg(0, 2) + make::mov64_imm(6, 0) + make::exit();
  for (const EngineUnderTest& engine : kEngines)
    CHECK(run_with(engine, callback_program(4, body), {call_back}).r0 == 0 + 10 + 20 + 30 + 4 * 3);
}

TEST_CASE("an error in a callback ends the run at the callback's instruction") {
  const isa::Code body = make::mov64_imm(0, 0) + make::call_helper(1) + make::exit();
  for (const EngineUnderTest& engine : kEngines) {
    const Outcome outcome = run_with(engine, callback_program(4, body), {call_back, failing});
    CHECK(outcome.error.code == EPERM);
    CHECK(outcome.error.insn == 8);
  }
}

TEST_CASE("callbacks pay from the run's fuel") {
  const isa::Code body = make::mov64_imm(0, 0) + make::ja(-1) + make::exit();  // loops for ever
  for (const EngineUnderTest& engine : kEngines) {
    const Outcome outcome = run_with(engine, callback_program(1, body), {call_back}, 10'000);
    CHECK(outcome.error.code == ETIME);
    CHECK(outcome.error.insn == 8);
  }
}

TEST_CASE("a callback that calls back itself runs out of frames") {
  const isa::Code body = make::lddw_func(1, -1) + make::mov64_imm(3, 1) + make::call_helper(0) + make::exit();
  for (const EngineUnderTest& engine : kEngines) {
    const Outcome outcome = run_with(engine, callback_program(1, body), {call_back});
    CHECK(outcome.error.code == EFAULT);
    CHECK(outcome.error.message == "more than 8 functions call each other");
  }
}

TEST_CASE("a callback must be a function of the program") {
  const isa::Code code =
      make::lddw(1, 0x1234) + make::mov64_imm(2, 0) + make::mov64_imm(3, 1) + make::call_helper(0) + make::exit();
  for (const EngineUnderTest& engine : kEngines) {
    const Outcome outcome = run_with(engine, code, {call_back});
    CHECK(outcome.error.code == EFAULT);
    CHECK(outcome.error.message == "a helper was given a callback that is no function of the program");
    CHECK(outcome.error.insn == 4);
  }
}

}  // namespace
}  // namespace skep::vm::testing
