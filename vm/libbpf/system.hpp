// SPDX-License-Identifier: Apache-2.0
// What the private libbpf takes for its kernel and its machine.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "vm/libbpf/mapped_regions.hpp"

namespace skep::vm {

/// libbpf's levels of messages (enum libbpf_print_level).
enum class LogLevel : uint8_t { warn, info, debug };

/// The kernel and machine that libbpf sees: each of its system calls arrives here, on the thread that called
/// libbpf, through the System that a CurrentSystem has made current. One System may be current on several
/// threads. Calls return what is natural for them, or a negative errno; none may throw. Where a default is
/// given, it never reaches the host's BPF or changes the host.
class System {
 public:
  System();
  System(const System&) = delete;
  System& operator=(const System&) = delete;
  virtual ~System();

  /// bpf(2), with the kernel's errors as negative errno. `attr` has `size` bytes.
  virtual long bpf(int command, void* attr, unsigned size) = 0;

  /// Content of a file that the machine has: /sys/kernel/btf/vmlinux, /boot/config-<release>,
  /// /proc/config.gz, /proc/kallsyms, /proc/version_signature, tracefs. No value: there is no such file.
  /// Never asked for /sys/devices/system/cpu/possible, which possible_cpus() answers.
  virtual std::optional<std::string> file(std::string_view path) = 0;
  /// As in `uname -r`, such as "6.12.0"; the file /boot/config-<release> carries its name.
  [[nodiscard]] virtual std::string kernel_release() const = 0;
  /// Number of possible CPUs, at least 1, the same as long as the System lives.
  [[nodiscard]] virtual int possible_cpus() const = 0;
  /// A line (or part of one) that libbpf prints. libbpf formats debug messages only if wants() is true for
  /// them.
  virtual void log(LogLevel level, std::string_view text) = 0;
  [[nodiscard]] virtual bool wants(LogLevel) const { return true; }

  // Descriptors. They are real ones; the defaults do the real call on them.
  virtual int close(int fd);
  virtual int duplicate(int fd, int lowest);                ///< fcntl(2), F_DUPFD_CLOEXEC.
  virtual int duplicate_to(int fd, int target, int flags);  ///< dup3(2).
  virtual int placeholder(const char* name,
                          unsigned flags);  ///< memfd_create(2): reserves a map's descriptor.
  /// mmap(2), with descriptor -1 for anonymous memory; MAP_FIXED only over memory that this System has mapped for
  /// libbpf, elsewhere it becomes MAP_FIXED_NOREPLACE. Memory is released by munmap(2).
  virtual void* map(void* address, size_t length, int protection, int flags, int fd, off_t offset);
  /// The descriptor to give to epoll(7) for `fd`: a ring's eventfd.
  virtual int pollable(int fd) { return fd; }

  // bpffs: paths of the VM's pins. Pinning itself is a bpf(2) command.
  virtual bool is_pin_directory(std::string_view path);
  virtual bool has_pin(std::string_view path);
  virtual int make_pin_directory(std::string_view path);
  virtual int remove_pin(std::string_view path);

  /// perf_event_open(2); `attr` is a perf_event_attr.
  virtual int perf_event_open(void* attr, pid_t pid, int cpu, int group, unsigned long flags);
  /// ioctl(2), on descriptors of perf_event_open().
  virtual int perf_event_control(int fd, unsigned long request, unsigned long argument);

  /// Whether libbpf may read this file of the host: an object file that a host names through libbpf's own
  /// API. Never asked for /sys, /proc, /boot and /dev, which are the machine's.
  virtual bool allows_host_file(std::string_view path);

  /// Called before epoll_wait(2): descriptors of `pollable` are made what they would be in Linux, readable or not.
  virtual void before_wait() {}

  /// What libbpf has found out about this System's features: its cache, which otherwise is one per process.
  [[nodiscard]] std::byte* feature_cache() { return feature_cache_.get(); }
  /// What map() has given to libbpf.
  [[nodiscard]] MappedRegions& mapped_regions() { return mapped_regions_; }

 private:
  std::unique_ptr<std::byte[]> feature_cache_;
  MappedRegions mapped_regions_;
};

/// Makes a System current on this thread while it lives; every call into libbpf happens under one. They nest.
/// libbpf remembers one number of possible CPUs per process; entering sets it, so concurrent calls on Systems
/// with different numbers may size a perf event array by the other's.
class [[nodiscard]] CurrentSystem {
 public:
  explicit CurrentSystem(System& system);
  CurrentSystem(const CurrentSystem&) = delete;
  CurrentSystem& operator=(const CurrentSystem&) = delete;
  ~CurrentSystem();

  /// This thread's current System, or null.
  static System* get();

 private:
  System* outer_;
};

}  // namespace skep::vm
