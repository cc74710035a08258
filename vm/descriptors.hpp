// SPDX-License-Identifier: Apache-2.0
// The descriptors of a VM: real ones, which stand for its objects.
//
// Each object that has a descriptor has a memfd; its inode names the object, so every duplicate (dup, SCM_RIGHTS, a
// re-open of /proc/self/fd/N) resolves. A map whose memory the host may map is represented by that memory's memfd.
//
// Users. An object's users are its descriptors and its pins. A descriptor counts from when the VM gave it out, or first
// saw it, until it is closed through the VM (System::close; libbpf's closes arrive there). A close that the VM does not
// see leaves the user counted until the number is given out again or the VM ends.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "vm/objects.hpp"

namespace skep::vm {

class Descriptors {
 public:
  Descriptors() = default;
  ~Descriptors();
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;

  /// A new descriptor (close-on-exec) of `object`; `access`: O_RDONLY, O_WRONLY or O_RDWR. Or a negative errno.
  int open(const AnyObject& object, int access = O_RDWR);

  /// What a descriptor stands for.
  struct Resolved {
    AnyObject object;
    int access = O_RDWR;
    int error = 0;  ///< -EBADF: not open; -EINVAL: open, and nothing of this VM. Then there is no object.
  };
  Resolved resolve(int fd);

  // close(2), fcntl(2) with F_DUPFD_CLOEXEC, dup3(2): their result or a negative errno. Any descriptor of the process.
  int close(int fd);
  int duplicate(int fd, int lowest);
  int duplicate_to(int fd, int target, int flags);

  /// A user without a descriptor: a pin. 0 or a negative errno.
  int add_pin(const AnyObject& object);
  void remove_pin(const AnyObject& object);

  /// Drops all users, as the end of a process does. Descriptors stay open and stand for nothing.
  void clear();

 private:
  using Inode = std::pair<dev_t, ino_t>;
  struct Entry {
    AnyObject object;
    int keeper = -1;           ///< holds the inode, so that its number names nothing else; not for callers
    bool owns_keeper = false;  ///< false: a map's own memfd
    unsigned users = 0;
  };
  using Entries = std::map<Inode, Entry>;

  /// What a call under the lock leaves to be done without it: objects may be destroyed, and call back.
  class Farewell;

  [[nodiscard]] bool is_keeper(int fd) const;
  Entries::iterator entry_of(const AnyObject& object, int& error, Farewell& farewell);
  void see(int fd, Entries::iterator entry, Farewell& farewell);
  void forget(int fd, Farewell& farewell);
  void drop_user(Entries::iterator entry, Farewell& farewell);

  std::mutex mutex_;
  Entries entries_;
  std::unordered_map<const void*, Inode> inodes_;  // by object
  std::unordered_map<int, Inode> seen_;            // descriptors that count
};

}  // namespace skep::vm
