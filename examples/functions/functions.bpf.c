// SPDX-License-Identifier: Apache-2.0
// Functions: a static one, a global one, and callbacks of bpf_loop and bpf_for_each_map_elem.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 5);
  __type(key, __u32);
  __type(value, __u64);
} squares SEC(".maps");

static __attribute__((noinline)) __u64 square(__u64 x) { return x * x; }

__attribute__((noinline)) int fibonacci(int n) {
  int a = 0, b = 1;
  for (int i = 0; i < 20 && i < n; i++) {
    int next = a + b;
    a = b;
    b = next;
  }
  return a;
}

static long fill(__u32 index, void* context) {
  __u64 value = square(index);
  bpf_map_update_elem(&squares, &index, &value, BPF_ANY);
  return 0;
}

static long add(void* map, __u32* key, __u64* value, __u64* sum) {
  *sum += *value;
  return 0;
}

// 0 + 1 + 4 + 9 + 16 = 30, and the tenth Fibonacci number, 55.
SEC("xdp")
int call_functions(struct xdp_md* ctx) {
  __u64 sum = 0;
  bpf_loop(5, fill, &sum, 0);
  bpf_for_each_map_elem(&squares, add, &sum, 0);
  return sum + fibonacci(10);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
