// SPDX-License-Identifier: Apache-2.0
// The running kernel's bpf(2), for tests that compare Skep with it. They load and test-run; nothing is ever attached.
#pragma once

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "isa/insn.hpp"

namespace skep::test {

/// The system call; a negative errno on failure.
inline long kernel_bpf(int command, bpf_attr& attr) {
  const long result = syscall(__NR_bpf, command, &attr, sizeof(attr));
  return result < 0 ? -errno : result;
}

/// A descriptor that closes itself.
class KernelFd {
 public:
  KernelFd() = default;
  explicit KernelFd(long fd) : fd_(static_cast<int>(fd)) {}
  KernelFd(KernelFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  KernelFd& operator=(KernelFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~KernelFd() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_ = -1;
};

struct KernelProgram {
  uint32_t type = BPF_PROG_TYPE_UNSPEC;
  uint32_t attach = 0;
  uint32_t attach_btf_id = 0;
  uint32_t flags = 0;
  const char* license = "GPL";
  std::span<const isa::Insn> insns{};
};

struct KernelVerdict {
  int error = 0;  ///< errno; 0: accepted.
  std::string log;
  KernelFd program;

  [[nodiscard]] bool says(const char* text) const { return log.find(text) != std::string::npos; }
};

inline KernelVerdict kernel_load(const KernelProgram& program) {
  static std::vector<char> log(1 << 16);
  log[0] = 0;
  bpf_attr attr{};
  attr.prog_type = program.type;
  attr.expected_attach_type = program.attach;
  attr.attach_btf_id = program.attach_btf_id;
  attr.prog_flags = program.flags;
  attr.insn_cnt = static_cast<uint32_t>(program.insns.size());
  attr.insns = reinterpret_cast<uintptr_t>(program.insns.data());
  attr.license = reinterpret_cast<uintptr_t>(program.license);
  attr.log_buf = reinterpret_cast<uintptr_t>(log.data());
  attr.log_size = static_cast<uint32_t>(log.size());
  attr.log_level = 1;
  long result = kernel_bpf(BPF_PROG_LOAD, attr);
  if (result == -ENOSPC) {  // the log was too short for a long walk, which hides the verdict
    attr.log_buf = attr.log_size = attr.log_level = 0;
    result = kernel_bpf(BPF_PROG_LOAD, attr);
  }
  KernelVerdict verdict;
  verdict.error = result < 0 ? static_cast<int>(-result) : 0;
  verdict.log = log.data();
  if (result >= 0) verdict.program = KernelFd(result);
  return verdict;
}

/// Whether this process may load programs; tests skip themselves where it may not.
inline bool kernel_bpf_works() {
  const isa::Insn program[] = {{.code = 0xb7}, {.code = 0x95}};
  return kernel_load({.type = BPF_PROG_TYPE_XDP, .insns = program}).error == 0;
}

}  // namespace skep::test
