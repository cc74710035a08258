// SPDX-License-Identifier: Apache-2.0
// BPF_MAP_LOOKUP_ELEM, UPDATE, DELETE, GET_NEXT_KEY, LOOKUP_AND_DELETE.
#include <fcntl.h>

#include "maps/flags.hpp"
#include "vm/commands/commands.hpp"
#include "vm/commands/map_access.hpp"

namespace skep::vm::commands {
namespace {

using maps::Map;
using maps::MapType;

/// A key in the caller's memory. Maps without keys want none.
class Key {
 public:
  Key(const Map& map, uint64_t address) : buffer_(map.key_size()) {
    if (map.key_size() != 0)
      error_ = buffer_.read(address);
    else
      error_ = address == 0 ? 0 : -EINVAL;
  }
  [[nodiscard]] int error() const { return error_; }
  [[nodiscard]] const void* data() const { return buffer_.size() == 0 ? nullptr : buffer_.data(); }

 private:
  Buffer buffer_;
  int error_;
};

int check_lock_flag(const Map& map, uint64_t flags) {
  return (flags & maps::kUpdateLock) != 0 && map.spin_lock_offset() < 0 ? -EINVAL : 0;
}

bool is_queue(const Map& map) { return map.type() == MapType::queue || map.type() == MapType::stack; }

bool can_lookup_and_delete(const Map& map) {
  switch (map.type()) {
    case MapType::queue:
    case MapType::stack:
    case MapType::hash:
    case MapType::percpu_hash:
    case MapType::lru_hash:
    case MapType::lru_percpu_hash: return true;
    default: return false;
  }
}

}  // namespace

long map_lookup_elem(const Call& call, Attr& attr) {
  const MapElemAttr& elem = attr.elem;
  if ((elem.flags & ~maps::kUpdateLock) != 0) return -EINVAL;
  const MapAccess access(call.vm, elem.map_fd, Need::read);
  if (access.error() != 0) return access.error();
  Map& map = access.map();
  if (const int error = check_lock_flag(map, elem.flags); error != 0) return error;
  const Key key(map, elem.key);
  if (key.error() != 0) return key.error();
  Buffer value(map.host_value_size());
  if (!value) return -ENOMEM;
  // A bloom filter's look-up asks about a value.
  if (map.type() == MapType::bloom_filter)
    if (const int error = value.read(elem.value); error != 0) return error;
  if (const int error = map.host_lookup(key.data(), value.data(), elem.flags); error != 0) return error;
  if (map.type() == MapType::bloom_filter) return 0;
  return copy_to_user(elem.value, value.data(), value.size()) ? 0 : -EFAULT;
}

long map_update_elem(const Call& call, Attr& attr) {
  const MapElemAttr& elem = attr.elem;
  const MapAccess access(call.vm, elem.map_fd, Need::write);
  if (access.error() != 0) return access.error();
  Map& map = access.map();
  if (const int error = check_lock_flag(map, elem.flags); error != 0) return error;
  const Key key(map, elem.key);
  if (key.error() != 0) return key.error();
  Buffer value(map.host_value_size());
  if (const int error = value.read(elem.value); error != 0) return error;
  return map.host_update_through(static_cast<int>(elem.map_fd), key.data(), value.data(), elem.flags);
}

long map_delete_elem(const Call& call, Attr& attr) {
  const MapAccess access(call.vm, attr.elem.map_fd, Need::write);
  if (access.error() != 0) return access.error();
  const Key key(access.map(), attr.elem.key);
  if (key.error() != 0) return key.error();
  return access.map().host_erase(key.data());
}

long map_get_next_key(const Call& call, Attr& attr) {
  const MapElemAttr& elem = attr.elem;
  const MapAccess access(call.vm, elem.map_fd, Need::read);
  if (access.error() != 0) return access.error();
  Map& map = access.map();
  Buffer key(map.key_size());
  if (elem.key != 0) {
    if (map.key_size() == 0) return -EINVAL;
    if (const int error = key.read(elem.key); error != 0) return error;
  }
  Buffer next(map.key_size());
  if (!next) return -ENOMEM;
  if (const int error = map.next_key(elem.key != 0 ? key.data() : nullptr, next.data()); error != 0) return error;
  return copy_to_user(elem.next_key, next.data(), next.size()) ? 0 : -EFAULT;
}

long map_lookup_and_delete_elem(const Call& call, Attr& attr) {
  const MapElemAttr& elem = attr.elem;
  if ((elem.flags & ~maps::kUpdateLock) != 0) return -EINVAL;
  const MapAccess access(call.vm, elem.map_fd, Need::read_write);
  if (access.error() != 0) return access.error();
  Map& map = access.map();
  if (elem.flags != 0 && is_queue(map)) return -EINVAL;
  if (const int error = check_lock_flag(map, elem.flags); error != 0) return error;
  const Key key(map, elem.key);
  if (key.error() != 0) return key.error();
  Buffer value(map.host_value_size());
  if (!value) return -ENOMEM;
  if (!can_lookup_and_delete(map)) return -kENOTSUPP;
  if (const int error = map.host_lookup_and_erase(key.data(), value.data(), elem.flags); error != 0) return error;
  return copy_to_user(elem.value, value.data(), value.size()) ? 0 : -EFAULT;
}

}  // namespace skep::vm::commands
