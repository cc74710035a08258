// SPDX-License-Identifier: Apache-2.0
// The socket that a packet belongs to, and what follows from it. In a test run that is a socket of no family but the packet's,
// owned by root in the only cgroup and the only network namespace.
#include <cerrno>
#include <cstdint>

#include "maps/map.hpp"
#include "vm/helpers/families.hpp"
#include "vm/network.hpp"

namespace skep::vm::helpers {
namespace {

constexpr uint64_t kRootCgroupId = 1;
constexpr uint32_t kOverflowUid = 65534;

Socket* socket_of(Skb skb) { return Socket::of(skb.context.pointers().socket); }

uint64_t get_socket_cookie(Skb skb) {
  const Socket* socket = socket_of(skb);
  return socket != nullptr ? socket->cookie : 0;
}

uint32_t get_socket_uid(Skb skb) {
  const Socket* socket = socket_of(skb);
  return socket != nullptr && socket->is_full ? socket->uid : kOverflowUid;
}

/// Takes a context or null: without a socket it is the initial namespace.
uint64_t get_netns_cookie(Run& run, const void* context) {
  constexpr uint64_t kInitial = 1;
  if (context == nullptr || run.context == nullptr) return kInitial;
  const Socket* socket = Socket::of(run.context->pointers().socket);
  return socket != nullptr ? socket->netns_cookie : kInitial;
}

uint64_t skb_cgroup_id(Skb skb) { return socket_of(skb) != nullptr ? kRootCgroupId : 0; }

uint64_t skb_ancestor_cgroup_id(Skb skb, int level) { return level == 0 ? skb_cgroup_id(skb) : 0; }

uint64_t sk_cgroup_id(Run&, const void* socket) { return socket != nullptr ? kRootCgroupId : 0; }

uint64_t sk_ancestor_cgroup_id(Run&, const void* socket, int level) {
  return socket != nullptr && level == 0 ? kRootCgroupId : 0;
}

/// No cgroup array has an entry, as there is no cgroup to put there.
int skb_under_cgroup(Skb skb, const maps::Map* map, uint32_t index) {
  if (socket_of(skb) == nullptr) return -ENOENT;
  return index >= map->max_entries() ? -E2BIG : -EAGAIN;
}

// Neither net_cls nor routes with realms.
uint32_t get_cgroup_classid(Skb) { return 0; }
uint64_t skb_cgroup_classid(Skb) { return 0; }
uint32_t get_route_realm(Skb) { return 0; }

constexpr Row kRows[] = {
    row<get_socket_cookie>(HelperId::get_socket_cookie),
    row<get_socket_uid>(HelperId::get_socket_uid),
    row<get_netns_cookie>(HelperId::get_netns_cookie),
    row<skb_cgroup_id>(HelperId::skb_cgroup_id),
    row<skb_ancestor_cgroup_id>(HelperId::skb_ancestor_cgroup_id),
    row<sk_cgroup_id>(HelperId::sk_cgroup_id),
    row<sk_ancestor_cgroup_id>(HelperId::sk_ancestor_cgroup_id),
    row<skb_under_cgroup>(HelperId::skb_under_cgroup),
    row<get_cgroup_classid>(HelperId::get_cgroup_classid),
    row<skb_cgroup_classid>(HelperId::skb_cgroup_classid),
    row<get_route_realm>(HelperId::get_route_realm),
};

}  // namespace

Rows skb_socket_helpers() { return kRows; }

}  // namespace skep::vm::helpers
