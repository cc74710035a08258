// SPDX-License-Identifier: Apache-2.0
// Elements of hash maps: where their memory comes from, and when it may be used again.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "maps/map.hpp"
#include "maps/memory.hpp"
#include "maps/spin_lock.hpp"

namespace skep::maps {

class ElementPool;

/// An element; its key and its value follow.
struct Element {
  std::atomic<Element*> next{nullptr};  ///< in its bucket
  ElementPool* pool = nullptr;
  uint64_t hash = 0;
  std::atomic<bool> referenced{false};  ///< LRU: looked up since the clock's hand went by
  uint32_t slot = 0;                    ///< LRU: place on the clock
  Element* free_next = nullptr;         ///< in the free list

  [[nodiscard]] std::byte* key() { return reinterpret_cast<std::byte*>(this + 1); }
  [[nodiscard]] const std::byte* key() const { return reinterpret_cast<const std::byte*>(this + 1); }
};

/// Elements of one size. Memory comes in chunks and stays until the pool dies; an element that a run may still see
/// is used again only after that run. So a run that replaces elements over and over takes memory as it goes, up to
/// the limit of the VM.
class ElementPool {
 public:
  struct Release {
    /// Ends the pool once the elements that wait for runs are back.
    void operator()(ElementPool* pool) const { pool->drop_reference(); }
  };
  using Handle = std::unique_ptr<ElementPool, Release>;

  struct Shape {
    uint64_t bytes = 0;                           ///< of an element, a multiple of 8
    uint32_t value_offset = 0;                    ///< in an element, bytes
    uint64_t first = 0;                           ///< elements to have from the start
    void (*destroy)(std::byte* value) = nullptr;  ///< ends a value; null: nothing to do
  };

  /// Null when there is no memory.
  static Handle create(Environment& environment, const Shape& shape);

  /// An element with undefined content; null: no memory.
  [[nodiscard]] Element* take();
  /// Back at once: no run has seen it.
  void put(Element* element);
  /// Back when the runs under way have ended. Its value ends then.
  void retire(Element* element);
  /// Whether values have an end of their own.
  [[nodiscard]] bool destroys() const { return shape_.destroy != nullptr; }
  /// Ends the value of an element of a table that dies, which no run can see.
  void destroy(Element* element) const {
    if (shape_.destroy) shape_.destroy(reinterpret_cast<std::byte*>(element) + shape_.value_offset);
  }

 private:
  ElementPool(Environment& environment, const Shape& shape) : environment_(environment), shape_(shape) {}
  void drop_reference();
  [[nodiscard]] bool grow(uint64_t elements);

  Environment& environment_;
  const Shape shape_;
  std::atomic<uint64_t> references_{1};  // the table's, and one for each retired element

  SpinLock lock_;  // of all below
  Element* free_ = nullptr;
  std::byte* fresh_ = nullptr;  // memory of the last chunk that was never an element
  std::byte* fresh_end_ = nullptr;
  std::vector<Memory> chunks_;
};

}  // namespace skep::maps
