// SPDX-License-Identifier: Apache-2.0
#include "vm/interpreter/legacy_packet.hpp"

#include "vm/context.hpp"
#include "vm/run.hpp"

namespace skep::vm::interpreter {

namespace {

constexpr int32_t kNetworkHeader = -0x100000;  // SKF_NET_OFF
constexpr int32_t kLinkHeader = -0x200000;     // SKF_LL_OFF

/// Address of what an offset means; null: nothing.
const uint8_t* address_of(const Packet& packet, int32_t offset) {
  if (offset >= 0) return packet.data + offset;
  const bool is_network = offset >= kNetworkHeader;
  if (!is_network && offset < kLinkHeader) return nullptr;
  const int32_t header = is_network ? packet.skb.network_header : packet.skb.mac_header;
  if (header == SkbState::kUnset) return nullptr;
  return packet.begin() + header + (offset - (is_network ? kNetworkHeader : kLinkHeader));
}

}  // namespace

bool load_packet(const Run& run, int32_t offset, int size, uint64_t& value) {
  if (run.packet == nullptr) return false;
  const Packet& packet = *run.packet;
  const uint8_t* bytes = address_of(packet, offset);
  if (bytes == nullptr || bytes > packet.data_end || packet.data_end - bytes < size) return false;
  value = 0;
  for (int i = 0; i < size; ++i) value = value << 8 | bytes[i];
  return true;
}

}  // namespace skep::vm::interpreter
