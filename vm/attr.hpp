// SPDX-License-Identifier: Apache-2.0
// The arguments of bpf(2) as Linux 6.18 lays them out (include/uapi/linux/bpf.h). Our own, since the header of the
// machine that builds may be older. Addresses of the caller's memory are uint64_t.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace skep::vm {

/// Linux's enum bpf_cmd.
enum class Command : int {
  map_create,
  map_lookup_elem,
  map_update_elem,
  map_delete_elem,
  map_get_next_key,
  prog_load,
  obj_pin,
  obj_get,
  prog_attach,
  prog_detach,
  prog_test_run,
  prog_get_next_id,
  map_get_next_id,
  prog_get_fd_by_id,
  map_get_fd_by_id,
  obj_get_info_by_fd,
  prog_query,
  raw_tracepoint_open,
  btf_load,
  btf_get_fd_by_id,
  task_fd_query,
  map_lookup_and_delete_elem,
  map_freeze,
  btf_get_next_id,
  map_lookup_batch,
  map_lookup_and_delete_batch,
  map_update_batch,
  map_delete_batch,
  link_create,
  link_update,
  link_get_fd_by_id,
  link_get_next_id,
  enable_stats,
  iter_create,
  link_detach,
  prog_bind_map,
  token_create,
  prog_stream_read_by_fd,
};
inline constexpr int kCommandCount = 38;

inline constexpr size_t kObjectNameSize = 16;  ///< BPF_OBJ_NAME_LEN, with the NUL
using ObjectName = std::array<char, kObjectNameSize>;

// prog_flags of BPF_PROG_LOAD.
inline constexpr uint32_t kProgStrictAlignment = 1u << 0;
inline constexpr uint32_t kProgAnyAlignment = 1u << 1;
inline constexpr uint32_t kProgTestRndHi32 = 1u << 2;
inline constexpr uint32_t kProgTestStateFreq = 1u << 3;
inline constexpr uint32_t kProgSleepable = 1u << 4;
inline constexpr uint32_t kProgXdpHasFrags = 1u << 5;
inline constexpr uint32_t kProgXdpDevBoundOnly = 1u << 6;
inline constexpr uint32_t kProgTestRegInvariants = 1u << 7;
inline constexpr uint32_t kProgTokenFd = 1u << 16;

struct MapCreateAttr {
  uint32_t map_type;
  uint32_t key_size;
  uint32_t value_size;
  uint32_t max_entries;
  uint32_t map_flags;
  uint32_t inner_map_fd;
  uint32_t numa_node;
  ObjectName map_name;
  uint32_t map_ifindex;
  uint32_t btf_fd;
  uint32_t btf_key_type_id;
  uint32_t btf_value_type_id;
  uint32_t btf_vmlinux_value_type_id;
  uint64_t map_extra;
  int32_t value_type_btf_obj_fd;
  int32_t map_token_fd;
  uint64_t excl_prog_hash;
  uint32_t excl_prog_hash_size;
};

/// Of one element, and of BPF_MAP_FREEZE.
struct MapElemAttr {
  uint32_t map_fd;
  uint64_t key;
  union {
    uint64_t value;
    uint64_t next_key;
  };
  uint64_t flags;
};

struct MapBatchAttr {
  uint64_t in_batch;
  uint64_t out_batch;
  uint64_t keys;
  uint64_t values;
  uint32_t count;  ///< in and out
  uint32_t map_fd;
  uint64_t elem_flags;
  uint64_t flags;
};

struct ProgLoadAttr {
  uint32_t prog_type;
  uint32_t insn_cnt;
  uint64_t insns;
  uint64_t license;
  uint32_t log_level;
  uint32_t log_size;
  uint64_t log_buf;
  uint32_t kern_version;
  uint32_t prog_flags;
  ObjectName prog_name;
  uint32_t prog_ifindex;
  uint32_t expected_attach_type;
  uint32_t prog_btf_fd;
  uint32_t func_info_rec_size;
  uint64_t func_info;
  uint32_t func_info_cnt;
  uint32_t line_info_rec_size;
  uint64_t line_info;
  uint32_t line_info_cnt;
  uint32_t attach_btf_id;
  uint32_t attach_prog_fd;  ///< or attach_btf_obj_fd
  uint32_t core_relo_cnt;
  uint64_t fd_array;
  uint64_t core_relos;
  uint32_t core_relo_rec_size;
  uint32_t log_true_size;  ///< out
  int32_t prog_token_fd;
  uint32_t fd_array_cnt;
  uint64_t signature;
  uint32_t signature_size;
  int32_t keyring_id;
};

