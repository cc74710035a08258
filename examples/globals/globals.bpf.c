// SPDX-License-Identifier: Apache-2.0
// Global data: constants that the host sets before loading, variables that live on between runs.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

enum mode { QUIET, VERBOSE };

struct limits {
  __u32 low;
  __u32 high;
  __u8 enabled : 1;
  __u8 level : 3;
};

const volatile enum mode mode = QUIET;
const volatile struct limits limits = {.low = 10, .high = 1000, .enabled = 1, .level = 5};
__u64 runs;
__u32 sizes[4] = {1, 2, 3, 4};
char last_name[8] = "none";

// Number of the run, plus 100 where the packet's size is within the limits, plus 1000 in verbose mode.
SEC("xdp")
int use_globals(struct xdp_md* ctx) {
  __u32 size = ctx->data_end - ctx->data;
  runs++;
  sizes[runs & 3] = size;
  int result = runs;
  if (limits.enabled && size >= limits.low && size <= limits.high) result += 100;
  if (mode == VERBOSE) {
    result += 1000;
    __builtin_memcpy(last_name, "verbose", 8);
  }
  return result;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
