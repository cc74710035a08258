// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "vm/commands/commands.hpp"

namespace skep::vm {
namespace {

using namespace commands;

struct Row {
  Command command;
  size_t used;  ///< end of the last field that the command knows; behind it there must be zeros (Linux: CHECK_ATTR)
  long (*run)(const Call& call, Attr& attr);
};

#define SKEP_USED(field) (offsetof(Attr, field) + sizeof(Attr{}.field))

// clang-format off
constexpr std::array kCommands{
    Row{Command::map_create,                  SKEP_USED(map_create.excl_prog_hash_size), map_create},
    Row{Command::map_lookup_elem,             SKEP_USED(elem.flags),                     map_lookup_elem},
    Row{Command::map_update_elem,             SKEP_USED(elem.flags),                     map_update_elem},
    Row{Command::map_delete_elem,             SKEP_USED(elem.key),                       map_delete_elem},
    Row{Command::map_get_next_key,            SKEP_USED(elem.next_key),                  map_get_next_key},
    Row{Command::prog_load,                   SKEP_USED(prog_load.keyring_id),           prog_load},
    Row{Command::obj_pin,                     SKEP_USED(obj.path_fd),                    obj_pin},
    Row{Command::obj_get,                     SKEP_USED(obj.path_fd),                    obj_get},
    Row{Command::prog_attach,                 SKEP_USED(prog_attach.expected_revision),  prog_attach},
    Row{Command::prog_detach,                 SKEP_USED(prog_attach.expected_revision),  prog_detach},
    Row{Command::prog_test_run,               SKEP_USED(test.batch_size),                prog_test_run},
    Row{Command::prog_get_next_id,            SKEP_USED(get_id.next_id),                 prog_get_next_id},
    Row{Command::map_get_next_id,             SKEP_USED(get_id.next_id),                 map_get_next_id},
    Row{Command::prog_get_fd_by_id,           SKEP_USED(get_id.id),                      prog_get_fd_by_id},
    Row{Command::map_get_fd_by_id,            SKEP_USED(get_id.open_flags),              map_get_fd_by_id},
    Row{Command::obj_get_info_by_fd,          SKEP_USED(info.info),                      obj_get_info_by_fd},
    Row{Command::prog_query,                  SKEP_USED(query.revision),                 prog_query},
    Row{Command::raw_tracepoint_open,         SKEP_USED(raw_tracepoint.cookie),          raw_tracepoint_open},
    Row{Command::btf_load,                    SKEP_USED(btf_load.btf_token_fd),          btf_load},
    Row{Command::btf_get_fd_by_id,            SKEP_USED(get_id.fd_by_id_token_fd),       btf_get_fd_by_id},
    Row{Command::task_fd_query,               SKEP_USED(task_fd_query.probe_addr),       task_fd_query},
    Row{Command::map_lookup_and_delete_elem,  SKEP_USED(elem.flags),                     map_lookup_and_delete_elem},
    Row{Command::map_freeze,                  SKEP_USED(elem.map_fd),                    map_freeze},
    Row{Command::btf_get_next_id,             SKEP_USED(get_id.next_id),                 btf_get_next_id},
    Row{Command::map_lookup_batch,            SKEP_USED(batch.flags),                    map_lookup_batch},
    Row{Command::map_lookup_and_delete_batch, SKEP_USED(batch.flags),                    map_lookup_and_delete_batch},
    Row{Command::map_update_batch,            SKEP_USED(batch.flags),                    map_update_batch},
    Row{Command::map_delete_batch,            SKEP_USED(batch.flags),                    map_delete_batch},
    Row{Command::link_create,                 SKEP_USED(link_create.uprobe_multi.pid),   link_create},
    Row{Command::link_update,                 SKEP_USED(link_update.old_prog_fd),        link_update},
    Row{Command::link_get_fd_by_id,           SKEP_USED(get_id.id),                      link_get_fd_by_id},
    Row{Command::link_get_next_id,            SKEP_USED(get_id.next_id),                 link_get_next_id},
    Row{Command::enable_stats,                SKEP_USED(enable_stats.type),              enable_stats},
    Row{Command::iter_create,                 SKEP_USED(iter_create.flags),              iter_create},
    Row{Command::link_detach,                 SKEP_USED(link_detach.link_fd),            link_detach},
    Row{Command::prog_bind_map,               SKEP_USED(prog_bind_map.flags),            prog_bind_map},
    Row{Command::token_create,                SKEP_USED(token_create.bpffs_fd),          token_create},
    Row{Command::prog_stream_read_by_fd,      SKEP_USED(prog_stream_read.prog_fd),       prog_stream_read_by_fd},
};
// clang-format on
#undef SKEP_USED

constexpr bool rows_are_in_order() {
  for (size_t i = 0; i < kCommands.size(); ++i)
    if (static_cast<size_t>(kCommands[i].command) != i) return false;
  return true;
}
static_assert(kCommands.size() == kCommandCount && rows_are_in_order(), "a row for each command, by its number");

bool is_zero_from(const Attr& attr, size_t offset) {
  return std::all_of(attr.bytes.begin() + static_cast<ptrdiff_t>(offset), attr.bytes.end(),
                     [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

long Vm::bpf(int command, void* attr_pointer, unsigned size) {
  const Call call{.vm = *this, .attr_address = reinterpret_cast<uint64_t>(attr_pointer), .size = size};
  if (const int error = check_tail_zero(call.attr_address, sizeof(Attr), size); error != 0) return error;
  Attr attr{};
  if (!copy_from_user(&attr, call.attr_address, std::min<size_t>(size, sizeof attr))) return -EFAULT;
  if (command < 0 || command >= kCommandCount) return -EINVAL;
  const Row& row = kCommands[static_cast<size_t>(command)];
  return is_zero_from(attr, row.used) ? row.run(call, attr) : -EINVAL;
}

}  // namespace skep::vm
