// SPDX-License-Identifier: Apache-2.0
// Per-interface counters: an array of maps whose inner maps are declared here, and a hash of maps that the host fills.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct counters {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
};

struct counters loopback SEC(".maps");
struct counters uplink SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 3);
  __type(key, __u32);
  __array(values, struct counters);
} by_interface SEC(".maps") = {
    .values = {&loopback, 0, &uplink},
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
  __uint(max_entries, 8);
  __type(key, __u64);
  __array(values, struct counters);
} by_cookie SEC(".maps");

static long add(void* inner, __u32 slot, __u64 amount) {
  __u64* value = bpf_map_lookup_elem(inner, &slot);
  if (!value) return -1;
  *value += amount;
  return *value;
}

// Returns the number of packets that interface 2 had so far; 100 more where interface 1 has a map (it has not).
SEC("tc")
int count_by_interface(struct __sk_buff* skb) {
  __u32 interface = 2;
  void* inner = bpf_map_lookup_elem(&by_interface, &interface);
  long seen = inner ? add(inner, 1, 1) : 0;
  interface = 1;
  inner = bpf_map_lookup_elem(&by_interface, &interface);
  if (inner) seen += 100;
  __u64 cookie = 7;
  inner = bpf_map_lookup_elem(&by_cookie, &cookie);
  if (inner) seen += 1000;
  return seen;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
