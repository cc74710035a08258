// SPDX-License-Identifier: Apache-2.0
// Dynamic pointers as they lie on a program's stack (Linux: struct bpf_dynptr_kern; 16 bytes, opaque to programs).
#pragma once

#include <cerrno>
#include <cstdint>

namespace skep::vm::helpers {

struct Dynptr {
  enum class Type : uint32_t { none, local, ringbuf };
  static constexpr uint32_t kMaxSize = (1U << 24) - 1;
  static constexpr unsigned kTypeShift = 28;

  uint8_t* data;
  uint32_t size_and_type;  ///< bits 0 to 23: size in bytes; 28 to 30: type
  uint32_t offset;

  void set(Type type, void* memory, uint32_t size) {
    data = static_cast<uint8_t*>(memory);
    size_and_type = size | static_cast<uint32_t>(type) << kTypeShift;
    offset = 0;
  }
  void clear() { *this = {}; }

  [[nodiscard]] uint32_t size() const { return size_and_type & kMaxSize; }
  [[nodiscard]] Type type() const { return static_cast<Type>(size_and_type >> kTypeShift & 7); }
  /// Address of byte `at`, with `length` bytes behind it; null: outside.
  [[nodiscard]] uint8_t* find(uint32_t at, uint32_t length) const {
    return length > size() || at > size() - length ? nullptr : data + offset + at;
  }
};
static_assert(sizeof(Dynptr) == 16);

}  // namespace skep::vm::helpers
