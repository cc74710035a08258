// SPDX-License-Identifier: Apache-2.0
// The machine, user and limits that libbpf sees.
#include <cerrno>
#include <cstring>
#include <string_view>

#include "vm/libbpf/redirect.hpp"
#include "vm/libbpf/system.hpp"

using skep::vm::CurrentSystem;
using skep::vm::refuse;
using skep::vm::System;

namespace {

template <size_t size>
void copy_text(char (&field)[size], std::string_view text) {
  const size_t length = text.copy(field, size - 1);
  field[length] = '\0';
}

}  // namespace

FILE* skep_sys_stderr = stderr;

// The version has none of the marks by which libbpf knows distributions that keep the real version elsewhere.
int skep_sys_uname(utsname* name) {
  const System* system = CurrentSystem::get();
  if (system == nullptr) return refuse(ENOSYS);
  *name = {};
  copy_text(name->sysname, "Linux");
  copy_text(name->nodename, "skep");
  copy_text(name->release, system->kernel_release());
  copy_text(name->version, "#1 Skep");
  copy_text(name->machine, "x86_64");
  return 0;
}

char* skep_sys_getenv(const char*) { return nullptr; }
uid_t skep_sys_geteuid() { return 0; }

int skep_sys_getrlimit64(int, rlimit* limit) {
  *limit = {RLIM_INFINITY, RLIM_INFINITY};
  return 0;
}
int skep_sys_setrlimit64(int, const rlimit*) { return 0; }
