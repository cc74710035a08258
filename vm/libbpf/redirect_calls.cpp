// SPDX-License-Identifier: Apache-2.0
// libbpf's system calls on descriptors.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>

#include "vm/libbpf/redirect.hpp"
#include "vm/libbpf/system.hpp"

namespace skep::vm {

int refuse(int error) {
  errno = error;
  return -1;
}

long settle(long result) { return result < 0 ? refuse(static_cast<int>(-result)) : result; }

namespace {

// syscall(2)'s arguments, as registers hold them. libbpf passes what is narrower as it is, so the upper
// halves of integers are not defined.
using Arguments = std::array<long, 5>;

template <class T>
T pointer(long argument) {
  return reinterpret_cast<T>(argument);
}
int integer(long argument) { return static_cast<int>(argument); }

long call_bpf(System& system, const Arguments& a) {
  return system.bpf(integer(a[0]), pointer<void*>(a[1]), static_cast<unsigned>(a[2]));
}
long call_dup3(System& system, const Arguments& a) {
  return system.duplicate_to(integer(a[0]), integer(a[1]), integer(a[2]));
}
long call_memfd_create(System& system, const Arguments& a) {
  return system.placeholder(pointer<const char*>(a[0]), static_cast<unsigned>(a[1]));
}
long call_perf_event_open(System& system, const Arguments& a) {
  return system.perf_event_open(pointer<void*>(a[0]), integer(a[1]), integer(a[2]), integer(a[3]),
                                static_cast<unsigned long>(a[4]));
}

struct SystemCall {
  long number;
  long (*call)(System&, const Arguments&);
};
constexpr std::array kSystemCalls{
    SystemCall{SYS_bpf, call_bpf},
    SystemCall{SYS_dup3, call_dup3},
    SystemCall{SYS_memfd_create, call_memfd_create},
    SystemCall{SYS_perf_event_open, call_perf_event_open},
};

}  // namespace
}  // namespace skep::vm

using skep::vm::CurrentSystem;
using skep::vm::refuse;
using skep::vm::settle;
using skep::vm::System;

long skep_sys_syscall(long number, ...) {
  using namespace skep::vm;
  System* system = CurrentSystem::get();
  const auto* row = std::find_if(kSystemCalls.begin(), kSystemCalls.end(),
                                 [number](const SystemCall& candidate) { return candidate.number == number; });
  if (system == nullptr || row == kSystemCalls.end()) return refuse(ENOSYS);

  Arguments arguments;
  va_list list;
  va_start(list, number);
  for (long& argument : arguments) argument = va_arg(list, long);
  va_end(list);
  return settle(row->call(*system, arguments));
}

// A descriptor that outlives its System's turn is still a descriptor of this process: it is closed in any
// case.
int skep_sys_close(int fd) {
  System* system = CurrentSystem::get();
  return system != nullptr ? static_cast<int>(settle(system->close(fd))) : ::close(fd);
}

int skep_sys_fcntl64(int fd, int command, ...) {
  System* system = CurrentSystem::get();
  if (system == nullptr) return refuse(ENOSYS);
  if (command != F_DUPFD_CLOEXEC) return refuse(EINVAL);

  va_list list;
  va_start(list, command);
  const int lowest = va_arg(list, int);
  va_end(list);
  return static_cast<int>(settle(system->duplicate(fd, lowest)));
}

void* skep_sys_mmap64(void* address, size_t length, int protection, int flags, int fd, off_t offset) {
  System* system = CurrentSystem::get();
  if (system == nullptr) return (refuse(ENOSYS), MAP_FAILED);
  if ((flags & MAP_FIXED) != 0 && !system->mapped_regions().hold(address, length))
    flags = (flags & ~MAP_FIXED) | MAP_FIXED_NOREPLACE;
  void* memory = system->map(address, length, protection, flags, fd, offset);
  if (memory != MAP_FAILED) system->mapped_regions().add(memory, length);
  return memory;
}

int skep_sys_munmap(void* address, size_t length) {
  if (System* system = CurrentSystem::get()) system->mapped_regions().remove(address);
  return ::munmap(address, length);
}

int skep_sys_ioctl(int fd, unsigned long request, ...) {
  System* system = CurrentSystem::get();
  if (system == nullptr) return refuse(ENOSYS);

  va_list list;
  va_start(list, request);
  const auto argument = va_arg(list, unsigned long);
  va_end(list);
  return static_cast<int>(settle(system->perf_event_control(fd, request, argument)));
}

int skep_sys_epoll_ctl(int epoll, int operation, int fd, epoll_event* event) {
  System* system = CurrentSystem::get();
  if (system == nullptr) return refuse(ENOSYS);
  const int polled = system->pollable(fd);
  if (polled == fd || event == nullptr) return ::epoll_ctl(epoll, operation, polled, event);
  // A ring's eventfd stays readable: a host that waits itself, without us, is to see each wake-up once.
  epoll_event edges = *event;
  edges.events |= EPOLLET;
  return ::epoll_ctl(epoll, operation, polled, &edges);
}

int skep_sys_epoll_wait(int epoll, epoll_event* events, int room, int timeout) {
  if (System* system = CurrentSystem::get()) system->before_wait();
  return ::epoll_wait(epoll, events, room, timeout);
}

// Netlink would attach programs to the host's devices. libbpf starts with socket(), so the others never get
// one.
int skep_sys_socket(int, int, int) { return refuse(EPERM); }
int skep_sys_bind(int, const sockaddr*, socklen_t) { return refuse(EPERM); }
ssize_t skep_sys_send(int, const void*, size_t, int) { return refuse(EPERM); }
ssize_t skep_sys_recvmsg(int, msghdr*, int) { return refuse(EPERM); }
int skep_sys_getsockname(int, sockaddr*, socklen_t*) { return refuse(EPERM); }
int skep_sys_setsockopt(int, int, int, const void*, socklen_t) { return refuse(EPERM); }