struct ObjAttr {
  uint64_t pathname;
  uint32_t bpf_fd;
  uint32_t file_flags;
  int32_t path_fd;
};

struct ProgAttachAttr {
  uint32_t target_fd;
  uint32_t attach_bpf_fd;
  uint32_t attach_type;
  uint32_t attach_flags;
  uint32_t replace_bpf_fd;
  uint32_t relative_fd;
  uint64_t expected_revision;
};

struct TestRunAttr {
  uint32_t prog_fd;
  uint32_t retval;         ///< out
  uint32_t data_size_in;   ///< bytes
  uint32_t data_size_out;  ///< in and out
  uint64_t data_in;
  uint64_t data_out;
  uint32_t repeat;
  uint32_t duration;  ///< out, ns
  uint32_t ctx_size_in;
  uint32_t ctx_size_out;  ///< in and out
  uint64_t ctx_in;
  uint64_t ctx_out;
  uint32_t flags;
  uint32_t cpu;
  uint32_t batch_size;
};

/// Of *_GET_NEXT_ID and *_GET_FD_BY_ID.
struct GetIdAttr {
  uint32_t id;       ///< start_id, prog_id, map_id, btf_id, link_id
  uint32_t next_id;  ///< out
  uint32_t open_flags;
  int32_t fd_by_id_token_fd;
};

struct InfoAttr {
  uint32_t bpf_fd;
  uint32_t info_len;  ///< in and out
  uint64_t info;
};

struct ProgQueryAttr {
  uint32_t target_fd;
  uint32_t attach_type;
  uint32_t query_flags;
  uint32_t attach_flags;
  uint64_t prog_ids;
  uint32_t count;
  uint32_t reserved;
  uint64_t prog_attach_flags;
  uint64_t link_ids;
  uint64_t link_attach_flags;
  uint64_t revision;
};

struct RawTracepointAttr {
  uint64_t name;
  uint32_t prog_fd;
  uint32_t reserved;
  uint64_t cookie;
};

struct BtfLoadAttr {
  uint64_t btf;
  uint64_t btf_log_buf;
  uint32_t btf_size;
  uint32_t btf_log_size;
  uint32_t btf_log_level;
  uint32_t btf_log_true_size;  ///< out
  uint32_t btf_flags;
  int32_t btf_token_fd;
};

struct TaskFdQueryAttr {
  uint32_t pid;
  uint32_t fd;
  uint32_t flags;
  uint32_t buf_len;
  uint64_t buf;
  uint32_t prog_id;
  uint32_t fd_type;
  uint64_t probe_offset;
  uint64_t probe_addr;
};

/// The kinds of links that are looked into. The member with the last field, `uprobe_multi`, tells the size.
struct LinkCreateAttr {
  uint32_t prog_fd;
  uint32_t target_fd;
  uint32_t attach_type;
  uint32_t flags;
  struct {
    uint64_t path;
    uint64_t offsets;
    uint64_t ref_ctr_offsets;
    uint64_t cookies;
    uint32_t cnt;
    uint32_t flags;
    int32_t pid;
  } uprobe_multi;
};

struct LinkUpdateAttr {
  uint32_t link_fd;
  uint32_t new_prog_fd;
  uint32_t flags;
  uint32_t old_prog_fd;
};

struct LinkDetachAttr {
  uint32_t link_fd;
};

struct EnableStatsAttr {
  uint32_t type;
};

struct IterCreateAttr {
  uint32_t link_fd;
  uint32_t flags;
};

struct ProgBindMapAttr {
  uint32_t prog_fd;
  uint32_t map_fd;
  uint32_t flags;
};

struct TokenCreateAttr {
  uint32_t flags;
  uint32_t bpffs_fd;
};

struct ProgStreamReadAttr {
  uint64_t stream_buf;
  uint32_t stream_buf_len;
  uint32_t stream_id;
  uint32_t prog_fd;
};

