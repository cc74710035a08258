// SPDX-License-Identifier: Apache-2.0
// Hash maps that make room by dropping what was not used for long. Source: kernel/bpf/hashtab.c, bpf_lru_list.c.
//
// Which element goes is an approximation in Linux too. Here it is a clock: the hand goes round over all elements, skips
// those that were used since its last round, and stops at the first that was not.
#pragma once

#include <vector>

#include "maps/hash.hpp"

namespace skep::maps {

/// The clock of one map. Its user serialises the calls.
class LruClock {
 public:
  /// `memory`: room for a pointer for each of the `slots`.
  LruClock(uint32_t slots, Memory memory) : slots_(slots), memory_(std::move(memory)) {}
  static Memory memory_for(uint32_t slots, Environment& environment) {
    return Memory::zeroed(environment, slots * sizeof(Element*));
  }

  [[nodiscard]] bool full() const { return touched_ == slots_ && free_.empty(); }
  void add(Element* element);
  void remove(const Element* element);
  /// The element to drop. Only when full.
  [[nodiscard]] Element* victim();

 private:
  [[nodiscard]] Element*& at(uint32_t slot) { return reinterpret_cast<Element**>(memory_.data())[slot]; }

  uint32_t slots_;
  Memory memory_;
  uint32_t touched_ = 0;  // slots that ever had an element
  std::vector<uint32_t> free_;
  uint32_t hand_ = 0;
};

/// What both LRU types share: changes are serialised by one lock, above those of the buckets.
class LruBase : public HashBase {
 public:
  int erase(const void* key) override;
  int host_lookup_and_erase(const void* key, void* value, uint64_t flags) override;
  int host_lookup_and_erase_batch(const void* in, void* out, void* keys, void* values, uint32_t& count,
                                  uint64_t flags) override;

 protected:
  LruBase(Attributes attributes, Environment& environment, std::unique_ptr<HashTable> table, Memory clock);

  /// Linux rounds max_entries so that each CPU has as many, where CPUs have lists of their own.
  static void round_max_entries(Attributes& attributes, uint32_t cpus);

  void gone(Element* element) override;
  void linked(Element* element, Element* old) override;
  /// HashBase::put, with room made before.
  template <class Change, class Init>
  int put(const void* key, uint64_t flags, Change change, Init init);

  static Element* used(Element* element) {
    if (element) element->referenced.store(true, std::memory_order_relaxed);
    return element;
  }

 private:
  /// Drops an element where the one with this key would be one too many.
  void make_room(const void* key, uint64_t flags);

  std::mutex mutex_;
  LruClock clock_;
};

template <class Change, class Init>
int LruBase::put(const void* key, uint64_t flags, Change change, Init init) {
  std::lock_guard lock(mutex_);
  make_room(key, flags);
  return HashBase::put(key, flags, change, init);
}

class LruHashMap final : public LruBase {
 public:
  static Result<std::shared_ptr<Map>> make(Attributes attributes, Environment& environment);
  void* lookup(const void* key, unsigned cpu) override;
  int update(const void* key, const void* value, uint64_t flags, unsigned cpu) override;
  int host_update(const void* key, const void* value, uint64_t flags) override;

 protected:
  [[nodiscard]] void* program_value(Element* element, unsigned cpu) const override;
  int copy_out(void* value, Element* element, uint64_t flags) const override;

 private:
  using LruBase::LruBase;
};

class LruPercpuHashMap final : public LruBase {
 public:
  static Result<std::shared_ptr<Map>> make(Attributes attributes, Environment& environment);
  void* lookup(const void* key, unsigned cpu) override;
  void* lookup_percpu(const void* key, unsigned cpu) override;
  int update(const void* key, const void* value, uint64_t flags, unsigned cpu) override;
  [[nodiscard]] uint32_t host_value_size() const override { return percpu_.host_bytes(); }
  int host_update(const void* key, const void* value, uint64_t flags) override;

 protected:
  [[nodiscard]] void* program_value(Element* element, unsigned cpu) const override;
  int copy_out(void* value, Element* element, uint64_t flags) const override;

 private:
  LruPercpuHashMap(Attributes attributes, Environment& environment, std::unique_ptr<HashTable> table, Memory clock);

  PercpuValues percpu_;
};

}  // namespace skep::maps
