// SPDX-License-Identifier: Apache-2.0
// A seccomp filter on what Skep must never do to its host: bpf(2), perf_event_open(2), and setting resource limits.
#pragma once

namespace skep::tests {

enum class OnForbidden {
  count,  ///< the call fails with EPERM and is counted; the counter is gone after an exec
  kill,   ///< the call ends the process with SIGSYS; holds after an exec
};

/// For this process and its children from now on. False: the kernel does not let us (errno).
bool forbid_kernel_bpf(OnForbidden action);

/// Forbidden calls that this process has made.
unsigned forbidden_calls();

}  // namespace skep::tests
