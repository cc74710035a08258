// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>

#include <algorithm>

#include "tests/unit/test_run/support.hpp"
#include "vm/test_run/packet_cache.hpp"

namespace skep::vm::test {

namespace {
Packet make(size_t capacity = 8192) {
  auto packet = Packet::create(capacity);
  REQUIRE(packet);
  return std::move(*packet);
}
}  // namespace

TEST_CASE("packets lie below 4 GiB") {
  const Packet packet = make();
  CHECK(reinterpret_cast<uint64_t>(packet.limit()) < (uint64_t{1} << 32));
  CHECK(packet.limit() - packet.begin() == 8192);
}

TEST_CASE("a packet buffer of no or of absurd size is refused") {
  CHECK(!Packet::create(0));
  CHECK(Packet::create((size_t{16} << 20) + 1).error().code == EINVAL);
  CHECK(Packet::create(size_t{16} << 20));
}

TEST_CASE("assign puts bytes behind zeroed headroom and forgets the last packet") {
  Packet packet = make(4096);
  std::fill(packet.begin(), packet.limit(), uint8_t{0xff});
  packet.fragments.resize(5);
  packet.skb.encapsulation = true;
  const Bytes bytes(10, std::byte{1});
  REQUIRE(packet.assign(bytes, 100));
  CHECK(std::all_of(packet.begin(), packet.data, [](uint8_t byte) { return byte == 0; }));
  CHECK((packet.size() == 10 && packet.data_meta == packet.data));
  CHECK((packet.fragments.empty() && !packet.skb.encapsulation));
  CHECK(packet.assign(Bytes(3996), 100));
  CHECK(!packet.assign(Bytes(3997), 100));
  CHECK(!packet.assign({}, 4097));
}

TEST_CASE("publish_packet leaves what lies behind the end of a short context") {
  Packet packet = make();
  REQUIRE(packet.assign(Bytes(60), 64));
  packet.kind = PacketKind::skb;
  Context context(offsetof(__sk_buff, data) + 4);  // `len` and `data` fit, `data_end` does not
  publish_packet(context, packet);                 // address sanitizer watches
  CHECK(context.get<uint32_t>(offsetof(__sk_buff, len)) == 60);
  CHECK(context.get<uint32_t>(offsetof(__sk_buff, data)) == reinterpret_cast<uint64_t>(packet.data));
  CHECK(context.pointers().data_end == packet.data_end);
  Context none(0);
  publish_packet(none, packet);
  packet.kind = PacketKind::xdp;
  publish_packet(none, packet);
  CHECK(none.pointers().data == packet.data);
}

TEST_CASE("make_room moves the bytes and the header places with them") {
  Packet packet = make(4096);
  const Bytes bytes(1000, std::byte{7});
  REQUIRE(packet.assign(bytes, 16));
  packet.skb.mac_header = 16;
  packet.skb.network_header = 30;
  REQUIRE(packet.make_room(16, 0));
  CHECK(packet.data - packet.begin() == 16);  // there was enough
  REQUIRE(packet.make_room(2000, 1000));
  CHECK(packet.data - packet.begin() >= 2000);
  CHECK(packet.limit() - packet.data_end >= 1000);
  CHECK(std::ranges::equal(packet.bytes(), bytes));
  CHECK(packet.skb.mac_header == packet.data - packet.begin());
  CHECK(packet.skb.network_header == packet.skb.mac_header + 14);
  CHECK(packet.skb.transport_header == SkbState::kUnset);
  CHECK(!packet.make_room(3000, 97));
  CHECK(packet.make_room(3000, 96));
}

TEST_CASE("a moved-from packet holds nothing") {
  Packet packet = make();
  uint8_t* memory = packet.begin();
  Packet other = std::move(packet);
  CHECK(other.begin() == memory);
  CHECK(packet.begin() == nullptr);
}

TEST_CASE("packets that were given back are used again") {
  auto packet = take_packet();
  REQUIRE(packet);
  uint8_t* memory = packet->begin();
  give_back(std::move(*packet));
  packet = take_packet();
  CHECK(packet->begin() == memory);
}

}  // namespace skep::vm::test
