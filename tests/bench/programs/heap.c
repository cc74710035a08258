// SPDX-License-Identifier: Apache-2.0
// Puts 128 bytes into a binary heap on the stack and takes them out in order: stores, compares, unpredictable branches.
#include "bench.h"

#define SIZE 128

INLINE u64 order(u8* p, u8* end) {
  u8 heap[SIZE + 1];
  u64 hash = 0;
  NO_UNROLL
  for (u32 n = 0; n < SIZE; n++) {
    u32 at = n;
    u8 value = p[n];
    NO_UNROLL
    for (u32 depth = 0; depth < 8 && at > 0; depth++) {
      u32 parent = ((at - 1) >> 1) & (SIZE - 1);
      if (heap[parent] <= value) break;
      heap[at & (SIZE - 1)] = heap[parent];
      at = parent;
    }
    heap[at & (SIZE - 1)] = value;
  }
  NO_UNROLL
  for (u32 n = SIZE - 1; n > 0; n--) {
    hash = hash * 31 + heap[0];
    u8 value = heap[n & (SIZE - 1)];
    u32 at = 0;
    NO_UNROLL
    for (u32 depth = 0; depth < 8; depth++) {
      u32 child = at * 2 + 1;
      if (child >= n) break;
      if (child + 1 < n && heap[(child + 1) & (SIZE - 1)] < heap[child & (SIZE - 1)]) child++;
      if (value <= heap[child & (SIZE - 1)]) break;
      heap[at & (SIZE - 1)] = heap[child & (SIZE - 1)];
      at = child;
    }
    heap[at & (SIZE - 1)] = value;
  }
  return hash;
}
BENCH(heap, SIZE, order)
