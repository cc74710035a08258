// SPDX-License-Identifier: Apache-2.0
// A dispatcher that tail-calls a program for each IP protocol; the table is filled by declaration.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

int on_tcp(struct xdp_md* ctx);
int on_udp(struct xdp_md* ctx);

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 256);
  __uint(key_size, sizeof(__u32));
  __array(values, int(struct xdp_md*));
} by_protocol SEC(".maps") = {
    .values = {[IPPROTO_TCP] = (void*)&on_tcp, [IPPROTO_UDP] = (void*)&on_udp},
};

SEC("xdp")
int on_tcp(struct xdp_md* ctx) { return XDP_PASS; }

SEC("xdp")
int on_udp(struct xdp_md* ctx) { return XDP_DROP; }

SEC("xdp")
int dispatch(struct xdp_md* ctx) {
  struct ethhdr* ethernet = (void*)(long)ctx->data;
  struct iphdr* ip = (void*)(ethernet + 1);
  if ((void*)(ip + 1) > (void*)(long)ctx->data_end || ethernet->h_proto != bpf_htons(ETH_P_IP)) return XDP_ABORTED;
  bpf_tail_call(ctx, &by_protocol, ip->protocol);
  return XDP_TX;  // no program for this protocol
}

// A tail call in a function ends the function: its caller goes on with what the other program returned.
static __attribute__((noinline)) int ask(struct xdp_md* ctx, __u32 protocol) {
  int verdict = XDP_TX;
  bpf_tail_call(ctx, &by_protocol, protocol);
  barrier_var(verdict);  // else the compiler believes that the function always returns XDP_TX
  return verdict;
}

// 1 (XDP_DROP of on_udp) and 2 (XDP_PASS of on_tcp): 12
SEC("xdp")
int ask_both(struct xdp_md* ctx) { return ask(ctx, IPPROTO_UDP) * 10 + ask(ctx, IPPROTO_TCP); }

char LICENSE[] SEC("license") = "Dual BSD/GPL";
