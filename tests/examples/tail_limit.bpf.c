// SPDX-License-Identifier: Apache-2.0
// Programs that tail-call themselves, through the limit, and through a slot that is empty or beyond the table.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

int again(struct xdp_md* ctx);

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 2);
  __uint(key_size, sizeof(__u32));
  __array(values, int(struct xdp_md*));
} table SEC(".maps") = {
    .values = {[0] = (void*)&again},
};

__u32 entered;

// Returns how many times it was entered in this run.
SEC("xdp")
int again(struct xdp_md* ctx) {
  entered++;
  bpf_tail_call(ctx, &table, 0);
  __u32 count = entered;
  entered = 0;
  return count;
}

SEC("xdp")
int empty_slot(struct xdp_md* ctx) {
  bpf_tail_call(ctx, &table, 1);
  return 11;
}

SEC("xdp")
int beyond_table(struct xdp_md* ctx) {
  bpf_tail_call(ctx, &table, 2);
  return 12;
}

SEC("xdp")
int replacement(struct xdp_md* ctx) { return 77; }

char LICENSE[] SEC("license") = "Dual BSD/GPL";
