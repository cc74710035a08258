// SPDX-License-Identifier: Apache-2.0
// Reads of any address. A bad one gives -EFAULT and zeroes the destination; programs share the host's address space, so
// "user" and "kernel" are the same here.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "vm/helpers/families.hpp"
#include "vm/user_memory.hpp"

namespace skep::vm::helpers {
namespace {

int probe_read(Run&, void* to, uint32_t size, uint64_t from) {
  if (size == 0 || copy_from_user(to, from, size)) return 0;
  std::memset(to, 0, size);
  return -EFAULT;
}

/// The number of bytes with the NUL, which a string that is too long gets instead of its last byte.
int64_t probe_read_str(Run&, char* to, uint32_t size, uint64_t from) {
  if (size == 0) return 0;
  std::string text;
  if (!copy_string_from_user(text, from, size)) {
    std::memset(to, 0, size);
    return -EFAULT;
  }
  const size_t length = std::min<size_t>(text.size(), size - 1);
  std::memcpy(to, text.data(), length);
  to[length] = 0;
  return static_cast<int64_t>(length + 1);
}

constexpr Row kRows[] = {
    row<probe_read>(HelperId::probe_read),
    row<probe_read>(HelperId::probe_read_user),
    row<probe_read>(HelperId::probe_read_kernel),
    row<probe_read>(HelperId::copy_from_user),
    row<probe_read_str>(HelperId::probe_read_str),
    row<probe_read_str>(HelperId::probe_read_user_str),
    row<probe_read_str>(HelperId::probe_read_kernel_str),
};

}  // namespace

Rows probe_helpers() { return kRows; }

}  // namespace skep::vm::helpers
