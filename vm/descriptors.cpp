// SPDX-License-Identifier: Apache-2.0
#include "vm/descriptors.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <vector>

namespace skep::vm {
namespace {

constexpr const char* kMemfdNames[] = {"", "bpf-map", "bpf-prog", "btf", "bpf_link", "perf_event", "bpf-stats"};
static_assert(std::size(kMemfdNames) == std::variant_size_v<AnyObject>);

struct Address {
  const void* operator()(std::monostate) const { return nullptr; }
  template <class T>
  const void* operator()(const std::shared_ptr<T>& object) const {
    return object.get();
  }
};

std::optional<std::pair<dev_t, ino_t>> inode_of(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return std::nullopt;
  return std::pair(status.st_dev, status.st_ino);
}

/// The memfd of a map that has memory to map; -1: the object has none.
int memory_fd_of(const AnyObject& object) {
  const auto* map = std::get_if<std::shared_ptr<maps::Map>>(&object);
  return map == nullptr ? -1 : (*map)->memory_fd();
}

/// An empty memfd that can never hold anything.
int sealed_memfd(const char* name) {
  const int fd = ::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return -errno;
  ::fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  return fd;
}

int open_again(int fd, int access) {
  const int again = access == O_RDWR ? ::fcntl(fd, F_DUPFD_CLOEXEC, 0)
                                     : ::open(fmt::format("/proc/self/fd/{}", fd).c_str(), access | O_CLOEXEC);
  return again < 0 ? -errno : again;
}

}  // namespace

class Descriptors::Farewell {
 public:
  ~Farewell() {
    for (const auto& [map, fd] : closed_) map->descriptor_closed(fd);
    for (Entry& entry : entries_) {
      if (auto* map = std::get_if<std::shared_ptr<maps::Map>>(&entry.object)) (*map)->last_user_gone();
      if (entry.owns_keeper) ::close(entry.keeper);
    }
  }
  void closed(const AnyObject& object, int fd) {
    if (const auto* map = std::get_if<std::shared_ptr<maps::Map>>(&object)) closed_.emplace_back(*map, fd);
  }
  void unused(Entry entry) { entries_.push_back(std::move(entry)); }

 private:
  std::vector<std::pair<std::shared_ptr<maps::Map>, int>> closed_;
  std::vector<Entry> entries_;
};

Descriptors::~Descriptors() { clear(); }

void Descriptors::clear() {
  Farewell farewell;
  const std::lock_guard lock(mutex_);
  for (auto& [inode, entry] : entries_) farewell.unused(std::move(entry));
  entries_.clear();
  inodes_.clear();
  seen_.clear();
}

Descriptors::Entries::iterator Descriptors::entry_of(const AnyObject& object, int& error, Farewell& farewell) {
  const void* address = std::visit(Address{}, object);
  if (const auto known = inodes_.find(address); known != inodes_.end()) return entries_.find(known->second);

  Entry entry{.object = object, .keeper = memory_fd_of(object)};
  if (entry.keeper < 0) {
    entry.keeper = sealed_memfd(kMemfdNames[object.index()]);
    entry.owns_keeper = true;
    forget(entry.keeper, farewell);  // what had the number was closed unseen
  }
  const auto inode = inode_of(entry.keeper);
  if (!inode) {
    error = entry.keeper < 0 ? entry.keeper : -EBADF;
    return entries_.end();
  }
  inodes_[address] = *inode;
  return entries_.insert_or_assign(*inode, std::move(entry)).first;
}

void Descriptors::drop_user(Entries::iterator entry, Farewell& farewell) {
  if (--entry->second.users != 0) return;
  inodes_.erase(std::visit(Address{}, entry->second.object));
  farewell.unused(std::move(entry->second));
  entries_.erase(entry);
}

/// Counts a descriptor of the entry. What its number stood for before was closed unseen.
void Descriptors::see(int fd, Entries::iterator entry, Farewell& farewell) {
  if (const auto known = seen_.find(fd); known != seen_.end() && known->second == entry->first) return;
  ++entry->second.users;
  forget(fd, farewell);
  seen_[fd] = entry->first;
}

void Descriptors::forget(int fd, Farewell& farewell) {
  const auto known = seen_.find(fd);
  if (known == seen_.end()) return;
  const auto entry = entries_.find(known->second);
  seen_.erase(known);
  farewell.closed(entry->second.object, fd);
  drop_user(entry, farewell);
}

bool Descriptors::is_keeper(int fd) const {
  const auto inode = inode_of(fd);
  const auto entry = inode ? entries_.find(*inode) : entries_.end();
  return entry != entries_.end() && entry->second.keeper == fd;
}

int Descriptors::open(const AnyObject& object, int access) {
  Farewell farewell;
  const std::lock_guard lock(mutex_);
  int error = 0;
  const auto entry = entry_of(object, error, farewell);
  if (entry == entries_.end()) return error;
  ++entry->second.users;  // keeps the entry if there is no descriptor to be had
  const int fd = open_again(entry->second.keeper, access);
  if (fd >= 0) see(fd, entry, farewell);
  drop_user(entry, farewell);
  return fd;
}

Descriptors::Resolved Descriptors::resolve(int fd) {
  const auto inode = inode_of(fd);
  if (!inode) return {.object = {}, .error = -EBADF};
  Farewell farewell;
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(*inode);
  if (entry == entries_.end()) return {.object = {}, .error = -EINVAL};
  if (entry->second.keeper == fd) return {.object = {}, .error = -EBADF};
  see(fd, entry, farewell);
  const int flags = ::fcntl(fd, F_GETFL);
  return {.object = entry->second.object, .access = flags < 0 ? O_RDWR : flags & O_ACCMODE};
}

int Descriptors::close(int fd) {
  Farewell farewell;
  const std::lock_guard lock(mutex_);
  if (is_keeper(fd)) return -EBADF;
  forget(fd, farewell);
  return ::close(fd) == 0 ? 0 : -errno;
}

int Descriptors::duplicate(int fd, int lowest) {
  const int again = ::fcntl(fd, F_DUPFD_CLOEXEC, lowest);
  if (again < 0) return -errno;
  resolve(again);
  return again;
}

int Descriptors::duplicate_to(int fd, int target, int flags) {
  Farewell farewell;
  const std::lock_guard lock(mutex_);
  if (is_keeper(target)) return -EBUSY;
  if (::dup3(fd, target, flags) < 0) return -errno;
  const auto inode = inode_of(target);
  const auto entry = inode ? entries_.find(*inode) : entries_.end();
  if (entry != entries_.end())
    see(target, entry, farewell);
  else
    forget(target, farewell);
  return target;
}

int Descriptors::add_pin(const AnyObject& object) {
  Farewell farewell;
  const std::lock_guard lock(mutex_);
  int error = 0;
  const auto entry = entry_of(object, error, farewell);
  if (entry == entries_.end()) return error;
  ++entry->second.users;
  return 0;
}

void Descriptors::remove_pin(const AnyObject& object) {
  Farewell farewell;
  const std::lock_guard lock(mutex_);
  const auto known = inodes_.find(std::visit(Address{}, object));
  if (known != inodes_.end()) drop_user(entries_.find(known->second), farewell);
}

}  // namespace skep::vm
