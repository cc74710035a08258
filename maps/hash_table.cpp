// SPDX-License-Identifier: Apache-2.0
#include "maps/hash_table.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>

namespace skep::maps {
namespace {

constexpr uint32_t kMostLocks = 256;
constexpr uint64_t kOdd1 = 0x9e3779b97f4a7c15;  // 2^64 divided by the golden ratio
constexpr uint64_t kOdd2 = 0xd6e8feb86659fd93;

/// Both halves of the product of a word and an odd constant, folded: each bit of the word reaches the low bits.
uint64_t mix(uint64_t word, uint64_t factor) {
  const auto product = static_cast<unsigned __int128>(word) * factor;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

template <class Word>
Word load(const void* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

uint64_t hash_bytes(const std::byte* key, uint32_t size, uint64_t seed) {
  uint64_t state = seed + size;
  for (; size >= 8; key += 8, size -= 8) state = mix(state ^ load<uint64_t>(key), kOdd1);
  uint64_t tail = 0;
  std::memcpy(&tail, key, size);
  return mix(state ^ tail, kOdd2);
}

uint32_t offset_of_value(const HashTable::Shape& shape) {
  return static_cast<uint32_t>(round_up(sizeof(Element) + round_up(shape.key_size, 8), shape.value_align));
}

}  // namespace

std::unique_ptr<HashTable> HashTable::create(Environment& environment, const Shape& shape) {
  const uint64_t buckets = std::bit_ceil(uint64_t{shape.max_entries});
  Memory heads = Memory::zeroed(environment, buckets * sizeof(std::atomic<Element*>));
  if (!heads) return nullptr;
  const uint64_t bytes = round_up(offset_of_value(shape) + shape.value_bytes, shape.value_align);
  auto pool = ElementPool::create(environment, {.bytes = bytes,
                                                .value_offset = offset_of_value(shape),
                                                .first = shape.preallocate ? shape.max_entries : 0,
                                                .destroy = shape.destroy});
  if (!pool) return nullptr;
  return std::unique_ptr<HashTable>(new HashTable(shape, environment.random(), std::move(heads), std::move(pool)));
}

HashTable::HashTable(const Shape& shape, uint64_t seed, Memory heads, ElementPool::Handle pool)
    : key_size_(shape.key_size),
      value_offset_(offset_of_value(shape)),
      max_entries_(shape.max_entries),
      mask_(static_cast<uint32_t>(std::bit_ceil(uint64_t{shape.max_entries}) - 1)),
      seed_(seed),
      heads_(std::move(heads)),
      pool_(std::move(pool)),
      lock_mask_(std::min(mask_, kMostLocks - 1)),
      locks_(new Lock[lock_mask_ + 1]) {}

HashTable::~HashTable() {
  if (!pool_->destroys()) return;
  for (uint32_t bucket = 0; bucket <= mask_; ++bucket)
    for (Element* element = first(bucket); element; element = element->next.load(std::memory_order_relaxed))
      pool_->destroy(element);
}

uint64_t HashTable::hash(const void* key) const {
  switch (key_size_) {
    case 4: return mix(seed_ ^ load<uint32_t>(key), kOdd1);
    case 8: return mix(seed_ ^ load<uint64_t>(key), kOdd1);
    default: return hash_bytes(static_cast<const std::byte*>(key), key_size_, seed_);
  }
}

bool HashTable::same_key(const Element* element, const void* key) const {
  switch (key_size_) {
    case 4: return load<uint32_t>(element->key()) == load<uint32_t>(key);
    case 8: return load<uint64_t>(element->key()) == load<uint64_t>(key);
    default: return std::memcmp(element->key(), key, key_size_) == 0;
  }
}

Element* HashTable::find(const void* key, uint64_t hash) const {
  Element* element = first(static_cast<uint32_t>(hash) & mask_);
  while (element && (element->hash != hash || !same_key(element, key)))
    element = element->next.load(std::memory_order_acquire);
  return element;
}

uint32_t HashTable::Bucket::size() const {
  uint32_t size = 0;
  for (const Element* element = first(); element; element = element->next.load(std::memory_order_relaxed)) ++size;
  return size;
}

void HashTable::Bucket::link(Element* element) {
  auto& head = table_.head(bucket_);
  element->next.store(head.load(std::memory_order_relaxed), std::memory_order_relaxed);
  head.store(element, std::memory_order_release);
}

void HashTable::Bucket::unlink(Element* element) {
  auto* link = &table_.head(bucket_);
  while (link->load(std::memory_order_relaxed) != element) link = &link->load(std::memory_order_relaxed)->next;
  // A run that is at the element goes on from it: its own link stays.
  link->store(element->next.load(std::memory_order_relaxed), std::memory_order_release);
}

Element* HashTable::make(const void* key, uint64_t hash, bool replaces, int& error) {
  if (!replaces && count_.fetch_add(1, std::memory_order_relaxed) >= max_entries_) {
    count_.fetch_sub(1, std::memory_order_relaxed);
    error = -E2BIG;
    return nullptr;
  }
  Element* element = pool_->take();
  if (!element) {
    if (!replaces) count_.fetch_sub(1, std::memory_order_relaxed);
    error = -ENOMEM;
    return nullptr;
  }
  element->hash = hash;
  element->referenced.store(false, std::memory_order_relaxed);
  std::memcpy(element->key(), key, key_size_);
  return element;
}

void HashTable::unmake(Element* element) {
  pool_->put(element);
  count_.fetch_sub(1, std::memory_order_relaxed);
}

void HashTable::retire(Element* element, bool counted) {
  if (counted) count_.fetch_sub(1, std::memory_order_relaxed);
  pool_->retire(element);
}

}  // namespace skep::maps
