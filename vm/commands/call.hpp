// SPDX-License-Identifier: Apache-2.0
// One call of bpf(2): where its arguments came from, and what commands share.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <string>

#include "skep/error.hpp"
#include "vm/attr.hpp"
#include "vm/user_memory.hpp"
#include "vm/vm.hpp"

namespace skep::vm::commands {

struct Call {
  Vm& vm;
  uint64_t attr_address;  ///< of the caller's union bpf_attr
  unsigned size;          ///< as the caller gave it, bytes

  /// Writes one output field of the caller's attr, as far behind its size as Linux does; false: EFAULT.
  template <class T>
  [[nodiscard]] bool put(size_t offset, const T& value) const {
    return copy_to_user(attr_address + offset, &value, sizeof value);
  }
  /// Whether the caller's attr reaches up to the end of a 32-bit field at `offset`.
  [[nodiscard]] bool covers(size_t offset) const { return size >= offset + sizeof(uint32_t); }

  /// Tells the VM's log why a command is refused, since bpf(2) has room for a number only. Returns -code.
  long refuse(const Error& error) const;
};

/// Bytes of a size that a caller chose: allocation may fail.
class Buffer {
 public:
  explicit Buffer(size_t size) : size_(size), bytes_(size <= kMost ? new(std::nothrow) std::byte[size + 1] : nullptr) {}
  explicit operator bool() const { return bytes_ != nullptr; }
  [[nodiscard]] std::byte* data() { return bytes_.get(); }
  [[nodiscard]] const std::byte* data() const { return bytes_.get(); }
  [[nodiscard]] size_t size() const { return size_; }

  /// Fills it with the caller's bytes at `address`; 0, -ENOMEM (not allocated), -EFAULT.
  [[nodiscard]] int read(uint64_t address) {
    if (bytes_ == nullptr) return -ENOMEM;
    return copy_from_user(bytes_.get(), address, size_) ? 0 : -EFAULT;
  }

 private:
  static constexpr size_t kMost = std::numeric_limits<int32_t>::max();  // as Linux (kvmalloc)
  size_t size_;
  std::unique_ptr<std::byte[]> bytes_;
};

/// Linux's bpf_check_uarg_tail_zero: a caller's struct that is larger than the known one must be zero behind it.
/// 0, -E2BIG, -EFAULT.
int check_tail_zero(uint64_t address, size_t known, size_t size);

/// The access mode of BPF_F_RDONLY and BPF_F_WRONLY; -EINVAL: both.
int access_of_flags(uint32_t flags);

/// The text of a name, up to its NUL. Without one it is too long for a name (maps/object_name.hpp).
std::string text_of(const ObjectName& name);

/// The object of a descriptor; null with `error` = -EBADF, or -EINVAL for another kind.
template <class T>
std::shared_ptr<T> object_of(Vm& vm, uint32_t fd, int& error, int* access = nullptr) {
  const auto resolved = vm.descriptors().resolve(static_cast<int>(fd));
  error = resolved.error;
  if (error != 0) return nullptr;
  const auto* object = std::get_if<std::shared_ptr<T>>(&resolved.object);
  if (object == nullptr) {
    error = -EINVAL;
    return nullptr;
  }
  if (access != nullptr) *access = resolved.access;
  return *object;
}

/// What a token of BPF_F_TOKEN_FD leads to: there are none, so -EBADF or -EINVAL.
int refuse_token(Vm& vm, int32_t fd);

}  // namespace skep::vm::commands
