// SPDX-License-Identifier: Apache-2.0
#include "maps/hash.hpp"

#include <bit>
#include <cerrno>
#include <cstring>
#include <vector>

#include "maps/attributes.hpp"

namespace skep::maps {
namespace {

constexpr uint64_t kMaxKeyAndValue = (uint64_t{4} << 20) - 48;  // Linux: KMALLOC_MAX_SIZE - sizeof(struct htab_elem)
constexpr uint64_t kMaxBuckets = uint64_t{1} << 27;             // Linux: of 16 bytes, 32 bits of size

bool is_lru(MapType type) { return type == MapType::lru_hash || type == MapType::lru_percpu_hash; }
bool is_percpu(MapType type) { return type == MapType::percpu_hash || type == MapType::lru_percpu_hash; }

}  // namespace

// Creation -----------------------------------------------------------------------------------------------------------

Status check_hash(const Attributes& attributes) {
  const auto fail = [&](int code, std::string_view what) { return attribute_error(code, attributes, what); };
  const bool lru = is_lru(attributes.type);
  const bool percpu = is_percpu(attributes.type);
  const bool percpu_lru = (attributes.flags & kFlagNoCommonLru) != 0;
  constexpr uint32_t kKnown = kFlagNoPrealloc | kFlagNoCommonLru | kFlagNumaNode | kAccessFlags | kFlagZeroSeed;
  if (auto checked = check_flags(attributes, kKnown); !checked) return checked;
  if (!lru && percpu_lru) return fail(EINVAL, "BPF_F_NO_COMMON_LRU is for LRU maps");
  if (lru && (attributes.flags & kFlagNoPrealloc) != 0) return fail(kENOTSUPP, "LRU maps are always preallocated");
  if (numa_node(attributes) != -1 && (percpu || percpu_lru)) return fail(EINVAL, "per-CPU memory has no NUMA node");
  if (attributes.max_entries == 0 || attributes.key_size == 0 || attributes.value_size == 0)
    return fail(EINVAL, "max_entries, key_size and value_size must not be 0");
  if (uint64_t{attributes.key_size} + attributes.value_size >= kMaxKeyAndValue)
    return fail(E2BIG, "key and value have more than 4 MiB");
  if (percpu && round_up(attributes.value_size, 8) > kMaxPercpuValue)
    return fail(E2BIG, "per-CPU values have at most 32768 bytes");
  return {};
}

Result<std::unique_ptr<HashTable>> HashBase::make_table(const Attributes& attributes, Environment& environment,
                                                        uint64_t value_bytes, uint32_t value_align,
                                                        void (*destroy)(std::byte*)) {
  if (std::bit_ceil(uint64_t{attributes.max_entries}) > kMaxBuckets)
    return attribute_error(E2BIG, attributes, "max_entries is too large");
  auto table = HashTable::create(environment, {.key_size = attributes.key_size,
                                               .value_bytes = value_bytes,
                                               .value_align = value_align,
                                               .max_entries = attributes.max_entries,
                                               .preallocate = (attributes.flags & kFlagNoPrealloc) == 0,
                                               .destroy = destroy});
  if (!table) return no_memory(attributes);
  return table;
}

// What all share -----------------------------------------------------------------------------------------------------

int HashBase::check_presence(bool present, uint64_t flags) {
  if (present && (flags & ~kUpdateLock) == kUpdateNoExist) return -EEXIST;
  if (!present && (flags & ~kUpdateLock) == kUpdateExist) return -ENOENT;
  return 0;
}

int HashBase::erase(const void* key) {
  const uint64_t hash = table_->hash(key);
  Element* element = nullptr;
  {
    HashTable::Bucket bucket(*table_, hash);
    element = table_->find(key, hash);
    if (!element) return -ENOENT;
    bucket.unlink(element);
  }
  gone(element);
  return 0;
}

int64_t HashBase::for_each(const std::function<int64_t(void*, void*)>& visit, unsigned cpu) {
  int64_t visited = 0;
  for (uint32_t bucket = 0; bucket < table_->buckets(); ++bucket)
    for (Element* element = table_->first(bucket); element; element = element->next.load(std::memory_order_acquire)) {
      ++visited;
      if (visit(element->key(), program_value(element, cpu)) != 0) return visited;
    }
  return visited;
}

int HashBase::host_lookup(const void* key, void* value, uint64_t flags) {
  if (const int error = check_lookup_flags(flags); error != 0) return error;
  const uint64_t hash = table_->hash(key);
  const HashTable::Bucket bucket(*table_, hash);
  Element* element = table_->find(key, hash);
  return element ? copy_out(value, element, flags) : -ENOENT;
}

int HashBase::host_lookup_and_erase(const void* key, void* value, uint64_t flags) {
  if (const int error = check_lookup_flags(flags); error != 0) return error;
  const uint64_t hash = table_->hash(key);
  Element* element = nullptr;
  {
    HashTable::Bucket bucket(*table_, hash);
    element = table_->find(key, hash);
    if (!element) return -ENOENT;
    if (const int error = copy_out(value, element, flags); error != 0) return error;
    bucket.unlink(element);
  }
  gone(element);
  return 0;
}

int HashBase::next_key(const void* key, void* next) {
  uint32_t at = 0;
  if (key) {
    const uint64_t hash = table_->hash(key);
    const HashTable::Bucket bucket(*table_, hash);
    if (const Element* element = table_->find(key, hash)) {
      if (const Element* following = element->next.load(std::memory_order_acquire)) {
        std::memcpy(next, following->key(), key_size());
        return 0;
      }
      at = (static_cast<uint32_t>(hash) & (table_->buckets() - 1)) + 1;
    }
  }
  for (; at < table_->buckets(); ++at) {
    if (!table_->first(at)) continue;
    const HashTable::Bucket bucket(*table_, at);
    if (const Element* element = bucket.first()) {
      std::memcpy(next, element->key(), key_size());
      return 0;
    }
  }
  return -ENOENT;
}

// Batches ------------------------------------------------------------------------------------------------------------

int HashBase::copy_out_all(Element* first, std::byte*& key, std::byte*& value, uint64_t flags) const {
  for (Element* element = first; element; element = element->next.load(std::memory_order_relaxed)) {
    std::memcpy(key, element->key(), key_size());
    if (const int error = copy_out(value, element, flags); error != 0) return error;
    key += key_size();
    value += host_value_size();
  }
  return 0;
}

bool HashBase::is_behind_batches(const void* in) const {
  uint32_t bucket = 0;
  std::memcpy(&bucket, in, sizeof bucket);
  return bucket >= table_->buckets();
}

int HashBase::batch(const void* in, void* out, void* keys, void* values, uint32_t& count, uint64_t flags, bool erase) {
  if (const int error = check_lookup_flags(flags); error != 0) return error;
  if (count == 0) return 0;
  const uint32_t room = std::exchange(count, 0);
  uint32_t at = 0;
  if (in) std::memcpy(&at, in, sizeof at);
  if (at >= table_->buckets()) return -ENOENT;
  auto* key = static_cast<std::byte*>(keys);
  auto* value = static_cast<std::byte*>(values);
  int error = -ENOENT;  // unless it stops before the end
  uint32_t done = 0;
  std::vector<Element*> erased;
  for (; at < table_->buckets(); ++at) {
    if (!table_->first(at)) continue;
    HashTable::Bucket bucket(*table_, at);
    const uint32_t size = bucket.size();
    if (size > room - done) {
      error = done == 0 ? -ENOSPC : 0;
      break;
    }
    if (const int busy = copy_out_all(bucket.first(), key, value, flags); busy != 0) {
      error = busy;
      break;
    }
    for (Element* element = erase ? bucket.first() : nullptr; element;
         element = element->next.load(std::memory_order_relaxed)) {
      bucket.unlink(element);
      erased.push_back(element);
    }
    done += size;
  }
  for (Element* element : erased) gone(element);
  std::memcpy(out, &at, sizeof at);
  count = done;
  return error;
}

int HashBase::host_lookup_batch(const void* in, void* out, void* keys, void* values, uint32_t& count, uint64_t flags) {
  return batch(in, out, keys, values, count, flags, false);
}

int HashBase::host_lookup_and_erase_batch(const void* in, void* out, void* keys, void* values, uint32_t& count,
                                          uint64_t flags) {
  return batch(in, out, keys, values, count, flags, true);
}

int HashBase::host_update_batch(const void* keys, const void* values, uint32_t& count, uint64_t flags) {
  return update_each(keys, values, count, flags);
}

int HashBase::host_erase_batch(const void* keys, uint32_t& count, uint64_t flags) {
  return erase_each(keys, count, flags);
}

// Hash ---------------------------------------------------------------------------------------------------------------

Result<std::shared_ptr<Map>> HashMap::make(Attributes attributes, Environment& environment) {
  auto table = make_table(attributes, environment, round_up(attributes.value_size, 8));
  if (!table) return std::move(table).error();
  return std::shared_ptr<Map>(new HashMap(std::move(attributes), environment, std::move(*table)));
}

void* HashMap::lookup(const void* key, unsigned /*cpu*/) {
  Element* element = table_->find(key);
  return element ? table_->value(element) : nullptr;
}

int HashMap::update(const void* key, const void* value, uint64_t flags, unsigned /*cpu*/) {
  if (!update_flags_known(flags, true)) return -EINVAL;
  const bool lock = (flags & kUpdateLock) != 0;
  if (lock && !values_.has_spin_lock()) return -EINVAL;
  int locked = 0;
  const auto change = [&](std::byte* old) {
    if (lock) locked = values_.store_locked(old, value);
    return lock;
  };
  const int error = put(key, flags, change, [&](std::byte* fresh) {
    if (!values_.fields().empty()) zero_shared(fresh, value_size());
    values_.store(fresh, value);
  });
  return error != 0 ? error : locked;
}

int HashMap::host_update(const void* key, const void* value, uint64_t flags) {
  if ((flags & kUpdateLock) != 0 && !values_.has_spin_lock()) return -EINVAL;
  return update(key, value, flags, 0);
}

void* HashMap::program_value(Element* element, unsigned /*cpu*/) const { return table_->value(element); }

int HashMap::copy_out(void* value, Element* element, uint64_t flags) const {
  if (flags != 0) return values_.load_locked(value, table_->value(element));
  values_.load(value, table_->value(element));
  return 0;
}

// Per-CPU hash -------------------------------------------------------------------------------------------------------

PercpuValues::PercpuValues(const Values& values, uint32_t cpus)
    : values_(values),
      cpus_(cpus),
      host_stride_(static_cast<uint32_t>(round_up(values.size(), 8))),
      stride_(static_cast<uint32_t>(round_up(values.size(), kStrideAlign))) {}

uint64_t PercpuValues::bytes(uint32_t value_size, uint32_t cpus) { return cpus * round_up(value_size, kStrideAlign); }

void PercpuValues::store_one(std::byte* first, const void* source, unsigned cpu) const {
  values_.store(at(first, cpu), source);
}

void PercpuValues::init_one(std::byte* first, const void* source, unsigned cpu) const {
  zero_shared(first, bytes(values_.size(), cpus_));
  store_one(first, source, cpu);
}

void PercpuValues::store_all(std::byte* first, const void* source) const {
  const auto* from = static_cast<const std::byte*>(source);
  for (unsigned cpu = 0; cpu < cpus_; ++cpu) values_.store_padded(at(first, cpu), from + uint64_t{cpu} * host_stride_);
}

void PercpuValues::init_all(std::byte* first, const void* source) const {
  zero_shared(first, bytes(values_.size(), cpus_));
  store_all(first, source);
}

void PercpuValues::load_all(void* destination, const std::byte* first) const {
  auto* to = static_cast<std::byte*>(destination);
  for (unsigned cpu = 0; cpu < cpus_; ++cpu)
    values_.load_padded(to + uint64_t{cpu} * host_stride_, first + uint64_t{cpu} * stride_);
}

Result<std::shared_ptr<Map>> PercpuHashMap::make(Attributes attributes, Environment& environment) {
  const uint64_t bytes = PercpuValues::bytes(attributes.value_size, environment.cpus().possible());
  auto table = make_table(attributes, environment, bytes, PercpuValues::kStrideAlign);
  if (!table) return std::move(table).error();
  return std::shared_ptr<Map>(new PercpuHashMap(std::move(attributes), environment, std::move(*table)));
}

PercpuHashMap::PercpuHashMap(Attributes attributes, Environment& environment, std::unique_ptr<HashTable> table)
    : HashBase(std::move(attributes), environment, std::move(table)), percpu_(values_, environment.cpus().possible()) {}

void* PercpuHashMap::lookup(const void* key, unsigned cpu) {
  Element* element = table_->find(key);
  return element ? program_value(element, cpu) : nullptr;
}

void* PercpuHashMap::lookup_percpu(const void* key, unsigned cpu) {
  return cpu < environment_.cpus().possible() ? lookup(key, cpu) : nullptr;
}

int PercpuHashMap::update(const void* key, const void* value, uint64_t flags, unsigned cpu) {
  if (!update_flags_known(flags, false)) return -EINVAL;
  const auto change = [&](std::byte* old) { return (percpu_.store_one(old, value, cpu), true); };
  return put(key, flags, change, [&](std::byte* fresh) { percpu_.init_one(fresh, value, cpu); });
}

int PercpuHashMap::host_update(const void* key, const void* value, uint64_t flags) {
  if (!update_flags_known(flags, false)) return -EINVAL;
  const auto change = [&](std::byte* old) { return (percpu_.store_all(old, value), true); };
  return put(key, flags, change, [&](std::byte* fresh) { percpu_.init_all(fresh, value); });
}

void* PercpuHashMap::program_value(Element* element, unsigned cpu) const {
  return percpu_.at(table_->value(element), cpu);
}

int PercpuHashMap::copy_out(void* value, Element* element, uint64_t /*flags*/) const {
  percpu_.load_all(value, table_->value(element));
  return 0;
}

}  // namespace skep::maps
