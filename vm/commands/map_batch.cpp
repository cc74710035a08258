// SPDX-License-Identifier: Apache-2.0
// BPF_MAP_*_BATCH. Elements are moved through buffers of the VM in pieces, since a caller chooses their number.
#include <algorithm>
#include <cstring>

#include "vm/commands/commands.hpp"
#include "vm/commands/map_access.hpp"

namespace skep::vm::commands {
namespace {

using maps::Map;

constexpr size_t kPieceBytes = size_t{64} << 10;

bool put_count(const Call& call, uint32_t count) { return call.put(offsetof(Attr, batch.count), count); }

/// Whether Linux looks elements of the map up by functions of its own, hash tables, which refuse `flags` and give a position
/// even if there are no elements.
bool has_own_lookup(const Map& map) { return !map.ignores_batch_flags(); }

using LookupBatch = int (Map::*)(const void*, void*, void*, void*, uint32_t&, uint64_t);

/// BPF_MAP_LOOKUP_BATCH and its like: elements go piece by piece to the caller, who may ask for more than there is memory.
class Lookup {
 public:
  Lookup(const MapBatchAttr& batch, Map& map, LookupBatch operation)
      : batch_(batch),
        map_(map),
        operation_(operation),
        element_(std::max<size_t>(size_t{map.key_size()} + map.host_value_size(), 1)),
        piece_(static_cast<uint32_t>(std::min<size_t>(std::max<size_t>(kPieceBytes / element_, 1), batch.count))),
        position_(map.batch_position_size()) {}

  /// 0, or what ends the command: nothing more is written then.
  int start() {
    if (!position_) return -ENOMEM;
    std::memset(position_.data(), 0, position_.size());
    if (batch_.in_batch == 0) return 0;
    if (const int error = position_.read(batch_.in_batch); error != 0) return error;
    has_position_ = true;
    return map_.is_behind_batches(position_.data()) ? -ENOENT : 0;
  }

  /// Linux's result: 0 when the room is full, -ENOENT at the end.
  int run() {
    int result = 0;
    while (result == 0 && done_ < batch_.count) result = next();
    return result == kFull ? 0 : result;
  }

  [[nodiscard]] uint32_t done() const { return done_; }
  [[nodiscard]] bool put_position() const { return copy_to_user(batch_.out_batch, position_.data(), position_.size()); }

 private:
  /// What does not fit any more lies at the position.
  static constexpr int kFull = 1;

  int next() {
    const uint32_t left = batch_.count - done_;
    const uint32_t room = std::min(piece_, left);
    Buffer keys(size_t{room} * map_.key_size());
    Buffer values(size_t{room} * map_.host_value_size());
    if (!keys || !values) return -ENOMEM;
    uint32_t count = room;
    const int result = (map_.*operation_)(has_position_ ? position_.data() : nullptr, position_.data(), keys.data(),
                                          values.data(), count, batch_.elem_flags);
    if (result == -ENOSPC) return grow(room, left);
    if (result != 0 && result != -ENOENT) return result;
    if (!give_out(keys, values, count)) return -EFAULT;
    done_ += count;
    has_position_ = true;
    return result == 0 && room == left ? kFull : result;
  }

  /// A bucket is looked up as a whole.
  int grow(uint32_t room, uint32_t left) {
    if (room == left) return done_ == 0 ? -ENOSPC : kFull;
    has_position_ = true;
    piece_ = room > left / 2 ? left : 2 * room;
    return 0;
  }

  bool give_out(const Buffer& keys, const Buffer& values, uint32_t count) const {
    const uint64_t key_size = map_.key_size();
    const uint64_t value_size = map_.host_value_size();
    return copy_to_user(batch_.keys + done_ * key_size, keys.data(), count * key_size) &&
           copy_to_user(batch_.values + done_ * value_size, values.data(), count * value_size);
  }

