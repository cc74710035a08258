// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include "tests/unit/helpers/support.hpp"

namespace skep::vm::test {

TEST_CASE("xdp_adjust_head moves within the headroom and keeps an Ethernet header") {
  XdpTest t;
  CHECK(t.on_context(HelperId::xdp_adjust_head, -216) == 0);
  CHECK(t.bytes().size() == 280);
  CHECK(t.context.pointers().data == t.packet.data);
  CHECK(t.on_context(HelperId::xdp_adjust_head, -1) == -EINVAL);
  CHECK(t.on_context(HelperId::xdp_adjust_head, 216 + 50) == 0);
  CHECK(t.bytes().size() == 14);
  CHECK(t.on_context(HelperId::xdp_adjust_head, 1) == -EINVAL);
  CHECK(t.on_context(HelperId::xdp_adjust_head, INT32_MIN) == -EINVAL);
}

TEST_CASE("xdp_adjust_tail grows with zeros to the frame's end and keeps an Ethernet header") {
  XdpTest t;
  std::memset(t.packet.data_end, 0xff, 8);
  CHECK(t.on_context(HelperId::xdp_adjust_tail, 8) == 0);
  CHECK(t.bytes()[64] == 0);
  CHECK(t.on_context(HelperId::xdp_adjust_tail, 3456 - 8) == 0);
  CHECK(t.on_context(HelperId::xdp_adjust_tail, 1) == -EINVAL);
  CHECK(t.on_context(HelperId::xdp_adjust_tail, -(3520 - 14)) == 0);
  CHECK(t.on_context(HelperId::xdp_adjust_tail, -1) == -EINVAL);
}

TEST_CASE("xdp_adjust_meta gives metadata in whole words, which moves with the head") {
  XdpTest t;
  CHECK(t.on_context(HelperId::xdp_adjust_meta, -3) == -EACCES);
  CHECK(t.on_context(HelperId::xdp_adjust_meta, -220) == -EINVAL);
  CHECK(t.on_context(HelperId::xdp_adjust_meta, 4) == -EINVAL);
  CHECK(t.on_context(HelperId::xdp_adjust_meta, -4) == 0);
  *t.packet.data_meta = 0xab;
  CHECK(t.on_context(HelperId::xdp_adjust_head, -10) == 0);
  CHECK(*t.packet.data_meta == 0xab);
  CHECK(t.packet.data - t.packet.data_meta == 4);
  CHECK(t.on_context(HelperId::xdp_adjust_meta, 4) == 0);
  CHECK(t.packet.data == t.packet.data_meta);
}

TEST_CASE("xdp_load_bytes and xdp_store_bytes reach over the end of the frame") {
  XdpTest t;
  t.packet.fragments.resize(5000);
  std::iota(t.packet.fragments.begin(), t.packet.fragments.end(), uint8_t{100});
  CHECK(t.on_context(HelperId::xdp_get_buff_len) == 5064);
  uint8_t to[4] = {};
  CHECK(t.on_context(HelperId::xdp_load_bytes, 62, to, 4) == 0);
  CHECK((to[2] == 100 && to[3] == 101));
  const uint8_t from[] = {1, 2, 3, 4};
  CHECK(t.on_context(HelperId::xdp_store_bytes, 62, from, 4) == 0);
  CHECK((t.bytes()[63] == 2 && t.packet.fragments[1] == 4));
  CHECK(t.on_context(HelperId::xdp_load_bytes, 5060, to, 4) == 0);
  CHECK(t.on_context(HelperId::xdp_load_bytes, 5061, to, 4) == -EINVAL);
  CHECK(t.on_context(HelperId::xdp_load_bytes, 0x10000, to, 4) == -EFAULT);
}

TEST_CASE("the tail of a packet in fragments moves in the last one") {
  XdpTest t;
  t.packet.fragments.assign(4096 + 100, 7);
  CHECK(t.on_context(HelperId::xdp_adjust_tail, 3996) == 0);
  CHECK(t.packet.fragments.size() == 8192);
  CHECK(t.on_context(HelperId::xdp_adjust_tail, 1) == -EINVAL);
  CHECK(t.on_context(HelperId::xdp_adjust_tail, -8192 - 4) == 0);
  CHECK(t.packet.fragments.empty());
  CHECK(t.bytes().size() == 60);
  t.packet.fragments.assign(10, 7);
  CHECK(t.on_context(HelperId::xdp_adjust_tail, -57) == -EINVAL);
}

TEST_CASE("only maps of devices know the flags of sending to many") {
  XdpTest t;
  auto map = *maps::Map::create(
      {.type = maps::MapType::xskmap, .key_size = 4, .value_size = 4, .max_entries = 1, .name = "x"}, *t.vm);
  CHECK(t.call(HelperId::redirect_map, map.get(), 0, XDP_PASS) == XDP_PASS);
  CHECK(t.call(HelperId::redirect_map, map.get(), 0, uint64_t{XDP_PASS} | BPF_F_BROADCAST) == XDP_ABORTED);
  CHECK(t.call(HelperId::redirect_map, map.get(), 0, uint64_t{XDP_PASS} | BPF_F_EXCLUDE_INGRESS) == XDP_ABORTED);
}

TEST_CASE("redirects note the target and answer as the program type wants") {
  XdpTest xdp;
  CHECK(xdp.call(HelperId::redirect, 5, 0) == XDP_REDIRECT);
  CHECK(xdp.run.redirect.kind == Redirect::Kind::interface);
  CHECK(xdp.run.redirect.target == 5);
  CHECK(xdp.call(HelperId::redirect, 5, 1) == XDP_ABORTED);
  SkbTest skb;
  CHECK(skb.call(HelperId::redirect, 6, BPF_F_INGRESS) == 7);
  CHECK((skb.run.redirect.target == 6 && skb.run.redirect.flags == BPF_F_INGRESS));
  CHECK(skb.call(HelperId::redirect, 6, 2) == 2);
  CHECK(skb.call(HelperId::redirect_peer, 8, 0) == 7);
  CHECK(skb.run.redirect.kind == Redirect::Kind::peer);
  CHECK(skb.call(HelperId::redirect_neigh, 9, 0, 0, 0) == 7);
  CHECK(skb.run.redirect.kind == Redirect::Kind::neighbour);
  CHECK(skb.call(HelperId::redirect_neigh, 9, 0, 4, 0) == 2);
}

TEST_CASE("clone_redirect wants an interface of the VM") {
  SkbTest t;
  CHECK(t.on_context(HelperId::clone_redirect, kLoopback, 0) == 0);
  CHECK(t.on_context(HelperId::clone_redirect, 99, 0) == -EINVAL);
  CHECK(t.on_context(HelperId::clone_redirect, kLoopback, 2) == -EINVAL);
}

}  // namespace skep::vm::test
