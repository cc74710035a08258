// SPDX-License-Identifier: Apache-2.0
// Who runs the program and where: the host's thread, and the virtual CPU.
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <linux/bpf.h>

#include "vm/helpers/families.hpp"

namespace skep::vm::helpers {
namespace {

constexpr size_t kCommBytes = 16;      // Linux: TASK_COMM_LEN
constexpr uint64_t kRootCgroupId = 1;  // the only cgroup of a VM

uint32_t get_smp_processor_id(Run& run) { return run.cpu; }

uint32_t get_numa_node_id(Run&) { return 0; }

uint32_t thread_id() { return static_cast<uint32_t>(syscall(SYS_gettid)); }

uint64_t get_current_pid_tgid(Run&) { return uint64_t(getpid()) << 32 | thread_id(); }

uint64_t get_current_uid_gid(Run&) { return uint64_t{getgid()} << 32 | getuid(); }

int get_current_comm(Run&, char* to, uint32_t size) {
  char name[kCommBytes + 1] = {};
  prctl(PR_GET_NAME, name);
  if (size == 0) return 0;
  std::memset(to, 0, size);
  std::memcpy(to, name, std::min<size_t>(std::strlen(name), size - 1));
  return 0;
}

/// There is no task_struct: reading through the result fails with EFAULT, as through any bad address.
uint64_t get_current_task(Run&) { return 0; }

uint64_t get_current_cgroup_id(Run&) { return kRootCgroupId; }

uint64_t get_current_ancestor_cgroup_id(Run&, int level) { return level == 0 ? kRootCgroupId : 0; }

int get_ns_current_pid_tgid(Run&, uint64_t device, uint64_t inode, bpf_pidns_info* info, uint32_t size) {
  std::memset(info, 0, size);
  struct stat own;
  if (size != sizeof *info || device != static_cast<uint32_t>(device)) return -EINVAL;
  if (stat("/proc/self/ns/pid", &own) != 0 || own.st_dev != device || own.st_ino != inode) return -EINVAL;
  info->pid = thread_id();
  info->tgid = static_cast<uint32_t>(getpid());
  return 0;
}

constexpr Row kRows[] = {
    row<get_smp_processor_id>(HelperId::get_smp_processor_id),
    row<get_numa_node_id>(HelperId::get_numa_node_id),
    row<get_current_pid_tgid>(HelperId::get_current_pid_tgid),
    row<get_current_uid_gid>(HelperId::get_current_uid_gid),
    row<get_current_comm>(HelperId::get_current_comm),
    row<get_current_task>(HelperId::get_current_task),
    row<get_current_cgroup_id>(HelperId::get_current_cgroup_id),
    row<get_current_ancestor_cgroup_id>(HelperId::get_current_ancestor_cgroup_id),
    row<get_ns_current_pid_tgid>(HelperId::get_ns_current_pid_tgid),
};

}  // namespace

Rows task_helpers() { return kRows; }

}  // namespace skep::vm::helpers
