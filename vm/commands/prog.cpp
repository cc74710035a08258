// SPDX-License-Identifier: Apache-2.0
// BPF_PROG_BIND_MAP, BPF_PROG_STREAM_READ_BY_FD, BPF_ENABLE_STATS.
#include "vm/commands/commands.hpp"

namespace skep::vm::commands {

long prog_bind_map(const Call& call, Attr& attr) {
  if (attr.prog_bind_map.flags != 0) return -EINVAL;
  int error = 0;
  const auto program = object_of<Program>(call.vm, attr.prog_bind_map.prog_fd, error);
  if (program == nullptr) return error;
  auto map = object_of<maps::Map>(call.vm, attr.prog_bind_map.map_fd, error);
  if (map == nullptr) return error;
  program->bind(std::move(map));
  return 0;
}

long prog_stream_read_by_fd(const Call& call, Attr& attr) {
  constexpr uint32_t kStreams = 2;  // standard output and standard error, numbers 1 and 2
  int error = 0;
  const auto program = object_of<Program>(call.vm, attr.prog_stream_read.prog_fd, error);
  if (program == nullptr) return error;
  if (attr.prog_stream_read.stream_id < 1 || attr.prog_stream_read.stream_id > kStreams) return -ENOENT;
  return 0;  // bpf_stream_printk is not built, so streams are empty
}

long enable_stats(const Call& call, Attr& attr) {
  constexpr uint32_t kRunTime = 0;
  if (call.vm.unprivileged()) return -EPERM;
  return attr.enable_stats.type == kRunTime ? call.vm.stats_descriptor() : -EINVAL;
}

}  // namespace skep::vm::commands
