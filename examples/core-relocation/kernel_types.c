// SPDX-License-Identifier: Apache-2.0
// Stands for a kernel whose structures differ from those that core_relocation.bpf.c was compiled with: compiled for BPF, this
// file's BTF is what the VM serves as the kernel's.
enum phase { PHASE_START = 10, PHASE_RUN = 20, PHASE_STOP = 30 };

struct address {
  unsigned short family;
  unsigned char bytes[16];
};

struct task {
  long added_in_a_later_version[3];
  int pid;
  struct {
    unsigned flags : 5;
    unsigned priority : 7;
  };
  struct address peer;
  char name[16];
};

int kernel(struct task* task, enum phase* phase) { return task->pid + *phase; }
