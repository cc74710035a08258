// SPDX-License-Identifier: Apache-2.0
// Routing: look-ups in the tables that the host fills in (vm/network.hpp), with the order of checks of net/core/filter.c.
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>

#include "vm/helpers/families.hpp"
#include "vm/vm.hpp"

namespace skep::vm::helpers {
namespace {

// Newer than the <linux/bpf.h> of some hosts.
constexpr uint32_t kSkipNeighbour = 1 << 2;  // BPF_FIB_LOOKUP_SKIP_NEIGH
constexpr uint32_t kWithTable = 1 << 3;      // BPF_FIB_LOOKUP_TBID
constexpr uint32_t kWantSource = 1 << 4;     // BPF_FIB_LOOKUP_SRC
constexpr uint32_t kWithMark = 1 << 5;       // BPF_FIB_LOOKUP_MARK
constexpr uint32_t kKnownFlags =
    BPF_FIB_LOOKUP_DIRECT | BPF_FIB_LOOKUP_OUTPUT | kSkipNeighbour | kWithTable | kWantSource | kWithMark;
constexpr int kNoSourceAddress = 9;  // BPF_FIB_LKUP_RET_NO_SRC_ADDR
constexpr uint32_t kVlanHeader = 4;

constexpr int result_of(Route::Type type) {
  switch (type) {
    case Route::Type::unicast: return BPF_FIB_LKUP_RET_SUCCESS;
    case Route::Type::blackhole: return BPF_FIB_LKUP_RET_BLACKHOLE;
    case Route::Type::unreachable: return BPF_FIB_LKUP_RET_UNREACHABLE;
    case Route::Type::prohibit: return BPF_FIB_LKUP_RET_PROHIBIT;
    case Route::Type::local: break;
  }
  return BPF_FIB_LKUP_RET_NOT_FWDED;
}

/// One look-up; `params` is read and written as struct bpf_fib_lookup says.
class FibLookup {
 public:
  FibLookup(Network& network, bpf_fib_lookup& params, uint32_t flags, bool checks_mtu)
      : network_(network), params_(params), flags_(flags), checks_mtu_(checks_mtu) {}

  int run() {
    if (is_ipv6() && (is_never_forwarded(params_.ipv6_dst) || is_never_forwarded(params_.ipv6_src)))
      return BPF_FIB_LKUP_RET_NOT_FWDED;
    const std::optional<Device> input = network_.device(params_.ifindex);
    if (!input) return -ENODEV;
    if (!input->forwarding) return BPF_FIB_LKUP_RET_FWD_DISABLED;
    const std::optional<Route> route = find_route();
    if (!route) return BPF_FIB_LKUP_RET_NOT_FWDED;
    if (const int result = result_of(route->type); result != BPF_FIB_LKUP_RET_SUCCESS) return result;
    const std::optional<Device> output = network_.device(route->device);
    if (!output) return BPF_FIB_LKUP_RET_NOT_FWDED;
    return forward(*route, *output);
  }

 private:
  [[nodiscard]] bool is_ipv6() const { return params_.family == AF_INET6; }

