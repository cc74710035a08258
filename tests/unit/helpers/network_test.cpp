// SPDX-License-Identifier: Apache-2.0
// Routes and sockets that the host fills in.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "tests/unit/helpers/support.hpp"

namespace skep::vm::test {

namespace {

IpAddress ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d) { return {a, b, c, d}; }

class FibTest : public XdpTest {
 public:
  FibTest() {
    Network& network = vm->network();
    network.set_device({.index = 2, .name = "in", .address = {2, 0, 0, 0, 0, 2}, .forwarding = true});
    network.set_device({.index = 3, .name = "out", .mtu = 1400, .address = {2, 0, 0, 0, 0, 3}, .forwarding = true});
    network.add_route({.destination = ipv4(10, 0, 0, 0), .prefix_bits = 8, .type = Route::Type::blackhole});
    network.add_route({.destination = ipv4(10, 1, 0, 0),
                       .prefix_bits = 16,
                       .device = 3,
                       .gateway_family = AF_INET,
                       .gateway = ipv4(192, 168, 0, 1),
                       .source = ipv4(192, 168, 0, 9),
                       .metric = 5});
    network.set_neighbour({.device = 3, .ip = ipv4(192, 168, 0, 1), .address = {2, 1, 1, 1, 1, 1}});
    params.family = AF_INET;
    params.ifindex = 2;
    to(10, 1, 2, 3);
  }
  void to(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
    const uint8_t bytes[] = {a, b, c, d};
    std::memcpy(&params.ipv4_dst, bytes, 4);
  }
  int64_t lookup(uint32_t flags = 0) { return on_context(HelperId::fib_lookup, &params, sizeof params, flags); }

  bpf_fib_lookup params{};
};

}  // namespace

TEST_CASE("fib_lookup finds the longest prefix, its gateway and neighbour") {
  FibTest t;
  CHECK(t.lookup(1 << 4) == BPF_FIB_LKUP_RET_SUCCESS);
  CHECK(t.params.ifindex == 3);
  CHECK(t.params.rt_metric == 5);
  CHECK(t.params.mtu_result == 1400);
  CHECK(t.params.ipv4_dst == htonl(0xc0a80001));
  CHECK(t.params.ipv4_src == htonl(0xc0a80009));
  CHECK((t.params.dmac[1] == 1 && t.params.smac[5] == 3));
}

TEST_CASE("fib_lookup tells why a packet is not forwarded") {
  FibTest t;
  t.to(10, 2, 0, 1);
  CHECK(t.lookup() == BPF_FIB_LKUP_RET_BLACKHOLE);
  t.to(11, 0, 0, 1);
  CHECK(t.lookup() == BPF_FIB_LKUP_RET_NOT_FWDED);
  t.to(10, 1, 2, 3);
  t.params.tot_len = 1401;
  CHECK(t.lookup() == BPF_FIB_LKUP_RET_FRAG_NEEDED);
  CHECK(t.params.mtu_result == 1400);
  t.params.tot_len = 0;
  t.params.ifindex = kLoopback;
  CHECK(t.lookup() == BPF_FIB_LKUP_RET_FWD_DISABLED);
  t.params.ifindex = 77;
  CHECK(t.lookup() == -ENODEV);
}

TEST_CASE("fib_lookup without a neighbour says so, unless none is asked for") {
  FibTest t;
  t.vm->network().clear_routes();
  t.vm->network().add_route({.destination = {}, .prefix_bits = 0, .device = 3});
  CHECK(t.lookup() == BPF_FIB_LKUP_RET_NO_NEIGH);
  t.params.ifindex = 2;
  CHECK(t.lookup(1 << 2) == BPF_FIB_LKUP_RET_SUCCESS);
}

TEST_CASE("fib_lookup checks its arguments") {
  FibTest t;
  CHECK(t.on_context(HelperId::fib_lookup, &t.params, sizeof t.params - 1, 0) == -EINVAL);
  CHECK(t.lookup(1 << 6) == -EINVAL);
  t.params.family = AF_UNIX;
  CHECK(t.lookup() == -EAFNOSUPPORT);
}

TEST_CASE("fib_lookup in another table, which may not be there") {
  FibTest t;
  t.vm->network().add_route({.table = 7, .destination = {}, .device = 2});
  const uint32_t flags = BPF_FIB_LOOKUP_DIRECT | 1 << 3 | 1 << 2;
  uint32_t table = 7;
  std::memcpy(&t.params.h_vlan_proto, &table, 4);
  CHECK(t.lookup(flags) == BPF_FIB_LKUP_RET_SUCCESS);
  CHECK(t.params.ifindex == 2);
  table = 8;
  std::memcpy(&t.params.h_vlan_proto, &table, 4);
  CHECK(t.lookup(flags) == BPF_FIB_LKUP_RET_NOT_FWDED);
}

