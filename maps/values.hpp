// SPDX-License-Identifier: Apache-2.0
// Moving values into maps and out of them, while programs may read and write them.
#pragma once

#include <cstdint>
#include <vector>

#include "maps/fields.hpp"

namespace skep::maps {

/// memcpy for memory that others may read or write at the same time: every unit (8, 4 or 1 bytes, as the
/// alignment of both addresses allows) is moved as a whole.
void copy_shared(void* destination, const void* source, uint64_t bytes);
/// The same for filling with zeroes.
void zero_shared(void* destination, uint64_t bytes);

/// How the values of one map are made.
class Values {
 public:
  Values(uint32_t size, std::vector<Field> fields);

  [[nodiscard]] uint32_t size() const { return size_; }
  [[nodiscard]] const std::vector<Field>& fields() const { return fields_; }
  /// Offset of the first field of a kind; -1: none.
  [[nodiscard]] int offset_of(FieldKind kind) const;
  [[nodiscard]] bool has_spin_lock() const { return spin_lock_ >= 0; }

  /// Into the map: special fields keep what they are.
  void store(void* value, const void* source) const;
  /// Out of the map: special fields read as zero.
  void load(void* destination, const void* value) const;
  /// The same with the padding up to a multiple of 8 bytes: how the host sees values of per-CPU maps.
  void store_padded(void* value, const void* source) const;
  void load_padded(void* destination, const void* value) const;
  /// The same while holding the value's spin lock. 0, or -EBUSY: the lock is not given back.
  [[nodiscard]] int store_locked(void* value, const void* source) const;
  [[nodiscard]] int load_locked(void* destination, void* value) const;

 private:
  void copy(void* destination, const void* source, uint32_t bytes) const;
  void clear_fields(void* destination) const;

  uint32_t size_;
  std::vector<Field> fields_;
  int spin_lock_;
};

}  // namespace skep::maps
