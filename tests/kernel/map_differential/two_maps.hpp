// SPDX-License-Identifier: Apache-2.0
// The same map twice: in the running kernel and in Skep.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "../kernel_maps.hpp"
#include "maps/flags.hpp"
#include "maps/map.hpp"

namespace skep::test {

/// What Skep's maps need from a VM; descriptors are keys of `maps`.
class DifferentialEnvironment final : public maps::Environment {
 public:
  maps::Cpus& cpus() override { return cpus_; }
  [[nodiscard]] bool unprivileged() const override { return false; }
  std::shared_ptr<maps::Map> map_of_descriptor(int fd, int& error) override {
    const auto found = maps.find(fd);
    if (found != maps.end()) return found->second;
    error = -EBADF;
    return nullptr;
  }
  std::shared_ptr<maps::ProgramRef> program_of_descriptor(int, int& error) override { return none(error); }
  std::shared_ptr<maps::PerfBuffer> perf_buffer_of_descriptor(int, int& error) override { return none(error); }
  uint64_t random() override { return 0x9e3779b97f4a7c15; }
  /// One map alone may have this much: what is larger is never asked of the kernel.
  static constexpr int64_t kMost = int64_t{64} << 20;
  bool charge(int64_t bytes) override { return bytes <= kMost; }

  std::map<int, std::shared_ptr<maps::Map>> maps;

 private:
  static std::nullptr_t none(int& error) {
    error = -EBADF;
    return nullptr;
  }
  maps::Cpus cpus_{kernel_possible_cpus()};
};

/// BPF_MAP_CREATE in the kernel; a descriptor or a negative errno.
inline long kernel_create(const maps::Attributes& attributes, int inner = -1, int btf = -1) {
  bpf_attr attr{};
  attr.map_type = static_cast<uint32_t>(attributes.type);
  attr.key_size = attributes.key_size;
  attr.value_size = attributes.value_size;
  attr.max_entries = attributes.max_entries;
  attr.map_flags = attributes.flags;
  attr.numa_node = static_cast<uint32_t>(attributes.numa_node);
  attr.map_extra = attributes.extra;
  if (inner >= 0) attr.inner_map_fd = static_cast<uint32_t>(inner);
  if (btf >= 0) {
    attr.btf_fd = static_cast<uint32_t>(btf);
    attr.btf_key_type_id = attributes.btf_key_type;
    attr.btf_value_type_id = attributes.btf_value_type;
  }
  return kernel_bpf(BPF_MAP_CREATE, attr);
}

/// Outcome of a batch.
struct Batch {
  int result = 0;
  uint32_t count = 0;
  bool operator==(const Batch&) const = default;
};

/// One map in the kernel with the operations of maps::Map.
class KernelMap {
 public:
  explicit KernelMap(long fd) : fd_(fd) {}
  [[nodiscard]] int fd() const { return fd_.get(); }

  int lookup(const void* key, void* value, uint64_t flags) { return element(BPF_MAP_LOOKUP_ELEM, key, value, flags); }
  int update(const void* key, const void* value, uint64_t flags) {
    return element(BPF_MAP_UPDATE_ELEM, key, value, flags);
  }
  int erase(const void* key) { return element(BPF_MAP_DELETE_ELEM, key, nullptr, 0); }
  int lookup_and_erase(const void* key, void* value, uint64_t flags) {
    return element(BPF_MAP_LOOKUP_AND_DELETE_ELEM, key, value, flags);
  }
  int next_key(const void* key, void* next) { return element(BPF_MAP_GET_NEXT_KEY, key, next, 0); }

  Batch batch(int command, const void* in, void* out, void* keys, void* values, uint32_t count, uint64_t flags) {
    bpf_attr attr{};
    attr.batch.in_batch = reinterpret_cast<uintptr_t>(in);
    attr.batch.out_batch = reinterpret_cast<uintptr_t>(out);
    attr.batch.keys = reinterpret_cast<uintptr_t>(keys);
    attr.batch.values = reinterpret_cast<uintptr_t>(values);
    attr.batch.count = count;
    attr.batch.map_fd = static_cast<uint32_t>(fd());
    attr.batch.elem_flags = flags;
    const auto result = static_cast<int>(kernel_bpf(command, attr));
    return {result, attr.batch.count};
  }

 private:
  int element(int command, const void* key, const void* value, uint64_t flags) {
    bpf_attr attr{};
    attr.map_fd = static_cast<uint32_t>(fd());
    attr.key = reinterpret_cast<uintptr_t>(key);
    attr.value = reinterpret_cast<uintptr_t>(value);
    attr.flags = flags;
    return static_cast<int>(kernel_bpf(command, attr));
  }

  KernelFd fd_;
};

}  // namespace skep::test
