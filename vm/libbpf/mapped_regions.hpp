// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

namespace skep::vm {

/// The memory that libbpf has mapped. It maps a map's value over memory that it had mapped before (MAP_FIXED), which is
/// fine; but it also maps an arena where the object file says, and that must not replace other memory of the process.
/// Thread-safe.
class MappedRegions {
 public:
  void add(const void* address, size_t length);
  void remove(const void* address);
  /// Whether all of [address, address + length) is in one region.
  [[nodiscard]] bool hold(const void* address, size_t length) const;

 private:
  mutable std::mutex mutex_;
  std::map<uintptr_t, size_t> lengths_;  // By address.
};

}  // namespace skep::vm
