// SPDX-License-Identifier: Apache-2.0
#include "verifier/context.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cerrno>

using namespace skep;
using namespace skep::verifier;

namespace {

std::string_view field_name(const ContextAccess& access) {
  const auto field = find_field(access);
  return field ? (*field)->name : "denied";
}

}  // namespace

TEST_CASE("a load finds its field") {
  CHECK(field_name({.type = ProgramType::xdp, .offset = 0}) == "data");
  CHECK(field_name({.type = ProgramType::xdp, .offset = 12}) == "ingress_ifindex");
  CHECK(field_name({.type = ProgramType::sched_cls, .offset = 8}) == "mark");
  CHECK((*find_field({.type = ProgramType::xdp, .offset = 4}))->kind == FieldKind::packet_end);
}

TEST_CASE("narrow loads are for some structures only") {
  CHECK(field_name({.type = ProgramType::sched_cls, .offset = 16, .size = 2}) == "protocol");
  CHECK(field_name({.type = ProgramType::sched_cls, .offset = 19, .size = 1}) == "protocol");
  CHECK(field_name({.type = ProgramType::xdp, .offset = 12, .size = 2}) == "denied");
  CHECK(field_name({.type = ProgramType::sched_cls, .offset = 76, .size = 2}) == "denied");
  CHECK(field_name({.type = ProgramType::cgroup_sock, .offset = 4, .size = 2}) == "family");
  CHECK(field_name({.type = ProgramType::cgroup_sock, .offset = 6, .size = 2}) == "denied");
}

TEST_CASE("accesses are aligned and of a machine width") {
  CHECK(field_name({.type = ProgramType::sched_cls, .offset = 17, .size = 2}) == "denied");
  CHECK(field_name({.type = ProgramType::sched_cls, .offset = 2, .size = 4}) == "denied");
  CHECK(field_name({.type = ProgramType::sched_cls, .offset = 0, .size = 3}) == "denied");
  CHECK(field_name({.type = ProgramType::sched_cls, .offset = 0, .size = 0}) == "denied");
  CHECK(field_name({.type = ProgramType::sched_cls, .offset = 0, .size = 8}) == "denied");
}

TEST_CASE("accesses stay in the structure") {
  CHECK(field_name({.type = ProgramType::xdp, .offset = 24}) == "denied");
  CHECK(field_name({.type = ProgramType::xdp, .offset = 0xfffffffc}) == "denied");
  CHECK(field_name({.type = ProgramType::sched_cls, .offset = 192, .size = 8}) == "denied");
  CHECK(field_name({.type = ProgramType::sched_cls, .offset = 184, .size = 8}) == "hwtstamp");
}

TEST_CASE("accesses may span elements of an array where its widths say so") {
  CHECK(field_name({.type = ProgramType::sched_cls, .offset = 48, .size = 8, .write = true}) == "cb");
  CHECK(field_name({.type = ProgramType::sched_cls, .offset = 64, .size = 8, .write = true}) == "denied");
  CHECK(field_name(
            {.type = ProgramType::cgroup_sock_addr, .attach = AttachType::cgroup_inet6_bind, .offset = 8, .size = 8}) ==
        "user_ip6");
}

TEST_CASE("program types see different fields of the same structure") {
  CHECK(field_name({.type = ProgramType::socket_filter, .offset = 76}) == "denied");
  CHECK(field_name({.type = ProgramType::sched_cls, .offset = 76}) == "data");
  CHECK(field_name({.type = ProgramType::sk_skb, .offset = 92}) == "remote_ip4");
  CHECK(field_name({.type = ProgramType::sched_cls, .offset = 92}) == "denied");
  CHECK(field_name({.type = ProgramType::flow_dissector, .offset = 0}) == "denied");
  CHECK(field_name({.type = ProgramType::flow_dissector, .offset = 144, .size = 8}) == "flow_keys");
}

