// SPDX-License-Identifier: Apache-2.0
// The words that helpers.def and helper_variants.def are written in. For helpers.cpp only.
#pragma once

#include <cstdint>
#include <string_view>

#include "verifier/helper_proto.hpp"

namespace skep::verifier::helper_words {

/// Sizes of protocol headers without options, in bytes.
inline constexpr uint16_t kIphdrSize = 20;
inline constexpr uint16_t kIpv6hdrSize = 40;
inline constexpr uint16_t kTcphdrSize = 20;

namespace argument {

inline constexpr Arg anything{ArgKind::anything};
inline constexpr Arg scalar{ArgKind::scalar};
inline constexpr Arg ctx{ArgKind::ctx};
inline constexpr Arg ctx_or_null{ArgKind::ctx, kOrNull};

inline constexpr Arg const_map_ptr{ArgKind::const_map_ptr};
inline constexpr Arg map_key{ArgKind::map_key, kReads};
inline constexpr Arg map_value{ArgKind::map_value, kReads};
inline constexpr Arg map_value_or_null{ArgKind::map_value, kReads | kOrNull};
inline constexpr Arg map_value_uninit{ArgKind::map_value, kWrites | kUninit};

inline constexpr Arg mem{ArgKind::mem};
inline constexpr Arg mem_rdonly{ArgKind::mem, kReads};
inline constexpr Arg mem_rdonly_or_null{ArgKind::mem, kReads | kOrNull};
inline constexpr Arg mem_write{ArgKind::mem, kWrites};
inline constexpr Arg mem_write_or_null{ArgKind::mem, kWrites | kOrNull};
inline constexpr Arg mem_uninit{ArgKind::mem, kWrites | kUninit};
inline constexpr Arg const_size{ArgKind::const_size};
inline constexpr Arg const_size_or_zero{ArgKind::const_size_or_zero};
inline constexpr Arg const_alloc_size_or_zero{ArgKind::const_alloc_size_or_zero};
inline constexpr Arg stack_or_null{ArgKind::stack, kOrNull};
inline constexpr Arg const_str{ArgKind::const_str, kReads};
constexpr Arg fixed_mem(uint16_t size) { return {ArgKind::fixed_size_mem, kReads, size}; }
constexpr Arg fixed_mem_write(uint16_t size) { return {ArgKind::fixed_size_mem, kWrites | kAligned, size}; }
constexpr Arg fixed_mem_uninit(uint16_t size) { return {ArgKind::fixed_size_mem, kWrites | kUninit | kAligned, size}; }

inline constexpr Arg socket_or_null{ArgKind::socket, kOrNull};
inline constexpr Arg sock_common{ArgKind::sock_common};
inline constexpr Arg btf_id_sock_common{ArgKind::btf_id_sock_common};
inline constexpr Arg btf_id_sock_common_or_null{ArgKind::btf_id_sock_common, kOrNull};
inline constexpr Arg btf_id_sock_common_release{ArgKind::btf_id_sock_common, kRelease};
constexpr Arg btf_id(std::string_view type) { return {ArgKind::btf_id, 0, 0, type}; }
constexpr Arg btf_id_or_null(std::string_view type) { return {ArgKind::btf_id, kOrNull, 0, type}; }
inline constexpr Arg percpu_btf_id{ArgKind::percpu_btf_id};
inline constexpr Arg kptr_xchg_dest{ArgKind::kptr_xchg_dest};
inline constexpr Arg kptr_or_null_release{ArgKind::btf_id, kOrNull | kRelease};

inline constexpr Arg func{ArgKind::func};
inline constexpr Arg spin_lock{ArgKind::spin_lock};
inline constexpr Arg timer{ArgKind::timer};
inline constexpr Arg ringbuf_mem_release{ArgKind::ringbuf_mem, kRelease};
inline constexpr Arg dynptr{ArgKind::dynptr, kReads};
inline constexpr Arg dynptr_local_uninit{ArgKind::dynptr, kLocal | kWrites | kUninit};
inline constexpr Arg dynptr_ringbuf_uninit{ArgKind::dynptr, kRingbuf | kWrites | kUninit};
inline constexpr Arg dynptr_ringbuf_release{ArgKind::dynptr, kRingbuf | kRelease};

}  // namespace argument

namespace result {

inline constexpr Return integer{ReturnKind::integer};
inline constexpr Return nothing{ReturnKind::nothing};
inline constexpr Return map_value{ReturnKind::map_value};
inline constexpr Return map_value_or_null{ReturnKind::map_value, true};
inline constexpr Return socket_or_null{ReturnKind::socket, true};
inline constexpr Return sock_common_or_null{ReturnKind::sock_common, true};
inline constexpr Return tcp_sock_or_null{ReturnKind::tcp_sock, true};
inline constexpr Return ringbuf_mem_or_null{ReturnKind::ringbuf_mem, true};
inline constexpr Return dynptr_mem_or_null{ReturnKind::dynptr_mem, true};
inline constexpr Return mem_or_btf_id{ReturnKind::mem_or_btf_id};
inline constexpr Return mem_or_btf_id_or_null{ReturnKind::mem_or_btf_id, true};
constexpr Return btf_id(std::string_view type) { return {ReturnKind::btf_id, false, type}; }
constexpr Return btf_id_or_null(std::string_view type) { return {ReturnKind::btf_id, true, type}; }
inline constexpr Return kptr_or_null{ReturnKind::btf_id, true};

}  // namespace result

}  // namespace skep::verifier::helper_words
