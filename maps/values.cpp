// SPDX-License-Identifier: Apache-2.0
#include "maps/values.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "maps/memory.hpp"
#include "maps/spin_lock.hpp"

namespace skep::maps {
namespace {

template <class Unit>
void copy_units(std::byte* destination, const std::byte* source, uint64_t bytes) {
  for (uint64_t at = 0; at < bytes; at += sizeof(Unit))
    __atomic_store_n(reinterpret_cast<Unit*>(destination + at),
                     __atomic_load_n(reinterpret_cast<const Unit*>(source + at), __ATOMIC_RELAXED), __ATOMIC_RELAXED);
}

template <class Unit>
void zero_units(std::byte* destination, uint64_t bytes) {
  for (uint64_t at = 0; at < bytes; at += sizeof(Unit))
    __atomic_store_n(reinterpret_cast<Unit*>(destination + at), Unit{0}, __ATOMIC_RELAXED);
}

}  // namespace

void copy_shared(void* destination, const void* source, uint64_t bytes) {
  auto* to = static_cast<std::byte*>(destination);
  const auto* from = static_cast<const std::byte*>(source);
  const uint64_t misalignment = reinterpret_cast<uint64_t>(to) | reinterpret_cast<uint64_t>(from);
  uint64_t whole = 0;
  if (misalignment % 8 == 0) {
    whole = bytes / 8 * 8;
    copy_units<uint64_t>(to, from, whole);
  } else if (misalignment % 4 == 0) {
    whole = bytes / 4 * 4;
    copy_units<uint32_t>(to, from, whole);
  }
  copy_units<uint8_t>(to + whole, from + whole, bytes - whole);
}

void zero_shared(void* destination, uint64_t bytes) {
  auto* to = static_cast<std::byte*>(destination);
  const uint64_t whole = reinterpret_cast<uint64_t>(to) % 8 == 0 ? bytes / 8 * 8 : 0;
  zero_units<uint64_t>(to, whole);
  zero_units<uint8_t>(to + whole, bytes - whole);
}

Values::Values(uint32_t size, std::vector<Field> fields)
    : size_(size), fields_(std::move(fields)), spin_lock_(offset_of(FieldKind::spin_lock)) {}

int Values::offset_of(FieldKind kind) const {
  const auto field = std::ranges::find(fields_, kind, &Field::kind);
  return field == fields_.end() ? -1 : static_cast<int>(field->offset);
}

/// Everything but the special fields.
void Values::copy(void* destination, const void* source, uint32_t bytes) const {
  auto* to = static_cast<std::byte*>(destination);
  const auto* from = static_cast<const std::byte*>(source);
  uint32_t at = 0;
  for (const Field& field : fields_) {
    copy_shared(to + at, from + at, field.offset - at);
    at = field.offset + field.size;
  }
  copy_shared(to + at, from + at, bytes - at);
}

void Values::clear_fields(void* destination) const {
  for (const Field& field : fields_) std::memset(static_cast<std::byte*>(destination) + field.offset, 0, field.size);
}

void Values::store(void* value, const void* source) const { copy(value, source, size_); }

void Values::store_padded(void* value, const void* source) const {
  copy(value, source, static_cast<uint32_t>(round_up(size_, 8)));
}

void Values::load(void* destination, const void* value) const {
  copy(destination, value, size_);
  clear_fields(destination);
}

void Values::load_padded(void* destination, const void* value) const {
  copy(destination, value, static_cast<uint32_t>(round_up(size_, 8)));
  clear_fields(destination);
}

int Values::store_locked(void* value, const void* source) const {
  void* lock = static_cast<std::byte*>(value) + spin_lock_;
  if (!lock_value(lock)) return -EBUSY;
  store(value, source);
  unlock_value(lock);
  return 0;
}

int Values::load_locked(void* destination, void* value) const {
  void* lock = static_cast<std::byte*>(value) + spin_lock_;
  if (!lock_value(lock)) return -EBUSY;
  load(destination, value);
  unlock_value(lock);
  return 0;
}

}  // namespace skep::maps
