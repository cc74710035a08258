// SPDX-License-Identifier: Apache-2.0
#include "verifier/program_types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace skep::verifier {
namespace {

using enum AttachType;

// Sets of attach types that program_types.def names.
constexpr AttachSet kAny = AttachSet::all();
constexpr AttachSet kNone{};
constexpr AttachSet kZero{AttachType{}};
constexpr AttachSet kCgroupSkb{cgroup_inet_ingress, cgroup_inet_egress};
constexpr AttachSet kCgroupSock{cgroup_inet_sock_create, cgroup_inet_sock_release, cgroup_inet4_post_bind,
                                cgroup_inet6_post_bind};
constexpr AttachSet kCgroupBind{cgroup_inet4_bind, cgroup_inet6_bind};
constexpr AttachSet kCgroupConnectAndSend{cgroup_inet4_connect, cgroup_inet6_connect, cgroup_unix_connect,
                                          cgroup_udp4_sendmsg,  cgroup_udp6_sendmsg,  cgroup_unix_sendmsg};
/// Hooks that report an address and whose result nobody asks for.
constexpr AttachSet kCgroupReport{cgroup_udp4_recvmsg,      cgroup_udp6_recvmsg,      cgroup_unix_recvmsg,
                                  cgroup_inet4_getpeername, cgroup_inet6_getpeername, cgroup_unix_getpeername,
                                  cgroup_inet4_getsockname, cgroup_inet6_getsockname, cgroup_unix_getsockname};
constexpr AttachSet kCgroupSockAddr = kCgroupBind | kCgroupConnectAndSend | kCgroupReport;
constexpr AttachSet kCgroupSockopt{cgroup_setsockopt, cgroup_getsockopt};
constexpr AttachSet kSkReuseport{sk_reuseport_select, sk_reuseport_select_or_migrate};
constexpr AttachSet kSkLookup{sk_lookup};
constexpr AttachSet kNetfilter{netfilter};

constexpr auto kProgramTypes = std::to_array<ProgramTypeInfo>({
#define PROGRAM_TYPE(number, name, context, test_run, packet, privilege, sleepable, attach)                        \
  {ProgramType::name,    #name, ContextId::context, TestRun::test_run, PacketAccess::packet, Privilege::privilege, \
   Sleepable::sleepable, attach},
#include "verifier/program_types.def"
});

constexpr bool rows_are_dense() {
  for (uint32_t i = 0; i < kProgramTypes.size(); ++i)
    if (static_cast<uint32_t>(kProgramTypes[i].type) != i) return false;
  return true;
}
static_assert(rows_are_dense(), "program_types.def must list every number once and in order");

/// Attach types with which a type that is sleepable by_attach may sleep.
constexpr AttachSet kSleepableAttachTypes{trace_fentry, trace_fexit, modify_return, trace_iter, lsm_mac};

/// Programs of `type` whose attach type is in `attach` return a value in `range`; the first row that fits
/// counts.
struct ReturnRule {
  ProgramType type;
  AttachSet attach;
  ReturnRange range;
};

constexpr ReturnRule kReturnRules[] = {
    {ProgramType::cgroup_sock_addr, kCgroupReport, {1, 1}},
    {ProgramType::cgroup_sock_addr, kCgroupBind, {0, 3}},  // bit 1: bind without CAP_NET_BIND_SERVICE
    {ProgramType::cgroup_sock_addr, kAny, {0, 1}},
    {ProgramType::cgroup_skb, {cgroup_inet_egress}, {0, 3}},  // bit 1: congestion notification
    {ProgramType::cgroup_skb, kAny, {0, 1}},
    {ProgramType::cgroup_sock, kAny, {0, 1}},
    {ProgramType::sock_ops, kAny, {0, 1}},
    {ProgramType::cgroup_device, kAny, {0, 1}},
    {ProgramType::cgroup_sysctl, kAny, {0, 1}},
    {ProgramType::cgroup_sockopt, kAny, {0, 1}},
    {ProgramType::tracing, {trace_fentry, trace_fexit}, {0, 0}},
    {ProgramType::tracing, {trace_iter}, {0, 1}},
    {ProgramType::kprobe, {trace_kprobe_session, trace_uprobe_session}, {0, 1}},
    {ProgramType::sk_lookup, kAny, {0, 1}},
    {ProgramType::lsm, {lsm_cgroup}, {0, 1}},
    {ProgramType::netfilter, kAny, {0, 1}},
};

}  // namespace

const ProgramTypeInfo* program_type(ProgramType type) {
  const auto number = static_cast<uint32_t>(type);
  return number > 0 && number < kProgramTypes.size() ? &kProgramTypes[number] : nullptr;
}

const ProgramTypeInfo* program_type_by_name(std::string_view name) {
  const auto* found = std::ranges::find(kProgramTypes, name, &ProgramTypeInfo::name);
  return found != kProgramTypes.end() ? program_type(found->type) : nullptr;
}

std::string_view program_type_name(ProgramType type) {
  const auto number = static_cast<uint32_t>(type);
  return number < kProgramTypes.size() ? kProgramTypes[number].name : "unknown";
}

AttachType effective_attach_type(ProgramType type, AttachType expected) {
  if (expected != AttachType{}) return expected;
  if (type == ProgramType::cgroup_sock) return cgroup_inet_sock_create;
  if (type == ProgramType::sk_reuseport) return sk_reuseport_select;
  return expected;
}

Status check_attach_type(ProgramType type, AttachType expected) {
  const ProgramTypeInfo* info = program_type(type);
  if (info == nullptr) return Error{EINVAL, fmt::format("program type {} does not exist", static_cast<uint32_t>(type))};
  if (!info->attach_types.contains(effective_attach_type(type, expected)))
    return Error{EINVAL, fmt::format("a {} program cannot be loaded for attach type {} ({})", info->name,
                                     static_cast<uint32_t>(expected), attach_type_name(expected))};
  return {};
}

bool can_be_sleepable(ProgramType type, AttachType attach) {
  const ProgramTypeInfo* info = program_type(type);
  if (info == nullptr || info->sleepable == Sleepable::never) return false;
  return info->sleepable != Sleepable::by_attach || kSleepableAttachTypes.contains(attach);
}

std::optional<ReturnRange> return_range(ProgramType type, AttachType attach) {
  for (const ReturnRule& rule : kReturnRules)
    if (rule.type == type && rule.attach.contains(effective_attach_type(type, attach))) return rule.range;
  return std::nullopt;
}

}  // namespace skep::verifier
