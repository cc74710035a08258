// SPDX-License-Identifier: Apache-2.0
// Programs that load alone, beside others that never do.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define NOINLINE static __attribute__((noinline))

int runs;

// Calls from here into .text are relocated against the section: their immediates are offsets in .text.
NOINLINE int calls_nothing(struct xdp_md* ctx) { return ctx->ingress_ifindex + bpf_get_smp_processor_id(); }
NOINLINE int plus_five(struct xdp_md* ctx) { return ctx->ingress_ifindex + 5; }
NOINLINE int plus_nine(struct xdp_md* ctx) { return ctx->ingress_ifindex + 9; }

SEC("xdp")
int good(struct xdp_md* ctx) {
  runs++;
  return plus_five(ctx) + plus_nine(ctx);
}

SEC("xdp")
int unknown_helper(struct xdp_md* ctx) { return 1 + calls_nothing(ctx) + ((long (*)(void))9999)(); }

SEC("xdp")
int a_name_that_is_long_and_good(struct xdp_md* ctx) { return 1; }

SEC("xdp")
int a_name_that_is_long_and_bad(struct xdp_md* ctx) { return ((long (*)(void))9999)(); }

extern int no_such_function(int value) __ksym;

SEC("xdp")
int strong_extern(struct xdp_md* ctx) { return no_such_function(1); }

extern int no_such_weak_function(int value) __ksym __weak;

SEC("xdp")
int weak_extern(struct xdp_md* ctx) { return no_such_weak_function ? no_such_weak_function(1) : 2; }

SEC("no/such/section")
int no_such_section(void* ctx) { return 1; }

struct {
  __uint(type, 200);
  __uint(max_entries, 10);
  __type(key, int);
  __type(value, int);
} no_such_map SEC(".maps");

SEC("xdp")
int unknown_map(struct xdp_md* ctx) {
  int key = 0;
  return bpf_map_lookup_elem(&no_such_map, &key) != 0;
}

char LICENSE[] SEC("license") = "GPL";
