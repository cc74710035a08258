// SPDX-License-Identifier: Apache-2.0
#include "maps/array.hpp"

#include <sys/mman.h>

#include <bit>
#include <cerrno>
#include <climits>
#include <cstring>

#include "maps/attributes.hpp"

namespace skep::maps {

// Indices ------------------------------------------------------------------------------------------------------------

uint32_t IndexedMap::index_of(const void* key) {
  uint32_t index = 0;
  std::memcpy(&index, key, sizeof index);
  return index;
}

int IndexedMap::next_key(const void* key, void* next) {
  const uint32_t index = key ? index_of(key) : UINT32_MAX;
  if (index == max_entries() - 1) return -ENOENT;
  const uint32_t following = index >= max_entries() ? 0 : index + 1;
  std::memcpy(next, &following, sizeof following);
  return 0;
}

// Creation -----------------------------------------------------------------------------------------------------------

Status check_array(const Attributes& attributes) {
  const auto fail = [&](int code, std::string_view what) { return attribute_error(code, attributes, what); };
  const bool percpu = attributes.type == MapType::percpu_array;
  if (attributes.max_entries == 0) return fail(EINVAL, "max_entries is 0");
  if (attributes.key_size != sizeof(uint32_t)) return fail(EINVAL, "the key must have 4 bytes");
  if (attributes.value_size == 0) return fail(EINVAL, "the value has no bytes");
  constexpr uint32_t kKnown = kFlagNumaNode | kFlagMmapable | kAccessFlags | kFlagPreserveElems | kFlagInnerMap;
  if (auto checked = check_flags(attributes, kKnown); !checked) return checked;
  if (percpu && numa_node(attributes) != -1) return fail(EINVAL, "per-CPU values have no NUMA node");
  if (attributes.type != MapType::array && (attributes.flags & (kFlagMmapable | kFlagInnerMap)) != 0)
    return fail(EINVAL, "only plain arrays can be memory-mappable or of any size as inner maps");
  if (attributes.type != MapType::perf_event_array && (attributes.flags & kFlagPreserveElems) != 0)
    return fail(EINVAL, "BPF_F_PRESERVE_ELEMS is for perf event arrays");
  if (attributes.value_size > INT_MAX) return fail(E2BIG, "the value is too large");
  if (percpu && round_up(attributes.value_size, 8) > kMaxPercpuValue)
    return fail(E2BIG, "per-CPU values have at most 32768 bytes");
  return {};
}

Result<ArrayBounds> array_bounds(const Attributes& attributes, const Environment& environment) {
  const auto power = std::bit_ceil(uint64_t{attributes.max_entries});
  const auto mask = static_cast<uint32_t>(power - 1);
  if (!environment.unprivileged()) return ArrayBounds{attributes.max_entries, mask};
  if (power > UINT32_MAX) return attribute_error(E2BIG, attributes, "max_entries has no power of two above it");
  return ArrayBounds{static_cast<uint32_t>(power), mask};
}

Result<std::shared_ptr<Map>> ArrayMap::make(Attributes attributes, Environment& environment) {
  const auto bounds = array_bounds(attributes, environment);
  if (!bounds) return bounds.error();
  const uint64_t bytes = round_up(uint64_t{bounds->elements} * round_up(attributes.value_size, 8), kPage);
  Memory memory;
  MemoryFile file;
  if ((attributes.flags & kFlagMmapable) == 0) {
    memory = Memory::zeroed(environment, kPage + bytes);
  } else {
    file = MemoryFile::create(environment, "skep-array", bytes);
    if (file) memory = Memory::reserved(kPage + bytes);
    if (memory && !file.map_at(memory.data() + kPage, bytes, 0)) memory = Memory();
  }
  if (!memory) return no_memory(attributes);
  return std::shared_ptr<Map>(
      new ArrayMap(std::move(attributes), environment, bounds->mask, std::move(memory), std::move(file)));
}

ArrayMap::ArrayMap(Attributes attributes, Environment& environment, uint32_t mask, Memory memory, MemoryFile file)
    : IndexedMap(std::move(attributes), environment),
      memory_(std::move(memory)),
      file_(std::move(file)),
      stride_(static_cast<uint32_t>(round_up(value_size(), 8))),
      mask_(mask) {}

bool is_index_type(const btf::Types& types, btf::TypeId type) {
  const btf::Type key = types.resolve(type);
  return key.is(btf::Kind::int_) && key.int_info().bits == 32 && key.int_info().bit_offset == 0;
}

int check_array_btf(const Attributes& attributes) {
  const btf::Types& types = *attributes.btf;
  if (attributes.btf_key_type != 0) return is_index_type(types, attributes.btf_key_type) ? 0 : -EINVAL;
  const bool is_data = attributes.type == MapType::array && attributes.max_entries == 1 &&
                       types.resolve(attributes.btf_value_type).is(btf::Kind::datasec);
  return is_data ? 0 : -EINVAL;
}

int ArrayMap::check_btf() const { return check_array_btf(attributes_); }

// Values -------------------------------------------------------------------------------------------------------------

void* ArrayMap::lookup(const void* key, unsigned /*cpu*/) {
  const uint32_t index = index_of(key);
  if (index >= max_entries()) return nullptr;
  return values_begin() + uint64_t{index & mask_} * stride_;
}

int ArrayMap::update(const void* key, const void* value, uint64_t flags, unsigned cpu) {
  if (!update_flags_known(flags, true)) return -EINVAL;
  void* place = lookup(key, cpu);
  if (!place) return -E2BIG;
  if ((flags & kUpdateNoExist) != 0) return -EEXIST;
  const bool lock = (flags & kUpdateLock) != 0;
  if (lock && !values_.has_spin_lock()) return -EINVAL;
  if (lock) return values_.store_locked(place, value);
  values_.store(place, value);
  return 0;
}

int ArrayMap::erase(const void* /*key*/) { return -EINVAL; }

int64_t ArrayMap::for_each(const std::function<int64_t(void*, void*)>& visit, unsigned cpu) {
  for (uint32_t index = 0; index < max_entries(); ++index) {
    uint32_t key = index;
    if (visit(&key, lookup(&index, cpu)) != 0) return index + int64_t{1};
  }
  return max_entries();
}

int ArrayMap::host_lookup(const void* key, void* value, uint64_t flags) {
  if (const int error = check_lookup_flags(flags); error != 0) return error;
  void* place = lookup(key, 0);
  if (!place) return -ENOENT;
  if (flags != 0) return values_.load_locked(value, place);
  values_.load(value, place);
  return 0;
}

int ArrayMap::host_update(const void* key, const void* value, uint64_t flags) {
  if ((flags & kUpdateLock) != 0 && !values_.has_spin_lock()) return -EINVAL;
  return update(key, value, flags, 0);
}

int ArrayMap::host_lookup_batch(const void* in, void* out, void* keys, void* values, uint32_t& count, uint64_t flags) {
  return lookup_each(in, out, keys, values, count, flags);
}

int ArrayMap::host_update_batch(const void* keys, const void* values, uint32_t& count, uint64_t flags) {
  return update_each(keys, values, count, flags);
}

// Addresses and memory -----------------------------------------------------------------------------------------------

int ArrayMap::direct_value_address(uint32_t offset, uint64_t& address) {
  if (max_entries() != 1) return -kENOTSUPP;
  if (offset >= value_size()) return -EINVAL;
  address = reinterpret_cast<uint64_t>(values_begin()) + offset;
  return 0;
}

int ArrayMap::direct_value_offset(uint64_t address, uint32_t& offset) {
  if (max_entries() != 1) return -kENOTSUPP;
  const auto begin = reinterpret_cast<uint64_t>(values_begin());
  if (address < begin || address >= begin + stride_) return -ENOENT;
  offset = static_cast<uint32_t>(address - begin);
  return 0;
}

void* ArrayMap::map_checked_memory(void* address, size_t length, int protection, int flags, int64_t offset) {
  const auto from = static_cast<uint64_t>(offset);
  if (!file_ || length > mapped_bytes() || from > mapped_bytes() - round_up(length, kPage)) {
    errno = EINVAL;
    return MAP_FAILED;
  }
  return file_.map_for_host(address, length, protection, flags, from);
}

int ArrayMap::seal_memory() {
  if (!file_) return 0;
  if (file_.is_mapped_writable_outside(memory_.data(), memory_.size())) return -EBUSY;
  if (!file_.forbid_writes()) return -errno;
  // Nobody may write any more, programs included: what was folded into code stays true.
  const bool constant = (attributes_.flags & kFlagRdonlyProg) != 0;
  if (constant && mprotect(values_begin(), memory_.size() - kPage, PROT_READ) != 0) return -errno;
  return 0;
}

}  // namespace skep::maps
