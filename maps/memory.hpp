// SPDX-License-Identifier: Apache-2.0
// Memory of maps: charged to the VM, zeroed, page by page from the system when it is first touched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace skep::maps {

class Environment;

inline constexpr uint64_t kPage = 4096;

constexpr uint64_t round_up(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }

/// A number of bytes that the VM has granted. Gives them back at the end of its life.
class Charge {
 public:
  Charge() = default;
  Charge(Charge&& other) noexcept
      : environment_(std::exchange(other.environment_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Charge& operator=(Charge&& other) noexcept {
    std::swap(environment_, other.environment_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Charge();

  /// Asks for more; false when the limit forbids it, and nothing changes then.
  [[nodiscard]] bool add(Environment& environment, uint64_t bytes);

 private:
  Environment* environment_ = nullptr;
  int64_t bytes_ = 0;
};

/// A range of the address space that is unmapped at the end. Movable; empty when allocation failed.
class Memory {
 public:
  Memory() = default;
  Memory(Memory&& other) noexcept;
  Memory& operator=(Memory&& other) noexcept;
  ~Memory();

  /// `bytes` of zeroed memory, page-aligned. Empty when the limit of the VM or the system refuses.
  static Memory zeroed(Environment& environment, uint64_t bytes);
  /// A range without access, to put file mappings into with MAP_FIXED. Not charged.
  static Memory reserved(uint64_t bytes);

  explicit operator bool() const { return address_ != nullptr; }
  [[nodiscard]] std::byte* data() const { return address_; }
  [[nodiscard]] uint64_t size() const { return size_; }

 private:
  Memory(std::byte* address, uint64_t size, Charge charge)
      : address_(address), size_(size), charge_(std::move(charge)) {}
  std::byte* address_ = nullptr;
  uint64_t size_ = 0;
  Charge charge_;
};

/// A memory file (memfd) of fixed size, zeroed. Closed at the end of its life; mappings of it stay.
class MemoryFile {
 public:
  MemoryFile() = default;
  MemoryFile(MemoryFile&& other) noexcept;
  MemoryFile& operator=(MemoryFile&& other) noexcept;
  ~MemoryFile();

  /// `name` shows in /proc. No valid descriptor when the limit of the VM or the system refuses.
  static MemoryFile create(Environment& environment, const char* name, uint64_t bytes);

  explicit operator bool() const { return descriptor_ >= 0; }
  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// Descriptor of the same file that cannot be written through; a mapping of it can never be made writable.
  [[nodiscard]] int read_only_descriptor() const { return read_only_ >= 0 ? read_only_ : descriptor_; }

  /// Maps `bytes` of the file from `offset` over what lies at `address`.
  [[nodiscard]] bool map_at(std::byte* address, uint64_t bytes, uint64_t offset) const;
  /// mmap(2) of a part, for the host; read-only mappings stay so. MAP_FAILED with errno.
  [[nodiscard]] void* map_for_host(void* address, uint64_t bytes, int protection, int flags, uint64_t offset) const;
  /// Forbids new writable mappings and writes. Mappings that exist stay as they are.
  [[nodiscard]] bool forbid_writes() const;
  /// Whether this process maps the file writable anywhere outside of `own` (address range of the map itself).
  [[nodiscard]] bool is_mapped_writable_outside(const std::byte* own, uint64_t own_size) const;

 private:
  int descriptor_ = -1;
  int read_only_ = -1;
  Charge charge_;
};

}  // namespace skep::maps