TEST_CASE("few fields may be written") {
  CHECK(field_name({.type = ProgramType::sched_cls, .offset = 8, .write = true}) == "mark");
  CHECK(field_name({.type = ProgramType::sched_cls, .offset = 8, .size = 2, .write = true}) == "denied");
  CHECK(field_name({.type = ProgramType::sched_cls, .offset = 0, .write = true}) == "denied");
  CHECK(field_name({.type = ProgramType::xdp, .offset = 16, .write = true}) == "denied");
  CHECK(field_name({.type = ProgramType::sock_ops, .offset = 4, .write = true}) == "reply");
  CHECK(field_name({.type = ProgramType::sock_ops, .offset = 8, .write = true}) == "denied");
  CHECK(field_name({.type = ProgramType::kprobe, .offset = 0, .size = 8, .write = true}) == "denied");
  CHECK(field_name({.type = ProgramType::syscall, .offset = 12, .size = 4, .write = true}) == "bytes");
}

TEST_CASE("attach types open fields") {
  using enum AttachType;
  CHECK(field_name({.type = ProgramType::xdp, .attach = xdp_devmap, .offset = 20}) == "egress_ifindex");
  CHECK(field_name({.type = ProgramType::xdp, .offset = 20}) == "denied");
  CHECK(field_name({.type = ProgramType::cgroup_sock_addr, .attach = cgroup_inet4_bind, .offset = 4}) == "user_ip4");
  CHECK(field_name({.type = ProgramType::cgroup_sock_addr, .attach = cgroup_inet6_bind, .offset = 4}) == "denied");
  CHECK(field_name({.type = ProgramType::cgroup_sock, .offset = 16, .write = true}) == "mark");  // sock_create
  CHECK(field_name({.type = ProgramType::cgroup_sock, .attach = cgroup_inet4_post_bind, .offset = 16}) == "denied");
  CHECK(field_name({.type = ProgramType::cgroup_sockopt, .attach = cgroup_setsockopt, .offset = 36}) == "denied");
}

TEST_CASE("unprivileged cgroup programs do not see the packet") {
  CHECK(field_name({.type = ProgramType::cgroup_skb, .offset = 76}) == "data");
  CHECK(field_name({.type = ProgramType::cgroup_skb, .offset = 76, .bpf_capable = false}) == "denied");
  CHECK(field_name({.type = ProgramType::cgroup_skb, .offset = 152, .size = 8, .write = true}) == "tstamp");
  CHECK(field_name({.type = ProgramType::cgroup_skb, .offset = 152, .size = 8, .write = true, .bpf_capable = false}) ==
        "denied");
  CHECK(field_name({.type = ProgramType::cgroup_skb, .offset = 8, .write = true, .bpf_capable = false}) == "mark");
}

TEST_CASE("packet pointers of four bytes cannot be loaded with sign extension") {
  CHECK(field_name({.type = ProgramType::xdp, .offset = 0, .sign_extend = true}) == "denied");
  CHECK(field_name({.type = ProgramType::xdp, .offset = 12, .sign_extend = true}) == "ingress_ifindex");
}

TEST_CASE("the reason names place and field") {
  const auto denied = find_field({.type = ProgramType::xdp, .offset = 20});
  REQUIRE_FALSE(denied.ok());
  CHECK(denied.error().code == EACCES);
  CHECK(denied.error().message ==
        "invalid bpf_context access off=20 size=4: cannot read xdp_md.egress_ifindex like this here");
  CHECK(find_field({.type = ProgramType::sched_cls, .offset = 181, .size = 1}).error().message ==
        "invalid bpf_context access off=181 size=1: cannot read __sk_buff (no field there) like this here");
  CHECK(find_field({.type = ProgramType::unspec}).error().code == EINVAL);
}

TEST_CASE("pointers to sockets show what their kind has") {
  CHECK((*find_socket_field(SocketKind::sock_common, 4, 4))->name == "family");
  CHECK_FALSE(find_socket_field(SocketKind::sock_common, 16, 4).ok());
  CHECK((*find_socket_field(SocketKind::sock, 16, 4))->name == "mark");
  CHECK((*find_socket_field(SocketKind::sock, 48, 2))->name == "dst_port");
  CHECK(find_socket_field(SocketKind::sock, 48, 4).ok());
  CHECK_FALSE(find_socket_field(SocketKind::sock, 50, 2).ok());
  CHECK((*find_socket_field(SocketKind::tcp_sock, 80, 8))->name == "bytes_received");
  CHECK_FALSE(find_socket_field(SocketKind::tcp_sock, 80, 4).ok());
  CHECK_FALSE(find_socket_field(SocketKind::tcp_sock, 112, 4).ok());
  CHECK((*find_socket_field(SocketKind::xdp_sock, 0, 4))->name == "queue_id");
}
