// SPDX-License-Identifier: Apache-2.0
#include "vm/prepare/section_names.hpp"

#include <private_libbpf.hpp>  // before libbpf's own header

#include <bpf/libbpf.h>

#include <algorithm>
#include <array>
#include <string>

namespace skep::vm {
namespace {

// Attach types that are newer than the oldest <linux/bpf.h>.
constexpr uint32_t kAttachKprobeSession = 56;
constexpr uint32_t kAttachUprobeSession = 57;

enum class Match : uint8_t { exact, prefix };

struct Row {
  std::string_view name;
  Match match;
  uint32_t type;
  uint32_t expected_attach_type = 0;
};

// The first row that matches counts, so longer prefixes come before shorter ones.
constexpr std::array kRows{
    // Newer than libbpf 1.4.
    Row{"kprobe.session", Match::prefix, BPF_PROG_TYPE_KPROBE, kAttachKprobeSession},
    Row{"uprobe.session", Match::prefix, BPF_PROG_TYPE_KPROBE, kAttachUprobeSession},
    // iproute2's tc.
    Row{"cls", Match::exact, BPF_PROG_TYPE_SCHED_CLS},
    Row{"act", Match::exact, BPF_PROG_TYPE_SCHED_ACT},
    Row{"ingress", Match::exact, BPF_PROG_TYPE_SCHED_CLS},
    Row{"egress", Match::exact, BPF_PROG_TYPE_SCHED_CLS},
    Row{"tc_", Match::prefix, BPF_PROG_TYPE_SCHED_CLS},
    Row{"tc-", Match::prefix, BPF_PROG_TYPE_SCHED_CLS},
    // libbpf before 1.0, which took every name that begins with one of these.
    Row{"socket", Match::prefix, BPF_PROG_TYPE_SOCKET_FILTER},
    Row{"filter", Match::prefix, BPF_PROG_TYPE_SOCKET_FILTER},
    Row{"sk_reuseport", Match::prefix, BPF_PROG_TYPE_SK_REUSEPORT, BPF_SK_REUSEPORT_SELECT},
    Row{"kprobe", Match::prefix, BPF_PROG_TYPE_KPROBE},
    Row{"kretprobe", Match::prefix, BPF_PROG_TYPE_KPROBE},
    Row{"uprobe", Match::prefix, BPF_PROG_TYPE_KPROBE},
    Row{"uretprobe", Match::prefix, BPF_PROG_TYPE_KPROBE},
    Row{"classifier", Match::prefix, BPF_PROG_TYPE_SCHED_CLS},
    Row{"action", Match::prefix, BPF_PROG_TYPE_SCHED_ACT},
    Row{"tracepoint", Match::prefix, BPF_PROG_TYPE_TRACEPOINT},
    Row{"tp_", Match::prefix, BPF_PROG_TYPE_TRACEPOINT},
    Row{"raw_tracepoint", Match::prefix, BPF_PROG_TYPE_RAW_TRACEPOINT},
    Row{"raw_tp", Match::prefix, BPF_PROG_TYPE_RAW_TRACEPOINT},
    Row{"xdp_devmap", Match::prefix, BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP},
    Row{"xdp_cpumap", Match::prefix, BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP},
    Row{"xdp", Match::prefix, BPF_PROG_TYPE_XDP, BPF_XDP},
    Row{"perf_event", Match::prefix, BPF_PROG_TYPE_PERF_EVENT},
    Row{"lwt_in", Match::prefix, BPF_PROG_TYPE_LWT_IN},
    Row{"lwt_out", Match::prefix, BPF_PROG_TYPE_LWT_OUT},
    Row{"lwt_xmit", Match::prefix, BPF_PROG_TYPE_LWT_XMIT},
    Row{"lwt_seg6local", Match::prefix, BPF_PROG_TYPE_LWT_SEG6LOCAL},
    Row{"cgroup_skb/ingress", Match::prefix, BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS},
    Row{"cgroup_skb/egress", Match::prefix, BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS},
    Row{"cgroup/skb", Match::prefix, BPF_PROG_TYPE_CGROUP_SKB},
    Row{"cgroup/sock", Match::prefix, BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_CREATE},
    Row{"cgroup/dev", Match::prefix, BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE},
    Row{"sockops", Match::prefix, BPF_PROG_TYPE_SOCK_OPS, BPF_CGROUP_SOCK_OPS},
    Row{"sk_skb/stream_parser", Match::prefix, BPF_PROG_TYPE_SK_SKB, BPF_SK_SKB_STREAM_PARSER},
    Row{"sk_skb/stream_verdict", Match::prefix, BPF_PROG_TYPE_SK_SKB, BPF_SK_SKB_STREAM_VERDICT},
    Row{"sk_skb", Match::prefix, BPF_PROG_TYPE_SK_SKB},
    Row{"sk_msg", Match::prefix, BPF_PROG_TYPE_SK_MSG, BPF_SK_MSG_VERDICT},
    Row{"lirc_mode2", Match::prefix, BPF_PROG_TYPE_LIRC_MODE2, BPF_LIRC_MODE2},
    Row{"flow_dissector", Match::prefix, BPF_PROG_TYPE_FLOW_DISSECTOR, BPF_FLOW_DISSECTOR},
};

bool matches(const Row& row, std::string_view name) {
  return row.match == Match::exact ? name == row.name : name.starts_with(row.name);
}

}  // namespace

std::optional<ProgramType> libbpf_type_of_section(std::string_view name) {
  bpf_prog_type type = BPF_PROG_TYPE_UNSPEC;
  bpf_attach_type attach_type = BPF_CGROUP_INET_INGRESS;
  if (libbpf_prog_type_by_name(std::string(name).c_str(), &type, &attach_type) != 0) return std::nullopt;
  return ProgramType{static_cast<uint32_t>(type), static_cast<uint32_t>(attach_type)};
}

std::optional<ProgramType> type_of_section(std::string_view name) {
  const auto* row = std::find_if(kRows.begin(), kRows.end(), [name](const Row& r) { return matches(r, name); });
  if (row == kRows.end()) return std::nullopt;
  return ProgramType{row->type, row->expected_attach_type};
}

}  // namespace skep::vm
