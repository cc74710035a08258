// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/helpers/support.hpp"

namespace skep::vm::test {

constexpr auto kProtocol = offsetof(__sk_buff, protocol);
constexpr uint32_t kIp = 0x0008;  // network byte order
constexpr uint32_t kIpv6 = 0xdd86;

TEST_CASE("skb_change_tail grows with zeros and trims, and tells the context") {
  SkbTest t;
  CHECK(t.on_context(HelperId::skb_change_tail, 100, 0) == 0);
  CHECK(t.bytes().size() == 100);
  CHECK(t.bytes()[99] == 0);
  CHECK(t.field(offsetof(__sk_buff, len)) == 100);
  CHECK(t.context.pointers().data_end == t.packet.data_end);
  CHECK(t.on_context(HelperId::skb_change_tail, 14, 0) == 0);
  CHECK(t.bytes().size() == 14);
  CHECK(t.on_context(HelperId::skb_change_tail, 13, 0) == -EINVAL);
  CHECK(t.on_context(HelperId::skb_change_tail, 16064, 0) == 0);
  CHECK(t.on_context(HelperId::skb_change_tail, 16065, 0) == -EINVAL);
  CHECK(t.on_context(HelperId::skb_change_tail, 64, 1) == -EINVAL);
}

TEST_CASE("skb_change_head puts zeros in front, again and again") {
  SkbTest t;
  for (int i = 1; i <= 3; ++i) {
    CHECK(t.on_context(HelperId::skb_change_head, 5000, 0) == 0);
    CHECK(t.bytes().size() == size_t(64 + 5000 * i));
    CHECK(t.bytes()[size_t(5000 * i) + 14] == 0x45);
    CHECK(t.bytes()[0] == 0);
  }
  CHECK(t.on_context(HelperId::skb_change_head, 1001, 0) == -EINVAL);  // longer than a packet may be
  CHECK(t.on_context(HelperId::skb_change_head, 0xffffffff, 0) == -EINVAL);
  CHECK(t.on_context(HelperId::skb_change_head, 1, 1) == -EINVAL);
  t.set_field(offsetof(__sk_buff, gso_size), 1000);  // of segments: as long as it likes, as far as Linux's int goes
  CHECK(t.on_context(HelperId::skb_change_head, 0x80000000, 0) == -EINVAL);
}

TEST_CASE("a packet that wanders through its memory keeps its bytes and headers") {
  SkbTest t;
  for (int i = 0; i < 200; ++i) {
    REQUIRE(t.on_context(HelperId::skb_change_head, 1000, 0) == 0);
    REQUIRE(t.on_context(HelperId::skb_change_tail, 1064, 0) == 0);
    REQUIRE(t.on_context(HelperId::skb_adjust_room, 500, BPF_ADJ_ROOM_NET, 0) == 0);
    REQUIRE(t.on_context(HelperId::skb_adjust_room, -500, BPF_ADJ_ROOM_NET, 0) == 0);
    uint8_t version = 0;
    REQUIRE(t.on_context(HelperId::skb_load_bytes_relative, 0, &version, 1, BPF_HDR_START_NET) == 0);
    REQUIRE(version == 0x45);
    // Away with what was put in front: from 6 to 4 and back moves the network header; then cut by hand.
    t.packet.pull(1000);
    t.packet.skb.mac_header += 1000;
    publish_packet(t.context, t.packet);
    REQUIRE(t.bytes().size() == 64);
  }
}

TEST_CASE("skb_change_proto makes and removes the difference of the headers") {
  SkbTest t;
  CHECK(t.on_context(HelperId::skb_change_proto, kIpv6, 0) == 0);
  CHECK(t.bytes().size() == 84);
  CHECK(t.field(kProtocol) == kIpv6);
  CHECK(t.bytes()[14] == 0);
  CHECK(t.bytes()[34] == 0x45);
  CHECK(t.bytes()[12] == 8);  // the link header moves as it is
  CHECK(t.on_context(HelperId::skb_change_proto, kIp, 0) == 0);
  CHECK(t.bytes() == ipv4_frame());
  CHECK(t.on_context(HelperId::skb_change_proto, kIp, 0) == -kENOTSUPP);
  CHECK(t.on_context(HelperId::skb_change_proto, kIpv6, 1) == -EINVAL);
  SkbTest arp(frame(0x0806, {}, 60));
  CHECK(arp.on_context(HelperId::skb_change_proto, kIp, 0) == -kENOTSUPP);
}

TEST_CASE("skb_adjust_room makes room behind the link or the network header") {
  for (const auto& [mode, offset] : {std::pair{BPF_ADJ_ROOM_MAC, 14}, std::pair{BPF_ADJ_ROOM_NET, 34}}) {
    SkbTest t;
    CHECK(t.on_context(HelperId::skb_adjust_room, 8, mode, 0) == 0);
    CHECK(t.bytes().size() == 72);
    CHECK(t.bytes()[size_t(offset)] == 0);
    CHECK(t.bytes()[size_t(offset) + 8] == ipv4_frame()[size_t(offset)]);
    CHECK(t.on_context(HelperId::skb_adjust_room, -8, mode, 0) == 0);
    CHECK(t.bytes() == ipv4_frame());
  }
}

TEST_CASE("skb_adjust_room refuses what Linux refuses") {
  SkbTest t;
  const auto adjust = [&](int32_t by, uint32_t mode, uint64_t flags) {
    return t.on_context(HelperId::skb_adjust_room, by, mode, flags);
  };
  CHECK(adjust(8, BPF_ADJ_ROOM_NET, uint64_t{1} << 20) == -EINVAL);
  CHECK(adjust(0x1000, BPF_ADJ_ROOM_NET, 0) == -EFAULT);
  CHECK(adjust(8, 2, 0) == -kENOTSUPP);
  CHECK(adjust(-50, BPF_ADJ_ROOM_NET, 0) == -kENOTSUPP);
  CHECK(adjust(-31, BPF_ADJ_ROOM_NET, 0) == -kENOTSUPP);            // less than a header would be left
  CHECK(adjust(8, BPF_ADJ_ROOM_NET, uint64_t{1} << 7) == -EINVAL);  // decapsulation that grows
  CHECK(adjust(20, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 | BPF_F_ADJ_ROOM_ENCAP_L3_IPV6) == -EINVAL);
  SkbTest arp(frame(0x0806, {}, 60));
  CHECK(arp.on_context(HelperId::skb_adjust_room, 8, BPF_ADJ_ROOM_NET, 0) == -kENOTSUPP);
}

TEST_CASE("an encapsulated packet has the outer protocol and cannot be encapsulated or resized again") {
  SkbTest t;
  CHECK(t.on_context(HelperId::skb_adjust_room, 40, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_ENCAP_L3_IPV6) == 0);
  CHECK(t.field(kProtocol) == kIpv6);
  CHECK(t.packet.skb.network_header == int32_t(t.packet.data - t.packet.begin()) + 14);
  CHECK(t.on_context(HelperId::skb_adjust_room, 20, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_ENCAP_L3_IPV4) == -EALREADY);
  CHECK(t.on_context(HelperId::skb_change_tail, 60, 0) == -kENOTSUPP);
}

TEST_CASE("packets with segments keep their room") {
  SkbTest t;
  t.set_field(offsetof(__sk_buff, gso_size), 100);
  CHECK(t.on_context(HelperId::skb_adjust_room, 8, BPF_ADJ_ROOM_NET, 0) == -kENOTSUPP);
  CHECK(t.on_context(HelperId::skb_change_tail, 60, 0) == 0);
  CHECK(t.field(offsetof(__sk_buff, gso_size)) == 0);
}

TEST_CASE("VLAN tags go beside the packet, the older one into it, and come back") {
  SkbTest t;
  const auto present = [&] { return t.field(offsetof(__sk_buff, vlan_present)); };
  const auto tci = [&] { return t.field(offsetof(__sk_buff, vlan_tci)); };
  CHECK(t.on_context(HelperId::skb_vlan_push, 0x0081, 7) == 0);
  CHECK((present() == 1 && tci() == 7 && t.bytes().size() == 64));
  CHECK(t.on_context(HelperId::skb_vlan_push, 0xa888, 9) == 0);
  CHECK((tci() == 9 && t.field(offsetof(__sk_buff, vlan_proto)) == 0xa888));
  CHECK(t.bytes().size() == 68);
  CHECK((t.bytes()[12] == 0x81 && t.bytes()[13] == 0 && t.bytes()[15] == 7 && t.bytes()[16] == 8));
  CHECK(t.field(kProtocol) == 0x0081);
  CHECK(t.on_context(HelperId::skb_vlan_pop) == 0);
  CHECK((present() == 1 && tci() == 7 && t.field(kProtocol) == kIp));
  CHECK(t.bytes() == ipv4_frame());
  CHECK(t.on_context(HelperId::skb_vlan_pop) == 0);
  CHECK(present() == 0);
  CHECK(t.on_context(HelperId::skb_vlan_pop) == 0);  // nothing there
}

TEST_CASE("a VLAN tag in the packet is popped, and a short packet refused") {
  SkbTest t(frame(0x8100, {0, 5, 8, 0, 0x45}, 64));
  CHECK(t.on_context(HelperId::skb_vlan_pop) == 0);
  CHECK(t.field(kProtocol) == kIp);
  CHECK(t.bytes().size() == 60);
  CHECK(t.bytes()[14] == 0x45);
  SkbTest cut(frame(0x8100, {0, 5}, 16));
  CHECK(cut.on_context(HelperId::skb_vlan_pop) == -ENOMEM);
}

TEST_CASE("tunnel keys are read as they were set, with the ends exchanged") {
  SkbTest t;
  bpf_tunnel_key key{};
  CHECK(t.on_context(HelperId::skb_get_tunnel_key, &key, sizeof key, 0) == -EINVAL);
  key.tunnel_id = 5;
  key.remote_ipv4 = 0x0a000001;
  key.local_ipv4 = 0x0a000002;
  key.tunnel_ttl = 64;
  CHECK(t.on_context(HelperId::skb_set_tunnel_key, &key, sizeof key, 0) == 0);
  bpf_tunnel_key back{};
  CHECK(t.on_context(HelperId::skb_get_tunnel_key, &back, sizeof back, 0) == 0);
  CHECK((back.tunnel_id == 5 && back.tunnel_ttl == 64));
  CHECK((back.remote_ipv4 == 0x0a000002 && back.local_ipv4 == 0x0a000001));
  CHECK(t.on_context(HelperId::skb_get_tunnel_key, &back, sizeof back, BPF_F_TUNINFO_IPV6) == -EPROTO);
  CHECK(back.tunnel_id == 0);
  CHECK(t.on_context(HelperId::skb_set_tunnel_key, &key, 3, 0) == -EINVAL);
  CHECK(t.on_context(HelperId::skb_set_tunnel_key, &key, sizeof key, uint64_t{1} << 30) == -EINVAL);
  key.tunnel_label = 1;
  CHECK(t.on_context(HelperId::skb_set_tunnel_key, &key, sizeof key, 0) == -EINVAL);
  CHECK(t.on_context(HelperId::skb_set_tunnel_key, &key, sizeof key, BPF_F_TUNINFO_IPV6) == 0);
}

TEST_CASE("tunnel options need a key first") {
  SkbTest t;
  uint8_t options[8] = {1, 2, 3, 4};
  CHECK(t.on_context(HelperId::skb_set_tunnel_opt, options, 4) == -EINVAL);
  bpf_tunnel_key key{};
  REQUIRE(t.on_context(HelperId::skb_set_tunnel_key, &key, sizeof key, 0) == 0);
  uint8_t back[8] = {};
  CHECK(t.on_context(HelperId::skb_get_tunnel_opt, back, 8) == -ENOENT);
  CHECK(t.on_context(HelperId::skb_set_tunnel_opt, options, 4) == 0);
  CHECK(t.on_context(HelperId::skb_get_tunnel_opt, back, 8) == 4);
  CHECK(back[3] == 4);
  CHECK(t.on_context(HelperId::skb_get_tunnel_opt, back, 2) == -ENOMEM);
  CHECK(t.on_context(HelperId::skb_set_tunnel_opt, options, 3) == -EINVAL);
}

}  // namespace skep::vm::test
