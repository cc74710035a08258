// SPDX-License-Identifier: Apache-2.0
// The network that programs of a VM see: devices, routes, neighbours and sockets that the host fills in. What
// bpf_fib_lookup, bpf_check_mtu, bpf_redirect and the socket look-ups are to find is here; nothing comes from the host.
#pragma once

#include <linux/bpf.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

#include "maps/memory.hpp"

namespace skep::vm {

using MacAddress = std::array<uint8_t, 6>;

/// An IPv4 or IPv6 address in network byte order; IPv4 uses the first 4 bytes.
using IpAddress = std::array<uint8_t, 16>;

struct Device {
  uint32_t index = 0;  ///< 1 is the loopback device, which is always there
  std::string name;
  uint32_t mtu = 1500;         ///< bytes
  uint32_t header_bytes = 14;  ///< of the link layer
  uint32_t rx_queues = 1;
  MacAddress address{};
  bool forwarding = false;  ///< for both families
};

inline constexpr uint32_t kLoopback = 1;
inline constexpr uint32_t kMainTable = 254;  ///< RT_TABLE_MAIN

struct Route {
  enum class Type : uint8_t { unicast, local, blackhole, unreachable, prohibit };
  uint32_t table = kMainTable;
  uint8_t family = 2;  ///< AF_INET, AF_INET6
  IpAddress destination{};
  uint8_t prefix_bits = 0;
  Type type = Type::unicast;
  uint32_t device = 0;
  uint8_t gateway_family = 0;  ///< 0: the destination is on the link
  IpAddress gateway{};
  std::optional<IpAddress> source;  ///< preferred source address
  uint32_t metric = 0;
  uint32_t mtu = 0;  ///< 0: the device's
};

struct Neighbour {
  uint32_t device = 0;
  uint8_t family = 2;
  IpAddress ip{};
  MacAddress address{};
};

/// Value of a socket local storage map, charged to the VM while it is in memory.
struct StorageValue {
  maps::Charge charge;
  std::unique_ptr<std::byte[]> bytes;
};

// Programs read these through pointers: their layout is Linux's.
static_assert(sizeof(bpf_sock) == 80 && sizeof(bpf_tcp_sock) == 112);

/// A socket as programs see it. Its views have the layout that pointers of programs lead to, so that field accesses are plain
/// loads; `sock` comes first, and pointers to sockets are pointers to it.
struct Socket {
  bpf_sock sock{};
  bpf_tcp_sock tcp{};
  uint64_t cookie = 0;
  uint64_t netns_cookie = 1;
  uint32_t uid = 0;
  bool is_full = true;                 ///< not a request or time-wait socket
  bool is_referenced = true;           ///< look-ups take a reference (Linux: no SOCK_RCU_FREE)
  std::atomic<int64_t> references{0};  ///< that programs hold

  std::mutex storage_mutex;
  std::map<uint32_t, StorageValue> storage;  ///< by map id

  [[nodiscard]] static Socket* of(void* pointer) { return static_cast<Socket*>(pointer); }
};

/// The addresses of a packet or of a tuple; ports in network byte order.
struct FlowTuple {
  uint8_t family = 2;
  uint8_t protocol = 6;  ///< IPPROTO_TCP, IPPROTO_UDP
  IpAddress source{};
  IpAddress destination{};
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
};

/// Threads: any function at any time. Sockets, once added, stay in memory until the network ends.
class Network {
 public:
  Network();

  void set_device(Device device);  ///< adds or replaces
  bool remove_device(uint32_t index);
  [[nodiscard]] std::optional<Device> device(uint32_t index) const;
  [[nodiscard]] bool has_device(uint32_t index) const;

  void add_route(const Route& route);
  void clear_routes();
  [[nodiscard]] bool has_table(uint32_t table) const;
  /// The route with the longest prefix, then the least metric. `output_device` 0: any.
  [[nodiscard]] std::optional<Route> route(uint32_t table, uint8_t family, const IpAddress& destination,
                                           uint32_t output_device = 0) const;

  void set_neighbour(const Neighbour& neighbour);
  [[nodiscard]] std::optional<MacAddress> neighbour(uint32_t device, uint8_t family, const IpAddress& ip) const;

  /// Addresses and ports of `sock` say what it is found by: `src_*` is the local end; a remote address and port of 0 is a
  /// listener or an unconnected socket; a local address of 0 listens on all.
  Socket& add_socket(const bpf_sock& sock);
  void remove_socket(Socket& socket);  ///< not found any more
  /// The best match for a packet of `tuple` that arrives at `device`: connected before bound before listening on all.
  [[nodiscard]] Socket* find_socket(const FlowTuple& tuple, uint32_t device) const;

  [[nodiscard]] uint64_t next_cookie() { return next_cookie_.fetch_add(1, std::memory_order_relaxed); }

 private:
  struct Bound {
    std::unique_ptr<Socket> socket;
    bool removed = false;
  };
  mutable std::shared_mutex mutex_;
  std::map<uint32_t, Device> devices_;
  std::vector<Route> routes_;
  std::vector<Neighbour> neighbours_;
  std::vector<Bound> sockets_;
  std::atomic<uint64_t> next_cookie_{1};
};

}  // namespace skep::vm
