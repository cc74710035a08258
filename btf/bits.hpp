// SPDX-License-Identifier: Apache-2.0
// Integers of any width at any bit of little-endian memory, as bit fields lie there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace skep::btf {

using U128 = unsigned __int128;

constexpr U128 low_bits(uint32_t count) { return count >= 128 ? ~U128{0} : (U128{1} << count) - 1; }

/// Whether `bits` bits from `bit_offset` lie in `size` bytes and span at most 128 bits of them.
constexpr bool bits_are_inside(uint64_t size, uint64_t bit_offset, uint32_t bits) {
  const uint64_t spanned = bit_offset % 8 + bits;
  return spanned <= 128 && bit_offset / 8 + (spanned + 7) / 8 <= size;
}

/// The bits, as an unsigned number. They must be inside `data`.
inline U128 read_bits(std::span<const std::byte> data, uint64_t bit_offset, uint32_t bits) {
  const uint64_t spanned = bit_offset % 8 + bits;
  U128 value = 0;
  for (uint64_t i = 0; i < (spanned + 7) / 8; ++i)
    value |= U128{std::to_integer<uint8_t>(data[bit_offset / 8 + i])} << 8 * i;
  return value >> bit_offset % 8 & low_bits(bits);
}

/// Replaces the bits with the lowest of `value`. They must be inside `data`.
inline void write_bits(std::span<std::byte> data, uint64_t bit_offset, uint32_t bits, U128 value) {
  const uint32_t shift = bit_offset % 8;
  const U128 mask = low_bits(bits) << shift;
  value = value << shift & mask;
  for (uint64_t i = 0; i < (shift + uint64_t{bits} + 7) / 8; ++i) {
    std::byte& byte = data[bit_offset / 8 + i];
    byte = (byte & ~static_cast<std::byte>(mask >> 8 * i)) | static_cast<std::byte>(value >> 8 * i);
  }
}

/// `value`, a two's complement number of `bits` bits, in 64 bits.
inline int64_t sign_extend(U128 value, uint32_t bits) {
  const uint32_t shift = bits >= 64 ? 0 : 64 - bits;
  return static_cast<int64_t>(static_cast<uint64_t>(value) << shift) >> shift;
}

}  // namespace skep::btf
