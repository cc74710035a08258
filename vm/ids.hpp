// SPDX-License-Identifier: Apache-2.0
// Ids of one kind of object, as Linux gives them out: from 1 upwards, an id of the past only after all others.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace skep::vm {

/// The table does not keep objects alive: an object that nobody refers to has no id any more. Any thread.
template <class T>
class Ids {
 public:
  static constexpr uint32_t kMax = std::numeric_limits<int32_t>::max() - 1;

  /// Gives `object` an id and tells it by `object->set_id(id)`, before anybody can find it by the id.
  void add(const std::shared_ptr<T>& object) {
    const std::lock_guard lock(mutex_);
    if (objects_.size() >= purge_at_) purge();
    while (is_taken(next_)) next_ = after(next_);
    object->set_id(next_);
    objects_[next_] = object;
    next_ = after(next_);
  }

  /// The object with this id; null: none.
  [[nodiscard]] std::shared_ptr<T> find(uint32_t id) const {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(id);
    return found == objects_.end() ? nullptr : found->second.lock();
  }

  /// The object with the lowest id from `id` on; null: none.
  [[nodiscard]] std::shared_ptr<T> first_from(uint32_t id) const {
    const std::lock_guard lock(mutex_);
    for (auto entry = objects_.lower_bound(id); entry != objects_.end(); ++entry)
      if (auto object = entry->second.lock()) return object;
    return nullptr;
  }

 private:
  static uint32_t after(uint32_t id) { return id == kMax ? 1 : id + 1; }
  [[nodiscard]] bool is_taken(uint32_t id) const {
    const auto found = objects_.find(id);
    return found != objects_.end() && !found->second.expired();
  }
  void purge() {
    std::erase_if(objects_, [](const auto& entry) { return entry.second.expired(); });
    purge_at_ = 2 * objects_.size() + kPurgeAtLeast;
  }

  static constexpr size_t kPurgeAtLeast = 64;
  mutable std::mutex mutex_;
  std::map<uint32_t, std::weak_ptr<T>> objects_;
  size_t purge_at_ = kPurgeAtLeast;
  uint32_t next_ = 1;
};

}  // namespace skep::vm
