// SPDX-License-Identifier: Apache-2.0
#include "vm/commands/attach.hpp"

#include <algorithm>
#include <array>

#include "vm/program.hpp"

namespace skep::vm::commands {
namespace {

using verifier::AttachSet;
using verifier::AttachType;
using verifier::ProgramType;
using A = AttachType;

struct Row {
  ProgramType program;
  AttachSet attach;
};

// clang-format off
const std::array kOwners{
    Row{ProgramType::cgroup_skb,       {A::cgroup_inet_ingress, A::cgroup_inet_egress}},
    Row{ProgramType::cgroup_sock,      {A::cgroup_inet_sock_create, A::cgroup_inet_sock_release,
                                        A::cgroup_inet4_post_bind, A::cgroup_inet6_post_bind}},
    Row{ProgramType::cgroup_sock_addr, {A::cgroup_inet4_bind, A::cgroup_inet6_bind,
                                        A::cgroup_inet4_connect, A::cgroup_inet6_connect, A::cgroup_unix_connect,
                                        A::cgroup_inet4_getpeername, A::cgroup_inet6_getpeername,
                                        A::cgroup_unix_getpeername,
                                        A::cgroup_inet4_getsockname, A::cgroup_inet6_getsockname,
                                        A::cgroup_unix_getsockname,
                                        A::cgroup_udp4_sendmsg, A::cgroup_udp6_sendmsg, A::cgroup_unix_sendmsg,
                                        A::cgroup_udp4_recvmsg, A::cgroup_udp6_recvmsg, A::cgroup_unix_recvmsg}},
    Row{ProgramType::sock_ops,         {A::cgroup_sock_ops}},
    Row{ProgramType::cgroup_device,    {A::cgroup_device}},
    Row{ProgramType::sk_msg,           {A::sk_msg_verdict}},
    Row{ProgramType::sk_skb,           {A::sk_skb_stream_parser, A::sk_skb_stream_verdict, A::sk_skb_verdict}},
    Row{ProgramType::lirc_mode2,       {A::lirc_mode2}},
    Row{ProgramType::flow_dissector,   {A::flow_dissector}},
    Row{ProgramType::cgroup_sysctl,    {A::cgroup_sysctl}},
    Row{ProgramType::cgroup_sockopt,   {A::cgroup_getsockopt, A::cgroup_setsockopt}},
    Row{ProgramType::tracing,          {A::trace_iter, A::trace_raw_tp, A::trace_fentry, A::trace_fexit,
                                        A::modify_return}},
    Row{ProgramType::lsm,              {A::lsm_mac, A::lsm_cgroup}},
    Row{ProgramType::sk_lookup,        {A::sk_lookup}},
    Row{ProgramType::xdp,              {A::xdp}},
    Row{ProgramType::sched_cls,        {A::tcx_ingress, A::tcx_egress, A::netkit_primary, A::netkit_peer}},
};
// clang-format on

const AttachSet kKprobeAttachTypes{A::perf_event, A::trace_kprobe_multi, A::trace_kprobe_session, A::trace_uprobe_multi,
                                   A::trace_uprobe_session};

/// A program that was loaded for one of the kinds of many probes is only attached to that.
bool may_attach_kprobe(AttachType expected, AttachType attach) {
  const bool bound = expected != A::perf_event && kKprobeAttachTypes.contains(expected);
  return bound ? attach == expected : kKprobeAttachTypes.contains(attach);
}

}  // namespace

ProgramType program_type_of(AttachType attach) {
  const auto row =
      std::find_if(kOwners.begin(), kOwners.end(), [attach](const Row& r) { return r.attach.contains(attach); });
  return row == kOwners.end() ? ProgramType::unspec : row->program;
}

bool may_attach(const Program& program, AttachType attach) {
  const AttachType expected = program.spec().expected_attach_type;
  switch (program.spec().type) {
    case ProgramType::cgroup_sock:
    case ProgramType::cgroup_sock_addr:
    case ProgramType::cgroup_sockopt:
    case ProgramType::sk_lookup: return attach == expected;
    case ProgramType::ext: return true;
    case ProgramType::netfilter: return attach == A::netfilter;
    case ProgramType::perf_event:
    case ProgramType::tracepoint: return attach == A::perf_event;
    case ProgramType::kprobe: return may_attach_kprobe(expected, attach);
    default: return program_type_of(attach) == program.spec().type;
  }
}

bool is_cgroup_type(ProgramType type) {
  constexpr std::array kTypes{
      ProgramType::cgroup_device,  ProgramType::cgroup_skb,    ProgramType::cgroup_sock, ProgramType::cgroup_sock_addr,
      ProgramType::cgroup_sockopt, ProgramType::cgroup_sysctl, ProgramType::sock_ops,    ProgramType::lsm};
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

long find_socket_map(Vm& vm, uint32_t fd) {
  int error = 0;
  const auto map = object_of<maps::Map>(vm, fd, error);
  if (map == nullptr) return error;
  return map->type() == maps::MapType::sockmap || map->type() == maps::MapType::sockhash ? -EOPNOTSUPP : -EINVAL;
}

long find_namespace(Vm& vm, uint32_t fd) {
  const int error = vm.descriptors().resolve(static_cast<int>(fd)).error;
  return error != 0 ? error : -EINVAL;
}

}  // namespace skep::vm::commands
