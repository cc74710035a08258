// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "tests/unit/helpers/support.hpp"
#include "vm/helpers/internet_checksum.hpp"

namespace skep::vm::test {

TEST_CASE("skb_load_bytes copies, and zeroes the destination when the packet is too short") {
  SkbTest t;
  uint8_t to[4] = {9, 9, 9, 9};
  CHECK(t.on_context(HelperId::skb_load_bytes, 12, to, 4) == 0);
  CHECK((to[0] == 8 && to[1] == 0 && to[2] == 0x45));
  CHECK(t.on_context(HelperId::skb_load_bytes, 60, to, 4) == 0);
  to[0] = 9;
  CHECK(t.on_context(HelperId::skb_load_bytes, 61, to, 4) == -EFAULT);
  CHECK(to[0] == 0);
  CHECK(t.on_context(HelperId::skb_load_bytes, 0xffffffff, to, 4) == -EFAULT);
}

TEST_CASE("loaded bytes may go into the packet itself, over where they come from") {
  for (const ptrdiff_t distance : {-3, 3}) {
    SkbTest t;
    uint8_t* const from = t.packet.data + 10;
    for (uint8_t i = 0; i < 40; ++i) from[i] = i;
    CHECK(t.on_context(HelperId::skb_load_bytes, 10, from + distance, 40) == 0);
    for (uint8_t i = 0; i < 40; ++i) CHECK(from[distance + i] == i);
    for (uint8_t i = 0; i < 40; ++i) from[i] = i;
    CHECK(t.on_context(HelperId::skb_load_bytes_relative, 10, from + distance, 40, BPF_HDR_START_MAC) == 0);
    for (uint8_t i = 0; i < 40; ++i) CHECK(from[distance + i] == i);
  }
}

TEST_CASE("a flow dissector's packet has no socket buffer to load from") {
  SkbTest t;
  t.packet.kind = PacketKind::flow;
  uint8_t to = 9;
  CHECK(t.on_context(HelperId::skb_load_bytes, 0, &to, 1) == -EFAULT);
  CHECK(to == 0);
}

TEST_CASE("skb_load_bytes_relative counts from a header") {
  SkbTest t;
  uint8_t to = 0;
  CHECK(t.on_context(HelperId::skb_load_bytes_relative, 0, &to, 1, BPF_HDR_START_NET) == 0);
  CHECK(to == 0x45);
  CHECK(t.on_context(HelperId::skb_load_bytes_relative, 0, &to, 1, BPF_HDR_START_MAC) == 0);
  CHECK(to == 2);
  CHECK(t.on_context(HelperId::skb_load_bytes_relative, 50, &to, 1, BPF_HDR_START_NET) == -EFAULT);
  CHECK(t.on_context(HelperId::skb_load_bytes_relative, 0x10000, &to, 1, BPF_HDR_START_MAC) == -EFAULT);
  CHECK(t.on_context(HelperId::skb_load_bytes_relative, 0, &to, 1, 2) == -EFAULT);
}

TEST_CASE("skb_store_bytes writes, and knows its flags") {
  SkbTest t;
  const uint8_t from[] = {1, 2, 3};
  CHECK(t.on_context(HelperId::skb_store_bytes, 61, from, 3, 0) == 0);
  CHECK(t.bytes()[63] == 3);
  CHECK(t.on_context(HelperId::skb_store_bytes, 62, from, 3, 0) == -EFAULT);
  CHECK(t.on_context(HelperId::skb_store_bytes, 0, from, 3, 4) == -EINVAL);
}

TEST_CASE("skb_store_bytes keeps a complete checksum right, at odd places too") {
  for (const uint32_t offset : {20U, 21U}) {
    SkbTest t;
    auto& skb = t.packet.skb;
    skb.checksum_state = ChecksumState::complete;
    skb.checksum = helpers::sum_bytes(t.packet.data, t.packet.size(), 0);
    const uint8_t from[] = {0xde, 0xad, 0xbe, 0xef, 0x55};
    REQUIRE(t.on_context(HelperId::skb_store_bytes, offset, from, 5, BPF_F_RECOMPUTE_CSUM) == 0);
    CHECK(helpers::sum_to_field(skb.checksum) ==
          helpers::sum_to_field(helpers::sum_bytes(t.packet.data, t.packet.size(), 0)));
  }
}

TEST_CASE("skb_pull_data only looks at the length") {
  SkbTest t;
  CHECK(t.on_context(HelperId::skb_pull_data, 0) == 0);
  CHECK(t.on_context(HelperId::skb_pull_data, 64) == 0);
  CHECK(t.on_context(HelperId::skb_pull_data, 65) == -ENOMEM);
}

TEST_CASE("skb_change_type knows the types of received packets") {
  SkbTest t;
  CHECK(t.on_context(HelperId::skb_change_type, 3) == 0);
  CHECK(t.field(offsetof(__sk_buff, pkt_type)) == 3);
  CHECK(t.on_context(HelperId::skb_change_type, 4) == -EINVAL);
}

TEST_CASE("the hash is computed when it is asked for, set, and forgotten") {
  SkbTest t;
  const auto hash = static_cast<uint32_t>(t.on_context(HelperId::get_hash_recalc));
  CHECK(hash != 0);
  CHECK(t.field(offsetof(__sk_buff, hash)) == hash);
  CHECK(t.on_context(HelperId::set_hash, 5) == 0);
  CHECK(t.on_context(HelperId::get_hash_recalc) == 5);
  CHECK(t.on_context(HelperId::set_hash_invalid) == 0);
  CHECK(t.field(offsetof(__sk_buff, hash)) == 0);
  CHECK(static_cast<uint32_t>(t.on_context(HelperId::get_hash_recalc)) == hash);
}

TEST_CASE("the hash depends on the ports") {
  SkbTest one;
  auto other_port = ipv4_frame();
  other_port[34] ^= 1;
  SkbTest other(other_port);
  CHECK(one.on_context(HelperId::get_hash_recalc) != other.on_context(HelperId::get_hash_recalc));
}

TEST_CASE("skb_ecn_set_ce marks capable packets and keeps the header's checksum right") {
  auto bytes = ipv4_frame(1);
  const uint16_t field = helpers::sum_to_field(helpers::sum_bytes(bytes.data() + 14, 20, 0));
  std::memcpy(bytes.data() + 24, &field, sizeof field);
  SkbTest t(bytes);
  CHECK(t.on_context(HelperId::skb_ecn_set_ce) == 1);
  CHECK(t.bytes()[15] == 3);
  CHECK(helpers::sum_to_field(helpers::sum_bytes(t.packet.data + 14, 20, 0)) == 0);
  CHECK(t.on_context(HelperId::skb_ecn_set_ce) == 1);  // marked already

  SkbTest incapable(ipv4_frame(0));
  CHECK(incapable.on_context(HelperId::skb_ecn_set_ce) == 0);
  SkbTest ipv6(frame(0x86dd, {0x60, 0x20}, 60));
  CHECK(ipv6.on_context(HelperId::skb_ecn_set_ce) == 1);
  CHECK(ipv6.bytes()[15] == 0x30);
  SkbTest no_ip(frame(0x0806, {}, 60));
  CHECK(no_ip.on_context(HelperId::skb_ecn_set_ce) == 0);
}

TEST_CASE("skb_set_tstamp wants a time for clocks that a queue can wait for") {
  SkbTest t;
  CHECK(t.on_context(HelperId::skb_set_tstamp, 77, 1) == 0);
  CHECK(t.context.get<uint64_t>(offsetof(__sk_buff, tstamp)) == 77);
  CHECK(t.on_context(HelperId::skb_set_tstamp, 0, 1) == -EINVAL);
  CHECK(t.on_context(HelperId::skb_set_tstamp, 0, 0) == 0);
  CHECK(t.on_context(HelperId::skb_set_tstamp, 1, 3) == -EINVAL);
  SkbTest arp(frame(0x0806, {}, 60));
  CHECK(arp.on_context(HelperId::skb_set_tstamp, 77, 1) == -EOPNOTSUPP);
}

TEST_CASE("a test run's packet has no IPsec state, class or realm") {
  SkbTest t;
  uint32_t state[7] = {1};
  CHECK(t.on_context(HelperId::skb_get_xfrm_state, 0, state, sizeof state, 0) == -EINVAL);
  CHECK(state[0] == 0);
  CHECK(t.on_context(HelperId::get_cgroup_classid) == 0);
  CHECK(t.on_context(HelperId::get_route_realm) == 0);
}

}  // namespace skep::vm::test
