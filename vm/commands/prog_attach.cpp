// SPDX-License-Identifier: Apache-2.0
// Attaching without links, and what asks about attachments. As in link.cpp, the targets are missing in a VM.
#include <unistd.h>

#include "vm/commands/attach.hpp"
#include "vm/commands/commands.hpp"

namespace skep::vm::commands {
namespace {

using verifier::AttachType;
using verifier::ProgramType;

// attach_flags.
constexpr uint32_t kAllowOverride = 1u << 0;
constexpr uint32_t kAllowMulti = 1u << 1;
constexpr uint32_t kReplace = 1u << 2;
constexpr uint32_t kBefore = 1u << 3;
constexpr uint32_t kAfter = 1u << 4;
constexpr uint32_t kId = 1u << 5;
constexpr uint32_t kPreorder = 1u << 6;
constexpr uint32_t kLink = 1u << 13;
constexpr uint32_t kOfOrder = kReplace | kBefore | kAfter | kId | kLink;  // types with an order of programs (mprog)
constexpr uint32_t kOfOthers = kAllowOverride | kAllowMulti | kReplace | kPreorder;

constexpr uint32_t kQueryEffective = 1u << 0;
constexpr size_t kTracepointName = 127;

bool has_order(ProgramType type) { return type == ProgramType::sched_cls; }

int check_attach_flags(ProgramType type, const ProgAttachAttr& attr) {
  if (has_order(type)) return (attr.attach_flags & ~kOfOrder) != 0 ? -EINVAL : 0;
  if (is_cgroup_type(type)) return (attr.attach_flags & ~(kOfOthers | kOfOrder)) != 0 ? -EINVAL : 0;
  const bool plain = (attr.attach_flags & ~kOfOthers) == 0 && attr.relative_fd == 0 && attr.expected_revision == 0;
  return plain ? 0 : -EINVAL;
}

int check_detach_flags(ProgramType type, const ProgAttachAttr& attr) {
  if (has_order(type)) return (attr.attach_flags & ~kOfOrder) != 0 ? -EINVAL : 0;
  const bool plain =
      attr.attach_flags == 0 && attr.relative_fd == 0 && (is_cgroup_type(type) || attr.expected_revision == 0);
  return plain ? 0 : -EINVAL;
}

bool is_tcx(AttachType attach) { return attach == AttachType::tcx_ingress || attach == AttachType::tcx_egress; }

/// What comes of looking for the target of an attach type. The machine has neither infrared remotes nor netkit devices.
long find_target(Vm& vm, AttachType attach, uint32_t target_fd) {
  const ProgramType type = program_type_of(attach);
  if (is_cgroup_type(type)) return -EBADF;
  switch (type) {
    case ProgramType::sk_msg:
    case ProgramType::sk_skb: return find_socket_map(vm, target_fd);
    case ProgramType::sched_cls: return is_tcx(attach) ? -ENODEV : -EINVAL;
    case ProgramType::flow_dissector: return target_fd != 0 ? -EINVAL : -EOPNOTSUPP;  // of the own network namespace
    default: return -EINVAL;
  }
}

}  // namespace

long prog_attach(const Call& call, Attr& arguments) {
  const ProgAttachAttr& attr = arguments.prog_attach;
  const auto attach = static_cast<AttachType>(attr.attach_type);
  const ProgramType type = program_type_of(attach);
  if (type == ProgramType::unspec) return -EINVAL;
  if (const int error = check_attach_flags(type, attr); error != 0) return error;
  int error = 0;
  const auto program = object_of<Program>(call.vm, attr.attach_bpf_fd, error);
  if (program == nullptr) return error;
  if (program->spec().type != type || !may_attach(*program, attach)) return -EINVAL;
  return find_target(call.vm, attach, attr.target_fd);
}

long prog_detach(const Call& call, Attr& arguments) {
  const ProgAttachAttr& attr = arguments.prog_attach;
  const auto attach = static_cast<AttachType>(attr.attach_type);
  const ProgramType type = program_type_of(attach);
  if (const int error = check_detach_flags(type, attr); error != 0) return error;
  if (has_order(type) && attr.attach_bpf_fd != 0) {
    int error = 0;
    const auto program = object_of<Program>(call.vm, attr.attach_bpf_fd, error);
    if (program == nullptr) return error;
    if (program->spec().type != type) return -EINVAL;
  }
  return find_target(call.vm, attach, attr.target_fd);
}

long prog_query(const Call& call, Attr& arguments) {
  const ProgQueryAttr& attr = arguments.query;
  if (call.vm.unprivileged()) return -EPERM;
  if ((attr.query_flags & ~kQueryEffective) != 0) return -EINVAL;
  const auto attach = static_cast<AttachType>(attr.attach_type);
  switch (attach) {
    case AttachType::lsm_mac: return -EINVAL;  // of the hooks of LSM programs only those of a cgroup
    case AttachType::flow_dissector:
    case AttachType::sk_lookup: return find_namespace(call.vm, attr.target_fd);
    default: return find_target(call.vm, attach, attr.target_fd);
  }
}

long raw_tracepoint_open(const Call& call, Attr& arguments) {
  const RawTracepointAttr& attr = arguments.raw_tracepoint;
  int error = 0;
  const auto program = object_of<Program>(call.vm, attr.prog_fd, error);
  if (program == nullptr) return error;
  switch (program->spec().type) {
    case ProgramType::tracing:
    case ProgramType::ext:
    case ProgramType::lsm: return attr.name != 0 ? -EINVAL : -EOPNOTSUPP;
    case ProgramType::raw_tracepoint:
    case ProgramType::raw_tracepoint_writable: break;
    default: return -EINVAL;
  }
  std::string name;
  return copy_string_from_user(name, attr.name, kTracepointName) ? -ENOENT : -EFAULT;
}

long task_fd_query(const Call& call, Attr& arguments) {
  const TaskFdQueryAttr& attr = arguments.task_fd_query;
  if (call.vm.unprivileged()) return -EPERM;
  if (attr.flags != 0) return -EINVAL;
  if (attr.pid != static_cast<uint32_t>(::getpid())) return -ENOENT;
  const int error = call.vm.descriptors().resolve(static_cast<int>(attr.fd)).error;
  return error == -EBADF ? -EBADF : -kENOTSUPP;
}

long token_create(const Call& call, Attr& attr) {
  if (attr.token_create.flags != 0) return -EINVAL;
  return refuse_token(call.vm, static_cast<int32_t>(attr.token_create.bpffs_fd));
}

}  // namespace skep::vm::commands
