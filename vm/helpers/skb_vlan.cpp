// SPDX-License-Identifier: Apache-2.0
// VLAN tags: the outermost beside the packet (in `__sk_buff`), the others in it (net/core/skbuff.c).
#include <arpa/inet.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "vm/helpers/families.hpp"
#include "vm/helpers/internet_checksum.hpp"

namespace skep::vm::helpers {
namespace {

constexpr uint32_t kTagBytes = 4;
constexpr uint32_t kAddressBytes = 12;  // both MAC addresses, in front of the tag
constexpr uint16_t kEthP8023 = 0x0100;  // htons(ETH_P_802_3)
constexpr uint16_t kEthP8022 = 0x0400;  // htons(ETH_P_802_2)

struct Tag {
  uint16_t protocol;  ///< network byte order
  uint16_t tci;       ///< host byte order
};

bool is_vlan(uint16_t protocol) { return protocol == kEthP8021q || protocol == kEthP8021ad; }

void set_tag(Skb skb, Tag tag) {
  skb.set_field(offsetof(__sk_buff, vlan_present), 1);
  skb.set_field(offsetof(__sk_buff, vlan_proto), tag.protocol);
  skb.set_field(offsetof(__sk_buff, vlan_tci), tag.tci);
}

void clear_tag(Skb skb) {
  skb.set_field(offsetof(__sk_buff, vlan_present), 0);
  skb.set_field(offsetof(__sk_buff, vlan_proto), 0);
  skb.set_field(offsetof(__sk_buff, vlan_tci), 0);
}

Tag tag_of(Skb skb) {
  return {static_cast<uint16_t>(skb.field(offsetof(__sk_buff, vlan_proto))),
          static_cast<uint16_t>(skb.field(offsetof(__sk_buff, vlan_tci)))};
}

bool begins_at_mac_header(Skb skb) { return skb.offset_of(skb.state().mac_header) == 0; }

/// Puts a tag between the addresses and the type.
int insert_tag(Skb skb, Tag tag) {
  if (!begins_at_mac_header(skb) || skb.length() < kEthernetHeader) return -EINVAL;
  if (!skb.packet.make_room(kTagBytes, 0)) return -ENOMEM;
  skb.packet.push(kTagBytes);
  std::memmove(skb.data(), skb.data() + kTagBytes, kAddressBytes);
  const uint16_t bytes[] = {tag.protocol, htons(tag.tci)};
  std::memcpy(skb.data() + kAddressBytes, bytes, sizeof bytes);
  SkbState& state = skb.state();
  state.mac_header -= kTagBytes;
  state.network_header -= kTagBytes;  // the inner tag belongs to the network header's side, as its protocol says
  if (state.checksum_state == ChecksumState::complete)
    state.checksum = sum_add(state.checksum, sum_bytes(bytes, sizeof bytes, 0));
  skb.set_protocol(tag.protocol);
  return 0;
}

/// The protocol behind a removed tag: a type, or the length of an old frame.
uint16_t encapsulated_protocol(const uint8_t* type) {
  constexpr uint16_t kFirstType = 0x0600;
  uint16_t value;
  uint16_t behind;
  std::memcpy(&value, type, sizeof value);
  std::memcpy(&behind, type + sizeof value, sizeof behind);
  if (ntohs(value) >= kFirstType) return value;
  return behind == 0xffff ? kEthP8023 : kEthP8022;
}

int remove_tag(Skb skb, Tag& tag) {
  constexpr uint32_t kTaggedHeader = kEthernetHeader + kTagBytes;
  if (!begins_at_mac_header(skb)) return -EINVAL;
  if (skb.length() < kTaggedHeader) return -ENOMEM;
  SkbState& state = skb.state();
  const uint8_t* place = skb.data() + kAddressBytes;
  if (state.checksum_state == ChecksumState::complete)
    state.checksum = sum_sub(state.checksum, sum_bytes(place, kTagBytes, 0));
  uint16_t tci;
  std::memcpy(&tci, place + 2, sizeof tci);
  tag = {skb.protocol(), ntohs(tci)};
  const bool has_more = skb.length() >= kTaggedHeader + 2;
  const uint16_t protocol = has_more ? encapsulated_protocol(place + kTagBytes) : kEthP8022;
  std::memmove(skb.data() + kTagBytes, skb.data(), kAddressBytes);
  skb.packet.pull(kTagBytes);
  state.mac_header += kTagBytes;
  if (skb.network_offset() < static_cast<int32_t>(kEthernetHeader))
    state.network_header = skb.place_of(kEthernetHeader);
  skb.set_protocol(protocol);
  return 0;
}

int skb_vlan_push(Skb skb, uint16_t protocol, uint16_t tci) {
  if (!is_vlan(protocol)) protocol = kEthP8021q;
  if (skb.has_vlan_tag())
    if (const int error = insert_tag(skb, tag_of(skb)); error != 0) return error;
  set_tag(skb, {protocol, tci});
  skb.refresh();
  return 0;
}

/// Removes the outermost tag, then takes the next one out of the packet to stand beside it.
int pop(Skb skb) {
  Tag tag;
  if (skb.has_vlan_tag()) {
    clear_tag(skb);
  } else {
    if (!is_vlan(skb.protocol())) return 0;
    if (const int error = remove_tag(skb, tag); error != 0) return error;
  }
  if (!is_vlan(skb.protocol())) return 0;
  if (const int error = remove_tag(skb, tag); error != 0) return error;
  set_tag(skb, tag);
  return 0;
}

int skb_vlan_pop(Skb skb) {
  const int error = pop(skb);
  skb.refresh();
  return error;
}

constexpr Row kRows[] = {
    row<skb_vlan_push>(HelperId::skb_vlan_push),
    row<skb_vlan_pop>(HelperId::skb_vlan_pop),
};

}  // namespace

Rows skb_vlan_helpers() { return kRows; }

}  // namespace skep::vm::helpers
