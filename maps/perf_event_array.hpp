// SPDX-License-Identifier: Apache-2.0
// Perf event arrays: a buffer for samples, by CPU. Source: kernel/bpf/arraymap.c.
#pragma once

#include "maps/reference_array.hpp"

namespace skep::maps {

class PerfEventArray final : public ReferenceArray<PerfBuffer> {
 public:
  static Result<std::shared_ptr<Map>> make(Attributes attributes, Environment& environment);

  PerfBuffer* perf_buffer_at(uint32_t index) override { return object_at(index); }

  int host_lookup(const void* key, void* value, uint64_t flags) override;
  int host_update_through(int descriptor, const void* key, const void* value, uint64_t flags) override;
  int erase(const void* key) override;
  [[nodiscard]] int check_btf() const override { return -kENOTSUPP; }
  void descriptor_closed(int descriptor) override;

  /// Puts a buffer of the host's own into a slot; null empties it. False: no such slot.
  bool put(uint32_t index, std::shared_ptr<PerfBuffer> buffer);

 protected:
  [[nodiscard]] bool key_type_optional() const override { return true; }
  std::shared_ptr<PerfBuffer> accept(int descriptor, int& error) override;

 private:
  using ReferenceArray::ReferenceArray;

  std::mutex put_through_mutex_;
  std::unordered_map<uint32_t, int> put_through_;  // by index: the map's descriptor that put the buffer there
};

}  // namespace skep::maps
