// SPDX-License-Identifier: Apache-2.0
// The tables against the <linux/bpf.h> of the build machine, which is older than they are and was written by others.
#include <linux/bpf.h>
#include <sys/user.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstddef>

#include "verifier/context.hpp"
#include "verifier/helpers.hpp"

using namespace skep::verifier;

namespace {

struct Place {
  const char* structure;
  const char* field;
  size_t offset;
  size_t bytes;  ///< Of the whole field.
};

#define PLACE(structure, field) \
  Place { #structure, #field, offsetof(struct structure, field), sizeof(structure::field) }

constexpr Place kPlaces[] = {
    PLACE(__sk_buff, len),
    PLACE(__sk_buff, mark),
    PLACE(__sk_buff, cb),
    PLACE(__sk_buff, data),
    PLACE(__sk_buff, data_end),
    PLACE(__sk_buff, family),
    PLACE(__sk_buff, local_ip6),
    PLACE(__sk_buff, local_port),
    PLACE(__sk_buff, data_meta),
    PLACE(__sk_buff, tstamp),
    PLACE(__sk_buff, gso_segs),
    PLACE(__sk_buff, gso_size),
    PLACE(__sk_buff, tstamp_type),
    PLACE(__sk_buff, hwtstamp),
    PLACE(__sk_buff, flow_keys),
    PLACE(__sk_buff, sk),
    PLACE(xdp_md, data),
    PLACE(xdp_md, data_meta),
    PLACE(xdp_md, egress_ifindex),
    PLACE(bpf_sock, bound_dev_if),
    PLACE(bpf_sock, src_ip6),
    PLACE(bpf_sock, src_port),
    PLACE(bpf_sock, dst_port),
    PLACE(bpf_sock, dst_ip6),
    PLACE(bpf_sock, rx_queue_mapping),
    PLACE(bpf_tcp_sock, snd_cwnd),
    PLACE(bpf_tcp_sock, bytes_received),
    PLACE(bpf_tcp_sock, icsk_retransmits),
    PLACE(bpf_xdp_sock, queue_id),
    PLACE(bpf_flow_keys, nhoff),
    PLACE(bpf_flow_keys, n_proto),
    PLACE(bpf_flow_keys, ipv4_dst),
    PLACE(bpf_flow_keys, ipv6_dst),
    PLACE(bpf_flow_keys, flow_label),
    PLACE(bpf_sock_addr, user_ip4),
    PLACE(bpf_sock_addr, user_ip6),
    PLACE(bpf_sock_addr, msg_src_ip6),
    PLACE(bpf_sock_addr, sk),
    PLACE(bpf_sock_ops, args),
    PLACE(bpf_sock_ops, reply),
    PLACE(bpf_sock_ops, local_port),
    PLACE(bpf_sock_ops, bpf_sock_ops_cb_flags),
    PLACE(bpf_sock_ops, sk_txhash),
    PLACE(bpf_sock_ops, bytes_acked),
    PLACE(bpf_sock_ops, sk),
    PLACE(bpf_sock_ops, skb_data_end),
    PLACE(bpf_sock_ops, skb_tcp_flags),
    PLACE(bpf_sock_ops, skb_hwtstamp),
    PLACE(sk_msg_md, data_end),
    PLACE(sk_msg_md, remote_ip6),
    PLACE(sk_msg_md, size),
    PLACE(sk_msg_md, sk),
    PLACE(sk_reuseport_md, len),
    PLACE(sk_reuseport_md, hash),
    PLACE(sk_reuseport_md, migrating_sk),
    PLACE(bpf_sk_lookup, sk),
    PLACE(bpf_sk_lookup, remote_port),
    PLACE(bpf_sk_lookup, local_ip6),
    PLACE(bpf_sk_lookup, ingress_ifindex),
    PLACE(bpf_cgroup_dev_ctx, minor),
    PLACE(bpf_sysctl, file_pos),
    PLACE(bpf_sockopt, optval_end),
    PLACE(bpf_sockopt, optlen),
    PLACE(bpf_sockopt, retval),
};

constexpr Place kSizes[] = {
    {"__sk_buff", "", 0, sizeof(struct __sk_buff)},
    {"xdp_md", "", 0, sizeof(struct xdp_md)},
    {"bpf_sock", "", 0, sizeof(struct bpf_sock)},
    {"bpf_tcp_sock", "", 0, sizeof(struct bpf_tcp_sock)},
    {"bpf_flow_keys", "", 0, sizeof(struct bpf_flow_keys)},
    {"bpf_sock_addr", "", 0, sizeof(struct bpf_sock_addr)},
    {"bpf_sock_ops", "", 0, sizeof(struct bpf_sock_ops)},
    {"sk_msg_md", "", 0, sizeof(struct sk_msg_md)},
    {"sk_reuseport_md", "", 0, sizeof(struct sk_reuseport_md)},
    {"bpf_sk_lookup", "", 0, sizeof(struct bpf_sk_lookup)},
    {"bpf_cgroup_dev_ctx", "", 0, sizeof(struct bpf_cgroup_dev_ctx)},
    {"bpf_sockopt", "", 0, sizeof(struct bpf_sockopt)},
    {"pt_regs", "", 0, sizeof(struct user_regs_struct) - 6 * 8},  // without fs_base, gs_base, ds, es, fs, gs
};

}  // namespace

TEST_CASE("fields lie where the header has them") {
  for (const Place& place : kPlaces) {
    CAPTURE(place.structure, place.field);
    const Context* structure = context_by_name(place.structure);
    REQUIRE(structure != nullptr);
    const auto field = std::ranges::find(structure->fields, place.field, &ContextField::name);
    REQUIRE(field != structure->fields.end());
    CHECK(field->offset == place.offset);
    CHECK(field->size * field->count == place.bytes);
  }
}

TEST_CASE("structures are as large as in the header") {
  for (const Place& place : kSizes) {
    CAPTURE(place.structure);
    CHECK(context_by_name(place.structure)->size == place.bytes);
  }
}

TEST_CASE("registers lie where ptrace has them") {
  const Context& regs = context(ContextId::pt_regs);
  const auto offset_of = [&](std::string_view name) {
    return std::ranges::find(regs.fields, name, &ContextField::name)->offset;
  };
  CHECK(offset_of("r15") == offsetof(user_regs_struct, r15));
  CHECK(offset_of("rbp") == offsetof(user_regs_struct, rbp));
  CHECK(offset_of("rdi") == offsetof(user_regs_struct, rdi));
  CHECK(offset_of("orig_rax") == offsetof(user_regs_struct, orig_rax));
  CHECK(offset_of("rip") == offsetof(user_regs_struct, rip));
  CHECK(offset_of("rsp") == offsetof(user_regs_struct, rsp));
}

TEST_CASE("helper ids and names are those of the header") {
  struct Name {
    uint32_t id;
    std::string_view name;
  };
  static constexpr Name kNames[] = {
#define NAME(name) {BPF_FUNC_##name, "bpf_" #name}
      __BPF_FUNC_MAPPER(NAME)
#undef NAME
  };
  size_t compared = 0;
  for (const Name& name : kNames) {
    if (name.id == 0) continue;
    REQUIRE(helper(name.id) != nullptr);
    CHECK(helper(name.id)->name == name.name);
    ++compared;
  }
  CHECK(compared >= 208);
}

TEST_CASE("program and attach types have the header's numbers") {
  CHECK(static_cast<int>(ProgramType::xdp) == BPF_PROG_TYPE_XDP);
  CHECK(static_cast<int>(ProgramType::lwt_xmit) == BPF_PROG_TYPE_LWT_XMIT);
  CHECK(static_cast<int>(ProgramType::cgroup_sock_addr) == BPF_PROG_TYPE_CGROUP_SOCK_ADDR);
  CHECK(static_cast<int>(ProgramType::struct_ops) == BPF_PROG_TYPE_STRUCT_OPS);
  CHECK(static_cast<int>(ProgramType::syscall) == BPF_PROG_TYPE_SYSCALL);
  CHECK(static_cast<int>(AttachType::cgroup_udp6_recvmsg) == BPF_CGROUP_UDP6_RECVMSG);
  CHECK(static_cast<int>(AttachType::trace_iter) == BPF_TRACE_ITER);
  CHECK(static_cast<int>(AttachType::xdp) == BPF_XDP);
  CHECK(static_cast<int>(AttachType::lsm_cgroup) == BPF_LSM_CGROUP);
}
