// SPDX-License-Identifier: Apache-2.0
#include "vm/test_run/packet_cache.hpp"

#include <utility>
#include <vector>

namespace skep::vm {
namespace {

// The longest packet that helpers make (16,064 bytes), moved anywhere within three times its length.
constexpr size_t kCapacity = size_t{48} << 10;
constexpr size_t kKept = 4;

std::vector<Packet>& kept() {
  thread_local std::vector<Packet> packets;
  return packets;
}

}  // namespace

Result<Packet> take_packet() {
  auto& packets = kept();
  if (packets.empty()) return Packet::create(kCapacity);
  Packet packet = std::move(packets.back());
  packets.pop_back();
  return packet;
}

void give_back(Packet packet) {
  if (kept().size() < kKept) kept().push_back(std::move(packet));
}

}  // namespace skep::vm
