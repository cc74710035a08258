// SPDX-License-Identifier: Apache-2.0
#include "vm/user_memory.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace skep::vm {
namespace {

constexpr size_t kPage = 4096;

/// A pipe of this thread: the kernel checks the address of a read or a write, so copying through it cannot crash.
class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_, O_CLOEXEC) != 0) ends_[0] = ends_[1] = -1;
  }
  ~Pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  /// At most a page, which a pipe always has room for.
  bool copy(void* to, const void* from, size_t size) {
    const ssize_t written = ::write(ends_[1], from, size);
    if (written < 0) return false;
    const ssize_t read = ::read(ends_[0], to, static_cast<size_t>(written));
    if (read == written) return read == static_cast<ssize_t>(size);
    drain(static_cast<size_t>(written - std::max<ssize_t>(read, 0)));
    return false;
  }

 private:
  void drain(size_t left) {
    std::byte sink[kPage];
    while (left != 0) {
      const ssize_t read = ::read(ends_[0], sink, left);
      if (read <= 0) return;
      left -= static_cast<size_t>(read);
    }
  }
  int ends_[2];
};

bool copy_through_pipe(std::byte* to, const std::byte* from, size_t size) {
  thread_local Pipe pipe;
  for (size_t done = 0; done < size;) {
    const size_t part = std::min(size - done, kPage);
    if (!pipe.copy(to + done, from + done, part)) return false;
    done += part;
  }
  return true;
}

using Transfer = ssize_t (*)(pid_t, const iovec*, unsigned long, const iovec*, unsigned long, unsigned long);

/// process_vm_readv and process_vm_writev on this process; a sandbox may forbid them, then through a pipe.
bool transfer(Transfer call, void* own, uint64_t address, size_t size, bool& forbidden) {
  forbidden = false;
  auto* local = static_cast<std::byte*>(own);
  while (size != 0) {
    const iovec here{local, size};
    const iovec there{reinterpret_cast<void*>(address), size};
    const ssize_t done = call(::getpid(), &here, 1, &there, 1, 0);
    if (done <= 0) {
      forbidden = done < 0 && (errno == ENOSYS || errno == EPERM);
      return false;
    }
    local += done;
    address += static_cast<uint64_t>(done);
    size -= static_cast<size_t>(done);
  }
  return true;
}

}  // namespace

bool copy_from_user(void* to, uint64_t from, size_t size) {
  bool forbidden = false;
  if (transfer(::process_vm_readv, to, from, size, forbidden)) return true;
  return forbidden && copy_through_pipe(static_cast<std::byte*>(to), reinterpret_cast<const std::byte*>(from), size);
}

bool copy_to_user(uint64_t to, const void* from, size_t size) {
  bool forbidden = false;
  if (transfer(::process_vm_writev, const_cast<void*>(from), to, size, forbidden)) return true;
  return forbidden && copy_through_pipe(reinterpret_cast<std::byte*>(to), static_cast<const std::byte*>(from), size);
}

bool copy_string_from_user(std::string& to, uint64_t from, size_t limit) {
  to.clear();
  char part[kPage];
  while (to.size() < limit) {
    // Never over a page's end, behind which nothing may be mapped.
    const size_t size = std::min<uint64_t>(limit - to.size(), kPage - from % kPage);
    if (!copy_from_user(part, from, size)) return false;
    const size_t length = ::strnlen(part, size);
    to.append(part, length);
    if (length < size) return true;
    from += size;
  }
  return true;
}

}  // namespace skep::vm
