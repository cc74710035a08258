// SPDX-License-Identifier: Apache-2.0
// Map operations. Maps give Linux's errors themselves.
#include "maps/map.hpp"

#include "maps/flags.hpp"
#include "vm/helpers/families.hpp"
#include "vm/vm.hpp"

namespace skep::vm::helpers {
namespace {

using maps::Map;

void* map_lookup_elem(Run& run, Map* map, const void* key) { return map->lookup(key, run.cpu); }

int map_update_elem(Run& run, Map* map, const void* key, const void* value, uint64_t flags) {
  return map->update(key, value, flags, run.cpu);
}

int map_delete_elem(Run&, Map* map, const void* key) { return map->erase(key); }

int map_push_elem(Run&, Map* map, const void* value, uint64_t flags) { return map->push(value, flags); }

int map_pop_elem(Run&, Map* map, void* value) { return map->pop(value); }

int map_peek_elem(Run&, Map* map, void* value) { return map->peek(value); }

void* map_lookup_percpu_elem(Run& run, Map* map, const void* key, uint32_t cpu) {
  return cpu < run.vm.cpus().possible() ? map->lookup_percpu(key, cpu) : nullptr;
}

constexpr Row kRows[] = {
    row<map_lookup_elem>(HelperId::map_lookup_elem),
    row<map_update_elem>(HelperId::map_update_elem),
    row<map_delete_elem>(HelperId::map_delete_elem),
    row<map_push_elem>(HelperId::map_push_elem),
    row<map_pop_elem>(HelperId::map_pop_elem),
    row<map_peek_elem>(HelperId::map_peek_elem),
    row<map_lookup_percpu_elem>(HelperId::map_lookup_percpu_elem),
};

}  // namespace

Rows map_helpers() { return kRows; }

}  // namespace skep::vm::helpers
