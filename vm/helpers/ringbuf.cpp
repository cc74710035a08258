// SPDX-License-Identifier: Apache-2.0
#include "maps/ringbuf.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "vm/helpers/dynptr.hpp"
#include "vm/helpers/families.hpp"

namespace skep::vm::helpers {
namespace {

using maps::Ringbuf;

/// Records that one run may have reserved at once: a verified program has a few, and each that ends is looked for.
constexpr size_t kMostReserved = 1024;

/// Null where an unverified program gives a map of another type.
Ringbuf* ring_of(maps::Map* map) {
  return map->type() == maps::MapType::ringbuf ? static_cast<Ringbuf*>(map) : nullptr;
}

/// Reserves a record and remembers it, so that it is discarded if the run ends without.
void* reserve(Run& run, maps::Map* map, uint64_t size, uint64_t flags) {
  if (run.reserved.size() >= kMostReserved) {
    run.fail(E2BIG, "more than 1024 ring buffer records are reserved at once");
    return nullptr;
  }
  Ringbuf* ring = ring_of(map);
  void* record = ring != nullptr ? ring->reserve(size, flags) : nullptr;
  if (record != nullptr) run.reserved.emplace_back(map, record);
  return record;
}

/// Ends a record of this run; anything else is left alone.
void commit(Run& run, void* record, uint64_t flags, bool discard) {
  // From the back: what was reserved last usually ends first, and the end of a run takes them in that order.
  const auto entry = std::find_if(run.reserved.rbegin(), run.reserved.rend(),
                                  [record](const auto& reserved) { return reserved.second == record; });
  if (entry == run.reserved.rend()) {
    run.fail(EFAULT, "a ring buffer record is committed that the program has not reserved");
    return;
  }
  static_cast<Ringbuf*>(entry->first)->commit(record, flags, discard);
  *entry = run.reserved.back();
  run.reserved.pop_back();
}

void* ringbuf_reserve(Run& run, maps::Map* map, uint64_t size, uint64_t flags) {
  return reserve(run, map, size, flags);
}

uint64_t ringbuf_submit(Run& run, void* record, uint64_t flags) {
  commit(run, record, flags, false);
  return 0;
}

uint64_t ringbuf_discard(Run& run, void* record, uint64_t flags) {
  commit(run, record, flags, true);
  return 0;
}

int ringbuf_output(Run&, maps::Map* map, const void* data, uint64_t size, uint64_t flags) {
  Ringbuf* ring = ring_of(map);
  return ring != nullptr ? ring->output(data, size, flags) : -EINVAL;
}

uint64_t ringbuf_query(Run&, maps::Map* map, uint64_t what) {
  const Ringbuf* ring = ring_of(map);
  return ring != nullptr ? ring->query(what) : 0;
}

int ringbuf_reserve_dynptr(Run& run, maps::Map* map, uint32_t size, uint64_t flags, Dynptr* pointer) {
  pointer->clear();
  if (flags != 0) return -EINVAL;
  if (size > Dynptr::kMaxSize) return -E2BIG;
  void* record = reserve(run, map, size, 0);
  if (record == nullptr) return -EINVAL;
  pointer->set(Dynptr::Type::ringbuf, record, size);
  return 0;
}

/// A dynptr whose reservation failed is empty, and ending it does nothing.
uint64_t commit_dynptr(Run& run, Dynptr* pointer, uint64_t flags, bool discard) {
  if (pointer->data != nullptr) commit(run, pointer->data, flags, discard);
  pointer->clear();
  return 0;
}

uint64_t ringbuf_submit_dynptr(Run& run, Dynptr* pointer, uint64_t flags) {
  return commit_dynptr(run, pointer, flags, false);
}

uint64_t ringbuf_discard_dynptr(Run& run, Dynptr* pointer, uint64_t flags) {
  return commit_dynptr(run, pointer, flags, true);
}

constexpr Row kRows[] = {
    row<ringbuf_reserve>(HelperId::ringbuf_reserve),
    row<ringbuf_submit>(HelperId::ringbuf_submit),
    row<ringbuf_discard>(HelperId::ringbuf_discard),
    row<ringbuf_output>(HelperId::ringbuf_output),
    row<ringbuf_query>(HelperId::ringbuf_query),
    row<ringbuf_reserve_dynptr>(HelperId::ringbuf_reserve_dynptr),
    row<ringbuf_submit_dynptr>(HelperId::ringbuf_submit_dynptr),
    row<ringbuf_discard_dynptr>(HelperId::ringbuf_discard_dynptr),
};

}  // namespace

Rows ringbuf_helpers() { return kRows; }

}  // namespace skep::vm::helpers
