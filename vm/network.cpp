// SPDX-License-Identifier: Apache-2.0
#include "vm/network.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace skep::vm {
namespace {

bool has_prefix(const IpAddress& address, const IpAddress& prefix, uint8_t bits) {
  const size_t whole = bits / 8U;
  if (std::memcmp(address.data(), prefix.data(), whole) != 0) return false;
  const auto mask = static_cast<uint8_t>(0xff00U >> (bits % 8U));
  return bits % 8 == 0 || (address[whole] & mask) == (prefix[whole] & mask);
}

/// Whether `a` is to be taken before `b`.
bool precedes(const Route& a, const Route& b) {
  return a.prefix_bits != b.prefix_bits ? a.prefix_bits > b.prefix_bits : a.metric < b.metric;
}

IpAddress local_address(const bpf_sock& sock) {
  IpAddress address{};
  if (sock.family == AF_INET)
    std::memcpy(address.data(), &sock.src_ip4, 4);
  else
    std::memcpy(address.data(), sock.src_ip6, 16);
  return address;
}

IpAddress remote_address(const bpf_sock& sock) {
  IpAddress address{};
  if (sock.family == AF_INET)
    std::memcpy(address.data(), &sock.dst_ip4, 4);
  else
    std::memcpy(address.data(), sock.dst_ip6, 16);
  return address;
}

/// How well a socket fits a packet; 0: not at all.
int score(const bpf_sock& sock, const FlowTuple& tuple, uint32_t device) {
  constexpr int kAny = 1;
  constexpr int kBound = 2;
  constexpr int kConnected = 4;
  if (sock.family != tuple.family || sock.protocol != tuple.protocol) return 0;
  if (sock.bound_dev_if != 0 && sock.bound_dev_if != device) return 0;
  if (htons(static_cast<uint16_t>(sock.src_port)) != tuple.destination_port) return 0;
  const IpAddress local = local_address(sock);
  const bool is_bound = local != IpAddress{};
  if (is_bound && local != tuple.destination) return 0;
  const bool is_connected = sock.dst_port != 0;
  if (is_connected && (sock.dst_port != tuple.source_port || remote_address(sock) != tuple.source)) return 0;
  return kAny + (is_bound ? kBound : 0) + (is_connected ? kConnected : 0);
}

}  // namespace

Network::Network() { set_device({.index = kLoopback, .name = "lo", .mtu = 65536}); }

void Network::set_device(Device device) {
  std::lock_guard lock(mutex_);
  const uint32_t index = device.index;
  devices_.insert_or_assign(index, std::move(device));
}

bool Network::remove_device(uint32_t index) {
  std::lock_guard lock(mutex_);
  return index != kLoopback && devices_.erase(index) != 0;
}

std::optional<Device> Network::device(uint32_t index) const {
  std::shared_lock lock(mutex_);
  const auto found = devices_.find(index);
  return found == devices_.end() ? std::nullopt : std::optional(found->second);
}

bool Network::has_device(uint32_t index) const {
  std::shared_lock lock(mutex_);
  return devices_.contains(index);
}

void Network::add_route(const Route& route) {
  std::lock_guard lock(mutex_);
  routes_.insert(std::ranges::upper_bound(routes_, route, precedes), route);
}

void Network::clear_routes() {
  std::lock_guard lock(mutex_);
  routes_.clear();
}

bool Network::has_table(uint32_t table) const {
  if (table == kMainTable) return true;
  std::shared_lock lock(mutex_);
  return std::ranges::any_of(routes_, [&](const Route& route) { return route.table == table; });
}

std::optional<Route> Network::route(uint32_t table, uint8_t family, const IpAddress& destination,
                                    uint32_t output_device) const {
  std::shared_lock lock(mutex_);
  for (const Route& route : routes_) {  // in the order of precedence
    if (route.table != table || route.family != family) continue;
    if (output_device != 0 && route.device != output_device) continue;
    if (has_prefix(destination, route.destination, route.prefix_bits)) return route;
  }
  return std::nullopt;
}

void Network::set_neighbour(const Neighbour& neighbour) {
  std::lock_guard lock(mutex_);
  std::erase_if(neighbours_, [&](const Neighbour& other) {
    return other.device == neighbour.device && other.family == neighbour.family && other.ip == neighbour.ip;
  });
  neighbours_.push_back(neighbour);
}

std::optional<MacAddress> Network::neighbour(uint32_t device, uint8_t family, const IpAddress& ip) const {
  std::shared_lock lock(mutex_);
  for (const Neighbour& neighbour : neighbours_)
    if (neighbour.device == device && neighbour.family == family && neighbour.ip == ip) return neighbour.address;
  return std::nullopt;
}

Socket& Network::add_socket(const bpf_sock& sock) {
  auto socket = std::make_unique<Socket>();
  socket->sock = sock;
  socket->cookie = next_cookie();
  std::lock_guard lock(mutex_);
  return *sockets_.emplace_back(Bound{.socket = std::move(socket)}).socket;
}

void Network::remove_socket(Socket& socket) {
  std::lock_guard lock(mutex_);
  for (Bound& bound : sockets_)
    if (bound.socket.get() == &socket) bound.removed = true;
}

Socket* Network::find_socket(const FlowTuple& tuple, uint32_t device) const {
  std::shared_lock lock(mutex_);
  Socket* best = nullptr;
  int best_score = 0;
  for (const Bound& bound : sockets_) {
    if (bound.removed) continue;
    const int fit = score(bound.socket->sock, tuple, device);
    if (fit > best_score) {
      best = bound.socket.get();
      best_score = fit;
    }
  }
  return best;
}

}  // namespace skep::vm
