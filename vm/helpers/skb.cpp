// SPDX-License-Identifier: Apache-2.0
// Reading and writing socket buffers, and their plain properties (net/core/filter.c).
#include <linux/if_packet.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <limits>

#include "vm/helpers/families.hpp"
#include "vm/helpers/flow.hpp"
#include "vm/helpers/internet_checksum.hpp"

namespace skep::vm::helpers {

constexpr uint32_t kMaxOffset = std::numeric_limits<int32_t>::max();

void clear_hash(Skb skb) {
  skb.state().hash_is_valid = false;
  skb.set_field(offsetof(__sk_buff, hash), 0);
}

int64_t load_bytes(Skb skb, uint32_t offset, void* to, uint32_t size) {
  // A flow dissector's packet has no socket buffer in a test run: Linux refuses this too.
  const bool has_buffer = skb.packet.kind == PacketKind::skb;
  if (has_buffer && offset <= kMaxOffset && uint64_t{offset} + size <= skb.length()) {
    std::memmove(to, skb.data() + offset, size);  // which may lie in the packet
    return 0;
  }
  std::memset(to, 0, size);
  return -EFAULT;
}

int64_t store_bytes(Skb skb, uint32_t offset, const void* from, uint32_t size, uint64_t flags) {
  if ((flags & ~uint64_t{BPF_F_RECOMPUTE_CSUM | BPF_F_INVALIDATE_HASH}) != 0) return -EINVAL;
  if (offset > kMaxOffset || uint64_t{offset} + size > skb.length()) return -EFAULT;
  uint8_t* at = skb.data() + offset;
  SkbState& state = skb.state();
  const bool recompute = (flags & BPF_F_RECOMPUTE_CSUM) != 0 && state.checksum_state == ChecksumState::complete;
  if (recompute) state.checksum = sum_sub(state.checksum, sum_at_offset(sum_bytes(at, size, 0), offset));
  std::memmove(at, from, size);
  if (recompute) state.checksum = sum_add(state.checksum, sum_at_offset(sum_bytes(at, size, 0), offset));
  if ((flags & BPF_F_INVALIDATE_HASH) != 0) clear_hash(skb);
  return 0;
}

namespace {

int64_t skb_load_bytes(Skb skb, uint32_t offset, void* to, uint32_t size) { return load_bytes(skb, offset, to, size); }

int64_t skb_store_bytes(Skb skb, uint32_t offset, const void* from, uint32_t size, uint64_t flags) {
  return store_bytes(skb, offset, from, size, flags);
}

int skb_load_bytes_relative(Skb skb, uint32_t offset, void* to, uint32_t size, uint32_t start) {
  const int32_t header = start == BPF_HDR_START_MAC   ? skb.state().mac_header
                         : start == BPF_HDR_START_NET ? skb.state().network_header
                                                      : SkbState::kUnset;
  if (header != SkbState::kUnset && offset <= 0xffff) {
    const uint8_t* from = skb.packet.begin() + header + offset;
    if (from + size <= skb.packet.data_end) {
      std::memmove(to, from, size);
      return 0;
    }
  }
  std::memset(to, 0, size);
  return -EFAULT;
}

/// Buffers are in one piece always, so there is nothing to pull; only the length is checked.
int skb_pull_data(Skb skb, uint32_t size) { return size <= skb.length() ? 0 : -ENOMEM; }

int skb_change_type(Skb skb, uint32_t type) {
  const auto is_settable = [](uint32_t t) { return t <= PACKET_OTHERHOST; };
  if (!is_settable(skb.field(offsetof(__sk_buff, pkt_type))) || !is_settable(type)) return -EINVAL;
  skb.set_field(offsetof(__sk_buff, pkt_type), type);
  return 0;
}

uint32_t get_hash_recalc(Skb skb) {
  if (!skb.state().hash_is_valid) {
    skb.set_field(offsetof(__sk_buff, hash), flow_hash(skb));
    skb.state().hash_is_valid = true;
  }
  return skb.field(offsetof(__sk_buff, hash));
}

int set_hash_invalid(Skb skb) {
  clear_hash(skb);
  return 0;
}

int set_hash(Skb skb, uint32_t hash) {
  skb.set_field(offsetof(__sk_buff, hash), hash);
  skb.state().hash_is_valid = true;
  return 0;
}

// The two lowest bits of IPv4's second byte, or of the traffic class of IPv6 (RFC 3168): 0 says that the ends do not take part.
constexpr uint8_t kEcnMask = 3;
constexpr uint8_t kEcnExperienced = 3;

int set_ce_ipv4(uint8_t* header) {
  uint8_t& service = header[1];
  if ((service & kEcnMask) == 0) return 0;
  if ((service & kEcnMask) == kEcnExperienced) return 1;
  uint16_t old_word;
  uint16_t new_word;
  uint16_t check;
  std::memcpy(&old_word, header, sizeof old_word);
  service |= kEcnExperienced;
  std::memcpy(&new_word, header, sizeof new_word);
  std::memcpy(&check, header + 10, sizeof check);
  // As Linux, which adds the difference to the field itself: the result is a valid checksum, not always the same zero.
  check = sum16_sub(check, static_cast<uint16_t>(new_word - old_word));
  std::memcpy(header + 10, &check, sizeof check);
  return 1;
}

int set_ce_ipv6(Skb skb, uint8_t* header) {
  constexpr uint8_t kLow = 0x30;  // where the traffic class has the two bits in the second byte
  if ((header[1] & kLow) == 0) return 0;
  uint32_t old_word;
  uint32_t new_word;
  std::memcpy(&old_word, header, sizeof old_word);
  header[1] |= kLow;
  std::memcpy(&new_word, header, sizeof new_word);
  SkbState& state = skb.state();
  if (state.checksum_state == ChecksumState::complete)
    state.checksum = sum_add(sum_sub(state.checksum, old_word), new_word);
  return 1;
}

int skb_ecn_set_ce(Skb skb) {
  const uint16_t protocol = network_protocol(skb);
  const uint32_t size = protocol == kEthPIp ? kIpv4Header : protocol == kEthPIpv6 ? kIpv6Header : 0;
  if (size == 0 || skb.length() < size) return 0;
  uint8_t* header = skb.packet.begin() + skb.state().network_header;
  if (header + size > skb.packet.data_end) return 0;
  return protocol == kEthPIp ? set_ce_ipv4(header) : set_ce_ipv6(skb, header);
}

/// No test run has passed IPsec.
int skb_get_xfrm_state(Skb, uint32_t, void* to, uint32_t size, uint64_t) {
  std::memset(to, 0, size);
  return -EINVAL;
}

int skb_set_tstamp(Skb skb, uint64_t time, uint32_t type) {
  const uint16_t protocol = skb.protocol();
  if (protocol != kEthPIp && protocol != kEthPIpv6) return -EOPNOTSUPP;
  constexpr uint32_t kRealtime = 0;  // BPF_SKB_CLOCK_*; the others need a time
  constexpr uint32_t kTai = 2;
  if (type > kTai || (type != kRealtime && time == 0)) return -EINVAL;
  skb.context.set(offsetof(__sk_buff, tstamp), time);
  skb.context.set(offsetof(__sk_buff, gso_size) + sizeof(uint32_t), static_cast<uint8_t>(type));
  return 0;
}

constexpr Row kRows[] = {
    row<skb_load_bytes>(HelperId::skb_load_bytes),     row<skb_load_bytes_relative>(HelperId::skb_load_bytes_relative),
    row<skb_store_bytes>(HelperId::skb_store_bytes),   row<skb_pull_data>(HelperId::skb_pull_data),
    row<skb_change_type>(HelperId::skb_change_type),   row<get_hash_recalc>(HelperId::get_hash_recalc),
    row<set_hash_invalid>(HelperId::set_hash_invalid), row<set_hash>(HelperId::set_hash),
    row<skb_ecn_set_ce>(HelperId::skb_ecn_set_ce),     row<skb_get_xfrm_state>(HelperId::skb_get_xfrm_state),
    row<skb_set_tstamp>(HelperId::skb_set_tstamp),
};

}  // namespace

Rows skb_helpers() { return kRows; }

}  // namespace skep::vm::helpers
