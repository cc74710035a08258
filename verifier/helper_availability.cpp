// SPDX-License-Identifier: Apache-2.0
// The sets follow the *_func_proto functions of Linux 6.18: kernel/bpf/{helpers,cgroup,bpf_lsm,syscall}.c,
// kernel/trace/bpf_trace.c, net/core/filter.c, net/ipv4/bpf_tcp_ca.c, drivers/media/rc/bpf-lirc.c.
#include "verifier/helper_availability.hpp"

#include <algorithm>
#include <string_view>

namespace skep::verifier {
namespace {

// `using enum` for the ids only: most program and attach types have the names of helpers or of each other.
using enum HelperId;

// --- Sets of helpers --------------------------------------------------------------------------------------------

/// For every program (bpf_base_func_proto), unprivileged ones included.
constexpr HelperSet kBaseOpen{map_lookup_elem,
                              map_update_elem,
                              map_delete_elem,
                              map_push_elem,
                              map_pop_elem,
                              map_peek_elem,
                              map_lookup_percpu_elem,
                              get_prandom_u32,
                              get_smp_processor_id,
                              get_numa_node_id,
                              tail_call,
                              ktime_get_ns,
                              ktime_get_boot_ns,
                              ktime_get_tai_ns,
                              ringbuf_output,
                              ringbuf_reserve,
                              ringbuf_submit,
                              ringbuf_discard,
                              ringbuf_query,
                              strncmp,
                              strtol,
                              strtoul,
                              get_current_pid_tgid,
                              get_ns_current_pid_tgid,
                              get_current_uid_gid};

/// For every program that was loaded with CAP_BPF.
constexpr HelperSet kBaseBpf{spin_lock,
                             spin_unlock,
                             jiffies64,
                             per_cpu_ptr,
                             this_cpu_ptr,
                             timer_init,
                             timer_set_callback,
                             timer_start,
                             timer_cancel,
                             kptr_xchg,
                             for_each_map_elem,
                             loop,
                             user_ringbuf_drain,
                             ringbuf_reserve_dynptr,
                             ringbuf_submit_dynptr,
                             ringbuf_discard_dynptr,
                             dynptr_from_mem,
                             dynptr_read,
                             dynptr_write,
                             dynptr_data,
                             cgrp_storage_get,
                             cgrp_storage_delete,
                             get_current_cgroup_id,
                             get_current_ancestor_cgroup_id,
                             current_task_under_cgroup,
                             get_cgroup_classid,
                             task_storage_get,
                             task_storage_delete};

/// For every program that was loaded with CAP_PERFMON as well: these look into the kernel or into other tasks.
constexpr HelperSet kBasePerfmon{trace_printk,     trace_vprintk,        snprintf,          snprintf_btf,
                                 get_current_task, get_current_task_btf, task_pt_regs,      get_current_comm,
                                 probe_read_user,  probe_read_user_str,  probe_read_kernel, probe_read_kernel_str,
                                 copy_from_user,   copy_from_user_task,  perf_event_read,   perf_event_read_value,
                                 send_signal,      send_signal_thread,   get_task_stack,    get_branch_snapshot,
                                 find_vma};

constexpr HelperSet kBase = kBaseOpen | kBaseBpf | kBasePerfmon;

/// Casts of socket pointers; they give kernel pointers and therefore need CAP_PERFMON.
constexpr HelperSet kSocketCasts{skc_to_tcp_sock,  skc_to_tcp6_sock, skc_to_tcp_timewait_sock, skc_to_tcp_request_sock,
                                 skc_to_udp6_sock, skc_to_unix_sock, skc_to_mptcp_sock};

/// For programs of the network (bpf_sk_base_func_proto).
constexpr HelperSet kNetworkBase = kBase | kSocketCasts | HelperSet{ktime_get_coarse_ns};

constexpr HelperSet kSocketFilter =
    kNetworkBase | HelperSet{skb_load_bytes, skb_load_bytes_relative, get_socket_cookie,
                             get_socket_uid, get_netns_cookie,        perf_event_output};

constexpr HelperSet kSocketLookup{sk_lookup_tcp, sk_lookup_udp, skc_lookup_tcp, sk_release};
constexpr HelperSet kSocketStorage{sk_storage_get, sk_storage_delete};
constexpr HelperSet kSocketOptions{setsockopt, getsockopt};
constexpr HelperSet kSyncookies{tcp_check_syncookie,          tcp_gen_syncookie,
                                tcp_raw_gen_syncookie_ipv4,   tcp_raw_gen_syncookie_ipv6,
                                tcp_raw_check_syncookie_ipv4, tcp_raw_check_syncookie_ipv6};
constexpr HelperSet kTunnel{skb_get_tunnel_key, skb_set_tunnel_key, skb_get_tunnel_opt, skb_set_tunnel_opt};

/// Lightweight tunnels, in the order of what they may change.
constexpr HelperSet kLwtOut =
    kNetworkBase | HelperSet{skb_load_bytes,  skb_pull_data,     csum_diff,       get_route_realm,
                             get_hash_recalc, perf_event_output, skb_under_cgroup};
constexpr HelperSet kLwtIn = kLwtOut | HelperSet{lwt_push_encap};
constexpr HelperSet kLwtXmit =
    kLwtIn | kTunnel | HelperSet{redirect,    clone_redirect, skb_change_tail, skb_change_head, skb_store_bytes,
                                 csum_update, csum_level,     l3_csum_replace, l4_csum_replace, set_hash_invalid};
constexpr HelperSet kLwtSeg6local = kLwtOut | HelperSet{lwt_seg6_store_bytes, lwt_seg6_action, lwt_seg6_adjust_srh};

constexpr HelperSet kTrafficControl = kNetworkBase | kSocketLookup | kSocketStorage | kSyncookies | kTunnel |
                                      HelperSet{skb_store_bytes,    skb_load_bytes,    skb_load_bytes_relative,
                                                skb_pull_data,      csum_diff,         csum_update,
                                                csum_level,         l3_csum_replace,   l4_csum_replace,
                                                clone_redirect,     skb_vlan_push,     skb_vlan_pop,
                                                skb_change_proto,   skb_change_type,   skb_adjust_room,
                                                skb_change_tail,    skb_change_head,   redirect,
                                                redirect_neigh,     redirect_peer,     get_route_realm,
                                                get_hash_recalc,    set_hash_invalid,  set_hash,
                                                perf_event_output,  skb_under_cgroup,  get_socket_cookie,
                                                get_socket_uid,     get_netns_cookie,  fib_lookup,
                                                check_mtu,          sk_fullsock,       skb_get_xfrm_state,
                                                skb_cgroup_classid, skb_cgroup_id,     skb_ancestor_cgroup_id,
                                                tcp_sock,           get_listener_sock, skb_ecn_set_ce,
                                                sk_assign,          skb_set_tstamp};

constexpr HelperSet kXdp =
    kNetworkBase | kSocketLookup | kSyncookies |
    HelperSet{perf_event_output, csum_diff,        xdp_adjust_head, xdp_adjust_meta, xdp_adjust_tail, redirect,
              redirect_map,      xdp_get_buff_len, xdp_load_bytes,  xdp_store_bytes, fib_lookup,      check_mtu};

/// For programs that are attached to a cgroup (cgroup_common_func_proto).
constexpr HelperSet kCgroupResult{get_retval, set_retval};
constexpr HelperSet kCgroup = kCgroupResult | HelperSet{get_local_storage};

constexpr HelperSet kCgroupSkb = (kSocketFilter | kSocketLookup | kSocketStorage | kCgroup |
                                  HelperSet{sk_fullsock, skb_cgroup_id, skb_ancestor_cgroup_id, sk_cgroup_id,
                                            sk_ancestor_cgroup_id, tcp_sock, get_listener_sock, skb_ecn_set_ce});
constexpr HelperSet kCgroupSock =
    kBase | kCgroup |
    HelperSet{get_socket_cookie, get_netns_cookie, perf_event_output, sk_storage_get, ktime_get_coarse_ns};
constexpr HelperSet kCgroupSockAddr = kNetworkBase | kCgroup | kSocketLookup | kSocketStorage | kSocketOptions |
                                      HelperSet{bind, get_socket_cookie, get_netns_cookie, perf_event_output};
constexpr HelperSet kCgroupDevice = kBase | kCgroup | HelperSet{perf_event_output};
constexpr HelperSet kCgroupSysctl =
    kBase | kCgroup | HelperSet{sysctl_get_name,      sysctl_get_current_value, sysctl_get_new_value,
                                sysctl_set_new_value, ktime_get_coarse_ns,      perf_event_output};
constexpr HelperSet kCgroupSockopt =
    kBase | kCgroup | kSocketStorage | kSocketOptions | HelperSet{get_netns_cookie, tcp_sock, perf_event_output};

constexpr HelperSet kSockOps =
    kNetworkBase | kCgroup | kSocketStorage | kSocketOptions |
    HelperSet{sock_ops_cb_flags_set, sock_map_update, sock_hash_update, get_socket_cookie, get_netns_cookie,
              perf_event_output,     load_hdr_opt,    store_hdr_opt,    reserve_hdr_opt,   tcp_sock};
constexpr HelperSet kSkSkb =
    kNetworkBase | kSocketLookup | HelperSet{skb_store_bytes, skb_load_bytes,   skb_pull_data,     skb_change_tail,
                                             skb_change_head, skb_adjust_room,  get_socket_cookie, get_socket_uid,
                                             sk_redirect_map, sk_redirect_hash, perf_event_output};
constexpr HelperSet kSkMsg =
    kNetworkBase | kSocketStorage | HelperSet{msg_redirect_map, msg_redirect_hash, msg_apply_bytes,
                                              msg_cork_bytes,   msg_pull_data,     msg_push_data,
                                              msg_pop_data,     get_netns_cookie,  perf_event_output};
constexpr HelperSet kSkReuseport = kBase | HelperSet{sk_select_reuseport, skb_load_bytes, skb_load_bytes_relative,
                                                     get_socket_cookie, ktime_get_coarse_ns};

/// For programs that observe (bpf_tracing_func_proto).
constexpr HelperSet kObserver = kBase | HelperSet{probe_read, probe_read_str, probe_write_user, get_func_ip};
constexpr HelperSet kProbe = kObserver | HelperSet{perf_event_output, get_stackid, get_stack, get_attach_cookie};
constexpr HelperSet kTrampoline{get_func_arg, get_func_ret, get_func_arg_cnt};
constexpr HelperSet kIterator{seq_printf, seq_write, seq_printf_btf};
constexpr HelperSet kTracing =
    kProbe | kTrampoline | kIterator | kSocketCasts | kSocketStorage |
    HelperSet{skb_output, xdp_output, sock_from_file, get_socket_cookie, xdp_get_buff_len, d_path};
constexpr HelperSet kLsm =
    kTracing | kCgroup |
    HelperSet{inode_storage_get, inode_storage_delete, bprm_opts_set, ima_inode_hash, ima_file_hash};
constexpr HelperSet kSyscall = kTracing | HelperSet{sys_bpf, btf_find_by_name_kind, sys_close, kallsyms_lookup_name};

constexpr HelperSet kLircMode2 = HelperSet{
    rc_repeat,    rc_keydown,    rc_pointer_rel, map_lookup_elem,   map_update_elem, map_delete_elem, map_push_elem,
    map_pop_elem, map_peek_elem, ktime_get_ns,   ktime_get_boot_ns, tail_call,       get_prandom_u32, trace_printk};

// --- Program types ----------------------------------------------------------------------------------------------

struct TypeRow {
  ProgramType type;
  HelperSet helpers;
};

/// What each type offers at one attach point at least; ext has what the program that it replaces a part of has.
constexpr TypeRow kTypes[] = {
    {ProgramType::unspec, {}},
    {ProgramType::socket_filter, kSocketFilter},
    {ProgramType::kprobe, kProbe | HelperSet{override_return}},
    {ProgramType::sched_cls, kTrafficControl},
    {ProgramType::sched_act, kTrafficControl},
    {ProgramType::tracepoint, kProbe},
    {ProgramType::xdp, kXdp},
    {ProgramType::perf_event, kProbe | HelperSet{perf_prog_read_value, read_branch_records}},
    {ProgramType::cgroup_skb, kCgroupSkb},
    {ProgramType::cgroup_sock, kCgroupSock},
    {ProgramType::lwt_in, kLwtIn},
    {ProgramType::lwt_out, kLwtOut},
    {ProgramType::lwt_xmit, kLwtXmit},
    {ProgramType::sock_ops, kSockOps},
    {ProgramType::sk_skb, kSkSkb},
    {ProgramType::cgroup_device, kCgroupDevice},
    {ProgramType::sk_msg, kSkMsg},
    {ProgramType::raw_tracepoint, kProbe},
    {ProgramType::cgroup_sock_addr, kCgroupSockAddr},
    {ProgramType::lwt_seg6local, kLwtSeg6local},
    {ProgramType::lirc_mode2, kLircMode2},
    {ProgramType::sk_reuseport, kSkReuseport},
    {ProgramType::flow_dissector, kNetworkBase | HelperSet{skb_load_bytes}},
    {ProgramType::cgroup_sysctl, kCgroupSysctl},
    {ProgramType::raw_tracepoint_writable, kProbe},
    {ProgramType::cgroup_sockopt, kCgroupSockopt},
    {ProgramType::tracing, kTracing},
    {ProgramType::struct_ops, kBase},
    {ProgramType::ext, {}},
    {ProgramType::lsm, kLsm},
    {ProgramType::sk_lookup, kNetworkBase | HelperSet{perf_event_output, sk_assign, sk_release}},
    {ProgramType::syscall, kSyscall},
    {ProgramType::netfilter, kBase},
};

constexpr bool rows_are_dense() {
  for (uint32_t i = 0; i < std::size(kTypes); ++i)
    if (static_cast<uint32_t>(kTypes[i].type) != i) return false;
  return std::size(kTypes) == kProgramTypeCount;
}
static_assert(rows_are_dense(), "every program type needs its row, in the order of the numbers");

// --- Attach points ----------------------------------------------------------------------------------------------

/// In programs of these types the helpers exist for these attach types only.
struct AttachRule {
  HelperSet helpers;
  ProgramTypeSet types;
  AttachSet attach;
};

/// cgroup hooks that have no result to read or change.
constexpr AttachSet kCgroupHooksWithoutResult{
    AttachType::cgroup_inet_ingress,      AttachType::cgroup_inet_egress,       AttachType::cgroup_sock_ops,
    AttachType::cgroup_udp4_recvmsg,      AttachType::cgroup_udp6_recvmsg,      AttachType::cgroup_unix_recvmsg,
    AttachType::cgroup_inet4_getpeername, AttachType::cgroup_inet6_getpeername, AttachType::cgroup_unix_getpeername,
    AttachType::cgroup_inet4_getsockname, AttachType::cgroup_inet6_getsockname, AttachType::cgroup_unix_getsockname};

constexpr AttachSet kTrampolineTracing{AttachType::trace_fentry, AttachType::trace_fexit, AttachType::modify_return};

constexpr AttachRule kAttachRules[] = {
    {kCgroupResult, ProgramTypeSet::all(), ~kCgroupHooksWithoutResult},
    {kCgroup, {ProgramType::lsm}, {AttachType::lsm_cgroup}},
    {{bind}, {ProgramType::cgroup_sock_addr}, {AttachType::cgroup_inet4_connect, AttachType::cgroup_inet6_connect}},
    {kSocketOptions, {ProgramType::cgroup_sockopt}, {AttachType::cgroup_setsockopt}},
    {kTrampoline, {ProgramType::tracing}, kTrampolineTracing},
    {kTrampoline | HelperSet{get_attach_cookie}, {ProgramType::lsm}, {AttachType::lsm_mac}},
    {kTrampoline | HelperSet{get_attach_cookie}, {ProgramType::syscall}, {}},
    {{get_attach_cookie}, {ProgramType::tracing}, kTrampolineTracing | AttachSet{AttachType::trace_raw_tp}},
    {kIterator, {ProgramType::tracing, ProgramType::lsm, ProgramType::syscall}, {AttachType::trace_iter}},
};

bool attach_type_admits(const HelperCaller& caller, HelperId id) {
  return std::ranges::all_of(kAttachRules, [&](const AttachRule& rule) {
    return !rule.helpers.contains(id) || !rule.types.contains(caller.type) || rule.attach.contains(caller.attach);
  });
}

// --- Hooks named by BTF -----------------------------------------------------------------------------------------

/// Hooks where a type has more or fewer helpers than its row says. The first row that fits counts.
struct HookRow {
  ProgramType type;
  std::string_view hook;  ///< The function, "structure.member", or "structure." for all members.
  HelperSet more;
  HelperSet fewer;
};

constexpr HelperSet kCongestionControl = kSocketStorage | HelperSet{tcp_send_ack, ktime_get_coarse_ns};

constexpr HookRow kHooks[] = {
    {ProgramType::tracing, "bpf_iter_tcp", kSocketOptions, {}},
    {ProgramType::tracing, "bpf_iter_unix", kSocketOptions, {}},
    {ProgramType::lsm, "bpf_lsm_sock_graft", kSocketOptions, {}},
    {ProgramType::lsm, "bpf_lsm_inet_csk_clone", kSocketOptions, {}},
    {ProgramType::lsm, "bpf_lsm_inet_conn_established", kSocketOptions, {}},
    {ProgramType::lsm, "bpf_lsm_socket_post_create", kSocketOptions, {}},
    {ProgramType::lsm, "bpf_lsm_socket_socketpair", kSocketOptions, {}},
    {ProgramType::struct_ops, "tcp_congestion_ops.release", kCongestionControl, {}},
    {ProgramType::struct_ops, "tcp_congestion_ops.", kCongestionControl | kSocketOptions, {}},
    {ProgramType::struct_ops, "bpf_dummy_ops.", {}, HelperSet::all()},
    {ProgramType::struct_ops, "Qdisc_ops.", {}, {tail_call}},
};

bool names_hook(std::string_view row, std::string_view hook) {
  return row.ends_with('.') ? hook.starts_with(row) : hook == row;
}

/// The socket options of lsm hooks belong to the cgroup flavour only.
bool hook_applies(const HookRow& row, const HelperCaller& caller) {
  if (row.type != caller.type || !names_hook(row.hook, caller.hook)) return false;
  return row.type != ProgramType::lsm || caller.attach == AttachType::lsm_cgroup;
}

HelperSet helpers_at(const HelperCaller& caller) {
  const HelperSet own = helpers_of(caller.type);
  const auto* row = std::ranges::find_if(kHooks, [&](const HookRow& r) { return hook_applies(r, caller); });
  return row != std::end(kHooks) ? (own | row->more) - row->fewer : own;
}

// --- Capabilities -----------------------------------------------------------------------------------------------

constexpr HelperSet kNeedsBpf = kBaseBpf | kBasePerfmon | kSocketCasts;
constexpr HelperSet kNeedsPerfmon = kBasePerfmon | kSocketCasts | HelperSet{sys_bpf};

bool capabilities_admit(const HelperCaller& caller, HelperId id) {
  return (caller.bpf_capable || !kNeedsBpf.contains(id)) && (caller.perfmon_capable || !kNeedsPerfmon.contains(id));
}

}  // namespace

HelperSet helpers_of(ProgramType type) {
  const auto number = static_cast<uint32_t>(type);
  return number < std::size(kTypes) ? kTypes[number].helpers : HelperSet{};
}

bool is_available(const HelperCaller& program, HelperId id) {
  HelperCaller caller = program;
  caller.attach = effective_attach_type(program.type, program.attach);
  return helpers_at(caller).contains(id) && attach_type_admits(caller, id) && capabilities_admit(caller, id);
}

}  // namespace skep::verifier
