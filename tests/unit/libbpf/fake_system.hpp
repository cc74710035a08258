// SPDX-License-Identifier: Apache-2.0
// A System that accepts everything, hands out memfds, and remembers what libbpf asked for.
#pragma once

#include <linux/bpf.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "vm/libbpf/system.hpp"

namespace skep::vm::test {

class FakeSystem : public System {
 public:
  struct Call {
    int command;
    bpf_attr attr;  ///< As it came, zeroes behind its size.
  };

  std::vector<Call> calls;
  std::map<std::string, std::string, std::less<>> files;
  std::set<std::string, std::less<>> pin_directories;
  std::vector<std::string> messages;
  std::vector<int> closed;
  int cpus = 4;
  bool host_files = false;
  /// Judges a command before it is answered: 0, or the negative errno to answer with.
  std::function<int(int command, const bpf_attr&)> judge = [](int, const bpf_attr&) { return 0; };

  long bpf(int command, void* attr, unsigned size) override {
    Call call{command, {}};
    std::memcpy(&call.attr, attr, std::min<size_t>(size, sizeof call.attr));
    calls.push_back(call);
    if (const int error = judge(command, call.attr)) return error;
    switch (command) {
      case BPF_MAP_CREATE: return create_map(call.attr);
      case BPF_MAP_UPDATE_ELEM: return update_map(call.attr);
      case BPF_PROG_LOAD:
      case BPF_BTF_LOAD: return ::memfd_create("fake", MFD_CLOEXEC);
      default: return 0;
    }
  }
  std::optional<std::string> file(std::string_view path) override {
    const auto found = files.find(path);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  }
  std::string kernel_release() const override { return "6.12.0-fake"; }
  int possible_cpus() const override { return cpus; }
  void log(LogLevel, std::string_view text) override { messages.emplace_back(text); }
  int close(int fd) override { return (closed.push_back(fd), System::close(fd)); }
  bool is_pin_directory(std::string_view path) override { return pin_directories.contains(path); }
  int make_pin_directory(std::string_view path) override {
    if (pin_directories.contains(path)) return -EEXIST;
    if (!pin_directories.contains(path.substr(0, path.rfind('/')))) return -EPERM;
    return (pin_directories.emplace(path), 0);
  }
  bool allows_host_file(std::string_view) override { return host_files; }

  [[nodiscard]] long count(int command) const {
    return std::count_if(calls.begin(), calls.end(), [command](const Call& call) { return call.command == command; });
  }

 private:
  /// A map is a file that libbpf may map: it looks at global data through such a mapping.
  int create_map(const bpf_attr& attr) {
    constexpr off_t kLargeEnough = off_t{1} << 36;
    const int fd = ::memfd_create("fake", MFD_CLOEXEC);
    if (::ftruncate(fd, kLargeEnough) != 0) return -errno;
    value_sizes_[file_of(fd)] = attr.value_size;
    return fd;
  }
  /// The value of key 0: that of global data.
  int update_map(const bpf_attr& attr) {
    const int fd = static_cast<int>(attr.map_fd);
    const auto size = value_sizes_.find(file_of(fd));
    uint32_t key = 0;
    std::memcpy(&key, reinterpret_cast<const void*>(attr.key), sizeof key);
    if (size == value_sizes_.end() || key != 0) return 0;
    const auto* value = reinterpret_cast<const void*>(attr.value);
    return ::pwrite(fd, value, size->second, 0) < 0 ? -errno : 0;
  }
  /// libbpf duplicates descriptors.
  static ino_t file_of(int fd) {
    struct stat status{};
    return ::fstat(fd, &status) == 0 ? status.st_ino : 0;
  }

  std::map<ino_t, size_t> value_sizes_;
};

}  // namespace skep::vm::test
