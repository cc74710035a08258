// SPDX-License-Identifier: Apache-2.0
// The prototype of a helper function: what it takes, what it gives and what calling it implies.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace skep::verifier {

/// What an argument must be (Linux: enum bpf_arg_type).
enum class ArgKind : uint8_t {
  none,      ///< The helper has fewer arguments.
  anything,  ///< Any initialised value.
  scalar,    ///< Any number.
  ctx,
  const_map_ptr,             ///< Pointer to a map that is known at load time.
  map_key,                   ///< Memory of the map's key size.
  map_value,                 ///< Memory of the map's value size.
  mem,                       ///< Memory whose size is the next argument.
  fixed_size_mem,            ///< Memory of Arg::size bytes.
  const_size,                ///< Size in bytes of the memory before it, at least 1.
  const_size_or_zero,        ///< The same, 0 included.
  const_alloc_size_or_zero,  ///< Size in bytes of the memory that the helper returns; known at load time.
  stack,                     ///< Pointer to the stack.
  const_str,                 ///< String in a read-only map value.
  func,                      ///< Subprogram that the helper calls back.
  spin_lock,
  timer,
  kptr_xchg_dest,      ///< Field for a kernel pointer in a map value or an allocated object.
  socket,              ///< struct bpf_sock of a full socket.
  sock_common,         ///< struct bpf_sock of any socket.
  btf_id,              ///< Pointer to the kernel structure Arg::btf_type.
  btf_id_sock_common,  ///< sock_common, or a kernel pointer to a structure that begins with one.
  percpu_btf_id,       ///< Pointer to a per-CPU variable of the kernel.
  ringbuf_mem,         ///< Record that bpf_ringbuf_reserve gave.
  dynptr,
};

/// Additions to an ArgKind.
enum ArgFlag : uint16_t {
  kOrNull = 1 << 0,
  kReads = 1 << 1,    ///< The helper does no more than read the memory (MEM_RDONLY).
  kWrites = 1 << 2,   ///< The helper writes the memory, which must be writable (MEM_WRITE).
  kUninit = 1 << 3,   ///< The memory need not be initialised (MEM_UNINIT).
  kAligned = 1 << 4,  ///< The memory must be aligned to its size (MEM_ALIGNED).
  kRelease = 1 << 5,  ///< The call ends the reference (OBJ_RELEASE).
  kLocal = 1 << 6,    ///< A dynptr to local memory (DYNPTR_TYPE_LOCAL).
  kRingbuf = 1 << 7,  ///< A dynptr to a ring buffer record (DYNPTR_TYPE_RINGBUF).
};

struct Arg {
  ArgKind kind = ArgKind::none;
  uint16_t flags = 0;           ///< ArgFlag
  uint16_t size = 0;            ///< Of fixed_size_mem, in bytes.
  std::string_view btf_type{};  ///< Kernel structure of btf_id; empty: decided by another argument.

  [[nodiscard]] constexpr bool has(ArgFlag flag) const { return (flags & flag) != 0; }
};

/// What r0 holds after the call (Linux: enum bpf_return_type).
enum class ReturnKind : uint8_t {
  integer,
  nothing,
  map_value,
  socket,
  sock_common,
  tcp_sock,
  ringbuf_mem,    ///< As many bytes as the const_alloc_size argument says.
  dynptr_mem,     ///< The same, inside a dynptr.
  mem_or_btf_id,  ///< What the per-CPU variable's BTF says; read-only.
  btf_id,         ///< Pointer to the kernel structure Return::btf_type.
};

struct Return {
  ReturnKind kind = ReturnKind::integer;
  bool or_null = false;
  std::string_view btf_type{};
};

/// What a call implies beyond arguments and result.
enum HelperAttribute : uint16_t {
  kGpl = 1 << 0,            ///< Only for programs with a GPL-compatible licence (gpl_only).
  kPacketAccess = 1 << 1,   ///< Memory arguments may be packet pointers (pkt_access).
  kMightSleep = 1 << 2,     ///< Only where the program may sleep (might_sleep).
  kFastcall = 1 << 3,       ///< r1 to r5 survive the call (allow_fastcall).
  kChangesPacket = 1 << 4,  ///< Packet pointers are stale afterwards (bpf_helper_changes_pkt_data).
  kAcquires = 1 << 5,       ///< The result is a reference to release (is_acquire_function).
  kCastsPointer = 1 << 6,   ///< The result is the argument with another type (is_ptr_cast_function).
  kSyncCallback = 1 << 7,   ///< Calls the function argument before it returns.
  kAsyncCallback = 1 << 8,  ///< The function argument is called later.
  kHookDecides = 1 << 9,    ///< Allowed at some attach points only (the `allowed` callback).
};

enum class HelperId : uint32_t {
#define HELPER(number, name, ...) name = number,
#include "verifier/helpers.def"
};

struct HelperProto {
  HelperId id;
  std::string_view name;  ///< With prefix: "bpf_map_lookup_elem".
  Return result;
  uint16_t attributes;  ///< HelperAttribute
  uint8_t arg_count;
  std::array<Arg, 5> args;

  [[nodiscard]] constexpr bool has(HelperAttribute attribute) const { return (attributes & attribute) != 0; }
  /// Index of the first argument of that kind; -1: none.
  [[nodiscard]] constexpr int find_arg(ArgKind kind) const {
    for (int i = 0; i < arg_count; ++i)
      if (args[static_cast<size_t>(i)].kind == kind) return i;
    return -1;
  }
};

}  // namespace skep::verifier
