// SPDX-License-Identifier: Apache-2.0
#include "engines.hpp"

#include <catch2/catch_test_macros.hpp>
#include <utility>

namespace skep::vm::testing {

namespace {

struct SilentTracer : Tracer {
  void step(const Program&, uint32_t, const uint64_t*) override {}
};

std::shared_ptr<Program> create(ProgramSpec spec) {
  Result<std::shared_ptr<Program>> program = Program::create(std::move(spec));
  INFO((program ? "" : program.error().text()));
  REQUIRE(program);
  return *program;
}

}  // namespace

std::shared_ptr<Vm> make_vm() {
  Result<std::shared_ptr<Vm>> vm = Vm::create({.cpus = 2, .fixed_clock_ns = 1'000'000'000, .seed = 1});
  REQUIRE(vm);
  return *vm;
}

std::shared_ptr<Program> raw_program(const isa::Code& code, std::vector<HelperFunction> helpers) {
  ProgramSpec spec;
  spec.name = "raw";
  spec.insns = code;
  spec.host_helpers = std::move(helpers);
  return create(std::move(spec));
}

std::shared_ptr<Program> typed_program(verifier::ProgramType type, const isa::Code& code,
                                       std::vector<std::shared_ptr<maps::Map>> maps) {
  ProgramSpec spec;
  spec.type = type;
  spec.name = "typed";
  spec.license = "GPL";
  spec.insns = code;
  spec.maps = std::move(maps);
  return create(std::move(spec));
}

Outcome run(const EngineUnderTest& engine, Vm& vm, const Program& program, const Input& input) {
  const Result<const interpreter::Code*> code = program.checked_code();
  INFO((code ? "" : code.error().text()));
  REQUIRE(code);
  SilentTracer silent;
  const maps::Cpus::Stay stay = vm.cpus().enter();
  Run run(vm, program, stay.cpu());
  run.context = input.context;
  run.packet = input.packet;
  run.fuel = input.fuel;
  run.tracer = engine.traced ? &silent : input.tracer;
  if (input.prepare) input.prepare(run);
  const uint64_t r1 =
      input.context != nullptr ? input.context->address() : reinterpret_cast<uint64_t>(input.memory.data());
  Outcome outcome;
  uint64_t r0 = 0;
  if (engine.run(**code, run, r1, input.context != nullptr ? 0 : input.memory.size(), r0))
    outcome.r0 = r0;
  else
    outcome.error = run.fault.value_or(Error{.code = -1, .message = "failed without a fault"});
  outcome.fuel_left = run.fuel;
  return outcome;
}

std::optional<uint64_t> run_everywhere(const isa::Code& code, std::span<std::byte> memory) {
  static const std::shared_ptr<Vm> vm = make_vm();
  const std::shared_ptr<Program> program = raw_program(code);
  const std::vector<std::byte> before(memory.begin(), memory.end());
  std::optional<Outcome> first;
  std::vector<std::byte> after;
  for (const EngineUnderTest& engine : kEngines) {
    std::ranges::copy(before, memory.begin());
    const Outcome outcome = run(engine, *vm, *program, {.memory = memory});
    if (!first) {
      first = outcome;
      after.assign(memory.begin(), memory.end());
      continue;
    }
    INFO("engine " << engine.name << ": " << outcome.error.message);
    CHECK(outcome.r0 == first->r0);
    CHECK(outcome.error.code == first->error.code);
    CHECK(outcome.error.insn == first->error.insn);
    CHECK(outcome.fuel_left == first->fuel_left);
    CHECK(std::ranges::equal(memory, after));
  }
  return first->r0;
}

Error checked_error(const isa::Code& code, std::span<std::byte> memory) {
  static const std::shared_ptr<Vm> vm = make_vm();
  return run(kChecked, *vm, *raw_program(code), {.memory = memory}).error;
}

}  // namespace skep::vm::testing
