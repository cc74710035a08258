// SPDX-License-Identifier: Apache-2.0
// What a program's r1 points to, and the packet behind it.
//
// A context is laid out as Linux's user-space header has it (struct xdp_md, __sk_buff, ...), so that plain fields are plain
// memory. Fields that stand for a pointer but have 32 bits (xdp_md.data) hold its low half; the full pointers lie
// in front of the struct, at a constant distance from r1: the checked interpreter and lowered programs read those.
#pragma once

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
  uint8_t* data = nullptr;       ///< start of the packet
  uint8_t* data_end = nullptr;   ///< one past its last byte
  uint8_t* data_meta = nullptr;  ///< start of the metadata in front of the packet
  uint64_t reserved = 0;         ///< keeps the context 16-byte aligned
  void* socket = nullptr;        ///< struct bpf_sock of the packet, or null
  void* flow_keys = nullptr;     ///< struct bpf_flow_keys of a flow dissector
  void* option_value = nullptr;      ///< struct bpf_sockopt: optval
  void* option_value_end = nullptr;  ///< struct bpf_sockopt: optval_end
};

/// A context of `size` bytes, zeroed, with its pointers. Its address is stable.
class Context {
 public:
  explicit Context(size_t size)
      : size_(size), memory_(new (std::align_val_t{64}) std::byte[sizeof(ContextPointers) + size + 8]()) {
    new (memory_.get()) ContextPointers();
  }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] std::byte* bytes() { return memory_.get() + sizeof(ContextPointers); }
  [[nodiscard]] const std::byte* bytes() const { return memory_.get() + sizeof(ContextPointers); }
  [[nodiscard]] uint64_t address() { return reinterpret_cast<uint64_t>(bytes()); }
  [[nodiscard]] ContextPointers& pointers() { return *reinterpret_cast<ContextPointers*>(memory_.get()); }

  template <class T>
  [[nodiscard]] T get(size_t offset) const {
    T value;
    std::memcpy(&value, bytes() + offset, sizeof value);
    return value;
  }
  template <class T>
  void set(size_t offset, T value) {
    std::memcpy(bytes() + offset, &value, sizeof value);
  }

 private:
  struct Free {
    void operator()(std::byte* p) const { ::operator delete[](p, std::align_val_t{64}); }
  };
  size_t size_;
  std::unique_ptr<std::byte[], Free> memory_;
};

/// Packet memory: headroom, data, tailroom in one piece, mapped below 4 GiB so that a 32-bit field can hold its addresses.
class Packet {
 public:
  /// Room for `capacity` bytes (rounded up to pages), 1 byte to 16 MiB. ENOMEM when the low address space is full.
  static Result<Packet> create(size_t capacity);
  ~Packet();
  Packet(Packet&& other) noexcept;
  Packet& operator=(Packet&& other) noexcept;

  /// Copies `bytes` in behind `headroom` bytes, zeroes all else; false when they do not fit.
  [[nodiscard]] bool assign(std::span<const std::byte> bytes, size_t headroom);

  [[nodiscard]] uint8_t* begin() const { return memory_; }
  [[nodiscard]] uint8_t* limit() const { return memory_ + capacity_; }
  [[nodiscard]] size_t size() const { return static_cast<size_t>(data_end - data); }
  [[nodiscard]] std::span<const std::byte> bytes() const { return {reinterpret_cast<std::byte*>(data), size()}; }

  uint8_t* data = nullptr;
  uint8_t* data_end = nullptr;
  uint8_t* data_meta = nullptr;  ///< equal to `data`: no metadata

 private:
  Packet() = default;
  uint8_t* memory_ = nullptr;
  size_t capacity_ = 0;
};

}  // namespace skep::vm
