// SPDX-License-Identifier: Apache-2.0
// Checksums in packets (net/core/filter.c, net/core/utils.c).
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "vm/helpers/families.hpp"
#include "vm/helpers/internet_checksum.hpp"

namespace skep::vm::helpers {
namespace {

constexpr uint32_t kMaxOffset = 0xffff;
constexpr uint8_t kMaxLevel = 3;              // SKB_MAX_CSUM_LEVEL
constexpr uint16_t kMangledZero = 0xffff;     // CSUM_MANGLED_0
constexpr uint64_t kIpv6 = uint64_t{1} << 7;  // BPF_F_IPV6

/// A checksum field in the packet; null where there is none at the offset.
class Field {
 public:
  Field(Skb skb, uint32_t offset) {
    if (offset <= kMaxOffset && offset % 2 == 0 && offset + sizeof(uint16_t) <= skb.length()) at_ = skb.data() + offset;
  }
  explicit operator bool() const { return at_ != nullptr; }
  [[nodiscard]] uint16_t get() const {
    uint16_t value;
    std::memcpy(&value, at_, sizeof value);
    return value;
  }
  void set(uint16_t value) const { std::memcpy(at_, &value, sizeof value); }

 private:
  uint8_t* at_ = nullptr;
};

int l3_csum_replace(Skb skb, uint32_t offset, uint64_t from, uint64_t to, uint64_t flags) {
  if ((flags & ~uint64_t{BPF_F_HDR_FIELD_MASK}) != 0) return -EINVAL;
  const Field field(skb, offset);
  if (!field) return -EFAULT;
  switch (flags & BPF_F_HDR_FIELD_MASK) {
    case 0:
      if (from != 0) return -EINVAL;
      field.set(field_add(field.get(), static_cast<uint32_t>(to)));
      return 0;
    case 2: field.set(field_replace2(field.get(), static_cast<uint16_t>(from), static_cast<uint16_t>(to))); return 0;
    case 4: field.set(field_replace4(field.get(), static_cast<uint32_t>(from), static_cast<uint32_t>(to))); return 0;
    default: return -EINVAL;
  }
}

/// What the packet's own checksum becomes when the addresses in a pseudo header change with the field.
void replace_in_pseudo_header(SkbState& skb, uint32_t from, uint32_t to) {
  if (skb.checksum_state == ChecksumState::complete) skb.checksum = ~sum_add(sum_sub(~skb.checksum, from), to);
}
void add_to_pseudo_header(SkbState& skb, uint32_t difference) {
  if (skb.checksum_state == ChecksumState::complete) skb.checksum = ~sum_sub(difference, skb.checksum);
}

int l4_csum_replace(Skb skb, uint32_t offset, uint64_t from, uint64_t to, uint64_t flags) {
  constexpr uint64_t kKnown =
      BPF_F_MARK_MANGLED_0 | BPF_F_MARK_ENFORCE | BPF_F_PSEUDO_HDR | BPF_F_HDR_FIELD_MASK | kIpv6;
  const bool is_pseudo = (flags & BPF_F_PSEUDO_HDR) != 0;
  const bool marks_zero = (flags & BPF_F_MARK_MANGLED_0) != 0;
  if ((flags & ~kKnown) != 0) return -EINVAL;
  const Field field(skb, offset);
  if (!field) return -EFAULT;
  if (marks_zero && (flags & BPF_F_MARK_ENFORCE) == 0 && field.get() == 0) return 0;
  const auto old_value = static_cast<uint32_t>(from);
  const auto new_value = static_cast<uint32_t>(to);
  switch (flags & BPF_F_HDR_FIELD_MASK) {
    case 0:
      if (from != 0) return -EINVAL;
      field.set(field_add(field.get(), new_value));
      if (is_pseudo && (flags & kIpv6) == 0) add_to_pseudo_header(skb.state(), new_value);
      break;
    case 2:
      field.set(field_replace4(field.get(), static_cast<uint16_t>(from), static_cast<uint16_t>(to)));
      if (is_pseudo) replace_in_pseudo_header(skb.state(), static_cast<uint16_t>(from), static_cast<uint16_t>(to));
      break;
    case 4:
      field.set(field_replace4(field.get(), old_value, new_value));
      if (is_pseudo) replace_in_pseudo_header(skb.state(), old_value, new_value);
      break;
    default: return -EINVAL;
  }
  if (marks_zero && field.get() == 0) field.set(kMangledZero);
  return 0;
}

/// The sum of what is added less what is taken away. Since Linux 6.13 it is folded to 16 bits and sizes may be any.
uint64_t csum_diff(Run&, const void* from, uint32_t from_size, const void* to, uint32_t to_size, uint32_t seed) {
  uint32_t sum = seed;
  if (from_size != 0 && to_size != 0)
    sum = sum_sub(sum_bytes(to, to_size, seed), sum_bytes(from, from_size, 0));
  else if (to_size != 0)
    sum = sum_bytes(to, to_size, seed);
  else if (from_size != 0)
    sum = ~sum_bytes(from, from_size, ~seed);
  return sum_fold16(sum);
}

int64_t csum_update(Skb skb, uint32_t sum) {
  SkbState& state = skb.state();
  if (state.checksum_state != ChecksumState::complete) return -kENOTSUPP;
  return state.checksum = sum_add(state.checksum, sum);
}

void raise_level(SkbState& skb) {
  if (skb.checksum_state == ChecksumState::none) {
    skb.checksum_state = ChecksumState::unnecessary;
    skb.checksum_level = 0;
  } else if (skb.checksum_state == ChecksumState::unnecessary && skb.checksum_level < kMaxLevel) {
    ++skb.checksum_level;
  }
}

void lower_level(SkbState& skb) {
  if (skb.checksum_state != ChecksumState::unnecessary) return;
  if (skb.checksum_level == 0)
    skb.checksum_state = ChecksumState::none;
  else
    --skb.checksum_level;
}

int csum_level(Skb skb, uint64_t what) {
  SkbState& state = skb.state();
  switch (what) {
    case BPF_CSUM_LEVEL_INC: raise_level(state); return 0;
    case BPF_CSUM_LEVEL_DEC: lower_level(state); return 0;
    case BPF_CSUM_LEVEL_RESET: state.reset_checksum_unnecessary(); return 0;
    case BPF_CSUM_LEVEL_QUERY:
      return state.checksum_state == ChecksumState::unnecessary ? state.checksum_level : -EACCES;
    default: return -EINVAL;
  }
}

constexpr Row kRows[] = {
    row<l3_csum_replace>(HelperId::l3_csum_replace),
    row<l4_csum_replace>(HelperId::l4_csum_replace),
    row<csum_diff>(HelperId::csum_diff),
    row<csum_update>(HelperId::csum_update),
    row<csum_level>(HelperId::csum_level),
};

}  // namespace

Rows checksum_helpers() { return kRows; }

}  // namespace skep::vm::helpers