  const MapBatchAttr& batch_;
  Map& map_;
  LookupBatch operation_;
  size_t element_;  // bytes
  uint32_t piece_;  // elements
  uint32_t done_ = 0;
  Buffer position_;
  bool has_position_ = false;
};

long lookup(const Call& call, const MapBatchAttr& batch, Need need, LookupBatch operation) {
  const MapAccess access(call.vm, batch.map_fd, need);
  if (access.error() != 0) return access.error();
  Map& map = access.map();
  if (batch.flags != 0 && has_own_lookup(map)) return -EINVAL;
  uint32_t count = 0;  // for nothing: does the map have the operation, with these flags?
  if (const int error = (map.*operation)(nullptr, nullptr, nullptr, nullptr, count, batch.elem_flags); error != 0)
    return error;
  if (batch.count == 0) return 0;
  if (!put_count(call, 0)) return -EFAULT;

  Lookup lookup(batch, map, operation);
  if (const int error = lookup.start(); error != 0) return error;
  const int result = lookup.run();
  if (result == -EFAULT || result == -EINVAL) return result;
  const bool has_position = lookup.done() != 0 || has_own_lookup(map);
  const bool told = (!has_position || lookup.put_position()) && put_count(call, lookup.done());
  return told ? result : -EFAULT;
}

/// Takes elements of the caller in pieces, hands them to `change(keys, values, count)`, and tells how many went well.
template <class Change>
long change_all(const Call& call, const MapBatchAttr& batch, const Map& map, size_t value_size, Change change) {
  if (!put_count(call, 0)) return -EFAULT;
  const size_t element = std::max<size_t>(map.key_size() + value_size, 1);
  const auto piece = static_cast<uint32_t>(std::min<size_t>(std::max<size_t>(kPieceBytes / element, 1), batch.count));
  Buffer keys(size_t{piece} * map.key_size());
  Buffer values(size_t{piece} * value_size);
  if (!keys || !values) return -ENOMEM;
  uint32_t done = 0;
  int result = 0;
  while (done < batch.count && result == 0) {
    const auto read = [&](uint32_t elements) {
      return copy_from_user(keys.data(), batch.keys + uint64_t{done} * map.key_size(),
                            size_t{elements} * map.key_size()) &&
             copy_from_user(values.data(), batch.values + uint64_t{done} * value_size, elements * value_size);
    };
    uint32_t count = std::min(piece, batch.count - done);
    // Where the caller's memory ends within a piece, what lies in front of the end still counts.
    if (!read(count) && (count == 1 || !read(count = 1))) {
      result = -EFAULT;
      break;
    }
    result = change(keys.data(), values.data(), count);
    done += count;
  }
  return put_count(call, done) ? result : -EFAULT;
}

}  // namespace

long map_lookup_batch(const Call& call, Attr& attr) {
  return lookup(call, attr.batch, Need::read, &Map::host_lookup_batch);
}

long map_lookup_and_delete_batch(const Call& call, Attr& attr) {
  return lookup(call, attr.batch, Need::read_write, &Map::host_lookup_and_erase_batch);
}

long map_update_batch(const Call& call, Attr& attr) {
  const MapBatchAttr& batch = attr.batch;
  const MapAccess access(call.vm, batch.map_fd, Need::write);
  if (access.error() != 0) return access.error();
  Map& map = access.map();
  uint32_t none = 0;
  if (const int error = map.host_update_batch(nullptr, nullptr, none, batch.elem_flags); error != 0) return error;
  if (batch.count == 0) return 0;
  return change_all(call, batch, map, map.host_value_size(),
                    [&](const void* keys, const void* values, uint32_t& count) {
                      return map.host_update_batch(keys, values, count, batch.elem_flags);
                    });
}

long map_delete_batch(const Call& call, Attr& attr) {
  const MapBatchAttr& batch = attr.batch;
  const MapAccess access(call.vm, batch.map_fd, Need::write);
  if (access.error() != 0) return access.error();
  Map& map = access.map();
  uint32_t none = 0;
  if (const int error = map.host_erase_batch(nullptr, none, batch.elem_flags); error != 0) return error;
  if (batch.count == 0) return 0;
  return change_all(call, batch, map, 0, [&](const void* keys, const void*, uint32_t& count) {
    return map.host_erase_batch(keys, count, batch.elem_flags);
  });
}

}  // namespace skep::vm::commands