TEST_CASE("IPv6 addresses of a link are never forwarded") {
  FibTest t;
  t.params.family = AF_INET6;
  const uint8_t link_local[16] = {0xfe, 0x80};
  std::memcpy(t.params.ipv6_dst, link_local, 16);
  t.params.ifindex = 77;  // not even looked at
  CHECK(t.lookup() == BPF_FIB_LKUP_RET_NOT_FWDED);
}

TEST_CASE("check_mtu compares with the interface and gives its MTU") {
  FibTest t;
  uint32_t mtu = 0;
  CHECK(t.on_context(HelperId::check_mtu, 3, &mtu, 0, 0) == BPF_MTU_CHK_RET_SUCCESS);
  CHECK(mtu == 1400);
  mtu = 0;
  CHECK(t.on_context(HelperId::check_mtu, 3, &mtu, 1350, 0) == BPF_MTU_CHK_RET_SUCCESS);
  mtu = 0;
  CHECK(t.on_context(HelperId::check_mtu, 3, &mtu, 1351, 0) == BPF_MTU_CHK_RET_FRAG_NEEDED);
  mtu = 1401;
  CHECK(t.on_context(HelperId::check_mtu, 3, &mtu, 0, 0) == BPF_MTU_CHK_RET_FRAG_NEEDED);
  CHECK(t.on_context(HelperId::check_mtu, 77, &mtu, 0, 0) == -ENODEV);
  CHECK(t.on_context(HelperId::check_mtu, 3, &mtu, 0, 1) == -EINVAL);
  SkbTest skb;
  CHECK(skb.on_context(HelperId::check_mtu, 0, &mtu, 0, BPF_MTU_CHK_SEGS) == -EINVAL);
  mtu = 0;
  CHECK(skb.on_context(HelperId::check_mtu, 0, &mtu, 0, BPF_MTU_CHK_SEGS) == BPF_MTU_CHK_RET_SUCCESS);
  CHECK(mtu == 65536);
}

namespace {
bpf_sock tcp_at(uint32_t address, uint16_t port, uint32_t state) {
  bpf_sock sock{};
  sock.family = AF_INET;
  sock.protocol = IPPROTO_TCP;
  sock.src_ip4 = htonl(address);
  sock.src_port = port;
  sock.state = state;
  return sock;
}
}  // namespace

TEST_CASE("sockets are found by tuple: connected before bound before listening on all") {
  SkbTest t;
  Network& network = t.vm->network();
  Socket& any = network.add_socket(tcp_at(0, 80, BPF_TCP_LISTEN));
  bpf_sock_tuple tuple{};
  tuple.ipv4 = {htonl(0x0a000001), htonl(0x0a000002), htons(1000), htons(80)};
  const auto lookup = [&](HelperId id, uint32_t size = sizeof tuple.ipv4, int64_t netns = -1, uint64_t flags = 0) {
    return reinterpret_cast<Socket*>(t.on_context(id, &tuple, size, netns, flags));
  };
  CHECK(lookup(HelperId::sk_lookup_tcp) == &any);
  Socket& bound = network.add_socket(tcp_at(0x0a000002, 80, BPF_TCP_LISTEN));
  CHECK(lookup(HelperId::sk_lookup_tcp) == &bound);
  bpf_sock peer = tcp_at(0x0a000002, 80, BPF_TCP_ESTABLISHED);
  peer.dst_ip4 = htonl(0x0a000001);
  peer.dst_port = htons(1000);
  Socket& connected = network.add_socket(peer);
  CHECK(lookup(HelperId::skc_lookup_tcp) == &connected);
  CHECK(connected.references == 1);
  CHECK(t.call(HelperId::sk_release, &connected) == 0);
  CHECK(connected.references == 0);
  CHECK(lookup(HelperId::sk_lookup_udp) == nullptr);
  CHECK(lookup(HelperId::sk_lookup_tcp, 11) == nullptr);
  CHECK(lookup(HelperId::sk_lookup_tcp, 12, 0) == nullptr);
  CHECK(lookup(HelperId::sk_lookup_tcp, 12, -1, 1) == nullptr);
  connected.is_full = false;
  CHECK(lookup(HelperId::sk_lookup_tcp) == nullptr);
  network.remove_socket(connected);
  CHECK(lookup(HelperId::sk_lookup_tcp) == &bound);
}

TEST_CASE("casts of sockets look at what they are") {
  SkbTest t;
  Socket& listener = t.vm->network().add_socket(tcp_at(0, 80, BPF_TCP_LISTEN));
  CHECK(t.call(HelperId::sk_fullsock, &listener) != 0);
  CHECK(t.call(HelperId::tcp_sock, &listener) == reinterpret_cast<int64_t>(&listener.tcp));
  CHECK(t.call(HelperId::skc_to_tcp_sock, &listener) == 0);  // no struct tcp_sock of a kernel
  CHECK(t.call(HelperId::get_listener_sock, &listener) == 0);
  listener.is_referenced = false;
  CHECK(t.call(HelperId::get_listener_sock, &listener) != 0);
  listener.is_full = false;
  CHECK(t.call(HelperId::sk_fullsock, &listener) == 0);
  CHECK(t.call(HelperId::tcp_sock, &listener) == 0);
}

