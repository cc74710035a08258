// SPDX-License-Identifier: Apache-2.0
// Helpers that call back into the program.
#include <cerrno>
#include <cstdint>

#include "maps/map.hpp"
#include "vm/helpers/families.hpp"

namespace skep::vm::helpers {
namespace {

constexpr uint32_t kMaxLoops = 8 * 1024 * 1024;  // Linux: BPF_MAX_LOOPS
constexpr uint32_t kPlacesOfInstruction = 8;     // a cache line of empty buckets

/// In checked runs, what walking over empty places costs; callbacks pay for themselves. False: the fuel is used up.
bool charge_walk(Run& run, const maps::Map& map) {
  if (run.regions != nullptr) run.fuel -= map.max_entries() / kPlacesOfInstruction;
  return run.fuel >= 0;
}

int64_t loop(Run& run, uint32_t count, uint64_t function, uint64_t argument, uint64_t flags) {
  if (flags != 0) return -EINVAL;
  if (count > kMaxLoops) return -E2BIG;
  for (uint32_t i = 0; i < count; ++i) {
    uint64_t stop = 0;
    if (!run.call(run, function, {i, argument, 0, 0, 0}, stop)) return 0;
    if (stop != 0) return i + int64_t{1};
  }
  return count;
}

int64_t for_each_map_elem(Run& run, maps::Map* map, uint64_t function, uint64_t argument, uint64_t flags) {
  if (flags != 0) return -EINVAL;
  if (!charge_walk(run, *map)) return 0;
  struct {
    Run& run;
    maps::Map* map;
    uint64_t function, argument;
  } call{run, map, function, argument};
  return map->for_each(
      [&call](void* key, void* value) -> int64_t {
        uint64_t stop = 0;
        const bool goes_on =
            call.run.call(call.run, call.function,
                          {to_register(call.map), to_register(key), to_register(value), call.argument, 0}, stop);
        return !goes_on || stop != 0 ? 1 : 0;
      },
      run.cpu);
}

constexpr Row kRows[] = {
    row<loop>(HelperId::loop),
    row<for_each_map_elem>(HelperId::for_each_map_elem),
};

}  // namespace

Rows loop_helpers() { return kRows; }

}  // namespace skep::vm::helpers
