// SPDX-License-Identifier: Apache-2.0
// Programs and maps of all kinds that the command treats apart.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct value {
  __s64 sum;
  char name[8];
  __u8 low : 3, high : 5;
  struct {
    int x, y;
  } places[2];
  double ratio;
  _Bool set;
};

#define MAP(name, kind, value_type) \
  struct {                          \
    __uint(type, kind);             \
    __uint(max_entries, 2);         \
    __type(key, __u32);             \
    __type(value, value_type);      \
  } name SEC(".maps")

MAP(an_array, BPF_MAP_TYPE_ARRAY, struct value);
MAP(a_hash, BPF_MAP_TYPE_HASH, struct value);
MAP(a_lru_hash, BPF_MAP_TYPE_LRU_HASH, __u64);
MAP(a_percpu_array, BPF_MAP_TYPE_PERCPU_ARRAY, __u64);
MAP(a_percpu_hash, BPF_MAP_TYPE_PERCPU_HASH, struct value);
MAP(a_lru_percpu_hash, BPF_MAP_TYPE_LRU_PERCPU_HASH, __u64);
MAP(unused, BPF_MAP_TYPE_ARRAY, __u64);

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 2);
  __uint(key_size, 4);
  __uint(value_size, 6);
} without_types SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} ring SEC(".maps");

extern int CONFIG_HZ __kconfig;
const volatile int constant = 7;
struct value variable = {.sum = 1, .name = "var"};
int counter;
char letter;
__u8 bytes[4];
char word[8];

static int use(int write) {
  struct value v = {.sum = -2, .name = "abc", .low = 3, .high = 17, .places = {{1, 2}, {3, 4}}, .ratio = 1.5, .set = 1};
  __u64 number = 42;
  char text[6] = "bytes";
  __u32 key = 1;
  void* maps_of_values[] = {&an_array, &a_hash, &a_percpu_hash};
  void* maps_of_numbers[] = {&a_lru_hash, &a_percpu_array, &a_lru_percpu_hash};
#pragma unroll
  for (int i = 0; i < 3; i++) {
    if (write) bpf_map_update_elem(maps_of_values[i], &key, &v, 0);
    if (write) bpf_map_update_elem(maps_of_numbers[i], &key, &number, 0);
    if (!bpf_map_lookup_elem(maps_of_values[i], &key)) return 0;
    if (!bpf_map_lookup_elem(maps_of_numbers[i], &key)) return 0;
  }
  if (write) bpf_map_update_elem(&without_types, &key, text, 0);
  if (write) counter = constant + CONFIG_HZ, variable.sum = -9;
  return bpf_map_lookup_elem(&without_types, &key) && counter == constant + CONFIG_HZ && variable.sum == -9;
}

SEC("xdp")
int fill(struct xdp_md* ctx) { return use(1); }

SEC("xdp")
int look(struct xdp_md* ctx) { return use(0); }

SEC("xdp")
int letters(struct xdp_md* ctx) { return letter << 24 | bytes[3] << 16 | word[0] << 8 | word[2]; }

SEC("tc")
int unspec(struct __sk_buff* skb) { return TC_ACT_UNSPEC; }

SEC("action")
int act(struct __sk_buff* skb) { return TC_ACT_OK; }

SEC("socket")
int filter(struct __sk_buff* skb) { return -1; }

SEC("xdp")
int pass(struct xdp_md* ctx) { return XDP_PASS; }

SEC("tc")
int push_tag(struct __sk_buff* skb) {
  return bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 42) ? TC_ACT_SHOT : TC_ACT_OK;
}

SEC("raw_tp/example")
int argument(unsigned long long* ctx) { return ctx[1]; }

SEC("syscall")
int sum(int* ctx) { return ctx[0] + ctx[1]; }

SEC("xdp")
int endless(struct xdp_md* ctx) {
  while (*(volatile int*)&counter == 0) continue;
  return XDP_PASS;
}

// clang-format off
SEC("xdp")
int long_line(struct xdp_md *ctx) { return *(volatile int *)0 + /* a line of macros can be long: 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 the end of it */ 1; }
// clang-format on

char LICENSE[] SEC("license") = "GPL";