TEST_CASE("SYN cookies: bad arguments, then none under way") {
  SkbTest t;
  Socket& listener = t.vm->network().add_socket(tcp_at(0, 80, BPF_TCP_LISTEN));
  uint8_t ip[40] = {0x45};
  tcphdr tcp{};
  tcp.doff = 5;
  tcp.syn = 1;
  CHECK(t.call(HelperId::tcp_gen_syncookie, &listener, ip, 20, &tcp, 20) == -ENOENT);
  CHECK(t.call(HelperId::tcp_gen_syncookie, &listener, ip, 20, &tcp, 24) == -EINVAL);
  ip[0] = 0x75;
  CHECK(t.call(HelperId::tcp_gen_syncookie, &listener, ip, 20, &tcp, 20) == -EPROTONOSUPPORT);
  CHECK(t.call(HelperId::tcp_check_syncookie, &listener, ip, 20, &tcp, 20) == -ENOENT);
  CHECK(t.call(HelperId::tcp_check_syncookie, &listener, ip, 20, &tcp, 19) == -EINVAL);
  listener.sock.state = BPF_TCP_ESTABLISHED;
  CHECK(t.call(HelperId::tcp_check_syncookie, &listener, ip, 20, &tcp, 20) == -EINVAL);
}

TEST_CASE("what follows from the packet's socket") {
  SkbTest t;
  CHECK(t.on_context(HelperId::get_socket_cookie) == 0);
  CHECK(t.on_context(HelperId::get_socket_uid) == 65534);
  CHECK(t.on_context(HelperId::skb_cgroup_id) == 0);
  Socket& socket = t.vm->network().add_socket(tcp_at(0, 80, BPF_TCP_LISTEN));
  socket.uid = 5;
  t.context.pointers().socket = &socket.sock;
  CHECK(t.on_context(HelperId::get_socket_cookie) == int64_t(socket.cookie));
  CHECK(t.on_context(HelperId::get_socket_uid) == 5);
  CHECK(t.on_context(HelperId::skb_cgroup_id) == 1);
  CHECK(t.on_context(HelperId::skb_ancestor_cgroup_id, 1) == 0);
  CHECK(t.call(HelperId::get_netns_cookie, nullptr) == 1);
}

TEST_CASE("socket local storage is made when asked for, per map and socket") {
  SkbTest t;
  Socket& socket = t.vm->network().add_socket(tcp_at(0, 80, BPF_TCP_LISTEN));
  auto map = *maps::Map::create(
      {.type = maps::MapType::array, .key_size = 4, .value_size = 8, .max_entries = 1, .name = "s"}, *t.vm);
  map->set_id(1);
  const uint64_t initial = 42;
  CHECK(t.call(HelperId::sk_storage_get, map.get(), &socket, 0, 0) == 0);
  const auto value = t.call(HelperId::sk_storage_get, map.get(), &socket, &initial, 1);
  REQUIRE(value != 0);
  CHECK(*reinterpret_cast<uint64_t*>(value) == 42);
  CHECK(t.call(HelperId::sk_storage_get, map.get(), &socket, 0, 0) == value);
  map->set_id(2);
  CHECK(t.call(HelperId::sk_storage_get, map.get(), &socket, 0, 0) == 0);
  map->set_id(1);
  CHECK(t.call(HelperId::sk_storage_get, map.get(), &socket, 0, 2) == 0);
  CHECK(t.call(HelperId::sk_storage_delete, map.get(), &socket) == 0);
  CHECK(t.call(HelperId::sk_storage_delete, map.get(), &socket) == -ENOENT);
  CHECK(t.call(HelperId::sk_storage_delete, map.get(), nullptr) == -EINVAL);
}

TEST_CASE("socket local storage is charged to the VM's map memory until nobody can see it") {
  SkbTest t;
  Socket& socket = t.vm->network().add_socket(tcp_at(0, 80, BPF_TCP_LISTEN));
  auto map = *maps::Map::create(
      {.type = maps::MapType::array, .key_size = 4, .value_size = 8, .max_entries = 1, .name = "s"}, *t.vm);
  map->set_id(1);
  int64_t taken = 0;
  for (int64_t bytes = int64_t{1} << 33; bytes != 0; bytes /= 2)
    if (t.vm->charge(bytes)) taken += bytes;
  CHECK(t.call(HelperId::sk_storage_get, map.get(), &socket, 0, 1) == 0);
  t.vm->charge(-8);
  CHECK(t.call(HelperId::sk_storage_get, map.get(), &socket, 0, 1) != 0);
  CHECK_FALSE(t.vm->charge(1));
  CHECK(t.call(HelperId::sk_storage_delete, map.get(), &socket) == 0);
  t.vm->cpus().reclaim();
  CHECK_FALSE(t.vm->charge(1));  // this run may still look at the value
  t.stay.next_run();
  t.vm->cpus().reclaim();
  CHECK(t.vm->charge(8));
  t.vm->charge(-taken);
}

}  // namespace skep::vm::test
