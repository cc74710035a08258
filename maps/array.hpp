// SPDX-License-Identifier: Apache-2.0
// Arrays: values by index, all there from the start. Source: kernel/bpf/arraymap.c.
#pragma once

#include "maps/map.hpp"
#include "maps/memory.hpp"

namespace skep::maps {

/// What maps with keys 0 to max_entries - 1 have in common.
class IndexedMap : public Map {
 public:
  int next_key(const void* key, void* next) override;

 protected:
  using Map::Map;
  static uint32_t index_of(const void* key);
};

/// How many elements are there and which index bits are looked at: where speculative reads must stay inside, a power of
/// two and its mask.
struct ArrayBounds {
  uint32_t elements = 0;
  uint32_t mask = 0;
};

/// Attributes of all maps of this family but those that hold references.
Status check_array(const Attributes& attributes);
/// E2BIG when rounding up to a power of two overflows.
Result<ArrayBounds> array_bounds(const Attributes& attributes, const Environment& environment);

class ArrayMap final : public IndexedMap {
 public:
  static Result<std::shared_ptr<Map>> make(Attributes attributes, Environment& environment);

  void* lookup(const void* key, unsigned cpu) override;
  int update(const void* key, const void* value, uint64_t flags, unsigned cpu) override;
  int erase(const void* key) override;
  int64_t for_each(const std::function<int64_t(void*, void*)>& visit, unsigned cpu) override;

  int host_lookup(const void* key, void* value, uint64_t flags) override;
  int host_update(const void* key, const void* value, uint64_t flags) override;
  int host_lookup_batch(const void* in, void* out, void* keys, void* values, uint32_t& count, uint64_t flags) override;
  int host_update_batch(const void* keys, const void* values, uint32_t& count, uint64_t flags) override;

  int direct_value_address(uint32_t offset, uint64_t& address) override;
  int direct_value_offset(uint64_t address, uint32_t& offset) override;
  [[nodiscard]] int check_btf() const override;
  [[nodiscard]] int memory_fd() const override { return file_.descriptor(); }

  /// Where the values begin; kPage bytes before it belong to the map too.
  [[nodiscard]] std::byte* values_begin() const { return memory_.data() + kPage; }
  /// Bytes from one value to the next.
  [[nodiscard]] uint32_t stride() const { return stride_; }
  [[nodiscard]] uint32_t index_mask() const { return mask_; }

 protected:
  [[nodiscard]] bool key_type_optional() const override { return true; }
  void* map_checked_memory(void* address, size_t length, int protection, int flags, int64_t offset) override;
  int seal_memory() override;

 private:
  ArrayMap(Attributes attributes, Environment& environment, uint32_t mask, Memory memory, MemoryFile file);
  [[nodiscard]] uint64_t mapped_bytes() const { return round_up(uint64_t{max_entries()} * stride_, kPage); }

  Memory memory_;    // a page for a header, then the values
  MemoryFile file_;  // holds the values where the host may map them
  uint32_t stride_;
  uint32_t mask_;
};

/// Whether a BTF type is a plain 32-bit integer.
[[nodiscard]] bool is_index_type(const btf::Types& types, btf::TypeId type);
/// Linux's array_map_check_btf: a 32-bit integer as key, or none and a data section as the only value.
[[nodiscard]] int check_array_btf(const Attributes& attributes);

}  // namespace skep::maps
