// SPDX-License-Identifier: Apache-2.0
// Per-CPU arrays: each CPU has an array of its own. Source: kernel/bpf/arraymap.c.
#pragma once

#include "maps/array.hpp"

namespace skep::maps {

class PercpuArrayMap final : public IndexedMap {
 public:
  static Result<std::shared_ptr<Map>> make(Attributes attributes, Environment& environment);

  void* lookup(const void* key, unsigned cpu) override;
  void* lookup_percpu(const void* key, unsigned cpu) override;
  int update(const void* key, const void* value, uint64_t flags, unsigned cpu) override;
  int erase(const void* key) override;
  int64_t for_each(const std::function<int64_t(void*, void*)>& visit, unsigned cpu) override;

  [[nodiscard]] uint32_t host_value_size() const override { return stride_ * cpus_; }
  int host_lookup(const void* key, void* value, uint64_t flags) override;
  int host_update(const void* key, const void* value, uint64_t flags) override;
  int host_lookup_batch(const void* in, void* out, void* keys, void* values, uint32_t& count, uint64_t flags) override;
  int host_update_batch(const void* keys, const void* values, uint32_t& count, uint64_t flags) override;
  [[nodiscard]] int check_btf() const override { return check_array_btf(attributes_); }

 protected:
  [[nodiscard]] bool key_type_optional() const override { return true; }

 private:
  PercpuArrayMap(Attributes attributes, Environment& environment, ArrayBounds bounds, Memory memory);

  Memory memory_;  // the array of CPU 0, that of CPU 1 ...
  uint32_t stride_;
  uint32_t mask_;
  uint32_t cpus_;
  uint64_t plane_;  // bytes from one CPU's array to the next one's
};

}  // namespace skep::maps
