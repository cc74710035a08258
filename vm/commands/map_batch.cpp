// SPDX-License-Identifier: Apache-2.0
// BPF_MAP_*_BATCH. Elements are moved through buffers of the VM in pieces, since a caller chooses their number.
#include <algorithm>

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

long lookup(const Call& call, const MapBatchAttr& batch, Need need, LookupBatch lookup_batch) {
  const MapAccess access(call.vm, batch.map_fd, need);
  if (access.error() != 0) return access.error();
  Map& map = access.map();
  if (batch.flags != 0 && has_own_lookup(map)) return -EINVAL;
  uint32_t count = 0;  // for nothing: does the map have the operation, with these flags?
  if (const int error = (map.*lookup_batch)(nullptr, nullptr, nullptr, nullptr, count, batch.elem_flags); error != 0)
    return error;
  if (batch.count == 0) return 0;
  if (!put_count(call, 0)) return -EFAULT;

  Buffer in(map.batch_position_size());
  Buffer out(map.batch_position_size());
  if (batch.in_batch != 0)
    if (const int error = in.read(batch.in_batch); error != 0) return error;
  // One more than all elements, so that the end is seen as in a buffer without bounds.
  count = static_cast<uint32_t>(std::min<uint64_t>(batch.count, uint64_t{map.max_entries()} + 1));
  Buffer keys(size_t{count} * map.key_size());
  Buffer values(size_t{count} * map.host_value_size());
  if (!keys || !values || !out) return -ENOMEM;
  const int result = (map.*lookup_batch)(batch.in_batch != 0 ? in.data() : nullptr, out.data(), keys.data(),
                                         values.data(), count, batch.elem_flags);
  if (result == -EFAULT || result == -EINVAL) return result;
  const bool has_position = count != 0 || has_own_lookup(map);
  const bool copied = copy_to_user(batch.keys, keys.data(), size_t{count} * map.key_size()) &&
                      copy_to_user(batch.values, values.data(), size_t{count} * map.host_value_size()) &&
                      (!has_position || copy_to_user(batch.out_batch, out.data(), out.size())) &&
                      put_count(call, count);
  return copied ? result : -EFAULT;
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
