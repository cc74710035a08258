// SPDX-License-Identifier: Apache-2.0
#include "maps/percpu_array.hpp"

#include <cerrno>

#include "maps/attributes.hpp"

namespace skep::maps {
namespace {

constexpr uint64_t kCacheLine = 64;

/// Bytes of one CPU's array. CPUs share no cache line.
uint64_t plane_bytes(const Attributes& attributes, ArrayBounds bounds) {
  return round_up(uint64_t{bounds.elements} * round_up(attributes.value_size, 8), kCacheLine);
}

}  // namespace

Result<std::shared_ptr<Map>> PercpuArrayMap::make(Attributes attributes, Environment& environment) {
  const auto bounds = array_bounds(attributes, environment);
  if (!bounds) return bounds.error();
  Memory memory = Memory::zeroed(environment, plane_bytes(attributes, *bounds) * environment.cpus().possible());
  if (!memory) return no_memory(attributes);
  return std::shared_ptr<Map>(new PercpuArrayMap(std::move(attributes), environment, *bounds, std::move(memory)));
}

PercpuArrayMap::PercpuArrayMap(Attributes attributes, Environment& environment, ArrayBounds bounds, Memory memory)
    : IndexedMap(std::move(attributes), environment),
      memory_(std::move(memory)),
      stride_(static_cast<uint32_t>(round_up(value_size(), 8))),
      mask_(bounds.mask),
      cpus_(environment.cpus().possible()),
      plane_(plane_bytes(attributes_, bounds)) {}

void* PercpuArrayMap::lookup(const void* key, unsigned cpu) {
  const uint32_t index = index_of(key);
  if (index >= max_entries()) return nullptr;
  return memory_.data() + cpu * plane_ + uint64_t{index & mask_} * stride_;
}

void* PercpuArrayMap::lookup_percpu(const void* key, unsigned cpu) { return cpu < cpus_ ? lookup(key, cpu) : nullptr; }

int PercpuArrayMap::update(const void* key, const void* value, uint64_t flags, unsigned cpu) {
  if (!update_flags_known(flags, true)) return -EINVAL;
  void* place = lookup(key, cpu);
  if (!place) return -E2BIG;
  if ((flags & kUpdateNoExist) != 0) return -EEXIST;
  if ((flags & kUpdateLock) != 0) return -EINVAL;  // per-CPU values have no spin lock
  values_.store(place, value);
  return 0;
}

int PercpuArrayMap::erase(const void* /*key*/) { return -EINVAL; }

int64_t PercpuArrayMap::for_each(const std::function<int64_t(void*, void*)>& visit, unsigned cpu) {
  for (uint32_t index = 0; index < max_entries(); ++index) {
    uint32_t key = index;
    if (visit(&key, lookup(&index, cpu)) != 0) return index + int64_t{1};
  }
  return max_entries();
}

int PercpuArrayMap::host_lookup(const void* key, void* value, uint64_t flags) {
  if (const int error = check_lookup_flags(flags); error != 0) return error;
  if (index_of(key) >= max_entries()) return -ENOENT;
  auto* to = static_cast<std::byte*>(value);
  for (unsigned cpu = 0; cpu < cpus_; ++cpu, to += stride_) values_.load_padded(to, lookup(key, cpu));
  return 0;
}

int PercpuArrayMap::host_update(const void* key, const void* value, uint64_t flags) {
  if (!update_flags_known(flags, false)) return -EINVAL;
  if (index_of(key) >= max_entries()) return -E2BIG;
  if (flags == kUpdateNoExist) return -EEXIST;
  const auto* from = static_cast<const std::byte*>(value);
  for (unsigned cpu = 0; cpu < cpus_; ++cpu, from += stride_) values_.store_padded(lookup(key, cpu), from);
  return 0;
}

int PercpuArrayMap::host_lookup_batch(const void* in, void* out, void* keys, void* values, uint32_t& count,
                                      uint64_t flags) {
  return lookup_each(in, out, keys, values, count, flags);
}

int PercpuArrayMap::host_update_batch(const void* keys, const void* values, uint32_t& count, uint64_t flags) {
  return update_each(keys, values, count, flags);
}

}  // namespace skep::maps
