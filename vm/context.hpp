// SPDX-License-Identifier: Apache-2.0
// What a program's r1 points to, and the packet behind it.
//
// A context is laid out as Linux's user-space header has it (struct xdp_md, __sk_buff, ...), so that plain fields are plain
// memory. Fields that stand for a pointer but have 32 bits (xdp_md.data) hold its low half; the full pointers lie
// in front of the struct, at a constant distance from r1: the checked interpreter and lowered programs read those.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "skep/error.hpp"

namespace skep::vm {

/// Full-width pointers of a context; lies directly in front of the bytes that r1 points to.
struct ContextPointers {
  uint8_t* data = nullptr;           ///< start of the packet
  uint8_t* data_end = nullptr;       ///< one past its last byte
  uint8_t* data_meta = nullptr;      ///< start of the metadata in front of the packet
  uint64_t reserved = 0;             ///< keeps the context 16-byte aligned
  void* socket = nullptr;            ///< struct bpf_sock of the packet, or null
  void* flow_keys = nullptr;         ///< struct bpf_flow_keys of a flow dissector
  void* option_value = nullptr;      ///< struct bpf_sockopt: optval
  void* option_value_end = nullptr;  ///< struct bpf_sockopt: optval_end
};

/// A context of `size` bytes, zeroed, with its pointers. Its address is stable.
class Context {
 public:
  explicit Context(size_t size)
      : size_(size), memory_(new(std::align_val_t{64}) std::byte[sizeof(ContextPointers) + size + 8]()) {
    new (memory_.get()) ContextPointers();
  }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] std::byte* bytes() { return memory_.get() + sizeof(ContextPointers); }
  [[nodiscard]] const std::byte* bytes() const { return memory_.get() + sizeof(ContextPointers); }
  [[nodiscard]] uint64_t address() { return reinterpret_cast<uint64_t>(bytes()); }
  [[nodiscard]] ContextPointers& pointers() { return *reinterpret_cast<ContextPointers*>(memory_.get()); }

  /// The field at `offset`, which with its size lies within size(); likewise for set().
  template <class T>
  [[nodiscard]] T get(size_t offset) const {
    assert(offset + sizeof(T) <= size_);
    T value;
    std::memcpy(&value, bytes() + offset, sizeof value);
    return value;
  }
  template <class T>
  void set(size_t offset, T value) {
    assert(offset + sizeof(T) <= size_);
    std::memcpy(bytes() + offset, &value, sizeof value);
  }

 private:
  struct Free {
    void operator()(std::byte* p) const { ::operator delete[](p, std::align_val_t{64}); }
  };
  size_t size_;
  std::unique_ptr<std::byte[], Free> memory_;
};

/// What a packet is to its program: an XDP frame, a socket buffer, or bare bytes to dissect.
enum class PacketKind : uint8_t { xdp, skb, flow };

/// What Linux knows of a checksum (skb->ip_summed).
enum class ChecksumState : uint8_t { none, unnecessary, complete, partial };

/// Metadata of a tunnel (struct ip_tunnel_info), in network byte order as there.
struct TunnelInfo {
  enum class Mode : uint8_t { none, receive, transmit };
  Mode mode = Mode::none;
  bool ipv6 = false;
  uint16_t flags = 0;  ///< TUNNEL_* bits, in the host's byte order
  uint64_t id = 0;     ///< in the host's byte order
  uint8_t tos = 0;
  uint8_t ttl = 0;
  uint32_t label = 0;  ///< in the host's byte order
  std::array<uint8_t, 16> source{};
  std::array<uint8_t, 16> destination{};
  std::array<uint8_t, 255> options{};
  uint8_t option_bytes = 0;
};

/// What a socket buffer has beside its bytes and the fields of `__sk_buff`. Header places are offsets from
/// Packet::begin(); kUnset where Linux has none.
struct SkbState {
  static constexpr int32_t kUnset = -1;
  int32_t mac_header = kUnset;
  int32_t network_header = kUnset;
  int32_t transport_header = kUnset;
  bool encapsulation = false;
  bool hash_is_valid = false;
  ChecksumState checksum_state = ChecksumState::none;
  uint8_t checksum_level = 0;
  uint32_t checksum = 0;  ///< of ChecksumState::complete
  TunnelInfo tunnel;

  /// Forgets that somebody has checked the packet (__skb_reset_checksum_unnecessary).
  void reset_checksum_unnecessary() {
    if (checksum_state != ChecksumState::unnecessary) return;
    checksum_state = ChecksumState::none;
    checksum_level = 0;
  }
};

/// Packet memory: headroom, data, tailroom in one piece, mapped below 4 GiB so that a 32-bit field can hold its addresses.
/// An XDP packet that is longer than a frame goes on in fragments, which programs reach through helpers only.
class Packet {
 public:
  /// Room for `capacity` bytes (rounded up to pages), 1 byte to 16 MiB. ENOMEM when the low address space is full.
  static Result<Packet> create(size_t capacity);
  ~Packet();
  Packet(Packet&& other) noexcept;
  Packet& operator=(Packet&& other) noexcept;

  /// Copies `bytes` in behind `headroom` zeroed bytes, without metadata and fragments; false when they do not fit. What lies
  /// behind the data is unspecified: whoever makes it part of the packet zeroes it.
  [[nodiscard]] bool assign(std::span<const std::byte> bytes, size_t headroom);

  /// Makes at least `head` bytes free in front of the data and `tail` bytes behind it, by moving the data (and the header
  /// places of `skb`) if need be; false when the memory is too small.
  [[nodiscard]] bool make_room(size_t head, size_t tail);

  /// Moves the start of a socket buffer's data (skb_push, skb_pull); room for it was made before.
  void push(size_t bytes) { data = data_meta = data - bytes; }
  void pull(size_t bytes) { data = data_meta = data + bytes; }

  [[nodiscard]] uint8_t* begin() const { return memory_; }
  [[nodiscard]] uint8_t* limit() const { return memory_ + capacity_; }
  /// Bytes between `data` and `data_end`.
  [[nodiscard]] size_t size() const { return static_cast<size_t>(data_end - data); }
  [[nodiscard]] size_t total_size() const { return size() + fragments.size(); }
  [[nodiscard]] std::span<const std::byte> bytes() const { return {reinterpret_cast<std::byte*>(data), size()}; }

  uint8_t* data = nullptr;
  uint8_t* data_end = nullptr;
  uint8_t* data_meta = nullptr;  ///< equal to `data`: no metadata
  uint8_t* hard_end = nullptr;   ///< of an XDP frame: where its tail may grow to
  PacketKind kind = PacketKind::skb;

  /// Bytes of an XDP packet behind its first frame, in fragments of kFragmentBytes of which only the last is shorter.
  std::vector<uint8_t> fragments;
  static constexpr size_t kFragmentBytes = 4096;
  static constexpr size_t kMaxFragments = 17;  ///< Linux: MAX_SKB_FRAGS

  SkbState skb;

 private:
  Packet() = default;
  uint8_t* memory_ = nullptr;
  size_t capacity_ = 0;
};

/// Tells the context where its packet is: the full pointers and the 32-bit fields of `xdp_md` and `__sk_buff` (there also
/// `len`), as far as the context has them. To be called whenever the packet was moved or resized.
void publish_packet(Context& context, const Packet& packet);

}  // namespace skep::vm