  /// Multicast, link-local and loopback addresses.
  static bool is_never_forwarded(const uint32_t (&address)[4]) {
    uint8_t bytes[16];
    std::memcpy(bytes, address, sizeof bytes);
    constexpr uint8_t kLoopbackAddress[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    const bool is_link_local = bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
    return bytes[0] == 0xff || is_link_local || std::memcmp(bytes, kLoopbackAddress, sizeof bytes) == 0;
  }

  [[nodiscard]] IpAddress destination() const {
    IpAddress address{};
    std::memcpy(address.data(), params_.ipv6_dst, is_ipv6() ? 16 : 4);
    return address;
  }
  void set_destination(const IpAddress& address) { std::memcpy(params_.ipv6_dst, address.data(), is_ipv6() ? 16 : 4); }

  std::optional<Route> find_route() {
    uint32_t table = kMainTable;
    if ((flags_ & BPF_FIB_LOOKUP_DIRECT) != 0 && (flags_ & kWithTable) != 0) {
      std::memcpy(&table, &params_.h_vlan_proto, sizeof table);  // tbid shares its place
      std::memset(&params_.h_vlan_proto, 0, sizeof table);
      if (!network_.has_table(table)) return std::nullopt;
    }
    const uint32_t output = (flags_ & BPF_FIB_LOOKUP_OUTPUT) != 0 ? params_.ifindex : 0;
    return network_.route(table, params_.family, destination(), output);
  }

  int forward(const Route& route, const Device& output) {
    const uint32_t mtu = route.mtu != 0 ? route.mtu : output.mtu;
    if (checks_mtu_ && params_.tot_len > mtu) {
      params_.mtu_result = static_cast<uint16_t>(mtu);
      return BPF_FIB_LKUP_RET_FRAG_NEEDED;
    }
    params_.rt_metric = route.metric;
    params_.ifindex = output.index;
    if ((flags_ & kWantSource) != 0 && !set_source(route)) return kNoSourceAddress;
    if (route.gateway_family != 0) {
      params_.family = route.gateway_family;
      set_destination(route.gateway);
    }
    if ((flags_ & kSkipNeighbour) == 0) {
      const auto neighbour = network_.neighbour(output.index, params_.family, destination());
      if (!neighbour) return BPF_FIB_LKUP_RET_NO_NEIGH;
      std::memcpy(params_.dmac, neighbour->data(), neighbour->size());
      std::memcpy(params_.smac, output.address.data(), output.address.size());
    }
    params_.h_vlan_proto = 0;
    params_.h_vlan_TCI = 0;
    if (checks_mtu_) params_.mtu_result = static_cast<uint16_t>(mtu);
    return BPF_FIB_LKUP_RET_SUCCESS;
  }

  bool set_source(const Route& route) {
    if (!route.source) return !is_ipv6();
    std::memcpy(params_.ipv6_src, route.source->data(), is_ipv6() ? 16 : 4);
    return true;
  }

  Network& network_;
  bpf_fib_lookup& params_;
  const uint32_t flags_;
  const bool checks_mtu_;
};

int check_arguments(const bpf_fib_lookup* params, int32_t size, uint32_t flags) {
  if (size < static_cast<int32_t>(sizeof *params) || (flags & ~kKnownFlags) != 0) return -EINVAL;
  return params->family == AF_INET || params->family == AF_INET6 ? 0 : -EAFNOSUPPORT;
}

int xdp_fib_lookup(Xdp xdp, bpf_fib_lookup* params, int32_t size, uint32_t flags) {
  if (const int error = check_arguments(params, size, flags); error != 0) return error;
  return FibLookup(xdp.run.vm.network(), *params, flags, true).run();
}

int skb_fib_lookup(Skb skb, bpf_fib_lookup* params, int32_t size, uint32_t flags) {
  if (const int error = check_arguments(params, size, flags); error != 0) return error;
  Network& network = skb.run.vm.network();
  const bool checks_mtu = params->tot_len != 0;
  const int result = FibLookup(network, *params, flags, checks_mtu).run();
  if (result != BPF_FIB_LKUP_RET_SUCCESS || checks_mtu) return result;
  const std::optional<Device> output = network.device(params->ifindex);
  if (!output) return result;
  params->mtu_result = static_cast<uint16_t>(output->mtu);
  const bool fits = skb.is_gso() || skb.length() <= output->mtu + output->header_bytes + kVlanHeader;
  return fits ? result : BPF_FIB_LKUP_RET_FRAG_NEEDED;
}

std::optional<Device> device_or_own(Network& network, uint32_t index, uint32_t own) {
  return network.device(index != 0 ? index : own);
}

/// The length that is compared with the device's: the program's, which is without link header, or the packet's.
int64_t length_to_check(const Device& device, uint32_t given, size_t packet, int32_t difference) {
  return (given != 0 ? int64_t{given} + device.header_bytes : static_cast<int64_t>(packet)) + difference;
}

int skb_check_mtu(Skb skb, uint32_t index, uint32_t* length, int32_t difference, uint64_t flags) {
  const bool checks_segments = (flags & BPF_MTU_CHK_SEGS) != 0;
  if ((flags & ~uint64_t{BPF_MTU_CHK_SEGS}) != 0) return -EINVAL;
  if (checks_segments && (difference != 0 || *length != 0)) return -EINVAL;
  const std::optional<Device> device = device_or_own(skb.run.vm.network(), index, skb.device());
  if (!device) return -ENODEV;
  const bool fits =
      length_to_check(*device, *length, skb.length(), difference) <= int64_t{device->mtu} + device->header_bytes;
  if (!fits && skb.is_gso() && checks_segments && skb.state().transport_header == SkbState::kUnset) return -EINVAL;
  *length = device->mtu;
  return fits || skb.is_gso() ? BPF_MTU_CHK_RET_SUCCESS : BPF_MTU_CHK_RET_FRAG_NEEDED;
}

int xdp_check_mtu(Xdp xdp, uint32_t index, uint32_t* length, int32_t difference, uint64_t flags) {
  if (flags != 0) return -EINVAL;
  const std::optional<Device> device = device_or_own(xdp.run.vm.network(), index, xdp.device());
  if (!device) return -ENODEV;
  const bool fits =
      length_to_check(*device, *length, xdp.packet.size(), difference) <= int64_t{device->mtu} + device->header_bytes;
  *length = device->mtu;
  return fits ? BPF_MTU_CHK_RET_SUCCESS : BPF_MTU_CHK_RET_FRAG_NEEDED;
}

constexpr Row kRows[] = {
    row<skb_fib_lookup, xdp_fib_lookup>(HelperId::fib_lookup),
    row<skb_check_mtu, xdp_check_mtu>(HelperId::check_mtu),
};

}  // namespace

Rows fib_helpers() { return kRows; }

}  // namespace skep::vm::helpers
