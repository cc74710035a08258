// SPDX-License-Identifier: Apache-2.0
// The commands of bpf(2). Each takes a copy of the caller's attr, behind whose last field of the command there are only
// zeros; results: ≥ 0, or a negative errno in the order of Linux's checks (kernel/bpf/syscall.c).
#pragma once

#include "vm/commands/call.hpp"

namespace skep::vm::commands {

// map.cpp
long map_create(const Call& call, Attr& attr);
long map_freeze(const Call& call, Attr& attr);

// map_element.cpp
long map_lookup_elem(const Call& call, Attr& attr);
long map_update_elem(const Call& call, Attr& attr);
long map_delete_elem(const Call& call, Attr& attr);
long map_get_next_key(const Call& call, Attr& attr);
long map_lookup_and_delete_elem(const Call& call, Attr& attr);

// map_batch.cpp
long map_lookup_batch(const Call& call, Attr& attr);
long map_lookup_and_delete_batch(const Call& call, Attr& attr);
long map_update_batch(const Call& call, Attr& attr);
long map_delete_batch(const Call& call, Attr& attr);

// prog_load.cpp, prog.cpp
long prog_load(const Call& call, Attr& attr);
long prog_bind_map(const Call& call, Attr& attr);
long prog_stream_read_by_fd(const Call& call, Attr& attr);
long enable_stats(const Call& call, Attr& attr);

// test_run.cpp
long prog_test_run(const Call& call, Attr& attr);

// btf.cpp
long btf_load(const Call& call, Attr& attr);

// link.cpp: what attaches programs to a kernel.
long link_create(const Call& call, Attr& attr);
long link_update(const Call& call, Attr& attr);
long link_detach(const Call& call, Attr& attr);
long iter_create(const Call& call, Attr& attr);
long prog_attach(const Call& call, Attr& attr);
long prog_detach(const Call& call, Attr& attr);
long prog_query(const Call& call, Attr& attr);
long raw_tracepoint_open(const Call& call, Attr& attr);
long task_fd_query(const Call& call, Attr& attr);
long token_create(const Call& call, Attr& attr);

// pin.cpp
long obj_pin(const Call& call, Attr& attr);
long obj_get(const Call& call, Attr& attr);

// id.cpp
long prog_get_next_id(const Call& call, Attr& attr);
long map_get_next_id(const Call& call, Attr& attr);
long btf_get_next_id(const Call& call, Attr& attr);
long link_get_next_id(const Call& call, Attr& attr);
long prog_get_fd_by_id(const Call& call, Attr& attr);
long map_get_fd_by_id(const Call& call, Attr& attr);
long btf_get_fd_by_id(const Call& call, Attr& attr);
long link_get_fd_by_id(const Call& call, Attr& attr);

// info.cpp
long obj_get_info_by_fd(const Call& call, Attr& attr);

}  // namespace skep::vm::commands
