// SPDX-License-Identifier: Apache-2.0
// A host that links Skep and the system's libbpf.so: a load through Skep makes not one real bpf(2) call. A
// seccomp filter ends a process at its first; that it does is shown on a child, which calls libbpf.so.
#include <private_libbpf.hpp>  // before libbpf's own headers

#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <csignal>
#include <cstddef>
#include <cstdio>

#include "tests/unit/libbpf/fake_system.hpp"
#include "tests/unit/libbpf/object_file.hpp"

namespace {

bool forbid_bpf() {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{4, code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

int load_through_skep() {
  skep::vm::test::FakeSystem system;
  system.files["/proc/config.gz"] = "CONFIG_HZ=250\n";
  const skep::vm::CurrentSystem current(system);
  const auto bytes = skep::vm::test::read_file(COUNTER_BPF_OBJECT);
  bpf_object* object = bpf_object__open_mem(bytes.data(), bytes.size(), nullptr);
  const bool loaded = object != nullptr && bpf_object__load(object) == 0;
  bpf_object__close(object);
  return loaded && system.count(BPF_PROG_LOAD) > 0 ? 0 : 1;
}

using CreateMap = int (*)(int, const char*, unsigned, unsigned, unsigned, const void*);

// Whether a call of libbpf.so's bpf_map_create ends a process.
bool filter_works(CreateMap create_map) {
  const pid_t child = fork();
  if (child == 0) {
    create_map(BPF_MAP_TYPE_ARRAY, nullptr, 4, 4, 1, nullptr);
    _exit(0);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

}  // namespace

int main() {
  const auto create_map = reinterpret_cast<CreateMap>(dlsym(RTLD_DEFAULT, "bpf_map_create"));
  if (create_map == nullptr) return (std::puts("libbpf.so is not loaded"), 2);
  if (!forbid_bpf()) return (std::perror("seccomp"), 77);
  if (!filter_works(create_map)) return (std::puts("the filter does not see a real bpf call"), 3);
  return load_through_skep();
}
