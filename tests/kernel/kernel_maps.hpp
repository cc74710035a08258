// SPDX-License-Identifier: Apache-2.0
// BTF and maps in the running kernel, for tests that compare Skep with it.
#pragma once

#include <fstream>
#include <string>

#include "kernel_bpf.hpp"

namespace skep::test {

struct KernelMapSpec {
  uint32_t type = BPF_MAP_TYPE_ARRAY;
  uint32_t key_size = 4;
  uint32_t value_size = 4;
  uint32_t max_entries = 1;
  uint32_t inner_map_fd = 0;
  int btf_fd = -1;
  uint32_t btf_key_type_id = 0;
  uint32_t btf_value_type_id = 0;
};

/// BTF_LOAD; a descriptor or a negative errno. `log` gets what the kernel says, if there is one.
inline long kernel_btf_load(std::span<const std::byte> blob, std::vector<char>* log = nullptr) {
  bpf_attr attr{};
  if (log != nullptr) {
    log->assign(1 << 16, '\0');
    attr.btf_log_buf = reinterpret_cast<uintptr_t>(log->data());
    attr.btf_log_size = static_cast<uint32_t>(log->size());
    attr.btf_log_level = 1;
  }
  attr.btf = reinterpret_cast<uintptr_t>(blob.data());
  attr.btf_size = static_cast<uint32_t>(blob.size());
  return kernel_bpf(BPF_BTF_LOAD, attr);
}

/// MAP_CREATE; a descriptor or a negative errno.
inline long kernel_map_create(const KernelMapSpec& spec) {
  bpf_attr attr{};
  attr.map_type = spec.type;
  attr.key_size = spec.key_size;
  attr.value_size = spec.value_size;
  attr.max_entries = spec.max_entries;
  attr.inner_map_fd = spec.inner_map_fd;
  if (spec.btf_fd >= 0) attr.btf_fd = static_cast<uint32_t>(spec.btf_fd);
  attr.btf_key_type_id = spec.btf_key_type_id;
  attr.btf_value_type_id = spec.btf_value_type_id;
  return kernel_bpf(BPF_MAP_CREATE, attr);
}

inline long kernel_map_update(int map, const void* key, const void* value) {
  bpf_attr attr{};
  attr.map_fd = static_cast<uint32_t>(map);
  attr.key = reinterpret_cast<uintptr_t>(key);
  attr.value = reinterpret_cast<uintptr_t>(value);
  return kernel_bpf(BPF_MAP_UPDATE_ELEM, attr);
}

inline long kernel_map_lookup(int map, const void* key, void* value) {
  bpf_attr attr{};
  attr.map_fd = static_cast<uint32_t>(map);
  attr.key = reinterpret_cast<uintptr_t>(key);
  attr.value = reinterpret_cast<uintptr_t>(value);
  return kernel_bpf(BPF_MAP_LOOKUP_ELEM, attr);
}

/// The key after `key` (null: the first); -ENOENT after the last.
inline long kernel_map_next_key(int map, const void* key, void* next) {
  bpf_attr attr{};
  attr.map_fd = static_cast<uint32_t>(map);
  attr.key = reinterpret_cast<uintptr_t>(key);
  attr.next_key = reinterpret_cast<uintptr_t>(next);
  return kernel_bpf(BPF_MAP_GET_NEXT_KEY, attr);
}

inline uint32_t kernel_map_id(int map) {
  bpf_map_info info{};
  bpf_attr attr{};
  attr.info.bpf_fd = static_cast<uint32_t>(map);
  attr.info.info_len = sizeof info;
  attr.info.info = reinterpret_cast<uintptr_t>(&info);
  return kernel_bpf(BPF_OBJ_GET_INFO_BY_FD, attr) < 0 ? 0 : info.id;
}

/// The CPUs that a per-CPU map has values for: the end of "0-3" in sysfs. 0 where there is no sysfs (a bare chroot): then
/// nobody can tell how long a buffer of values must be.
inline uint32_t kernel_possible_cpus() {
  std::ifstream file("/sys/devices/system/cpu/possible");
  std::string text;
  if (!(file >> text)) return 0;
  const size_t last = text.find_last_of("-,");
  return static_cast<uint32_t>(std::stoul(last == std::string::npos ? text : text.substr(last + 1))) + 1;
}

}  // namespace skep::test
