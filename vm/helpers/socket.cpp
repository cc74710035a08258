// SPDX-License-Identifier: Apache-2.0
// Sockets: looked up among those that the host has added (vm/network.hpp).
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "vm/helpers/families.hpp"
#include "vm/vm.hpp"

namespace skep::vm::helpers {
namespace {

/// Fills in what the helpers' tuple says; false for a size that is none.
bool read_tuple(FlowTuple& flow, const bpf_sock_tuple* tuple, uint32_t size) {
  if (size == sizeof tuple->ipv4) {
    flow.family = AF_INET;
    std::memcpy(flow.source.data(), &tuple->ipv4.saddr, 4);
    std::memcpy(flow.destination.data(), &tuple->ipv4.daddr, 4);
    flow.source_port = tuple->ipv4.sport;
    flow.destination_port = tuple->ipv4.dport;
  } else if (size == sizeof tuple->ipv6) {
    flow.family = AF_INET6;
    std::memcpy(flow.source.data(), tuple->ipv6.saddr, 16);
    std::memcpy(flow.destination.data(), tuple->ipv6.daddr, 16);
    flow.source_port = tuple->ipv6.sport;
    flow.destination_port = tuple->ipv6.dport;
  } else {
    return false;
  }
  return true;
}

/// A VM has one network namespace: the current one, which a negative id names; no other is known by an id.
bool is_current_namespace(uint64_t id) { return static_cast<int32_t>(id) < 0; }

uint32_t device_of(const Run& run) {
  if (run.packet == nullptr || run.context == nullptr) return 0;
  return run.context->get<uint32_t>(run.packet->kind == PacketKind::xdp ? offsetof(xdp_md, ingress_ifindex)
                                                                        : offsetof(__sk_buff, ifindex));
}

template <uint8_t protocol, bool only_full>
void* lookup(Run& run, const void* /*context*/, const bpf_sock_tuple* tuple, uint32_t size, uint64_t netns,
             uint64_t flags) {
  FlowTuple flow{.protocol = protocol};
  if (!read_tuple(flow, tuple, size) || flags != 0 || !is_current_namespace(netns)) return nullptr;
  Socket* socket = run.vm.network().find_socket(flow, device_of(run));
  if (socket == nullptr || (only_full && !socket->is_full)) return nullptr;
  if (socket->is_referenced) socket->references.fetch_add(1, std::memory_order_relaxed);
  return &socket->sock;
}

constexpr auto sk_lookup_tcp = lookup<IPPROTO_TCP, true>;
constexpr auto sk_lookup_udp = lookup<IPPROTO_UDP, true>;
constexpr auto skc_lookup_tcp = lookup<IPPROTO_TCP, false>;

int sk_release(Run&, void* pointer) {
  Socket* socket = Socket::of(pointer);
  if (socket->is_referenced) socket->references.fetch_sub(1, std::memory_order_relaxed);
  return 0;
}

void* sk_fullsock(Run&, void* pointer) {
  return pointer != nullptr && Socket::of(pointer)->is_full ? pointer : nullptr;
}

void* tcp_sock(Run&, void* pointer) {
  Socket* socket = Socket::of(pointer);
  const bool is_tcp = socket != nullptr && socket->is_full && socket->sock.protocol == IPPROTO_TCP;
  return is_tcp ? &socket->tcp : nullptr;
}

bool is_listener(const Socket& socket) { return socket.sock.state == BPF_TCP_LISTEN; }

void* get_listener_sock(Run&, void* pointer) {
  const Socket* socket = Socket::of(pointer);
  return is_listener(*socket) && !socket->is_referenced ? pointer : nullptr;
}

// SYN cookies: arguments are checked as Linux does; then no socket here was ever flooded, so none is under way.

int check_ip_version(const Socket& socket, const void* header, uint32_t size) {
  if (size < sizeof(iphdr)) return -EINVAL;
  iphdr ip;
  std::memcpy(&ip, header, sizeof ip);
  if (ip.version == 4) return 0;
  if (ip.version != 6) return -EPROTONOSUPPORT;
  return size >= sizeof(uint64_t) * 5 && socket.sock.family == AF_INET6 ? 0 : -EINVAL;
}

bool is_tcp_listener(const void* pointer) {
  const auto* socket = static_cast<const Socket*>(pointer);
  return socket != nullptr && is_listener(*socket) && socket->sock.protocol == IPPROTO_TCP;
}

int tcp_check_syncookie(Run&, void* pointer, const void* /*ip*/, uint32_t /*ip_size*/, const void* /*tcp*/,
                        uint32_t size) {
  return is_tcp_listener(pointer) && size >= sizeof(tcphdr) ? -ENOENT : -EINVAL;
}

int64_t tcp_gen_syncookie(Run&, void* pointer, const void* ip, uint32_t ip_size, const void* header, uint32_t size) {
  tcphdr tcp;
  if (size < sizeof tcp) return -EINVAL;
  std::memcpy(&tcp, header, sizeof tcp);
  if (size != tcp.doff * 4U || !is_tcp_listener(pointer)) return -EINVAL;
  if (!tcp.syn || tcp.ack || tcp.fin || tcp.rst) return -EINVAL;
  if (const int error = check_ip_version(*Socket::of(pointer), ip, ip_size); error != 0) return error;
  return -ENOENT;
}

/// A VM's sockets are none of the kernel's structures, so that no cast of them to one succeeds.
void* not_a_kernel_socket(Run&, void* /*pointer*/) { return nullptr; }

constexpr Row kRows[] = {
    row<not_a_kernel_socket>(HelperId::skc_to_tcp6_sock),
    row<not_a_kernel_socket>(HelperId::skc_to_tcp_sock),
    row<not_a_kernel_socket>(HelperId::skc_to_tcp_timewait_sock),
    row<not_a_kernel_socket>(HelperId::skc_to_tcp_request_sock),
    row<not_a_kernel_socket>(HelperId::skc_to_udp6_sock),
    row<not_a_kernel_socket>(HelperId::skc_to_unix_sock),
    row<not_a_kernel_socket>(HelperId::skc_to_mptcp_sock),
    row<sk_lookup_tcp>(HelperId::sk_lookup_tcp),
    row<sk_lookup_udp>(HelperId::sk_lookup_udp),
    row<skc_lookup_tcp>(HelperId::skc_lookup_tcp),
    row<sk_release>(HelperId::sk_release),
    row<sk_fullsock>(HelperId::sk_fullsock),
    row<tcp_sock>(HelperId::tcp_sock),
    row<get_listener_sock>(HelperId::get_listener_sock),
    row<tcp_check_syncookie>(HelperId::tcp_check_syncookie),
    row<tcp_gen_syncookie>(HelperId::tcp_gen_syncookie),
};

}  // namespace

Rows socket_helpers() { return kRows; }

}  // namespace skep::vm::helpers
