// SPDX-License-Identifier: Apache-2.0
// FNV-1a of 1024 bytes: a chain of multiplications over byte loads.
#include "bench.h"

INLINE u64 fnv(u8* p, u8* end) {
  u64 hash = 0xcbf29ce484222325ULL;
  NO_UNROLL
  for (u32 i = 0; i < 1024; i++) hash = (hash ^ p[i]) * 0x100000001b3ULL;
  return hash;
}
BENCH(fnv_hash, 1024, fnv)