/// Linux's union bpf_attr.
union Attr {
  std::array<std::byte, 168> bytes;
  MapCreateAttr map_create;
  MapElemAttr elem;
  MapBatchAttr batch;
  ProgLoadAttr prog_load;
  ObjAttr obj;
  ProgAttachAttr prog_attach;
  TestRunAttr test;
  GetIdAttr get_id;
  InfoAttr info;
  ProgQueryAttr query;
  RawTracepointAttr raw_tracepoint;
  BtfLoadAttr btf_load;
  TaskFdQueryAttr task_fd_query;
  LinkCreateAttr link_create;
  LinkUpdateAttr link_update;
  LinkDetachAttr link_detach;
  EnableStatsAttr enable_stats;
  IterCreateAttr iter_create;
  ProgBindMapAttr prog_bind_map;
  TokenCreateAttr token_create;
  ProgStreamReadAttr prog_stream_read;
};
static_assert(sizeof(Attr) == 168 && sizeof(ProgLoadAttr) == 168);
static_assert(offsetof(ProgLoadAttr, log_true_size) == 140 && offsetof(ProgLoadAttr, keyring_id) == 164);
static_assert(offsetof(MapCreateAttr, excl_prog_hash_size) == 88);
static_assert(offsetof(TestRunAttr, batch_size) == 72);
static_assert(offsetof(LinkCreateAttr, uprobe_multi.pid) == 56);

// What BPF_OBJ_GET_INFO_BY_FD fills. A kernel's size of each is the end of its last field: kSize.

struct ProgInfo {
  uint32_t type;
  uint32_t id;
  std::array<std::byte, 8> tag;
  uint32_t jited_prog_len;
  uint32_t xlated_prog_len;
  uint64_t jited_prog_insns;
  uint64_t xlated_prog_insns;
  uint64_t load_time;
  uint32_t created_by_uid;
  uint32_t nr_map_ids;
  uint64_t map_ids;
  ObjectName name;
  uint32_t ifindex;
  uint32_t gpl_compatible;  ///< bit 0
  uint64_t netns_dev;
  uint64_t netns_ino;
  uint32_t nr_jited_ksyms;
  uint32_t nr_jited_func_lens;
  uint64_t jited_ksyms;
  uint64_t jited_func_lens;
  uint32_t btf_id;
  uint32_t func_info_rec_size;
  uint64_t func_info;
  uint32_t nr_func_info;
  uint32_t nr_line_info;
  uint64_t line_info;
  uint64_t jited_line_info;
  uint32_t nr_jited_line_info;
  uint32_t line_info_rec_size;
  uint32_t jited_line_info_rec_size;
  uint32_t nr_prog_tags;
  uint64_t prog_tags;
  uint64_t run_time_ns;
  uint64_t run_cnt;
  uint64_t recursion_misses;
  uint32_t verified_insns;
  uint32_t attach_btf_obj_id;
  uint32_t attach_btf_id;

  static constexpr size_t kSize = 228;
};
static_assert(offsetof(ProgInfo, attach_btf_id) + sizeof(uint32_t) == ProgInfo::kSize);

struct MapInfo {
  uint32_t type;
  uint32_t id;
  uint32_t key_size;
  uint32_t value_size;
  uint32_t max_entries;
  uint32_t map_flags;
  ObjectName name;
  uint32_t ifindex;
  uint32_t btf_vmlinux_value_type_id;
  uint64_t netns_dev;
  uint64_t netns_ino;
  uint32_t btf_id;
  uint32_t btf_key_type_id;
  uint32_t btf_value_type_id;
  uint32_t btf_vmlinux_id;
  uint64_t map_extra;
  uint64_t hash;
  uint32_t hash_size;

  static constexpr size_t kSize = 100;
};
static_assert(offsetof(MapInfo, hash_size) + sizeof(uint32_t) == MapInfo::kSize);

struct BtfInfo {
  uint64_t btf;
  uint32_t btf_size;
  uint32_t id;
  uint64_t name;
  uint32_t name_len;
  uint32_t kernel_btf;

  static constexpr size_t kSize = 32;
};
static_assert(sizeof(BtfInfo) == BtfInfo::kSize);

/// The head, which all kinds of links share; the rest is of the kind.
struct LinkInfo {
  uint32_t type;
  uint32_t id;
  uint32_t prog_id;
  uint32_t reserved;
  std::array<std::byte, 48> of_kind;

  static constexpr size_t kSize = 64;
};
static_assert(sizeof(LinkInfo) == LinkInfo::kSize);

}  // namespace skep::vm
