// SPDX-License-Identifier: Apache-2.0
// Product of two 8x8 matrices of 32-bit numbers: address arithmetic, loads, multiply and add.
#include "bench.h"

INLINE u64 product(u8* p, u8* end) {
  u32 *a = (u32*)p, *b = a + 64;
  u64 sum = 0;
  NO_UNROLL
  for (u32 row = 0; row < 8; row++) {
    NO_UNROLL
    for (u32 column = 0; column < 8; column++) {
      u32 cell = 0;
      NO_UNROLL
      for (u32 i = 0; i < 8; i++) cell += a[row * 8 + i] * b[i * 8 + column];
      sum = sum * 17 + cell;
    }
  }
  return sum;
}
BENCH(matrix, 512, product)
