// SPDX-License-Identifier: Apache-2.0
// Flags of map commands and map helpers. Our own constants: the <linux/bpf.h> of the build machine may be
// older.
#pragma once

#include <cstdint>

namespace skep::maps {

// map_flags of BPF_MAP_CREATE. Bits 3 and 4 are also file_flags of BPF_OBJ_GET and open_flags of
// *_GET_FD_BY_ID.
inline constexpr uint32_t kFlagNoPrealloc = 1u << 0;      ///< BPF_F_NO_PREALLOC
inline constexpr uint32_t kFlagNoCommonLru = 1u << 1;     ///< BPF_F_NO_COMMON_LRU
inline constexpr uint32_t kFlagNumaNode = 1u << 2;        ///< BPF_F_NUMA_NODE
inline constexpr uint32_t kFlagRdonly = 1u << 3;          ///< BPF_F_RDONLY: through the descriptor
inline constexpr uint32_t kFlagWronly = 1u << 4;          ///< BPF_F_WRONLY: through the descriptor
inline constexpr uint32_t kFlagStackBuildId = 1u << 5;    ///< BPF_F_STACK_BUILD_ID
inline constexpr uint32_t kFlagZeroSeed = 1u << 6;        ///< BPF_F_ZERO_SEED
inline constexpr uint32_t kFlagRdonlyProg = 1u << 7;      ///< BPF_F_RDONLY_PROG: for programs
inline constexpr uint32_t kFlagWronlyProg = 1u << 8;      ///< BPF_F_WRONLY_PROG: for programs
inline constexpr uint32_t kFlagClone = 1u << 9;           ///< BPF_F_CLONE
inline constexpr uint32_t kFlagMmapable = 1u << 10;       ///< BPF_F_MMAPABLE
inline constexpr uint32_t kFlagPreserveElems = 1u << 11;  ///< BPF_F_PRESERVE_ELEMS
inline constexpr uint32_t kFlagInnerMap = 1u << 12;       ///< BPF_F_INNER_MAP
inline constexpr uint32_t kFlagLink = 1u << 13;           ///< BPF_F_LINK
inline constexpr uint32_t kFlagPathFd = 1u << 14;         ///< BPF_F_PATH_FD (object commands)
inline constexpr uint32_t kFlagVtypeBtfObjFd = 1u << 15;  ///< BPF_F_VTYPE_BTF_OBJ_FD
inline constexpr uint32_t kFlagTokenFd = 1u << 16;        ///< BPF_F_TOKEN_FD
inline constexpr uint32_t kFlagSegvOnFault = 1u << 17;    ///< BPF_F_SEGV_ON_FAULT
inline constexpr uint32_t kFlagNoUserConv = 1u << 18;     ///< BPF_F_NO_USER_CONV

// Flags of update (command and helper) and, for the lock flag, of look-up.
inline constexpr uint64_t kUpdateAny = 0;        ///< BPF_ANY: create or replace
inline constexpr uint64_t kUpdateNoExist = 1;    ///< BPF_NOEXIST: create only
inline constexpr uint64_t kUpdateExist = 2;      ///< BPF_EXIST: replace only
inline constexpr uint64_t kUpdateLock = 4;       ///< BPF_F_LOCK: copy under the value's spin lock
inline constexpr uint64_t kUpdateFlagsMask = 7;  ///< Anything else is EINVAL for most map types.

// Flags of perf event output, the ring buffer and the stack helpers.
inline constexpr uint64_t kOutputIndexMask = 0xffffffff;                ///< BPF_F_INDEX_MASK: the CPU number
inline constexpr uint64_t kOutputCurrentCpu = kOutputIndexMask;         ///< BPF_F_CURRENT_CPU
inline constexpr uint64_t kOutputContextLengthMask = 0xfffffull << 32;  ///< BPF_F_CTXLEN_MASK
inline constexpr uint64_t kRingbufNoWakeup = 1u << 0;                   ///< BPF_RB_NO_WAKEUP
inline constexpr uint64_t kRingbufForceWakeup = 1u << 1;                ///< BPF_RB_FORCE_WAKEUP
inline constexpr uint64_t kStackSkipMask = 0xff;                        ///< BPF_F_SKIP_FIELD_MASK: frames to skip
inline constexpr uint64_t kStackUser = 1u << 8;                         ///< BPF_F_USER_STACK
inline constexpr uint64_t kStackFastCompare = 1u << 9;                  ///< BPF_F_FAST_STACK_CMP
inline constexpr uint64_t kStackReuseId = 1u << 10;                     ///< BPF_F_REUSE_STACKID
inline constexpr uint64_t kStackUserBuildId = 1u << 11;                 ///< BPF_F_USER_BUILD_ID

// Flags of the local storage helpers (sk, inode, task, cgroup storage).
inline constexpr uint64_t kStorageGetCreate = 1u << 0;  ///< BPF_LOCAL_STORAGE_GET_F_CREATE

}  // namespace skep::maps
