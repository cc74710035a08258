// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct host_ops {
  int (*init)(void);
  int flags;
};

SEC("struct_ops/init")
int host_init(void* ctx) { return 0; }

SEC(".struct_ops") struct host_ops ops = {.init = (void*)host_init, .flags = 3};

char _license[] SEC("license") = "GPL";
