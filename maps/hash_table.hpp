// SPDX-License-Identifier: Apache-2.0
// The table under all hash maps: buckets of elements. Programs look up without a lock; whoever changes a bucket, and the
// host, which no grace period protects, holds the bucket's lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>

#include "maps/element_pool.hpp"

namespace skep::maps {

class HashTable {
 public:
  struct Shape {
    uint32_t key_size = 0;     ///< bytes
    uint64_t value_bytes = 0;  ///< of all that an element holds behind its key
    uint32_t value_align = 8;  ///< 8 or 64
    uint32_t max_entries = 0;
    bool preallocate = false;
    void (*destroy)(std::byte* value) = nullptr;  ///< see ElementPool
  };

  /// Null: no memory.
  static std::unique_ptr<HashTable> create(Environment& environment, const Shape& shape);
  ~HashTable();
  HashTable(const HashTable&) = delete;
  HashTable& operator=(const HashTable&) = delete;

  [[nodiscard]] uint64_t hash(const void* key) const;
  [[nodiscard]] uint32_t buckets() const { return mask_ + 1; }

  /// The element with this key; null: none. Within a run, or under the lock of the bucket.
  [[nodiscard]] Element* find(const void* key, uint64_t hash) const;
  [[nodiscard]] Element* find(const void* key) const { return find(key, hash(key)); }

  [[nodiscard]] std::byte* value(Element* element) const {
    return reinterpret_cast<std::byte*>(element) + value_offset_;
  }

  /// First element of a bucket; the others follow by `next`.
  [[nodiscard]] Element* first(uint32_t bucket) const { return head(bucket).load(std::memory_order_acquire); }

  /// The lock of a bucket, held for the object's life.
  class Bucket {
   public:
    Bucket(HashTable& table, uint64_t hash)
        : table_(table), bucket_(static_cast<uint32_t>(hash) & table.mask_), lock_(table.lock_of(bucket_)) {}
    [[nodiscard]] Element* first() const { return table_.first(bucket_); }
    [[nodiscard]] uint32_t size() const;
    /// Makes an element visible, in front of the others.
    void link(Element* element);
    /// Takes an element out; the caller retires it.
    void unlink(Element* element);

   private:
    HashTable& table_;
    uint32_t bucket_;
    std::lock_guard<SpinLock> lock_;
  };

  /// A new element with this key, counted, its value undefined. Null with `error` -E2BIG (full) or -ENOMEM. `replaces`:
  /// it takes the place of another, so that the table does not grow.
  [[nodiscard]] Element* make(const void* key, uint64_t hash, bool replaces, int& error);
  /// What was made and never linked.
  void unmake(Element* element);
  /// What was unlinked: `counted` when nothing took its place.
  void retire(Element* element, bool counted);

 private:
  HashTable(const Shape& shape, uint64_t seed, Memory heads, ElementPool::Handle pool);

  struct alignas(64) Lock {
    SpinLock lock;
  };

  [[nodiscard]] std::atomic<Element*>& head(uint32_t bucket) const {
    return reinterpret_cast<std::atomic<Element*>*>(heads_.data())[bucket];
  }
  [[nodiscard]] SpinLock& lock_of(uint32_t bucket) { return locks_[bucket & lock_mask_].lock; }
  [[nodiscard]] bool same_key(const Element* element, const void* key) const;

  const uint32_t key_size_;
  const uint32_t value_offset_;
  const uint32_t max_entries_;
  const uint32_t mask_;
  const uint64_t seed_;
  Memory heads_;
  ElementPool::Handle pool_;
  const uint32_t lock_mask_;
  std::unique_ptr<Lock[]> locks_;
  std::atomic<uint32_t> count_{0};
};

}  // namespace skep::maps
