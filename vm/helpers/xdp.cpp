// SPDX-License-Identifier: Apache-2.0
// XDP packets (net/core/filter.c).
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "vm/helpers/families.hpp"

namespace skep::vm::helpers {
namespace {

constexpr ptrdiff_t kFrameStruct = 40;   // sizeof(struct xdp_frame), which lies at the start of the headroom
constexpr uint32_t kMaxAccess = 0xffff;  // offset and length of loads and stores
constexpr uintptr_t kMaxMetadata = 252;  // the largest multiple of 4 that fits skb_shared_info::meta_len

/// Copies between a buffer and the packet, from its frame into its fragments.
template <class Copy>
void for_parts(Packet& packet, size_t offset, size_t size, Copy copy) {
  const size_t linear = packet.size();
  const size_t first = offset < linear ? std::min(size, linear - offset) : 0;
  if (first != 0) copy(packet.data + offset, size_t{0}, first);
  if (first < size) copy(packet.fragments.data() + (offset + first - linear), first, size - first);
}

int64_t check_range(Xdp xdp, uint32_t offset, uint32_t size) {
  if (offset > kMaxAccess || size > kMaxAccess) return -EFAULT;
  return offset + size > xdp.packet.total_size() ? -EINVAL : 0;
}

}  // namespace

int64_t load_bytes(Xdp xdp, uint32_t offset, void* to, uint32_t size) {
  if (const int64_t error = check_range(xdp, offset, size); error != 0) return error;
  for_parts(xdp.packet, offset, size, [to](const uint8_t* part, size_t at, size_t length) {
    std::memmove(static_cast<uint8_t*>(to) + at, part, length);
  });
  return 0;
}

int64_t store_bytes(Xdp xdp, uint32_t offset, const void* from, uint32_t size) {
  if (const int64_t error = check_range(xdp, offset, size); error != 0) return error;
  for_parts(xdp.packet, offset, size, [from](uint8_t* part, size_t at, size_t length) {
    std::memmove(part, static_cast<const uint8_t*>(from) + at, length);
  });
  return 0;
}

namespace {

int64_t xdp_load_bytes(Xdp xdp, uint32_t offset, void* to, uint32_t size) { return load_bytes(xdp, offset, to, size); }

int64_t xdp_store_bytes(Xdp xdp, uint32_t offset, const void* from, uint32_t size) {
  return store_bytes(xdp, offset, from, size);
}

uint64_t xdp_get_buff_len(Xdp xdp) { return xdp.packet.total_size(); }

int xdp_adjust_head(Xdp xdp, int32_t offset) {
  Packet& packet = xdp.packet;
  const ptrdiff_t metadata = packet.data - packet.data_meta;
  const ptrdiff_t room = packet.data_meta - packet.begin() - kFrameStruct;
  const auto size = static_cast<ptrdiff_t>(packet.size());
  if (offset < -room || offset > size - ptrdiff_t{kEthernetHeader}) return -EINVAL;
  std::memmove(packet.data_meta + offset, packet.data_meta, static_cast<size_t>(metadata));
  packet.data_meta += offset;
  packet.data += offset;
  xdp.refresh();
  return 0;
}

int grow_last_fragment(Packet& packet, size_t size) {
  const size_t used = (packet.fragments.size() - 1) % Packet::kFragmentBytes + 1;
  if (size > Packet::kFragmentBytes - used) return -EINVAL;
  packet.fragments.resize(packet.fragments.size() + size);
  return 0;
}

int shrink_fragments(Packet& packet, size_t size) {
  if (size + kEthernetHeader > packet.total_size()) return -EINVAL;
  const size_t from_fragments = std::min(size, packet.fragments.size());
  packet.fragments.resize(packet.fragments.size() - from_fragments);
  packet.data_end -= size - from_fragments;
  return 0;
}

int resize_frame(Packet& packet, ptrdiff_t offset) {
  const ptrdiff_t room = packet.hard_end - packet.data_end;
  if (offset > room || static_cast<ptrdiff_t>(packet.size()) + offset < ptrdiff_t{kEthernetHeader}) return -EINVAL;
  if (offset > 0) std::memset(packet.data_end, 0, static_cast<size_t>(offset));
  packet.data_end += offset;
  return 0;
}

int xdp_adjust_tail(Xdp xdp, int32_t offset) {
  Packet& packet = xdp.packet;
  int error = 0;
  if (packet.fragments.empty())
    error = resize_frame(packet, offset);
  else if (offset < 0)
    error = shrink_fragments(packet, static_cast<size_t>(-int64_t{offset}));
  else
    error = grow_last_fragment(packet, static_cast<size_t>(offset));
  xdp.refresh();
  return error;
}

int xdp_adjust_meta(Xdp xdp, int32_t offset) {
  Packet& packet = xdp.packet;
  const ptrdiff_t room = packet.data_meta - packet.begin() - kFrameStruct;
  const ptrdiff_t metadata = packet.data - packet.data_meta;
  if (offset < -room || offset > metadata) return -EINVAL;
  const auto size = static_cast<uintptr_t>(metadata - offset);
  if (size % sizeof(uint32_t) != 0 || size > kMaxMetadata) return -EACCES;
  packet.data_meta += offset;
  xdp.refresh();
  return 0;
}

constexpr Row kRows[] = {
    row<xdp_load_bytes>(HelperId::xdp_load_bytes),     row<xdp_store_bytes>(HelperId::xdp_store_bytes),
    row<xdp_get_buff_len>(HelperId::xdp_get_buff_len), row<xdp_adjust_head>(HelperId::xdp_adjust_head),
    row<xdp_adjust_tail>(HelperId::xdp_adjust_tail),   row<xdp_adjust_meta>(HelperId::xdp_adjust_meta),
};

}  // namespace

Rows xdp_helpers() { return kRows; }

}  // namespace skep::vm::helpers
