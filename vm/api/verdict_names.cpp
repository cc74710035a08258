// SPDX-License-Identifier: Apache-2.0
#include "vm/api/verdict_names.hpp"

#include <array>
#include <span>

namespace skep::vm {
namespace {

using verifier::ProgramType;

// Numbers and names of include/uapi/linux/{bpf.h,pkt_cls.h}.
constexpr std::array<std::string_view, 5> kXdp = {"XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT"};
constexpr std::array<std::string_view, 10> kTc = {
    "TC_ACT_OK",     "TC_ACT_RECLASSIFY", "TC_ACT_SHOT",     "TC_ACT_PIPE", "TC_ACT_STOLEN",
    "TC_ACT_QUEUED", "TC_ACT_REPEAT",     "TC_ACT_REDIRECT", "TC_ACT_TRAP", ""};
constexpr std::array<std::string_view, 8> kLwt = {"BPF_OK", "", "BPF_DROP", "", "", "", "", "BPF_REDIRECT"};
constexpr std::array<std::string_view, 4> kCgroup = {"DROP", "PASS", "DROP_CN", "PASS_CN"};
constexpr std::array<std::string_view, 2> kNetfilter = {"NF_DROP", "NF_ACCEPT"};

struct Names {
  ProgramType type;
  std::span<const std::string_view> names;
};
constexpr Names kNames[] = {
    {ProgramType::xdp, kXdp},           {ProgramType::sched_cls, kTc},        {ProgramType::sched_act, kTc},
    {ProgramType::lwt_in, kLwt},        {ProgramType::lwt_out, kLwt},         {ProgramType::lwt_xmit, kLwt},
    {ProgramType::cgroup_skb, kCgroup}, {ProgramType::netfilter, kNetfilter},
};

}  // namespace

std::string_view verdict_name(ProgramType type, uint32_t retval) {
  constexpr uint32_t kUnspec = ~uint32_t{0};  // TC_ACT_UNSPEC is -1
  if (retval == kUnspec && (type == ProgramType::sched_cls || type == ProgramType::sched_act)) return "TC_ACT_UNSPEC";
  for (const Names& row : kNames)
    if (row.type == type) return retval < row.names.size() ? row.names[retval] : std::string_view{};
  return {};
}

bool takes_packet(ProgramType type) {
  const verifier::ProgramTypeInfo* info = verifier::program_type(type);
  if (info == nullptr) return false;
  using verifier::TestRun;
  return info->test_run == TestRun::xdp || info->test_run == TestRun::skb ||
         info->test_run == TestRun::flow_dissector || info->test_run == TestRun::netfilter;
}

}  // namespace skep::vm
