// SPDX-License-Identifier: Apache-2.0
#include "vm/context.hpp"

#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace skep::vm {
namespace {

constexpr size_t kMaxCapacity = size_t{16} << 20;

void* map_low(size_t bytes) {
  return mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
}

uint32_t low_half(const void* pointer) { return static_cast<uint32_t>(reinterpret_cast<uint64_t>(pointer)); }

}  // namespace

Result<Packet> Packet::create(size_t capacity) {
  if (capacity == 0 || capacity > kMaxCapacity)
    return Error{.code = EINVAL, .message = "a packet buffer has 1 byte to 16 MiB"};
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  capacity = (capacity + page - 1) / page * page;
  void* memory = map_low(capacity);
  if (memory == MAP_FAILED)
    return Error{.code = ENOMEM, .message = "no memory below 4 GiB is left for a packet buffer"};
  Packet packet;
  packet.memory_ = static_cast<uint8_t*>(memory);
  packet.capacity_ = capacity;
  packet.data = packet.data_end = packet.data_meta = packet.memory_;
  packet.hard_end = packet.limit();
  return packet;
}

Packet::~Packet() {
  if (memory_ != nullptr) munmap(memory_, capacity_);
}

Packet::Packet(Packet&& other) noexcept { *this = std::move(other); }

Packet& Packet::operator=(Packet&& other) noexcept {
  data = other.data;
  data_end = other.data_end;
  data_meta = other.data_meta;
  hard_end = other.hard_end;
  kind = other.kind;
  fragments = std::move(other.fragments);
  skb = other.skb;
  std::swap(memory_, other.memory_);  // what was ours goes with `other`
  std::swap(capacity_, other.capacity_);
  return *this;
}

bool Packet::assign(std::span<const std::byte> bytes, size_t headroom) {
  if (headroom > capacity_ || bytes.size() > capacity_ - headroom) return false;
  std::memset(memory_, 0, headroom);
  data = data_meta = memory_ + headroom;
  data_end = data + bytes.size();
  hard_end = limit();
  if (!bytes.empty()) std::memcpy(data, bytes.data(), bytes.size());
  fragments.clear();
  skb = SkbState{};
  return true;
}

bool Packet::make_room(size_t head, size_t tail) {
  const size_t room_before = static_cast<size_t>(data - memory_);
  const size_t room_behind = static_cast<size_t>(limit() - data_end);
  if (room_before >= head && room_behind >= tail) return true;
  if (head > capacity_ || tail > capacity_ || head + size() + tail > capacity_) return false;
  uint8_t* target = memory_ + head + (capacity_ - head - size() - tail) / 2;
  const ptrdiff_t shift = target - data;
  std::memmove(target, data, size());
  data += shift;
  data_end += shift;
  data_meta = data;
  for (int32_t* place : {&skb.mac_header, &skb.network_header, &skb.transport_header})
    if (*place != SkbState::kUnset) *place += static_cast<int32_t>(shift);
  return true;
}

namespace {

/// A context may be shorter than its struct (an older one, or bytes that the caller gave): what lies behind its end is left.
void set_if_there(Context& context, size_t offset, uint32_t value) {
  if (offset + sizeof value <= context.size()) context.set(offset, value);
}

}  // namespace

void publish_packet(Context& context, const Packet& packet) {
  ContextPointers& pointers = context.pointers();
  pointers.data = packet.data;
  pointers.data_end = packet.data_end;
  pointers.data_meta = packet.data_meta;
  if (packet.kind == PacketKind::xdp) {
    set_if_there(context, offsetof(xdp_md, data), low_half(packet.data));
    set_if_there(context, offsetof(xdp_md, data_end), low_half(packet.data_end));
    set_if_there(context, offsetof(xdp_md, data_meta), low_half(packet.data_meta));
  } else {
    set_if_there(context, offsetof(__sk_buff, len), static_cast<uint32_t>(packet.size()));
    set_if_there(context, offsetof(__sk_buff, data), low_half(packet.data));
    set_if_there(context, offsetof(__sk_buff, data_end), low_half(packet.data_end));
    set_if_there(context, offsetof(__sk_buff, data_meta), low_half(packet.data_meta));
  }
}

}  // namespace skep::vm
