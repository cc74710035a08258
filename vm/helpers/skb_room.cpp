// SPDX-License-Identifier: Apache-2.0
// Making room in socket buffers and taking it away (net/core/filter.c). Linux's test runs make packets without transport
// header and without a type of segmentation, which decides some of the cases there; those are not written here.
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "vm/helpers/families.hpp"
#include "vm/helpers/internet_checksum.hpp"

namespace skep::vm::helpers {
namespace {

constexpr uint32_t kMaxRoomChange = 0xfff;
// Newer than the <linux/bpf.h> of some hosts.
constexpr uint64_t kDecapL3Ipv4 = uint64_t{1} << 7;  // BPF_F_ADJ_ROOM_DECAP_L3_IPV4
constexpr uint64_t kDecapL3Ipv6 = uint64_t{1} << 8;  // BPF_F_ADJ_ROOM_DECAP_L3_IPV6
constexpr uint64_t kDecapL3 = kDecapL3Ipv4 | kDecapL3Ipv6;
constexpr uint64_t kEncapL3 = BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 | BPF_F_ADJ_ROOM_ENCAP_L3_IPV6;
constexpr uint64_t kEncapL4 = BPF_F_ADJ_ROOM_ENCAP_L4_GRE | BPF_F_ADJ_ROOM_ENCAP_L4_UDP;
constexpr uint64_t kInnerMacLengthMask = uint64_t{BPF_ADJ_ROOM_ENCAP_L2_MASK} << BPF_ADJ_ROOM_ENCAP_L2_SHIFT;
constexpr uint64_t kAdjustRoomFlags = BPF_F_ADJ_ROOM_FIXED_GSO | kEncapL3 | kEncapL4 | BPF_F_ADJ_ROOM_ENCAP_L2_ETH |
                                      kInnerMacLengthMask | kDecapL3 | BPF_F_ADJ_ROOM_NO_CSUM_RESET;

void take_from_checksum(Skb skb, const void* bytes, size_t size, size_t offset) {
  SkbState& state = skb.state();
  if (state.checksum_state == ChecksumState::complete)
    state.checksum = sum_sub(state.checksum, sum_at_offset(sum_bytes(bytes, size, 0), offset));
}

void move_link_and_network_header(SkbState& skb, int32_t distance) {
  skb.mac_header += distance;
  skb.network_header += distance;
}

/// `size` zero bytes behind the first `offset` bytes, which move forward with the headers.
int insert(Skb skb, uint32_t offset, uint32_t size) {
  if (!skb.packet.make_room(size, 0)) return -ENOMEM;
  skb.packet.push(size);
  std::memmove(skb.data(), skb.data() + size, offset);
  std::memset(skb.data() + offset, 0, size);
  move_link_and_network_header(skb.state(), -static_cast<int32_t>(size));
  return 0;
}

int remove(Skb skb, uint32_t offset, uint32_t size) {
  if (uint64_t{offset} + size > skb.length()) return -ENOMEM;
  take_from_checksum(skb, skb.data() + offset, size, 0);
  std::memmove(skb.data() + size, skb.data(), offset);
  skb.packet.pull(size);
  move_link_and_network_header(skb.state(), static_cast<int32_t>(size));
  return 0;
}

int translate_protocol(Skb skb, uint16_t to) {
  constexpr uint32_t kDifference = kIpv6Header - kIpv4Header;
  const uint16_t from = skb.protocol();
  if (from == kEthPIp && to == kEthPIpv6) return insert(skb, skb.mac_header_length(), kDifference);
  if (from == kEthPIpv6 && to == kEthPIp) return remove(skb, skb.mac_header_length(), kDifference);
  return -kENOTSUPP;
}

int skb_change_proto(Skb skb, uint16_t protocol, uint64_t flags) {
  if (flags != 0) return -EINVAL;
  const int error = translate_protocol(skb, protocol);
  if (error == 0) {
    skb.set_protocol(protocol);
    clear_hash(skb);
  }
  skb.refresh();
  return error;
}

uint32_t base_length(uint16_t protocol) { return protocol == kEthPIp ? kIpv4Header : kIpv6Header; }

int check_encapsulation(Skb skb, uint32_t size, uint64_t flags) {
  const auto inner_mac = static_cast<uint32_t>(flags >> BPF_ADJ_ROOM_ENCAP_L2_SHIFT);
  if ((flags & kEncapL3) == kEncapL3 || (flags & kEncapL4) == kEncapL4) return -EINVAL;
  if ((flags & BPF_F_ADJ_ROOM_ENCAP_L2_ETH) != 0 && inner_mac < kEthernetHeader) return -EINVAL;
  if (skb.state().encapsulation) return -EALREADY;
  return inner_mac > size ? -EINVAL : 0;
}

/// The packet is one inside a tunnel now: where its outer headers are.
void encapsulate(Skb skb, uint32_t mac_length, uint64_t flags) {
  SkbState& state = skb.state();
  state.encapsulation = true;
  state.network_header = skb.place_of(static_cast<int32_t>(mac_length));
  const bool is_outer_ipv6 = (flags & BPF_F_ADJ_ROOM_ENCAP_L3_IPV6) != 0;
  if ((flags & kEncapL4) != 0)
    state.transport_header = state.network_header + static_cast<int32_t>(is_outer_ipv6 ? kIpv6Header : kIpv4Header);
  skb.set_protocol(is_outer_ipv6 ? kEthPIpv6 : kEthPIp);
}

int grow(Skb skb, uint32_t offset, uint32_t size, uint64_t flags) {
  if (skb.is_gso()) return -kENOTSUPP;
  const bool encapsulates = (flags & kEncapL3) != 0;
  if (encapsulates)
    if (const int error = check_encapsulation(skb, size, flags); error != 0) return error;
  const uint32_t mac_length = skb.mac_header_length();
  if (const int error = insert(skb, offset, size); error != 0) return error;
  if (encapsulates) encapsulate(skb, mac_length, flags);
  return 0;
}

int shrink(Skb skb, uint32_t offset, uint32_t size, uint64_t flags) {
  if ((flags & ~(BPF_F_ADJ_ROOM_FIXED_GSO | kDecapL3 | BPF_F_ADJ_ROOM_NO_CSUM_RESET)) != 0) return -EINVAL;
  if (skb.is_gso()) return -kENOTSUPP;
  if (const int error = remove(skb, offset, size); error != 0) return error;
  if ((flags & kDecapL3Ipv6) != 0) skb.set_protocol(kEthPIpv6);
  if ((flags & kDecapL3Ipv4) != 0) skb.set_protocol(kEthPIp);
  return 0;
}

/// Checks in Linux's order; the offset behind which room is made, or a negative errno.
int64_t check_adjust_room(Skb skb, int32_t difference, uint32_t mode, uint64_t flags) {
  const uint16_t protocol = skb.protocol();
  const bool shrinks = difference < 0;
  const auto size = static_cast<uint32_t>(std::abs(int64_t{difference}));
  if ((flags & ~kAdjustRoomFlags) != 0) return -EINVAL;
  if (size > kMaxRoomChange) return -EFAULT;
  if (protocol != kEthPIp && protocol != kEthPIpv6) return -kENOTSUPP;
  if (mode != BPF_ADJ_ROOM_NET && mode != BPF_ADJ_ROOM_MAC) return -kENOTSUPP;
  uint32_t least = base_length(protocol);
  if ((flags & kDecapL3) != 0) {
    if (!shrinks || (flags & kDecapL3) == kDecapL3) return -EINVAL;
    least = (flags & kDecapL3Ipv4) != 0 ? kIpv4Header : kIpv6Header;
  }
  const auto network_length = static_cast<uint32_t>(static_cast<int32_t>(skb.length()) - skb.network_offset());
  if (shrinks ? size >= network_length || network_length - size < least
              : skb.length() + size > kSkbMaxLength && !skb.is_gso())
    return -kENOTSUPP;
  return skb.mac_header_length() + (mode == BPF_ADJ_ROOM_NET ? base_length(protocol) : 0);
}

int skb_adjust_room(Skb skb, int32_t difference, uint32_t mode, uint64_t flags) {
  const int64_t offset = check_adjust_room(skb, difference, mode, flags);
  if (offset < 0) return static_cast<int>(offset);
  const auto size = static_cast<uint32_t>(std::abs(difference));
  const auto place = static_cast<uint32_t>(offset);
  const int error = difference < 0 ? shrink(skb, place, size, flags) : grow(skb, place, size, flags);
  if (error == 0 && (flags & BPF_F_ADJ_ROOM_NO_CSUM_RESET) == 0) skb.state().reset_checksum_unnecessary();
  skb.refresh();
  return error;
}

uint32_t least_length(Skb skb) {
  int32_t least = std::max(skb.network_offset(), 0);
  if (skb.state().transport_header != SkbState::kUnset) {
    const int32_t offset = skb.offset_of(skb.state().transport_header);
    if (offset > 0) least = offset;
  }
  return static_cast<uint32_t>(least);
}

int resize(Skb skb, uint32_t length) {
  SkbState& state = skb.state();
  if (length > skb.length()) {
    const uint32_t added = length - skb.length();
    if (!skb.packet.make_room(0, added)) return -ENOMEM;
    if (state.checksum_state == ChecksumState::complete) state.checksum_state = ChecksumState::none;
    std::memset(skb.packet.data_end, 0, added);
  } else {
    take_from_checksum(skb, skb.data() + length, skb.length() - length, length);
  }
  skb.packet.data_end = skb.data() + length;
  return 0;
}

int skb_change_tail(Skb skb, uint32_t length, uint64_t flags) {
  int error = 0;
  if (flags != 0 || length > kSkbMaxLength || length < least_length(skb))
    error = -EINVAL;
  else if (skb.state().encapsulation)
    error = -kENOTSUPP;
  else
    error = resize(skb, length);
  if (error == 0 && skb.is_gso()) {
    skb.set_field(offsetof(__sk_buff, gso_size), 0);
    skb.set_field(offsetof(__sk_buff, gso_segs), 0);
  }
  skb.refresh();
  return error;
}

int skb_change_head(Skb skb, uint32_t size, uint64_t flags) {
  constexpr uint32_t kMost = std::numeric_limits<int32_t>::max();
  const uint64_t length = uint64_t{skb.length()} + size;
  if (flags != 0 || size > kMost || (!skb.is_gso() && length > kSkbMaxLength)) return -EINVAL;
  if (!skb.packet.make_room(size, 0)) return -ENOMEM;
  skb.packet.push(size);
  std::memset(skb.data(), 0, size);
  skb.state().mac_header = skb.place_of(0);
  skb.refresh();
  return 0;
}

constexpr Row kRows[] = {
    row<skb_change_proto>(HelperId::skb_change_proto),
    row<skb_adjust_room>(HelperId::skb_adjust_room),
    row<skb_change_tail>(HelperId::skb_change_tail),
    row<skb_change_head>(HelperId::skb_change_head),
};

}  // namespace

Rows skb_room_helpers() { return kRows; }

}  // namespace skep::vm::helpers
