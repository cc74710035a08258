// SPDX-License-Identifier: Apache-2.0
// Tunnel metadata of a packet. A test run's packet came through no tunnel, so there is none before a program sets it.
#include <arpa/inet.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "vm/helpers/families.hpp"

namespace skep::vm::helpers {
namespace {

// Bits of struct ip_tunnel_key::tun_flags that have a place in `tunnel_flags`.
constexpr uint16_t kChecksum = 0x0001;
constexpr uint16_t kKey = 0x0004;
constexpr uint16_t kSequence = 0x0008;
constexpr uint16_t kDontFragment = 0x0100;
constexpr uint16_t kOptionsPresent = 0x0800 | 0x1000 | 0x4000;  // Geneve, VXLAN, ERSPAN
constexpr uint16_t kNoCache = 0x2000;

constexpr uint32_t kMaxOptions = 255;
constexpr uint32_t kFlowLabelMask = 0x000fffff;
constexpr uint64_t kGetFlags = BPF_F_TUNINFO_IPV6 | (uint64_t{1} << 4);  // and BPF_F_TUNINFO_FLAGS
constexpr uint64_t kTunnelFlagsWanted = uint64_t{1} << 4;
constexpr uint64_t kNoTunnelKey = uint64_t{1} << 4;  // BPF_F_NO_TUNNEL_KEY of the setter

/// Sizes that struct bpf_tunnel_key had in older kernels and still may be given.
bool is_old_size(uint32_t size) {
  return size == offsetof(bpf_tunnel_key, local_ipv4) || size == offsetof(bpf_tunnel_key, tunnel_label) ||
         size == offsetof(bpf_tunnel_key, tunnel_ext);
}
/// The oldest, which knows IPv4 only.
constexpr uint32_t kIpv4OnlySize = offsetof(bpf_tunnel_key, remote_ipv6) + sizeof(uint32_t);

void copy_ipv6(uint32_t* to, const std::array<uint8_t, 16>& from) { std::memcpy(to, from.data(), from.size()); }

uint32_t host_ipv4(const std::array<uint8_t, 16>& address) {
  uint32_t word;
  std::memcpy(&word, address.data(), sizeof word);
  return ntohl(word);
}

void set_ipv4(std::array<uint8_t, 16>& address, uint32_t host) {
  const uint32_t word = htonl(host);
  std::memcpy(address.data(), &word, sizeof word);
}

bpf_tunnel_key key_of(const TunnelInfo& info, uint64_t flags) {
  bpf_tunnel_key key{};
  key.tunnel_id = static_cast<uint32_t>(info.id);
  key.tunnel_tos = info.tos;
  key.tunnel_ttl = info.ttl;
  if ((flags & kTunnelFlagsWanted) != 0) key.tunnel_ext = htons(info.flags);  // the same place as tunnel_flags
  if (info.ipv6) {
    copy_ipv6(key.remote_ipv6, info.source);
    copy_ipv6(key.local_ipv6, info.destination);
    key.tunnel_label = info.label;
  } else {
    key.remote_ipv4 = host_ipv4(info.source);
    key.local_ipv4 = host_ipv4(info.destination);
  }
  return key;
}

int check_get(const TunnelInfo& info, uint32_t size, uint64_t flags) {
  if (info.mode == TunnelInfo::Mode::none || (flags & ~kGetFlags) != 0) return -EINVAL;
  if (info.ipv6 != ((flags & BPF_F_TUNINFO_IPV6) != 0)) return -EPROTO;
  if (size == sizeof(bpf_tunnel_key) || is_old_size(size)) return 0;
  return size == kIpv4OnlySize && !info.ipv6 ? 0 : -EINVAL;
}

int skb_get_tunnel_key(Skb skb, void* to, uint32_t size, uint64_t flags) {
  const TunnelInfo& info = skb.state().tunnel;
  if (const int error = check_get(info, size, flags); error != 0) {
    std::memset(to, 0, size);
    return error;
  }
  const bpf_tunnel_key key = key_of(info, flags);
  std::memcpy(to, &key, size);
  return 0;
}

int skb_set_tunnel_key(Skb skb, const void* from, uint32_t size, uint64_t flags) {
  constexpr uint64_t kKnown =
      uint64_t{BPF_F_TUNINFO_IPV6} | BPF_F_ZERO_CSUM_TX | BPF_F_DONT_FRAGMENT | BPF_F_SEQ_NUMBER | kNoTunnelKey;
  const bool is_ipv6 = (flags & BPF_F_TUNINFO_IPV6) != 0;
  if ((flags & ~kKnown) != 0) return -EINVAL;
  if (size != sizeof(bpf_tunnel_key) && !is_old_size(size) && size != kIpv4OnlySize) return -EINVAL;
  bpf_tunnel_key key{};
  std::memcpy(&key, from, size);
  if ((!is_ipv6 && key.tunnel_label != 0) || key.tunnel_ext != 0) return -EINVAL;

  TunnelInfo& info = skb.state().tunnel = {};
  info.mode = TunnelInfo::Mode::transmit;
  info.ipv6 = is_ipv6;
  info.flags = kNoCache;
  if ((flags & BPF_F_DONT_FRAGMENT) != 0) info.flags |= kDontFragment;
  if ((flags & BPF_F_ZERO_CSUM_TX) == 0) info.flags |= kChecksum;
  if ((flags & BPF_F_SEQ_NUMBER) != 0) info.flags |= kSequence;
  if ((flags & kNoTunnelKey) == 0) info.flags |= kKey;
  info.id = key.tunnel_id;
  info.tos = key.tunnel_tos;
  info.ttl = key.tunnel_ttl;
  if (is_ipv6) {
    std::memcpy(info.destination.data(), key.remote_ipv6, info.destination.size());
    std::memcpy(info.source.data(), key.local_ipv6, info.source.size());
    info.label = key.tunnel_label & kFlowLabelMask;
  } else {
    set_ipv4(info.destination, key.remote_ipv4);
    set_ipv4(info.source, key.local_ipv4);
  }
  return 0;
}

int64_t skb_get_tunnel_opt(Skb skb, uint8_t* to, uint32_t size) {
  const TunnelInfo& info = skb.state().tunnel;
  std::memset(to, 0, size);
  if (info.mode == TunnelInfo::Mode::none || (info.flags & kOptionsPresent) == 0) return -ENOENT;
  if (size < info.option_bytes) return -ENOMEM;
  std::memcpy(to, info.options.data(), info.option_bytes);
  return info.option_bytes;
}

int skb_set_tunnel_opt(Skb skb, const uint8_t* from, uint32_t size) {
  TunnelInfo& info = skb.state().tunnel;
  if (info.mode != TunnelInfo::Mode::transmit || size % sizeof(uint32_t) != 0) return -EINVAL;
  if (size > kMaxOptions) return -ENOMEM;
  std::copy_n(from, size, info.options.begin());
  info.option_bytes = static_cast<uint8_t>(size);
  info.flags |= kOptionsPresent;
  return 0;
}

constexpr Row kRows[] = {
    row<skb_get_tunnel_key>(HelperId::skb_get_tunnel_key),
    row<skb_set_tunnel_key>(HelperId::skb_set_tunnel_key),
    row<skb_get_tunnel_opt>(HelperId::skb_get_tunnel_opt),
    row<skb_set_tunnel_opt>(HelperId::skb_set_tunnel_opt),
};

}  // namespace

Rows skb_tunnel_helpers() { return kRows; }

}  // namespace skep::vm::helpers
