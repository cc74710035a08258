// SPDX-License-Identifier: Apache-2.0
// What a program sees of its machine.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int read_clock(struct xdp_md* ctx) { return bpf_ktime_get_ns(); }

SEC("xdp")
int draw_number(struct xdp_md* ctx) { return bpf_get_prandom_u32(); }

SEC("xdp")
int this_cpu(struct xdp_md* ctx) { return bpf_get_smp_processor_id(); }

char LICENSE[] SEC("license") = "GPL";
