// SPDX-License-Identifier: Apache-2.0
// BPF_PROG_TEST_RUN: the caller's buffers in, vm/test_run.hpp, the caller's buffers out (net/bpf/test_run.c).
#include "vm/test_run.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "vm/commands/commands.hpp"

namespace skep::vm::commands {
namespace {

// More than any type of program takes; keeps a wild size from being allocated.
constexpr uint32_t kMaxInput = 1 << 20;

bool pair_is_whole(uint32_t size, uint64_t address) { return (size != 0) == (address != 0); }

/// Copies as much as the caller has room for (`room` 0 with an address: all, as old callers expect). 0, -EFAULT, -ENOSPC.
int give_out(uint64_t to, uint32_t room, std::span<const std::byte> bytes, bool zero_is_unlimited) {
  const bool limited = room != 0 || !zero_is_unlimited;
  const size_t size = limited ? std::min<size_t>(room, bytes.size()) : bytes.size();
  if (to != 0 && !copy_to_user(to, bytes.data(), size)) return -EFAULT;
  return size < bytes.size() ? -ENOSPC : 0;
}

uint32_t whole_ns(double ns) {
  constexpr double kMost = std::numeric_limits<uint32_t>::max();
  return static_cast<uint32_t>(std::min(std::floor(std::max(ns, 0.0)), kMost));
}

/// Linux's bpf_test_finish: packet, its size, verdict and duration.
int give_out_data(const Call& call, const TestRunAttr& attr, const TestRunOutput& output) {
  const int result = give_out(attr.data_out, attr.data_size_out, output.data, true);
  if (result == -EFAULT) return result;
  const auto size = static_cast<uint32_t>(output.data.size());
  const bool put = call.put(offsetof(Attr, test.data_size_out), size) &&
                   call.put(offsetof(Attr, test.retval), output.retval) &&
                   call.put(offsetof(Attr, test.duration), whole_ns(output.duration_ns));
  return put ? result : -EFAULT;
}

/// Linux's bpf_ctx_finish.
int give_out_context(const Call& call, const TestRunAttr& attr, const TestRunOutput& output) {
  if (attr.ctx_out == 0 || output.context.empty()) return 0;
  const int result = give_out(attr.ctx_out, attr.ctx_size_out, output.context, false);
  if (result == -EFAULT) return result;
  const auto size = static_cast<uint32_t>(output.context.size());
  return call.put(offsetof(Attr, test.ctx_size_out), size) ? result : -EFAULT;
}

bool is_raw_tracepoint(verifier::ProgramType type) {
  return type == verifier::ProgramType::raw_tracepoint || type == verifier::ProgramType::raw_tracepoint_writable;
}

/// What Linux's bpf_prog_test_run_syscall and bpf_prog_test_run_raw_tp refuse: context in, verdict out, no more.
int check_context_only(const TestRunAttr& attr, bool is_syscall) {
  if (attr.data_in != 0 || attr.data_out != 0 || attr.ctx_out != 0) return -EINVAL;
  if (attr.duration != 0 || attr.repeat != 0 || attr.batch_size != 0) return -EINVAL;
  return is_syscall && attr.flags != 0 ? -EINVAL : 0;
}

/// Those two. A syscall program gets its context's changes back where they came from; light skeletons load by that.
long run_on_context(const Call& call, const TestRunAttr& attr, const std::shared_ptr<Program>& program) {
  const bool is_syscall = program->spec().type == verifier::ProgramType::syscall;
  if (const int error = check_context_only(attr, is_syscall); error != 0) return error;
  if (attr.ctx_size_in > kMaxInput) return -EINVAL;
  Buffer context(attr.ctx_size_in);
  if (const int failed = context.read(attr.ctx_in); failed != 0) return failed;
  const TestRunInput input{
      .context = {context.data(), context.size()}, .flags = attr.flags, .cpu = is_syscall ? 0 : attr.cpu};
  const auto output = test_run(call.vm, program, input);
  if (!output) return call.refuse(output.error());
  if (!call.put(offsetof(Attr, test.retval), output->retval)) return -EFAULT;
  return !is_syscall || copy_to_user(attr.ctx_in, output->context.data(), output->context.size()) ? 0 : -EFAULT;
}

}  // namespace

long prog_test_run(const Call& call, Attr& arguments) {
  const TestRunAttr& attr = arguments.test;
  if (!pair_is_whole(attr.ctx_size_in, attr.ctx_in) || !pair_is_whole(attr.ctx_size_out, attr.ctx_out)) return -EINVAL;
  int error = 0;
  const auto program = object_of<Program>(call.vm, attr.prog_fd, error);
  if (program == nullptr) return error;
  const verifier::ProgramType type = program->spec().type;
  if (type == verifier::ProgramType::syscall || is_raw_tracepoint(type)) return run_on_context(call, attr, program);
  if (attr.batch_size != 0 && (attr.flags & kTestXdpLiveFrames) == 0) return -EINVAL;
  if (attr.data_size_in > kMaxInput) return -EINVAL;
  if (attr.ctx_size_in > kMaxInput) return -E2BIG;

  Buffer data(attr.data_size_in);
  if (const int failed = data.read(attr.data_in); failed != 0) return failed;
  Buffer context(attr.ctx_size_in);
  if (const int failed = context.read(attr.ctx_in); failed != 0) return failed;
  const TestRunInput input{
      .data = {data.data(), data.size()},
      .context = {context.data(), context.size()},
      .repeat = attr.repeat,
      .flags = attr.flags,
      .cpu = attr.cpu,
  };
  const auto output = test_run(call.vm, program, input);
  if (!output) return call.refuse(output.error());
  const int result = give_out_data(call, attr, *output);
  return result != 0 ? result : give_out_context(call, attr, *output);
}

}  // namespace skep::vm::commands
