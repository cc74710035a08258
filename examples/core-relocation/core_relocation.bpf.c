// SPDX-License-Identifier: Apache-2.0
// Compile once, run everywhere: offsets, sizes and values of kernel types are filled in when the program is loaded.
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

// What this program knows of the types, in the form of an older kernel.
enum phase { PHASE_START, PHASE_RUN };

struct task {
  int pid;
  unsigned priority : 7;
  char name[16];
} __attribute__((preserve_access_index));

struct removed {
  int gone;
} __attribute__((preserve_access_index));

SEC("raw_tp/example")
int offsets(void* ctx) {
  struct task* task = 0;
  if (bpf_core_type_exists(struct removed) || !bpf_core_field_exists(task->priority)) return -1;
  return bpf_core_field_offset(task->pid) * 1000000 +  // 24
         bpf_core_type_size(struct task) * 1000 +      // 72
         bpf_core_enum_value(enum phase, PHASE_RUN);   // 20
}

// Reads a task through the pointer that the caller put into the context.
SEC("raw_tp/example")
int read_task(unsigned long long* ctx) {
  struct task* task = (void*)ctx[0];
  int pid = 0;
  if (bpf_core_read(&pid, sizeof(pid), &task->pid) < 0) return -1;
  return pid + BPF_CORE_READ_BITFIELD_PROBED(task, priority);
}

char LICENSE[] SEC("license") = "GPL";
