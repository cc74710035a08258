// SPDX-License-Identifier: Apache-2.0
// Bob Jenkins' mixing of 32-bit words (as flow hashes do it) over 192 words: additions, exclusive ors, rotations.
#include "bench.h"

INLINE u32 rotate(u32 x, u32 bits) { return x << bits | x >> (32 - bits); }

INLINE u64 mix(u8* p, u8* end) {
  u32 *words = (u32*)p, a = 0xdeadbeef, b = a, c = a;
  NO_UNROLL
  for (u32 i = 0; i < 192; i += 3) {
    a += words[i];
    b += words[i + 1];
    c += words[i + 2];
    a -= c, a ^= rotate(c, 4), c += b;
    b -= a, b ^= rotate(a, 6), a += c;
    c -= b, c ^= rotate(b, 8), b += a;
    a -= c, a ^= rotate(c, 16), c += b;
    b -= a, b ^= rotate(a, 19), a += c;
    c -= b, c ^= rotate(b, 4), b += a;
  }
  return (u64)b << 32 | c;
}
BENCH(mix_words, 768, mix)
