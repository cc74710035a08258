// SPDX-License-Identifier: Apache-2.0
#include "maps/lru_hash.hpp"

#include <cerrno>

#include "maps/attributes.hpp"

namespace skep::maps {

// Clock --------------------------------------------------------------------------------------------------------------

void LruClock::add(Element* element) {
  if (free_.empty()) {
    element->slot = touched_++;
  } else {
    element->slot = free_.back();
    free_.pop_back();
  }
  at(element->slot) = element;
}

void LruClock::remove(const Element* element) {
  at(element->slot) = nullptr;
  free_.push_back(element->slot);
}

Element* LruClock::victim() {
  for (;;) {
    Element* element = at(hand_);
    hand_ = hand_ + 1 == slots_ ? 0 : hand_ + 1;
    if (!element->referenced.exchange(false, std::memory_order_relaxed)) return element;
  }
}

// What both types share ----------------------------------------------------------------------------------------------

LruBase::LruBase(Attributes attributes, Environment& environment, std::unique_ptr<HashTable> table, Memory clock)
    : HashBase(std::move(attributes), environment, std::move(table)), clock_(max_entries(), std::move(clock)) {}

void LruBase::round_max_entries(Attributes& attributes, uint32_t cpus) {
  if ((attributes.flags & kFlagNoCommonLru) == 0) return;
  const uint64_t above = round_up(attributes.max_entries, cpus);
  attributes.max_entries = above <= UINT32_MAX ? static_cast<uint32_t>(above) : attributes.max_entries / cpus * cpus;
}

int LruBase::erase(const void* key) {
  std::lock_guard lock(mutex_);
  return HashBase::erase(key);
}

int LruBase::host_lookup_and_erase(const void* key, void* value, uint64_t flags) {
  std::lock_guard lock(mutex_);
  return HashBase::host_lookup_and_erase(key, value, flags);
}

int LruBase::host_lookup_and_erase_batch(const void* in, void* out, void* keys, void* values, uint32_t& count,
                                         uint64_t flags) {
  std::lock_guard lock(mutex_);
  return HashBase::host_lookup_and_erase_batch(in, out, keys, values, count, flags);
}

void LruBase::gone(Element* element) {
  clock_.remove(element);
  HashBase::gone(element);
}

void LruBase::linked(Element* element, Element* old) {
  if (old) clock_.remove(old);
  clock_.add(element);
}

void LruBase::make_room(const void* key, uint64_t flags) {
  // All changes are ours: the table stays as it is between this look and the update.
  if (!clock_.full() || table_->find(key) || check_presence(false, flags) != 0) return;
  Element* victim = clock_.victim();
  HashTable::Bucket(*table_, victim->hash).unlink(victim);
  gone(victim);
}

// LRU hash -----------------------------------------------------------------------------------------------------------

Result<std::shared_ptr<Map>> LruHashMap::make(Attributes attributes, Environment& environment) {
  round_max_entries(attributes, environment.cpus().possible());
  auto table = make_table(attributes, environment, round_up(attributes.value_size, 8));
  if (!table) return std::move(table).error();
  Memory clock = LruClock::memory_for(attributes.max_entries, environment);
  if (!clock) return no_memory(attributes);
  return std::shared_ptr<Map>(new LruHashMap(std::move(attributes), environment, std::move(*table), std::move(clock)));
}

void* LruHashMap::lookup(const void* key, unsigned /*cpu*/) {
  Element* element = used(table_->find(key));
  return element ? table_->value(element) : nullptr;
}

int LruHashMap::update(const void* key, const void* value, uint64_t flags, unsigned /*cpu*/) {
  if (!update_flags_known(flags, false)) return -EINVAL;
  return put(
      key, flags, [](std::byte*) { return false; },
      [&](std::byte* fresh) {
        if (!values_.fields().empty()) zero_shared(fresh, value_size());
        values_.store(fresh, value);
      });
}

int LruHashMap::host_update(const void* key, const void* value, uint64_t flags) { return update(key, value, flags, 0); }

void* LruHashMap::program_value(Element* element, unsigned /*cpu*/) const { return table_->value(element); }

int LruHashMap::copy_out(void* value, Element* element, uint64_t /*flags*/) const {
  values_.load(value, table_->value(element));
  return 0;
}

// LRU per-CPU hash ---------------------------------------------------------------------------------------------------

Result<std::shared_ptr<Map>> LruPercpuHashMap::make(Attributes attributes, Environment& environment) {
  const uint32_t cpus = environment.cpus().possible();
  round_max_entries(attributes, cpus);
  auto table =
      make_table(attributes, environment, PercpuValues::bytes(attributes.value_size, cpus), PercpuValues::kStrideAlign);
  if (!table) return std::move(table).error();
  Memory clock = LruClock::memory_for(attributes.max_entries, environment);
  if (!clock) return no_memory(attributes);
  return std::shared_ptr<Map>(
      new LruPercpuHashMap(std::move(attributes), environment, std::move(*table), std::move(clock)));
}

LruPercpuHashMap::LruPercpuHashMap(Attributes attributes, Environment& environment, std::unique_ptr<HashTable> table,
                                   Memory clock)
    : LruBase(std::move(attributes), environment, std::move(table), std::move(clock)),
      percpu_(values_, environment.cpus().possible()) {}

void* LruPercpuHashMap::lookup(const void* key, unsigned cpu) {
  Element* element = used(table_->find(key));
  return element ? program_value(element, cpu) : nullptr;
}

void* LruPercpuHashMap::lookup_percpu(const void* key, unsigned cpu) {
  return cpu < environment_.cpus().possible() ? lookup(key, cpu) : nullptr;
}

int LruPercpuHashMap::update(const void* key, const void* value, uint64_t flags, unsigned cpu) {
  if (!update_flags_known(flags, false)) return -EINVAL;
  const auto change = [&](std::byte* old) { return (percpu_.store_one(old, value, cpu), true); };
  return put(key, flags, change, [&](std::byte* fresh) { percpu_.init_one(fresh, value, cpu); });
}

int LruPercpuHashMap::host_update(const void* key, const void* value, uint64_t flags) {
  if (!update_flags_known(flags, false)) return -EINVAL;
  const auto change = [&](std::byte* old) { return (percpu_.store_all(old, value), true); };
  return put(key, flags, change, [&](std::byte* fresh) { percpu_.init_all(fresh, value); });
}

void* LruPercpuHashMap::program_value(Element* element, unsigned cpu) const {
  return percpu_.at(table_->value(element), cpu);
}

int LruPercpuHashMap::copy_out(void* value, Element* element, uint64_t /*flags*/) const {
  percpu_.load_all(value, table_->value(element));
  return 0;
}

}  // namespace skep::maps
