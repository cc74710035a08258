// SPDX-License-Identifier: Apache-2.0
// Runs a command that a forbidden system call would end with SIGSYS. Exit 77: no seccomp here.
//   under_filter COMMAND [ARGUMENT...]
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/isolation/system_call_filter.hpp"

namespace {

/// A sanitizer's runtime sets a limit when its process starts, which is not what this is about.
void keep_limits(const char* options) {
  const char* given = std::getenv(options);
  const std::string text = (given == nullptr ? std::string() : std::string(given) + ":") + "disable_coredump=0";
  setenv(options, text.c_str(), 1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return (std::fputs("usage: under_filter COMMAND [ARGUMENT...]\n", stderr), 2);
  keep_limits("ASAN_OPTIONS");
  keep_limits("TSAN_OPTIONS");
  if (!skep::tests::forbid_kernel_bpf(skep::tests::OnForbidden::kill)) return (std::perror("seccomp"), 77);
  execv(argv[1], argv + 1);
  std::perror(argv[1]);
  return 127;
}
