// SPDX-License-Identifier: Apache-2.0
#include "vm/libbpf/mapped_regions.hpp"

#include <algorithm>

namespace skep::vm {

void MappedRegions::add(const void* address, size_t length) {
  const std::lock_guard lock(mutex_);
  size_t& known = lengths_[reinterpret_cast<uintptr_t>(address)];
  known = std::max(known, length);
}

// libbpf unmaps regions as it has mapped them; what it has mapped over a region goes with it.
void MappedRegions::remove(const void* address) {
  const std::lock_guard lock(mutex_);
  lengths_.erase(reinterpret_cast<uintptr_t>(address));
}

bool MappedRegions::hold(const void* address, size_t length) const {
  const std::lock_guard lock(mutex_);
  const auto begin = reinterpret_cast<uintptr_t>(address);
  auto after = lengths_.upper_bound(begin);
  if (after == lengths_.begin()) return false;
  const auto& [start, size] = *std::prev(after);
  return begin - start <= size && length <= size - (begin - start);
}

}  // namespace skep::vm
