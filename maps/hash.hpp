// SPDX-License-Identifier: Apache-2.0
// Hash maps. Source: kernel/bpf/hashtab.c.
#pragma once

#include "maps/hash_table.hpp"
#include "maps/map.hpp"

namespace skep::maps {

/// Attributes of hash maps.
Status check_hash(const Attributes& attributes);

/// What all hash maps share: an update puts another element in the old one's place, so that a program that holds the old
/// value keeps it, unchanged by the update.
class HashBase : public Map {
 public:
  int erase(const void* key) override;
  int64_t for_each(const std::function<int64_t(void*, void*)>& visit, unsigned cpu) override;

  int host_lookup(const void* key, void* value, uint64_t flags) override;
  int host_lookup_and_erase(const void* key, void* value, uint64_t flags) override;
  int next_key(const void* key, void* next) override;

  [[nodiscard]] uint32_t batch_position_size() const override { return sizeof(uint32_t); }
  [[nodiscard]] bool is_behind_batches(const void* in) const override;
  [[nodiscard]] bool ignores_batch_flags() const override { return false; }
  int host_lookup_batch(const void* in, void* out, void* keys, void* values, uint32_t& count, uint64_t flags) override;
  int host_lookup_and_erase_batch(const void* in, void* out, void* keys, void* values, uint32_t& count,
                                  uint64_t flags) override;
  int host_update_batch(const void* keys, const void* values, uint32_t& count, uint64_t flags) override;
  int host_erase_batch(const void* keys, uint32_t& count, uint64_t flags) override;

 protected:
  HashBase(Attributes attributes, Environment& environment, std::unique_ptr<HashTable> table)
      : Map(std::move(attributes), environment), table_(std::move(table)) {}

  /// The table for these attributes, with `value_bytes` an element. E2BIG, ENOMEM.
  static Result<std::unique_ptr<HashTable>> make_table(const Attributes& attributes, Environment& environment,
                                                       uint64_t value_bytes, uint32_t value_align = 8,
                                                       void (*destroy)(std::byte*) = nullptr);

  /// What a program gets for an element, on its CPU.
  [[nodiscard]] virtual void* program_value(Element* element, unsigned cpu) const = 0;
  /// Copies an element's value out for the host. The bucket is locked. 0, or -EBUSY: its spin lock is not given back.
  virtual int copy_out(void* value, Element* element, uint64_t flags) const = 0;
  /// An element was unlinked and nothing took its place.
  virtual void gone(Element* element) { table_->retire(element, true); }

  /// An element was linked, in place of `old` (null: of none). The bucket is locked.
  virtual void linked(Element* /*element*/, Element* /*old*/) {}

  /// -EEXIST, -ENOENT or 0 by BPF_NOEXIST and BPF_EXIST.
  static int check_presence(bool present, uint64_t flags);
  /// Makes the element with this key be there. `change(value)` may change the value of one that is there already; where it
  /// returns false, and where there is none, a new element gets its value from `init(value)`.
  template <class Change, class Init>
  int put(const void* key, uint64_t flags, Change change, Init init);

  std::unique_ptr<HashTable> table_;

 private:
  /// Copies out a bucket's elements, from `first` on, and advances `key` and `value` behind them.
  int copy_out_all(Element* first, std::byte*& key, std::byte*& value, uint64_t flags) const;
  int batch(const void* in, void* out, void* keys, void* values, uint32_t& count, uint64_t flags, bool erase);
};

class HashMap final : public HashBase {
 public:
  static Result<std::shared_ptr<Map>> make(Attributes attributes, Environment& environment);
  void* lookup(const void* key, unsigned cpu) override;
  int update(const void* key, const void* value, uint64_t flags, unsigned cpu) override;
  int host_update(const void* key, const void* value, uint64_t flags) override;

 protected:
  [[nodiscard]] void* program_value(Element* element, unsigned cpu) const override;
  int copy_out(void* value, Element* element, uint64_t flags) const override;

 private:
  using HashBase::HashBase;
};

/// The values of one element of a per-CPU hash map.
class PercpuValues {
 public:
  PercpuValues(const Values& values, uint32_t cpus);

  /// Bytes that all values together take in an element.
  [[nodiscard]] static uint64_t bytes(uint32_t value_size, uint32_t cpus);
  [[nodiscard]] uint32_t host_bytes() const { return cpus_ * host_stride_; }
  [[nodiscard]] std::byte* at(std::byte* first, unsigned cpu) const { return first + uint64_t{cpu} * stride_; }

  /// From a program: this CPU's value. In a new element the others become zero.
  void store_one(std::byte* first, const void* source, unsigned cpu) const;
  void init_one(std::byte* first, const void* source, unsigned cpu) const;
  /// From and to the host: all CPUs' values.
  void store_all(std::byte* first, const void* source) const;
  void init_all(std::byte* first, const void* source) const;
  void load_all(void* destination, const std::byte* first) const;

  static constexpr uint32_t kStrideAlign = 64;  ///< CPUs share no cache line

 private:
  const Values& values_;
  uint32_t cpus_;
  uint32_t host_stride_;
  uint32_t stride_;
};

class PercpuHashMap final : public HashBase {
 public:
  static Result<std::shared_ptr<Map>> make(Attributes attributes, Environment& environment);
  void* lookup(const void* key, unsigned cpu) override;
  void* lookup_percpu(const void* key, unsigned cpu) override;
  int update(const void* key, const void* value, uint64_t flags, unsigned cpu) override;
  [[nodiscard]] uint32_t host_value_size() const override { return percpu_.host_bytes(); }
  int host_update(const void* key, const void* value, uint64_t flags) override;

 protected:
  [[nodiscard]] void* program_value(Element* element, unsigned cpu) const override;
  int copy_out(void* value, Element* element, uint64_t flags) const override;

 private:
  PercpuHashMap(Attributes attributes, Environment& environment, std::unique_ptr<HashTable> table);

  PercpuValues percpu_;
};

// ---------------------------------------------------------------------------------------------------------------------

template <class Change, class Init>
int HashBase::put(const void* key, uint64_t flags, Change change, Init init) {
  const uint64_t hash = table_->hash(key);
  Element* old = nullptr;
  {
    HashTable::Bucket bucket(*table_, hash);
    old = table_->find(key, hash);
    int error = check_presence(old != nullptr, flags);
    if (error != 0 || (old && change(table_->value(old)))) return error;
    Element* element = table_->make(key, hash, old != nullptr, error);
    if (!element) return error;
    init(table_->value(element));
    bucket.link(element);
    if (old) bucket.unlink(old);
    linked(element, old);
  }
  if (old) table_->retire(old, false);
  return 0;
}

}  // namespace skep::maps
