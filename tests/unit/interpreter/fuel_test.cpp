// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <cstdint>

#include "argument_test.hpp"

namespace skep::vm::testing {
namespace {

namespace make = isa::make;

Outcome run_with_fuel(const EngineUnderTest& engine, const isa::Code& code, int64_t fuel) {
  static const std::shared_ptr<Vm> vm = make_vm();
  return run(engine, *vm, *raw_program(code), {.fuel = fuel});
}

TEST_CASE("each instruction costs one, also a wide one and one that is jumped to") {
  const isa::Code code = make::lddw(0, 1) + make::mov64_imm(1, 3) + make::ja(1) + make::mov64_imm(0, 9) +
                         make::add64_imm(0, 1) + make::sub64_imm(1, 1) + make::jne64_imm(1, 0, -3) +
                         make::call_local(1) + make::exit() + make::mov64_imm(0, 0) + make::exit();
  // lddw, mov, ja; three times add, sub, jne; call, mov, exit, exit
  for (const EngineUnderTest& engine : kEngines) {
    INFO(engine.name);
    CHECK(run_with_fuel(engine, code, 1000).fuel_left == 1000 - (3 + 9 + 4));
  }
}

TEST_CASE("an endless loop ends when the fuel is used up") {
  const isa::Code code = make::mov64_imm(0, 0) + make::add64_imm(0, 1) + make::ja(-2) + make::exit();
  for (const EngineUnderTest& engine : kEngines) {
    INFO(engine.name);
    const Outcome outcome = run_with_fuel(engine, code, 100'001);
    CHECK(outcome.error.code == ETIME);
    CHECK(outcome.error.message == "the program has executed as many instructions as it may");
    CHECK(outcome.error.insn == 2);
    CHECK(outcome.error.program == "raw");
  }
}

TEST_CASE("fuel that is just enough is enough") {
  // 1 + 10 * 2 + 1 instructions; the last backward jump is taken when 1 + 9 * 2 were executed
  const isa::Code code = make::mov64_imm(1, 10) + make::sub64_imm(1, 1) + make::jne64_imm(1, 0, -2) + make::exit();
  for (const EngineUnderTest& engine : kEngines) {
    INFO(engine.name);
    CHECK(run_with_fuel(engine, code, 1 + 9 * 2).fuel_left == -3);
    CHECK(run_with_fuel(engine, code, 1 + 9 * 2).error.code == 0);
    CHECK(run_with_fuel(engine, code, 1 + 9 * 2 - 1).error.code == ETIME);
  }
}

TEST_CASE("without limit a program runs to its end") {
  const isa::Code code = make::mov64_imm(0, 100'000) + make::sub64_imm(0, 1) + make::jne64_imm(0, 0, -2) + make::exit();
  for (const EngineUnderTest& engine : kEngines) {
    INFO(engine.name);
    CHECK(run_with_fuel(engine, code, INT64_MAX).r0 == 0);
  }
}

TEST_CASE("what helpers do with memory costs fuel in checked runs") {
  ArgumentTest test;
  test.maps[0] = *maps::Map::create(
      {.type = MapType::array, .key_size = 4, .value_size = 64'000, .max_entries = 1, .name = "big"}, *test.vm);
  const isa::Code sums = make::mov64_imm(7, 10) + make::lddw_map_value(1, 0, 0) + make::mov64_imm(2, 64'000) +
                         make::mov64_imm(3, 0) + make::mov64_imm(4, 0) + make::mov64_imm(5, 0) +
                         call(HelperId::csum_diff) + make::sub64_imm(7, 1) + make::jne64_imm(7, 0, -9);
  const Outcome done = test.outcome(sums, 20'000);
  CHECK(done.r0 == 0);
  CHECK(done.fuel_left == 20'000 - 10 * (1000 + 8) - 2);
  CHECK(test.outcome(sums, 9'000).error.code == ETIME);
}

TEST_CASE("callbacks and the places of a map cost fuel in checked runs") {
  ArgumentTest test;
  test.maps[0] =
      *maps::Map::create({.type = MapType::hash, .key_size = 4, .value_size = 4, .max_entries = 80'000}, *test.vm);
  const isa::Code end = make::mov64_imm(0, 0) + make::exit();
  const isa::Code walk = make::lddw_map_fd(1, 0) + make::lddw_func(2, 4 + int(end.size())) + make::mov64_imm(3, 0) +
                         make::mov64_imm(4, 0) + call(HelperId::for_each_map_elem) + end;
  CHECK(test.outcome(walk + make::mov64_imm(0, 0), 9'000).error.code == ETIME);
  CHECK(test.outcome(walk + make::mov64_imm(0, 0), 11'000).r0 == 0);
  const isa::Code loop = make::mov64_imm(1, 1000) + make::lddw_func(2, 4 + int(end.size())) + make::mov64_imm(3, 0) +
                         make::mov64_imm(4, 0) + call(HelperId::loop) + end;
  CHECK(test.outcome(loop + make::mov64_imm(0, 0), 9'000).error.code == ETIME);
  CHECK(test.outcome(loop + make::mov64_imm(0, 0), 11'000).r0 == 0);
}

struct Recorder : Tracer {
  std::vector<uint32_t> insns;
  std::vector<uint64_t> r0;
  void step(const Program&, uint32_t insn, const uint64_t* registers) override {
    insns.push_back(insn);
    r0.push_back(registers[0]);
  }
};

TEST_CASE("a tracer sees each instruction before it is executed") {
  const isa::Code code = make::lddw(0, 5) + make::ja(1) + make::mov64_imm(0, 9) + make::add64_imm(0, 1) +
                         make::add64_imm(0, 1) + make::exit();
  const std::shared_ptr<Vm> vm = make_vm();
  for (const EngineUnderTest* engine : {&kPlain, &kChecked}) {
    INFO(engine->name);
    Recorder recorder;
    CHECK(run(*engine, *vm, *raw_program(code), {.tracer = &recorder}).r0 == 7);
    CHECK(recorder.insns == std::vector<uint32_t>{0, 2, 4, 5, 6});
    CHECK(recorder.r0 == std::vector<uint64_t>{0, 5, 5, 6, 7});
  }
}

}  // namespace
}  // namespace skep::vm::testing
