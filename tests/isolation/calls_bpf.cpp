// SPDX-License-Identifier: Apache-2.0
// Makes one real bpf(2) call, to see that the filter sees it.
#include <sys/syscall.h>
#include <unistd.h>

int main() {
  syscall(SYS_bpf, 0, nullptr, 0);
  return 0;
}
