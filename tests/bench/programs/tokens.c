// SPDX-License-Identifier: Apache-2.0
// Splits 1024 bytes into words and numbers, as a parser of text protocols does: branches that depend on each byte.
#include "bench.h"

INLINE u64 scan(u8* p, u8* end) {
  u64 sum = 0, number = 0;
  u32 words = 0, inside = 0;
  NO_UNROLL
  for (u32 i = 0; i < 1024; i++) {
    u8 c = p[i] & 0x7f;
    if (c >= '0' && c <= '9') {
      number = number * 10 + (c - '0');
      continue;
    }
    sum += number;
    number = 0;
    if ((c | 32) >= 'a' && (c | 32) <= 'z') {
      words += !inside;
      inside = 1;
    } else {
      inside = 0;
    }
  }
  return sum ^ (u64)words << 48;
}
BENCH(tokens, 1024, scan)
