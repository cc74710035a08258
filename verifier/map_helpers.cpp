// SPDX-License-Identifier: Apache-2.0
#include "verifier/map_helpers.hpp"

#include <array>
#include <cstddef>

namespace skep::verifier {
namespace {

using enum HelperId;
using maps::MapType;

constexpr bool kOpen = true;
constexpr bool kClosed = false;

struct Row {
  MapType type;
  bool is_open;
  HelperSet helpers;
};

constexpr Row kRows[] = {
#define MAP_HELPERS(type, openness, ...) {MapType::type, openness, {__VA_ARGS__}},
#include "verifier/map_helpers.def"
};

/// By map type; null: none, which is as open.
constexpr auto kRowOf = [] {
  std::array<const Row*, maps::kMapTypeCount> rows{};
  for (const Row& row : kRows) rows[static_cast<size_t>(row.type)] = &row;
  return rows;
}();

constexpr HelperSet kForAllMaps{map_lookup_elem, map_update_elem, map_delete_elem, kptr_xchg};

constexpr HelperSet kReserved = [] {
  HelperSet named;
  for (const Row& row : kRows) named = named | row.helpers;
  return named - kForAllMaps;
}();

constexpr bool is_socket_map(MapType type) { return type == MapType::sockmap || type == MapType::sockhash; }

/// Whether no locked socket is in reach of the program (Linux: may_update_sockmap).
bool may_update_socket_map(const HelperCaller& caller, HelperId helper) {
  static constexpr ProgramTypeSet kUpdaters{
      ProgramType::socket_filter, ProgramType::sched_cls,      ProgramType::sched_act, ProgramType::xdp,
      ProgramType::sk_reuseport,  ProgramType::flow_dissector, ProgramType::sk_lookup};
  if (helper == map_delete_elem && caller.type == ProgramType::sock_ops) return true;
  if (helper != map_update_elem && helper != map_delete_elem) return false;
  return kUpdaters.contains(caller.type) ||
         (caller.type == ProgramType::tracing && caller.attach == AttachType::trace_iter);
}

}  // namespace

bool goes_with(const HelperCaller& caller, HelperId helper, MapType type) {
  const Row* row = kRowOf[static_cast<size_t>(type)];
  if (row != nullptr && row->helpers.contains(helper)) return true;
  if (row != nullptr && !row->is_open) return is_socket_map(type) && may_update_socket_map(caller, helper);
  return !kReserved.contains(helper);
}

}  // namespace skep::verifier
