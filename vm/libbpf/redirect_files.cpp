// SPDX-License-Identifier: Apache-2.0
// The files that libbpf sees: the machine's, served from memory; the VM's pins; object files that a host
// names.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>

#include "vm/libbpf/redirect.hpp"
#include "vm/libbpf/system.hpp"

namespace skep::vm {
namespace {

constexpr std::string_view kPossibleCpus = "/sys/devices/system/cpu/possible";

// What lies here describes a machine, and the machine is the System. In the last three libbpf looks for kernels' BTF.
constexpr std::array<std::string_view, 7> kMachineFolders{
    "/sys/", "/proc/", "/boot/", "/dev/", "/lib/modules/", "/usr/lib/modules/", "/usr/lib/debug/"};

bool is_machine_path(std::string_view path) {
  return std::any_of(kMachineFolders.begin(), kMachineFolders.end(),
                     [path](std::string_view folder) { return path.starts_with(folder); });
}

std::string possible_cpus_text(const System& system) {
  const int last = system.possible_cpus() - 1;
  return last == 0 ? "0\n" : "0-" + std::to_string(last) + "\n";
}

std::optional<std::string> machine_file(System& system, std::string_view path) {
  if (path == kPossibleCpus) return possible_cpus_text(system);
  return system.file(path);
}

bool write_whole(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0) return false;
    content.remove_prefix(static_cast<size_t>(written));
  }
  return ::lseek(fd, 0, SEEK_SET) == 0;
}

// A descriptor that reads `content`, or a negative errno.
int memory_descriptor(std::string_view content) {
  const int fd = ::memfd_create("skep_file", MFD_CLOEXEC);
  if (fd < 0) return -errno;
  if (write_whole(fd, content)) return fd;
  const int error = errno;
  ::close(fd);
  return -error;
}

// A descriptor for reading `path`, or a negative errno.
int open_for_reading(System& system, const char* path) {
  if (const auto content = machine_file(system, path)) return memory_descriptor(*content);
  if (is_machine_path(path) || !system.allows_host_file(path)) return -ENOENT;
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

bool exists(System& system, const char* path) {
  return machine_file(system, path).has_value() || system.has_pin(path) || system.is_pin_directory(path) ||
         (!is_machine_path(path) && system.allows_host_file(path) && ::access(path, R_OK) == 0);
}

// Opens `path` for reading and gives the descriptor to `wrap` (fdopen, gzdopen), which owns it if it
// succeeds.
template <class Handle>
Handle open_stream(const char* path, const char* mode, Handle (*wrap)(int, const char*)) {
  System* system = CurrentSystem::get();
  if (system == nullptr) return (refuse(ENOSYS), nullptr);
  if (mode[0] != 'r') return (refuse(EROFS), nullptr);
  const auto fd = static_cast<int>(settle(open_for_reading(*system, path)));
  if (fd < 0) return nullptr;
  Handle handle = wrap(fd, "r");
  if (handle == nullptr) ::close(fd);
  return handle;
}

// One of the System's operations on a path, in libc's form.
int on_path(int (System::*operation)(std::string_view), const char* path) {
  System* system = CurrentSystem::get();
  return system == nullptr ? refuse(ENOSYS) : static_cast<int>(settle((system->*operation)(path)));
}

}  // namespace
}  // namespace skep::vm

using namespace skep::vm;

int skep_sys_open64(const char* path, int flags, ...) {
  System* system = CurrentSystem::get();
  if (system == nullptr) return refuse(ENOSYS);
  if ((flags & O_ACCMODE) != O_RDONLY) return refuse(EROFS);
  return static_cast<int>(settle(open_for_reading(*system, path)));
}

FILE* skep_sys_fopen64(const char* path, const char* mode) { return open_stream(path, mode, ::fdopen); }
gzFile skep_sys_gzopen64(const char* path, const char* mode) { return open_stream(path, mode, ::gzdopen); }

int skep_sys_faccessat(int directory, const char* path, int mode, int) {
  return directory == AT_FDCWD ? skep_sys_access(path, mode) : refuse(ENOENT);
}

int skep_sys_access(const char* path, int mode) {
  System* system = CurrentSystem::get();
  if (system == nullptr) return refuse(ENOSYS);
  if (!exists(*system, path)) return refuse(ENOENT);
  return (mode & W_OK) != 0 ? refuse(EROFS) : 0;
}

int skep_sys_statfs64(const char* path, struct statfs* status) {
  System* system = CurrentSystem::get();
  if (system == nullptr) return refuse(ENOSYS);
  if (!system->is_pin_directory(path)) return refuse(ENOENT);
  *status = {};
  status->f_type = BPF_FS_MAGIC;
  return 0;
}

int skep_sys_mkdir(const char* path, mode_t) { return on_path(&System::make_pin_directory, path); }
int skep_sys_unlink(const char* path) { return on_path(&System::remove_pin, path); }

// libbpf resolves the libraries of processes to trace, which are the host's.
char* skep_sys___realpath_chk(const char*, char*, size_t) { return (refuse(ENOENT), nullptr); }
