// SPDX-License-Identifier: Apache-2.0
// Programs whose context is plain bytes of the caller's: arguments of tracepoints and system calls, registers.
#include <cerrno>
#include <cstring>

#include "verifier/context.hpp"
#include "vm/test_run/kind.hpp"
#include "vm/vm.hpp"

namespace skep::vm::test_run_kinds {
namespace {

constexpr size_t kMaxArguments = 12 * sizeof(uint64_t);  // MAX_BPF_FUNC_ARGS
constexpr size_t kMaxSyscallContext = 65535;

Status use_bytes(Session& session, size_t size) {
  const auto given = session.input->context;
  Context& context = session.new_context(size);
  if (!given.empty()) std::memcpy(context.bytes(), given.data(), given.size());
  return {};
}

Error too_long() { return Error{.code = EINVAL, .message = "the context is longer than the program's type knows"}; }

}  // namespace

Status begin_raw_tracepoint(Session& session) {
  const TestRunInput& input = *session.input;
  const bool on_cpu = (input.flags & kTestRunOnCpu) != 0;
  if (auto status = refuse_data(input); !status) return status;
  if (input.context.size() > kMaxArguments) return too_long();
  if (!on_cpu && input.cpu != 0) return Error{.code = EINVAL, .message = "a CPU without the flag that asks for it"};
  if (on_cpu && input.cpu >= session.vm.cpus().possible())
    return Error{.code = ENXIO, .message = "there is no such CPU"};
  if (on_cpu && session.vm.cpus().within())
    return Error{.code = EDEADLK, .message = "a CPU cannot be asked for within a run, which is on one"};
  return use_bytes(session, input.context.size());
}

Status begin_syscall(Session& session) {
  if (auto status = refuse_flags(*session.input); !status) return status;
  if (auto status = refuse_data(*session.input); !status) return status;
  if (session.input->context.size() > kMaxSyscallContext) return too_long();
  return use_bytes(session, session.input->context.size());
}

/// Linux does not test-run these: the context has its type's full size, zeros behind what was given.
Status begin_event(Session& session) {
  if (auto status = refuse_flags(*session.input); !status) return status;
  if (auto status = refuse_data(*session.input); !status) return status;
  const auto* type = verifier::program_type(session.program.spec().type);
  const size_t size = verifier::context(type->context).size;
  return session.input->context.size() > size ? too_long() : use_bytes(session, size);
}

Status end_bytes(Session& session, TestRunOutput& output) {
  const Context& context = *session.context;
  output.context.assign(context.bytes(), context.bytes() + context.size());
  output.data.clear();
  return {};
}

}  // namespace skep::vm::test_run_kinds
