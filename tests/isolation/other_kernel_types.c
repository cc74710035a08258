// SPDX-License-Identifier: Apache-2.0
// Another kernel than examples/core-relocation/kernel_types.c: the same types with other places and values.
enum phase { PHASE_START, PHASE_INIT, PHASE_RUN };

struct task {
  char name[32];
  int pid;
  unsigned priority : 7;
};

int kernel(struct task* task, enum phase* phase) { return task->pid + *phase; }
