// SPDX-License-Identifier: Apache-2.0
// Programs that cannot be executed are refused when they are decoded, unless only dead code is in the way.
#include <catch2/catch_test_macros.hpp>

#include "engines.hpp"

namespace skep::vm::testing {
namespace {

namespace make = isa::make;
using interpreter::Code;
using verifier::ProgramType;

HelperFunction no_helper(uint32_t) { return nullptr; }

TEST_CASE("a helper that Linux has and Skep has not is refused by name") {
  const auto program = typed_program(ProgramType::xdp, make::mov64_imm(0, 0) + make::call_helper(5) + make::exit());
  const auto code = Code::build(*program, no_helper);
  REQUIRE_FALSE(code);
  CHECK(code.error().code == kENOTSUPP);
  CHECK(code.error().message == "helper bpf_ktime_get_ns#5 is not supported");
  CHECK(code.error().insn == 1);
  CHECK(code.error().program == "typed");
}

TEST_CASE("calls through a register are refused") {
  const auto code = Code::build(*raw_program(make::mov64_imm(1, 0) + make::callx(1) + make::exit()));
  REQUIRE_FALSE(code);
  CHECK(code.error().code == kENOTSUPP);
  CHECK(code.error().message == "calls through a register are not supported (callx)");
}

TEST_CASE("a program that calls a helper which its type may not call is not made") {
  ProgramSpec spec;
  spec.type = ProgramType::xdp;
  spec.insns = make::mov64_imm(0, 1) + make::call_helper(26) + make::exit();  // bpf_skb_load_bytes: for socket buffers
  const auto program = Program::create(spec);
  REQUIRE_FALSE(program);
  CHECK(program.error().code == EINVAL);
  CHECK(program.error().message == "program of this type cannot use helper bpf_skb_load_bytes#26");
  CHECK(program.error().insn == 1);
}

TEST_CASE("code that no path reaches may hold what libbpf could not relocate") {
  const std::shared_ptr<Vm> vm = make_vm();
  Context context(24);
  const auto program = [](int32_t r0) {
    return typed_program(ProgramType::xdp, make::mov64_imm(0, r0) + make::jeq64_imm(0, 1, 1) +
                                               make::call_helper(195896080) + make::exit());
  };
  const auto dead = program(1);
  const auto live = program(2);
  for (const EngineUnderTest& engine : kEngines) {
    CHECK(run(engine, *vm, *dead, {.context = &context}).r0 == 1);
    CHECK(run(engine, *vm, *live, {.context = &context}).error.insn == 2);
  }
}

TEST_CASE("a program is decoded once, whichever interpreter asks") {
  const auto program = raw_program(make::mov64_imm(0, 0) + make::exit());
  const auto first = program->checked_code();
  REQUIRE(first);
  const auto second = program->plain_code(Trusted{});
  REQUIRE(second);
  CHECK(*first == *second);
}

}  // namespace
}  // namespace skep::vm::testing
