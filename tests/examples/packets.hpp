// SPDX-License-Identifier: Apache-2.0
// Packets for the tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace skep::tests {

using Packet = std::vector<std::byte>;

/// An Ethernet frame with an IPv4 header of this protocol and nothing behind it.
inline Packet ipv4_packet(uint8_t protocol) {
  Packet packet(34);
  packet[12] = std::byte{0x08};  // ETH_P_IP
  packet[14] = std::byte{0x45};
  packet[17] = std::byte{20};  // total length
  packet[23] = std::byte{protocol};
  return packet;
}

/// Those of examples/captures.
std::vector<Packet> capture_packets();

}  // namespace skep::tests
