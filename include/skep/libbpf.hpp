// SPDX-License-Identifier: Apache-2.0
// libbpf's own API on a VM: a host that calls bpf_object__open_file(), bpf_map_lookup_elem(), a skeleton of bpftool
// and so on links skep_libbpf_door (a static library) instead of libbpf, and makes a VM current:
//
//   skep::CurrentVm current(vm);
//   struct packet_counter *skeleton = packet_counter__open_and_load();
//
// What libbpf then asks of its kernel and its machine, the VM answers; nothing reaches the host's. Object files that
// the host names are read from its file system. libbpf trusts them: use Vm::open for those of strangers.
#pragma once

#include <memory>

#include "skep/skep.hpp"

namespace skep {

/// Makes a VM the one that libbpf's functions reach on this thread, as long as it lives. They nest: the innermost
/// counts. Without one libbpf's functions that need a kernel fail with ENOSYS. What libbpf makes belongs to the VM that
/// was current then, and wants it current again when it is used and closed. libbpf remembers the number of possible
/// CPUs that it was told first: VMs that one process uses in this way should have the same.
class [[nodiscard]] CurrentVm {
 public:
  explicit CurrentVm(const Vm& vm);
  ~CurrentVm();
  CurrentVm(const CurrentVm&) = delete;
  CurrentVm& operator=(const CurrentVm&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace skep
