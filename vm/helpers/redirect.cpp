// SPDX-License-Identifier: Apache-2.0
// Where a packet is to go on. A run only notes the target: the host sends, or does not.
#include <linux/pkt_cls.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "maps/map.hpp"
#include "vm/helpers/families.hpp"
#include "vm/vm.hpp"

namespace skep::vm::helpers {
namespace {

constexpr uint64_t kXdpActions = XDP_ABORTED | XDP_DROP | XDP_PASS | XDP_TX;
constexpr uint64_t kDeviceMapFlags = BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS;

bool is_xdp(const Run& run) { return run.packet != nullptr && run.packet->kind == PacketKind::xdp; }

int redirect(Run& run, uint32_t interface, uint64_t flags) {
  const uint64_t known_flags = is_xdp(run) ? 0 : BPF_F_INGRESS;
  if ((flags & ~known_flags) != 0) return is_xdp(run) ? int{XDP_ABORTED} : TC_ACT_SHOT;
  run.redirect = {.kind = Redirect::Kind::interface, .target = interface, .flags = flags};
  return is_xdp(run) ? int{XDP_REDIRECT} : TC_ACT_REDIRECT;
}

int redirect_peer(Run& run, uint32_t interface, uint64_t flags) {
  if (flags != 0) return TC_ACT_SHOT;
  run.redirect = {.kind = Redirect::Kind::peer, .target = interface};
  return TC_ACT_REDIRECT;
}

/// The next hop that a program may give is not noted: hosts get the interface.
int redirect_neigh(Run& run, uint32_t interface, const void*, int32_t size, uint64_t flags) {
  if (flags != 0 || (size != 0 && size < static_cast<int32_t>(sizeof(bpf_redir_neigh)))) return TC_ACT_SHOT;
  run.redirect = {.kind = Redirect::Kind::neighbour, .target = interface};
  return TC_ACT_REDIRECT;
}

/// Only packets to devices are sent to many.
uint64_t redirect_flags(maps::MapType type) {
  const bool is_devices = type == maps::MapType::devmap || type == maps::MapType::devmap_hash;
  return kXdpActions | (is_devices ? kDeviceMapFlags : 0);
}

int64_t redirect_map(Run& run, maps::Map* map, uint64_t key, uint64_t flags) {
  if ((flags & ~redirect_flags(map->type())) != 0) return XDP_ABORTED;
  uint32_t target = 0;
  if (map->redirect_target(key, flags, target) != 0) {
    run.redirect = {};  // the last look-up counts, also a failed one
    return static_cast<int64_t>(flags & kXdpActions);
  }
  run.redirect = {.kind = Redirect::Kind::map, .target = target, .flags = flags, .map = map, .key = key};
  return XDP_REDIRECT;
}

/// The copy goes nowhere: it is checked whether it could.
int clone_redirect(Skb skb, uint32_t interface, uint64_t flags) {
  if ((flags & ~uint64_t{BPF_F_INGRESS}) != 0) return -EINVAL;
  if (skb.is_gso()) return -EBADMSG;  // segments without a type of segmentation
  return skb.run.vm.network().has_device(interface) ? 0 : -EINVAL;
}

constexpr Row kRows[] = {
    row<redirect>(HelperId::redirect),
    row<redirect_peer>(HelperId::redirect_peer),
    row<redirect_neigh>(HelperId::redirect_neigh),
    row<redirect_map>(HelperId::redirect_map),
    row<clone_redirect>(HelperId::clone_redirect),
};

}  // namespace

Rows redirect_helpers() { return kRows; }

}  // namespace skep::vm::helpers
