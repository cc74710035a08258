// SPDX-License-Identifier: Apache-2.0
// One of each thing that makes libbpf ask its kernel: a map, global data, a kconfig extern, a subprogram.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8);
  __type(key, __u32);
  __type(value, __u64);
} counters SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
  __uint(key_size, 4);
  __uint(value_size, 4);
} events SEC(".maps");

extern int LINUX_KERNEL_VERSION __kconfig;
extern int CONFIG_HZ __kconfig;

__u64 packets = 0;

static __attribute__((noinline)) int count(__u32 key) {
  __u64* value = bpf_map_lookup_elem(&counters, &key);
  if (value) *value += 1;
  packets += CONFIG_HZ;
  return LINUX_KERNEL_VERSION;
}

SEC("xdp")
int counter(struct xdp_md* ctx) { return count(ctx->ingress_ifindex) ? XDP_PASS : XDP_DROP; }

char _license[] SEC("license") = "GPL";
