// SPDX-License-Identifier: Apache-2.0
#include "vm/libbpf/system.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "vm/libbpf/process_state.hpp"

namespace skep::vm {
namespace {

thread_local System* current_system = nullptr;

int or_errno(int result) { return result < 0 ? -errno : result; }

}  // namespace

System::System() : feature_cache_(make_feature_cache()) {}
System::~System() = default;

int System::close(int fd) { return or_errno(::close(fd)); }
int System::duplicate(int fd, int lowest) { return or_errno(::fcntl(fd, F_DUPFD_CLOEXEC, lowest)); }
int System::duplicate_to(int fd, int target, int flags) { return or_errno(::dup3(fd, target, flags)); }
int System::placeholder(const char* name, unsigned flags) { return or_errno(::memfd_create(name, flags)); }

void* System::map(void* address, size_t length, int protection, int flags, int fd, off_t offset) {
  return ::mmap(address, length, protection, flags, fd, offset);
}

bool System::is_pin_directory(std::string_view) { return false; }
bool System::has_pin(std::string_view) { return false; }
int System::make_pin_directory(std::string_view) { return -EPERM; }
int System::remove_pin(std::string_view) { return -EPERM; }

int System::perf_event_open(void*, pid_t, int, int, unsigned long) { return -ENOSYS; }
int System::perf_event_control(int, unsigned long, unsigned long) { return -ENOSYS; }
bool System::allows_host_file(std::string_view) { return false; }

CurrentSystem::CurrentSystem(System& system) : outer_(current_system) {
  route_messages();
  current_system = &system;
  set_possible_cpus(system.possible_cpus());
}

CurrentSystem::~CurrentSystem() {
  current_system = outer_;
  if (outer_ != nullptr) set_possible_cpus(outer_->possible_cpus());
}

System* CurrentSystem::get() { return current_system; }

}  // namespace skep::vm
