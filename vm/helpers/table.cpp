// SPDX-License-Identifier: Apache-2.0
#include "vm/helpers/table.hpp"

#include <array>
#include <cassert>

#include "vm/helpers/families.hpp"

namespace skep::vm {
namespace {

using namespace helpers;

constexpr Rows (*kFamilies[])() = {
    checksum_helpers, dynptr_helpers,     fib_helpers,        kptr_helpers,     loop_helpers,    map_helpers,
    perf_helpers,     probe_helpers,      random_helpers,     redirect_helpers, ringbuf_helpers, skb_helpers,
    skb_room_helpers, skb_socket_helpers, skb_tunnel_helpers, skb_vlan_helpers, socket_helpers,  spin_lock_helpers,
    storage_helpers,  string_helpers,     task_helpers,       time_helpers,     trace_helpers,   xdp_helpers,
};

using Table = std::array<HelperFunction, verifier::kHelperCount + 1>;

Table make_table() {
  Table table{};
  for (const auto& family : kFamilies)
    for (const Row& row : family()) {
      HelperFunction& entry = table.at(static_cast<size_t>(row.id));
      assert(entry == nullptr && "a helper is in two families");
      entry = row.function;
    }
  return table;
}

}  // namespace

HelperFunction helper_function(uint32_t id) {
  static const Table table = make_table();
  return id < table.size() ? table[id] : nullptr;
}

}  // namespace skep::vm
