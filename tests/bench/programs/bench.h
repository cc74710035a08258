// SPDX-License-Identifier: Apache-2.0
// A benchmark program: BENCH(name, bytes, function) runs `function` on the bytes behind the first 8 of the packet, puts its
// result into those 8, and returns it folded to 32 bits. The same file is compiled for BPF and for the host.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

struct xdp_md {
  u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex;
};

#define INLINE static __inline __attribute__((__always_inline__))
#define NO_UNROLL _Pragma("clang loop unroll(disable)")

#define BENCH(name, bytes, function)                                   \
  __attribute__((section("xdp"), used)) int name(struct xdp_md* ctx) { \
    u8 *data = (u8*)(long)ctx->data, *end = (u8*)(long)ctx->data_end;  \
    if (data + 8 + (bytes) > end) return 0;                            \
    u64 result = function(data + 8, end);                              \
    *(u64*)data = result;                                              \
    return (int)(result ^ (result >> 32));                             \
  }                                                                    \
  __attribute__((section("license"), used)) char LICENSE[] = "GPL";
