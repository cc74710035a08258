// SPDX-License-Identifier: Apache-2.0
// Functions without section names: they all lie in ".text".
__attribute__((noinline)) int entry(int value) { return value < 2 ? value : entry(value - 1) * 3 + entry(value - 2); }
