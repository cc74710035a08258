// SPDX-License-Identifier: Apache-2.0
// The kernel's configuration and version as variables. `skep run --kconfig FILE` says what they are.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

extern int LINUX_KERNEL_VERSION __kconfig;
extern unsigned CONFIG_HZ __kconfig;
extern enum libbpf_tristate CONFIG_BPF_SYSCALL __kconfig;
extern char CONFIG_DEFAULT_HOSTNAME[16] __kconfig __weak;

// The timer's frequency, plus 10,000 where bpf(2) is built in, plus 100,000 where the host name begins with 's'.
SEC("xdp")
int read_configuration(struct xdp_md* ctx) {
  if (LINUX_KERNEL_VERSION < 0x050000) return 0;
  int result = CONFIG_HZ;
  if (CONFIG_BPF_SYSCALL == TRI_YES) result += 10000;
  if (CONFIG_DEFAULT_HOSTNAME[0] == 's') result += 100000;
  return result;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
