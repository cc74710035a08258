// SPDX-License-Identifier: Apache-2.0
// Arrays of references to objects that descriptors name: programs, maps, perf buffers.
// Source: kernel/bpf/arraymap.c, bpf_fd_array_map_* and fd_array_map_*.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "maps/array.hpp"
#include "maps/attributes.hpp"
#include "maps/flags.hpp"

namespace skep::maps {

/// Attributes of such arrays: 4 bytes of value, no access flags for programs, else as arrays.
inline Status check_reference_array(const Attributes& attributes) {
  if (attributes.value_size != sizeof(uint32_t))
    return attribute_error(EINVAL, attributes, "the value must have 4 bytes, a descriptor");
  if ((attributes.flags & (kFlagRdonlyProg | kFlagWronlyProg)) != 0)
    return attribute_error(EINVAL, attributes, "access flags for programs are not for this type");
  return check_array(attributes);
}

/// A table of references that runs read without a lock. What is taken out stays alive until the runs under way end.
template <class Object>
class Slots {
 public:
  /// `memory`: room for `count` pointers, zeroed.
  Slots(Cpus& cpus, Memory memory) : cpus_(cpus), memory_(std::move(memory)) {}

  static constexpr uint64_t bytes(uint32_t count) { return uint64_t{count} * sizeof(std::atomic<Object*>); }

  [[nodiscard]] Object* at(uint32_t index) const { return slot(index).load(std::memory_order_acquire); }

  /// A reference for the host; null: empty.
  [[nodiscard]] std::shared_ptr<Object> get(uint32_t index) {
    std::lock_guard lock(mutex_);
    const auto owner = owners_.find(index);
    return owner == owners_.end() ? nullptr : owner->second;
  }

  /// Puts an object in, or (null) takes out what is there. False when the slot was empty before.
  bool put(uint32_t index, std::shared_ptr<Object> object) {
    std::shared_ptr<Object> old;
    {
      std::lock_guard lock(mutex_);
      slot(index).store(object.get(), std::memory_order_release);
      old = object ? std::exchange(owners_[index], std::move(object)) : take(index);
    }
    const bool was_there = old != nullptr;
    if (was_there) drop(std::move(old));
    return was_there;
  }

  void clear() {
    std::unordered_map<uint32_t, std::shared_ptr<Object>> all;
    {
      std::lock_guard lock(mutex_);
      for (const auto& [index, owner] : owners_) slot(index).store(nullptr, std::memory_order_release);
      all.swap(owners_);
    }
    for (auto& [index, owner] : all) drop(std::move(owner));
  }

 private:
  [[nodiscard]] std::atomic<Object*>& slot(uint32_t index) const {
    return reinterpret_cast<std::atomic<Object*>*>(memory_.data())[index];
  }

  std::shared_ptr<Object> take(uint32_t index) {
    auto node = owners_.extract(index);
    return node ? std::move(node.mapped()) : nullptr;
  }

  void drop(std::shared_ptr<Object> object) {
    cpus_.retire(new std::shared_ptr<Object>(std::move(object)));
    cpus_.reclaim();  // at once where nothing runs: its id goes with it
  }

  Cpus& cpus_;
  Memory memory_;
  std::mutex mutex_;
  std::unordered_map<uint32_t, std::shared_ptr<Object>> owners_;
};

template <class Object>
class ReferenceArray : public IndexedMap {
 public:
  int host_update(const void* key, const void* value, uint64_t flags) override {
    if (flags != kUpdateAny) return -EINVAL;
    const uint32_t index = index_of(key);
    if (index >= max_entries()) return -E2BIG;
    int descriptor = -1;
    std::memcpy(&descriptor, value, sizeof descriptor);
    int error = -EBADF;
    auto object = accept(descriptor, error);
    if (!object) return error;
    slots_.put(index, std::move(object));
    changed();
    return 0;
  }

  int erase(const void* key) override {
    const uint32_t index = index_of(key);
    if (index >= max_entries()) return -E2BIG;
    if (!slots_.put(index, nullptr)) return -ENOENT;
    changed();
    return 0;
  }

 protected:
  ReferenceArray(Attributes attributes, Environment& environment, Memory memory)
      : IndexedMap(std::move(attributes), environment), slots_(environment.cpus(), std::move(memory)) {}

  static Memory memory_for(const Attributes& attributes, Environment& environment) {
    return Memory::zeroed(environment, Slots<Object>::bytes(attributes.max_entries));
  }

  /// The object behind a descriptor, if this array takes it; else null with a negative errno.
  virtual std::shared_ptr<Object> accept(int descriptor, int& error) = 0;
  /// A slot was written.
  virtual void changed() {}

  [[nodiscard]] Object* object_at(uint32_t index) const { return index < max_entries() ? slots_.at(index) : nullptr; }

  /// Host's look-up where the type shows ids.
  int lookup_id(const void* key, void* value) {
    const uint32_t index = index_of(key);
    const auto object = index < max_entries() ? slots_.get(index) : nullptr;
    if (!object) return -ENOENT;
    const uint32_t id = object->id();
    std::memcpy(value, &id, sizeof id);
    return 0;
  }

  Slots<Object> slots_;
};

}  // namespace skep::maps
