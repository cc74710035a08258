// SPDX-License-Identifier: Apache-2.0
// Batches for maps without better ones of their own. Source: kernel/bpf/syscall.c, generic_map_*_batch.
#include <cerrno>
#include <cstring>
#include <vector>

#include "maps/map.hpp"

namespace skep::maps {
namespace {

/// Item `index` of a buffer with items of `size` bytes.
const std::byte* item(const void* buffer, uint32_t index, uint32_t size) {
  return static_cast<const std::byte*>(buffer) + uint64_t{index} * size;
}
std::byte* item(void* buffer, uint32_t index, uint32_t size) {
  return static_cast<std::byte*>(buffer) + uint64_t{index} * size;
}

}  // namespace

int Map::lookup_each(const void* in, void* out, void* keys, void* values, uint32_t& count, uint64_t flags) {
  if (const int error = check_lookup_flags(flags); error != 0) return error;
  const uint32_t room = std::exchange(count, 0);
  std::vector<std::byte> previous(key_size());
  std::vector<std::byte> key(key_size());
  if (in) std::memcpy(previous.data(), in, key_size());
  bool has_previous = in != nullptr;
  uint32_t done = 0;
  int error = 0;
  while (done < room) {
    error = next_key(has_previous ? previous.data() : nullptr, key.data());
    if (error != 0) break;
    error = host_lookup(key.data(), item(values, done, host_value_size()), flags);
    if (error != 0 && error != -ENOENT) return error;
    if (error == 0) std::memcpy(item(keys, done++, key_size()), key.data(), key_size());
    error = 0;  // an empty slot, or an element that was erased meanwhile: go on behind it
    previous.swap(key);
    has_previous = true;
  }
  if (has_previous) std::memcpy(out, previous.data(), key_size());
  count = done;
  return error;
}

int Map::update_each(const void* keys, const void* values, uint32_t& count, uint64_t flags) {
  if (const int error = check_lookup_flags(flags); error != 0) return error;
  const uint32_t given = count;
  for (count = 0; count < given; ++count) {
    const int error = host_update(item(keys, count, key_size()), item(values, count, host_value_size()), flags);
    if (error != 0) return error;
  }
  return 0;
}

int Map::erase_each(const void* keys, uint32_t& count, uint64_t flags) {
  if (const int error = check_lookup_flags(flags); error != 0) return error;
  const uint32_t given = count;
  for (count = 0; count < given; ++count)
    if (const int error = host_erase(item(keys, count, key_size())); error != 0) return error;
  return 0;
}

}  // namespace skep::maps
