// SPDX-License-Identifier: Apache-2.0
#include "vm/helpers/flow.hpp"

#include <netinet/in.h>

#include <cstring>
#include <span>

namespace skep::vm::helpers {
namespace {

constexpr bool is_vlan(uint16_t protocol) { return protocol == kEthP8021q || protocol == kEthP8021ad; }

/// FNV-1a.
class Hash {
 public:
  void add(std::span<const uint8_t> bytes) {
    for (const uint8_t byte : bytes) state_ = (state_ ^ byte) * 0x01000193U;
  }
  [[nodiscard]] uint32_t get() const { return state_ != 0 ? state_ : 1; }

 private:
  uint32_t state_ = 0x811c9dc5U;
};

bool has_ports(uint8_t protocol) {
  return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

/// The network header and what follows it.
std::span<const uint8_t> network_bytes(Skb skb) {
  const uint8_t* start = skb.packet.begin() + skb.state().network_header;
  if (skb.state().network_header == SkbState::kUnset || start > skb.packet.data_end) return {};
  return {start, skb.packet.data_end};
}

void add_ports(Hash& hash, uint8_t protocol, std::span<const uint8_t> transport) {
  hash.add({&protocol, 1});
  if (has_ports(protocol) && transport.size() >= 4) hash.add(transport.first(4));
}

void add_ipv4(Hash& hash, std::span<const uint8_t> header) {
  if (header.size() < kIpv4Header) return;
  hash.add(header.subspan(12, 8));
  const size_t length = size_t{header[0] & 0xfU} * 4;
  const bool is_fragment = (header[6] & 0x3f) != 0 || header[7] != 0;
  add_ports(hash, header[9],
            is_fragment || length > header.size() ? std::span<const uint8_t>{} : header.subspan(length));
}

void add_ipv6(Hash& hash, std::span<const uint8_t> header) {
  if (header.size() < kIpv6Header) return;
  hash.add(header.subspan(8, 32));
  add_ports(hash, header[6], header.subspan(kIpv6Header));
}

}  // namespace

uint16_t network_protocol(Skb skb) {
  uint16_t protocol = skb.protocol();
  const int32_t mac = skb.state().mac_header;
  if (!is_vlan(protocol) || mac == SkbState::kUnset) return protocol;
  for (const uint8_t* at = skb.packet.begin() + mac + kEthernetHeader;
       is_vlan(protocol) && at + 4 <= skb.packet.data_end; at += 4)
    std::memcpy(&protocol, at + 2, sizeof protocol);
  return protocol;
}

uint32_t flow_hash(Skb skb) {
  Hash hash;
  const uint16_t protocol = skb.protocol();
  if (protocol == kEthPIp) add_ipv4(hash, network_bytes(skb));
  if (protocol == kEthPIpv6) add_ipv6(hash, network_bytes(skb));
  return hash.get();
}

}  // namespace skep::vm::helpers
