// SPDX-License-Identifier: Apache-2.0
// The system symbols of libbpf that symbols.txt redirects, as libbpf's calling conventions have them. Each
// behaves as its namesake in libc (result, errno) on the current System; without one it fails with ENOSYS.
#pragma once

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <zlib.h>

#include <cstdint>
#include <cstdio>

struct epoll_event;

#pragma GCC visibility push(hidden)
extern "C" {

// redirect_calls.cpp
long skep_sys_syscall(long number, ...);
int skep_sys_close(int fd);
int skep_sys_fcntl64(int fd, int command, ...);
void* skep_sys_mmap64(void* address, size_t length, int protection, int flags, int fd, off_t offset);
int skep_sys_munmap(void* address, size_t length);
int skep_sys_ioctl(int fd, unsigned long request, ...);
int skep_sys_epoll_ctl(int epoll, int operation, int fd, epoll_event* event);
int skep_sys_epoll_wait(int epoll, epoll_event* events, int room, int timeout);
int skep_sys_socket(int domain, int type, int protocol);
int skep_sys_bind(int fd, const sockaddr* address, socklen_t length);
ssize_t skep_sys_send(int fd, const void* data, size_t length, int flags);
ssize_t skep_sys_recvmsg(int fd, msghdr* message, int flags);
int skep_sys_getsockname(int fd, sockaddr* address, socklen_t* length);
int skep_sys_setsockopt(int fd, int level, int option, const void* value, socklen_t length);

// redirect_files.cpp
int skep_sys_open64(const char* path, int flags, ...);
FILE* skep_sys_fopen64(const char* path, const char* mode);
gzFile skep_sys_gzopen64(const char* path, const char* mode);
int skep_sys_faccessat(int directory, const char* path, int mode, int flags);
int skep_sys_access(const char* path, int mode);
int skep_sys_statfs64(const char* path, struct statfs* status);
int skep_sys_mkdir(const char* path, mode_t mode);
int skep_sys_unlink(const char* path);
char* skep_sys___realpath_chk(const char* path, char* resolved, size_t resolved_size);

// redirect_machine.cpp
int skep_sys_uname(utsname* name);
char* skep_sys_getenv(const char* name);
uid_t skep_sys_geteuid();
int skep_sys_getrlimit64(int resource, rlimit* limit);
int skep_sys_setrlimit64(int resource, const rlimit* limit);
extern FILE* skep_sys_stderr;

// process_state.cpp
bool skep_sys_feat_supported(void* cache, int feature);
}
#pragma GCC visibility pop

namespace skep::vm {

/// libc's way to fail: sets errno, returns -1.
int refuse(int error);

/// A System's result in libc's form: a negative errno becomes errno and -1.
long settle(long result);

}  // namespace skep::vm
