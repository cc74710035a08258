// SPDX-License-Identifier: Apache-2.0
// Maps as libbpf took them before 1.0.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct bpf_map_def {
  unsigned int type;
  unsigned int key_size;
  unsigned int value_size;
  unsigned int max_entries;
  unsigned int map_flags;
};

#define LEGACY_SEC(name) __attribute__((section(name), used))

struct bpf_map_def first LEGACY_SEC("maps") = {BPF_MAP_TYPE_HASH, 4, 8, 16, BPF_F_NO_PREALLOC};
static struct bpf_map_def second LEGACY_SEC("maps") = {BPF_MAP_TYPE_ARRAY, 4, 100, 0x7fffffff, 0};

SEC("xdp_prog")
int look_up(struct xdp_md* ctx) {
  __u32 key = 1;
  return bpf_map_lookup_elem(&first, &key) && bpf_map_lookup_elem(&second, &key);
}

char _license[] SEC("license") = "GPL";
