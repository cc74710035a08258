// SPDX-License-Identifier: Apache-2.0
#include "maps/perf_event_array.hpp"

#include <vector>

namespace skep::maps {

Result<std::shared_ptr<Map>> PerfEventArray::make(Attributes attributes, Environment& environment) {
  Memory memory = memory_for(attributes, environment);
  if (!memory) return no_memory(attributes);
  return std::shared_ptr<Map>(new PerfEventArray(std::move(attributes), environment, std::move(memory)));
}

int PerfEventArray::host_lookup(const void* /*key*/, void* /*value*/, uint64_t flags) {
  if (const int error = check_lookup_flags(flags); error != 0) return error;
  return -kENOTSUPP;
}

int PerfEventArray::host_update_through(int descriptor, const void* key, const void* value, uint64_t flags) {
  std::lock_guard lock(put_through_mutex_);
  const int error = host_update(key, value, flags);
  if (error == 0) put_through_[index_of(key)] = descriptor;
  return error;
}

int PerfEventArray::erase(const void* key) {
  std::lock_guard lock(put_through_mutex_);
  put_through_.erase(index_of(key));
  return ReferenceArray::erase(key);
}

void PerfEventArray::descriptor_closed(int descriptor) {
  if ((attributes_.flags & kFlagPreserveElems) != 0) return;
  std::lock_guard lock(put_through_mutex_);
  std::erase_if(put_through_, [&](const auto& entry) {
    if (entry.second != descriptor) return false;
    slots_.put(entry.first, nullptr);
    return true;
  });
}

bool PerfEventArray::put(uint32_t index, std::shared_ptr<PerfBuffer> buffer) {
  if (index >= max_entries()) return false;
  std::lock_guard lock(put_through_mutex_);
  put_through_.erase(index);
  slots_.put(index, std::move(buffer));
  return true;
}

std::shared_ptr<PerfBuffer> PerfEventArray::accept(int descriptor, int& error) {
  return environment_.perf_buffer_of_descriptor(descriptor, error);
}

}  // namespace skep::maps
