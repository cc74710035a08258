// SPDX-License-Identifier: Apache-2.0
// Something of everything that an object file can have, for the tests of the preparing pass.
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
} counters SEC(".maps");

struct inner {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32);
} inner_map SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 2);
  __type(key, __u32);
  __array(values, struct inner);
} outer SEC(".maps") = {.values = {[1] = &inner_map}};

int called(struct __sk_buff* ctx);

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 2);
  __uint(key_size, sizeof(__u32));
  __array(values, int(struct __sk_buff*));
} jumps SEC(".maps") = {.values = {[0] = &called}};

struct remote {
  int number;
  char text[8];
} __attribute__((preserve_access_index));

extern int CONFIG_HZ __kconfig;
extern const void known_variable __ksym;
extern void unknown_function(void) __ksym;

const volatile __u32 limit = 10;
__u64 total = 1;
__u64 zeroed;

__attribute__((noinline)) int add(int value) {
  __u32 key = 0;
  __u64* slot = bpf_map_lookup_elem(&counters, &key);
  if (slot) *slot += value;
  total += value;
  return total > limit;
}

struct bpf_map;

static long on_each(struct bpf_map* map, const void* key, void* value, void* ctx) { return 0; }

SEC("tc")
int called(struct __sk_buff* ctx) { return add(ctx->len) + CONFIG_HZ; }

SEC("tc")
int caller(struct __sk_buff* ctx) {
  bpf_tail_call(ctx, &jumps, 0);
  bpf_for_each_map_elem(&counters, on_each, 0, 0);
  total += (__u64)&known_variable;
  unknown_function();
  zeroed++;
  return add(2);
}

SEC("?socket1")
int old_name(struct __sk_buff* ctx) {
  struct remote remote = {};
  return bpf_core_field_exists(remote.text) ? bpf_core_field_offset(remote.text) : add(3);
}

SEC("xdp")
static __attribute__((used)) int static_program(struct xdp_md* ctx) { return XDP_PASS; }

char _license[] SEC("license") = "GPL";
