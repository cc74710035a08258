// SPDX-License-Identifier: Apache-2.0
// Links. Most attach programs to a kernel, which a VM does not have: arguments are checked as Linux does, then the target is
// missing (no cgroups, network devices, perf events, tracepoints), or the kind of link is not built (EOPNOTSUPP).
#include <algorithm>
#include <array>

#include "vm/commands/attach.hpp"
#include "vm/commands/commands.hpp"

namespace skep::vm::commands {
namespace {

using maps::MapType;
using verifier::AttachType;
using verifier::ProgramType;

constexpr uint32_t kReplace = 1u << 2;  // BPF_F_REPLACE
constexpr size_t kPathMax = 4096;
constexpr uint32_t kMaxUprobes = 1u << 20;  // MAX_UPROBE_MULTI_CNT

using Create = long (*)(const Call& call, const Program& program, const LinkCreateAttr& attr);

long no_cgroup(const Call&, const Program&, const LinkCreateAttr& attr) { return attr.flags != 0 ? -EINVAL : -EBADF; }
long no_device(const Call&, const Program&, const LinkCreateAttr&) { return -ENODEV; }
long no_xdp_device(const Call&, const Program&, const LinkCreateAttr&) { return -EINVAL; }
long not_built(const Call&, const Program&, const LinkCreateAttr&) { return -EOPNOTSUPP; }

long no_namespace(const Call& call, const Program&, const LinkCreateAttr& attr) {
  return attr.flags != 0 ? -EINVAL : find_namespace(call.vm, attr.target_fd);
}

long to_socket_map(const Call& call, const Program&, const LinkCreateAttr& attr) {
  return attr.flags != 0 ? -EINVAL : find_socket_map(call.vm, attr.target_fd);
}

long no_perf_event(const Call&, const Program&, const LinkCreateAttr& attr) {
  return attr.flags != 0 ? -EINVAL : -EBADF;
}

/// libbpf finds out by the errors for a path that is no binary what kind of uprobes there are.
long no_binary(const Call&, const Program&, const LinkCreateAttr& attr) {
  constexpr uint32_t kReturn = 1;  // BPF_F_UPROBE_MULTI_RETURN
  const auto& uprobes = attr.uprobe_multi;
  if (attr.flags != 0 || (uprobes.flags & ~kReturn) != 0) return -EINVAL;
  if (uprobes.path == 0 || uprobes.offsets == 0 || uprobes.cnt == 0 || uprobes.pid < 0) return -EINVAL;
  if (uprobes.cnt > kMaxUprobes) return -E2BIG;
  std::string path;
  return copy_string_from_user(path, uprobes.path, kPathMax) ? -EBADF : -EFAULT;
}

long to_kprobe(const Call& call, const Program& program, const LinkCreateAttr& attr) {
  switch (static_cast<AttachType>(attr.attach_type)) {
    case AttachType::perf_event: return no_perf_event(call, program, attr);
    case AttachType::trace_uprobe_multi:
    case AttachType::trace_uprobe_session: return no_binary(call, program, attr);
    default: return -EOPNOTSUPP;
  }
}

long to_function(const Call&, const Program& program, const LinkCreateAttr& attr) {
  const auto attach = static_cast<AttachType>(attr.attach_type);
  if (attach != program.spec().expected_attach_type) return -EINVAL;
  return attach == AttachType::lsm_cgroup ? -EBADF : -EOPNOTSUPP;
}

struct Row {
  ProgramType type;
  Create create;
};
constexpr std::array kLinks{
    Row{ProgramType::cgroup_skb, no_cgroup},
    Row{ProgramType::cgroup_sock, no_cgroup},
    Row{ProgramType::cgroup_sock_addr, no_cgroup},
    Row{ProgramType::sock_ops, no_cgroup},
    Row{ProgramType::cgroup_device, no_cgroup},
    Row{ProgramType::cgroup_sysctl, no_cgroup},
    Row{ProgramType::cgroup_sockopt, no_cgroup},
    Row{ProgramType::ext, not_built},
    Row{ProgramType::lsm, to_function},
    Row{ProgramType::tracing, to_function},
    Row{ProgramType::flow_dissector, no_namespace},
    Row{ProgramType::sk_lookup, no_namespace},
    Row{ProgramType::sk_msg, to_socket_map},
    Row{ProgramType::sk_skb, to_socket_map},
    Row{ProgramType::xdp, no_xdp_device},
    Row{ProgramType::sched_cls, no_device},
    Row{ProgramType::netfilter, not_built},
    Row{ProgramType::perf_event, no_perf_event},
    Row{ProgramType::tracepoint, no_perf_event},
    Row{ProgramType::kprobe, to_kprobe},
};

long struct_ops_link(const Call& call, uint32_t map_fd) {
  int error = 0;
  const auto map = object_of<maps::Map>(call.vm, map_fd, error);
  if (map == nullptr) return error;
  return map->type() == MapType::struct_ops ? -EOPNOTSUPP : -EINVAL;
}

}  // namespace

long link_create(const Call& call, Attr& arguments) {
  const LinkCreateAttr& attr = arguments.link_create;
  const auto attach = static_cast<AttachType>(attr.attach_type);
  if (attach == AttachType::struct_ops) return struct_ops_link(call, attr.prog_fd);
  int error = 0;
  const auto program = object_of<Program>(call.vm, attr.prog_fd, error);
  if (program == nullptr) return error;
  if (!may_attach(*program, attach)) return -EINVAL;
  const auto row = std::find_if(kLinks.begin(), kLinks.end(),
                                [&](const Row& candidate) { return candidate.type == program->spec().type; });
  return row == kLinks.end() ? -EINVAL : row->create(call, *program, attr);
}

long link_update(const Call& call, Attr& attr) {
  if ((attr.link_update.flags & ~kReplace) != 0) return -EINVAL;
  int error = 0;
  const auto link = object_of<Link>(call.vm, attr.link_update.link_fd, error);
  return link == nullptr ? error : -EINVAL;
}

long link_detach(const Call& call, Attr& attr) {
  int error = 0;
  const auto link = object_of<Link>(call.vm, attr.link_detach.link_fd, error);
  return link == nullptr ? error : -EOPNOTSUPP;
}

long iter_create(const Call& call, Attr& attr) {
  if (attr.iter_create.flags != 0) return -EINVAL;
  int error = 0;
  const auto link = object_of<Link>(call.vm, attr.iter_create.link_fd, error);
  return link == nullptr ? error : -EINVAL;
}

}  // namespace skep::vm::commands
