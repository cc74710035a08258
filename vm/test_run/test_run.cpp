// SPDX-License-Identifier: Apache-2.0
#include "vm/test_run.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "verifier/program_types.hpp"
#include "vm/interpreter/interpreter.hpp"
#include "vm/test_run/kind.hpp"
#include "vm/test_run/packet_cache.hpp"
#include "vm/vm.hpp"

namespace skep::vm {
namespace {

using test_run_kinds::Kind;
using test_run_kinds::Session;

/// A program in the form that an engine executes.
struct Executable {
  const interpreter::Code* code;
  bool (*run)(const interpreter::Code& code, Run& run, uint64_t r1, uint64_t r2, uint64_t& r0);
};

Result<Executable> executable(const Program& program, const TestRunInput& input) {
  if (input.engine == Engine::jit) return Error{.code = kENOTSUPP, .message = "this version has no JIT"};
  const bool is_checked = input.engine == Engine::checked;
  if (!is_checked && !input.trusted)
    return Error{.code = EPERM, .message = "no verifier has passed the program, so only the checked engine may run it"};
  auto code = is_checked ? program.checked_code() : program.plain_code(*input.trusted);
  if (!code) return std::move(code).error();
  return Executable{*code, is_checked ? interpreter::run_checked : interpreter::run_plain};
}

void reset(Run& run, const Program& entry, int64_t fuel) {
  run.program = &entry;
  run.fuel = fuel;
  run.tail_calls = 0;
  run.depth = 0;
  run.redirect = {};
}

/// The error that ended a run, with the place as far as it is known.
Error error_of(const Run& run) {
  Error error = run.fault.value_or(Error{.code = EFAULT, .message = "the run was ended"});
  if (error.program.empty()) error.program = run.program->spec().name;
  if (error.source.empty() && error.insn >= 0) error.source = run.program->source_of(static_cast<uint32_t>(error.insn));
  return error;
}

using Nanoseconds = std::chrono::duration<double, std::nano>;

void count(const Vm& vm, Program& program, uint32_t runs, Nanoseconds time) {
  if (!vm.stats_enabled()) return;
  program.run_count.fetch_add(runs, std::memory_order_relaxed);
  program.run_time_ns.fetch_add(static_cast<uint64_t>(time.count()), std::memory_order_relaxed);
}

/// Takes the CPU that the caller asks for, or any.
maps::Cpus::Stay enter(maps::Cpus& cpus, const TestRunInput& input) {
  return (input.flags & kTestRunOnCpu) != 0 ? cpus.enter(input.cpu) : cpus.enter();
}

/// All repetitions in one stay on a CPU; between them only what a run itself has changed is reset.
Status repeat(Session& session, const Kind& kind, const Executable& executable, TestRunOutput& output) {
  const TestRunInput& input = *session.input;
  const uint32_t times = std::max(input.repeat, 1U);
  auto stay = enter(session.vm.cpus(), input);
  Run run(session.vm, session.program, stay.cpu());
  run.context = &*session.context;
  run.packet = kind.has_packet ? &*session.packet : nullptr;
  run.tracer = input.tracer;
  const uint64_t r1 = session.context->address();
  const auto begin = std::chrono::steady_clock::now();
  for (uint32_t i = 0; i < times; ++i) {
    if (i != 0) stay.next_run();  // else all that a long repetition replaces in its maps would pile up
    reset(run, session.program, input.fuel);
    if (kind.before_each != nullptr) kind.before_each(session);
    uint64_t r0 = 0;
    if (!executable.run(*executable.code, run, r1, 0, r0)) return error_of(run);
    output.retval = static_cast<uint32_t>(r0);
    if (kind.after_each != nullptr) output.retval = kind.after_each(session, output.retval);
  }
  const Nanoseconds time = std::chrono::steady_clock::now() - begin;
  output.duration_ns = time.count() / times;
  output.redirect = run.redirect;
  count(session.vm, session.program, times, time);
  return {};
}

}  // namespace

struct TestRunner::State {
  State(Vm& owner, std::shared_ptr<Program> entry) : program(std::move(entry)), session(owner, *program) {}
  ~State() {
    if (session.packet) give_back(std::move(*session.packet));
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Status ensure_packet() {
    if (session.packet) return {};
    auto packet = take_packet();
    if (!packet) return std::move(packet).error();
    session.packet = std::move(*packet);
    return {};
  }

  std::shared_ptr<Program> program;
  Session session;
};

TestRunner::TestRunner(Vm& vm, std::shared_ptr<Program> program)
    : state_(std::make_unique<State>(vm, std::move(program))) {}
TestRunner::~TestRunner() = default;
TestRunner::TestRunner(TestRunner&&) noexcept = default;
TestRunner& TestRunner::operator=(TestRunner&&) noexcept = default;

Status TestRunner::run(const TestRunInput& input, TestRunOutput& output) {
  Session& session = state_->session;
  session.input = &input;
  const verifier::ProgramType type = session.program.spec().type;
  const Kind* kind = test_run_kinds::kind_of(type);
  if (kind == nullptr)
    return Error{.code = kENOTSUPP,
                 .message = fmt::format("programs of type {} cannot be test-run", verifier::program_type_name(type))};
  if (kind->has_packet)
    if (auto status = state_->ensure_packet(); !status) return status;
  if (auto status = kind->begin(session); !status) return status;
  auto engine = executable(session.program, input);
  if (!engine) return std::move(engine).error();
  if (auto status = repeat(session, *kind, *engine, output); !status) return status;
  return kind->end(session, output);
}

Result<TestRunOutput> test_run(Vm& vm, const std::shared_ptr<Program>& program, const TestRunInput& input) {
  TestRunOutput output;
  if (auto status = TestRunner(vm, program).run(input, output); !status) return std::move(status).error();
  return output;
}

Result<uint64_t> run_on_memory(Vm& vm, const std::shared_ptr<Program>& program, std::span<std::byte> memory,
                               const TestRunInput& input) {
  const auto engine = executable(*program, input);
  if (!engine) return engine.error();
  const auto stay = vm.cpus().enter();
  Run run(vm, *program, stay.cpu());
  run.tracer = input.tracer;
  uint64_t r0 = 0;
  for (uint32_t i = 0; i < std::max(input.repeat, 1U); ++i) {
    reset(run, *program, input.fuel);
    if (!engine->run(*engine->code, run, reinterpret_cast<uint64_t>(memory.data()), memory.size(), r0))
      return error_of(run);
  }
  return r0;
}

}  // namespace skep::vm
