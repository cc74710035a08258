// SPDX-License-Identifier: Apache-2.0
// How helpers see the packet of a run: as a socket buffer or as an XDP frame.
#pragma once

#include <linux/bpf.h>

#include <cstddef>
#include <cstdint>

#include "vm/context.hpp"
#include "vm/run.hpp"

namespace skep::vm::helpers {

// In network byte order, as skb->protocol.
inline constexpr uint16_t kEthPIp = 0x0008;      ///< htons(ETH_P_IP)
inline constexpr uint16_t kEthPIpv6 = 0xdd86;    ///< htons(ETH_P_IPV6)
inline constexpr uint16_t kEthP8021q = 0x0081;   ///< htons(ETH_P_8021Q)
inline constexpr uint16_t kEthP8021ad = 0xa888;  ///< htons(ETH_P_8021AD)

inline constexpr uint32_t kEthernetHeader = 14;
inline constexpr uint32_t kIpv4Header = 20;
inline constexpr uint32_t kIpv6Header = 40;
/// Longest packet that helpers make (Linux: BPF_SKB_MAX_LEN, for pages of 4 KiB).
inline constexpr uint32_t kSkbMaxLength = 16064;

struct PacketView {
  explicit PacketView(Run& owner) : run(owner), packet(*owner.packet), context(*owner.context) {}

  /// Tells the program of a packet that was moved or resized.
  void refresh() const { publish_packet(context, packet); }

  Run& run;
  Packet& packet;
  Context& context;
};

/// A socket buffer, its fields those of `__sk_buff`.
struct Skb : PacketView {
  using PacketView::PacketView;
  static bool fits(const Run& run) {
    return run.packet != nullptr && run.context != nullptr && run.packet->kind != PacketKind::xdp;
  }

  [[nodiscard]] uint32_t length() const { return static_cast<uint32_t>(packet.size()); }
  [[nodiscard]] uint8_t* data() const { return packet.data; }
  [[nodiscard]] SkbState& state() const { return packet.skb; }

  [[nodiscard]] uint32_t field(size_t offset) const { return context.get<uint32_t>(offset); }
  void set_field(size_t offset, uint32_t value) const { context.set(offset, value); }

  [[nodiscard]] uint16_t protocol() const { return static_cast<uint16_t>(field(offsetof(__sk_buff, protocol))); }
  void set_protocol(uint16_t protocol) const { set_field(offsetof(__sk_buff, protocol), protocol); }
  [[nodiscard]] bool is_gso() const { return field(offsetof(__sk_buff, gso_size)) != 0; }
  [[nodiscard]] uint32_t device() const { return field(offsetof(__sk_buff, ifindex)); }

  // Places relative to the data; the header must be set.
  [[nodiscard]] int32_t offset_of(int32_t header) const {
    return header - static_cast<int32_t>(packet.data - packet.begin());
  }
  [[nodiscard]] int32_t place_of(int32_t offset) const {
    return offset + static_cast<int32_t>(packet.data - packet.begin());
  }
  [[nodiscard]] int32_t network_offset() const { return offset_of(state().network_header); }
  [[nodiscard]] uint32_t mac_header_length() const {
    return static_cast<uint32_t>(state().network_header - state().mac_header);
  }
  [[nodiscard]] bool has_vlan_tag() const { return field(offsetof(__sk_buff, vlan_present)) != 0; }
};

struct Xdp : PacketView {
  using PacketView::PacketView;
  static bool fits(const Run& run) {
    return run.packet != nullptr && run.context != nullptr && run.packet->kind == PacketKind::xdp;
  }
  [[nodiscard]] uint32_t device() const { return context.get<uint32_t>(offsetof(xdp_md, ingress_ifindex)); }
};

// Shared by families.
int64_t load_bytes(Skb skb, uint32_t offset, void* to, uint32_t size);
int64_t store_bytes(Skb skb, uint32_t offset, const void* from, uint32_t size, uint64_t flags);
int64_t load_bytes(Xdp xdp, uint32_t offset, void* to, uint32_t size);
int64_t store_bytes(Xdp xdp, uint32_t offset, const void* from, uint32_t size);
/// Forgets the hash of a packet whose addresses changed (skb_clear_hash).
void clear_hash(Skb skb);

}  // namespace skep::vm::helpers
