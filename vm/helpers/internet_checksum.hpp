// SPDX-License-Identifier: Apache-2.0
// The Internet checksum (RFC 1071) in the forms in which Linux keeps it: a sum is a 32-bit number that stands for its value
// modulo 0xffff and never turns from non-zero to zero; a field is the complement of the sum, folded to 16 bits. Sums are
// over 16-bit words in memory order.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace skep::vm::helpers {

/// csum_add: the sum of two sums.
constexpr uint32_t sum_add(uint32_t a, uint32_t b) {
  const uint32_t sum = a + b;
  return sum + (sum < b ? 1 : 0);
}
constexpr uint32_t sum_sub(uint32_t a, uint32_t b) { return sum_add(a, ~b); }

/// csum_from32to16: folds without complement.
constexpr uint16_t sum_fold16(uint32_t sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum + (sum >> 16));
}
/// csum_fold: the field of a sum.
constexpr uint16_t sum_to_field(uint32_t sum) { return static_cast<uint16_t>(~sum_fold16(sum)); }

/// csum_partial: adds `size` bytes to a sum.
inline uint32_t sum_bytes(const void* bytes, size_t size, uint32_t start) {
  const auto* at = static_cast<const uint8_t*>(bytes);
  uint64_t sum = start;
  for (; size >= 4; size -= 4, at += 4) {
    uint32_t word;
    std::memcpy(&word, at, sizeof word);
    sum += word;  // cannot overflow below 16 GiB
  }
  uint32_t rest = 0;
  std::memcpy(&rest, at, size);
  sum += rest;
  sum = (sum & 0xffffffff) + (sum >> 32);
  return static_cast<uint32_t>(sum + (sum >> 32));
}

/// A sum of bytes that begin at an odd place has its halves of each word exchanged (csum_shift).
constexpr uint32_t sum_at_offset(uint32_t sum, size_t offset) { return offset % 2 == 0 ? sum : std::rotr(sum, 8); }

/// csum16_add and csum16_sub: on 16-bit sums.
constexpr uint16_t sum16_add(uint16_t a, uint16_t b) {
  const auto sum = static_cast<uint16_t>(a + b);
  return static_cast<uint16_t>(sum + (sum < b ? 1 : 0));
}
constexpr uint16_t sum16_sub(uint16_t a, uint16_t b) { return sum16_add(a, static_cast<uint16_t>(~b)); }

/// csum_replace4: the field after `from` became `to` in what it covers.
constexpr uint16_t field_replace4(uint16_t field, uint32_t from, uint32_t to) {
  return sum_to_field(sum_add(sum_sub(~uint32_t{field}, from), to));
}
constexpr uint16_t field_replace2(uint16_t field, uint16_t from, uint16_t to) {
  return static_cast<uint16_t>(~sum16_add(sum16_sub(static_cast<uint16_t>(~field), from), to));
}
/// csum_replace_by_diff: the field after what it covers changed by `difference`.
constexpr uint16_t field_add(uint16_t field, uint32_t difference) {
  return sum_to_field(sum_add(difference, ~uint32_t{field}));
}

}  // namespace skep::vm::helpers
