// SPDX-License-Identifier: Apache-2.0
// The context structures of programs: their fields, and which program may access which.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "skep/error.hpp"
#include "verifier/program_types.hpp"

namespace skep::verifier {

/// What loading a field gives.
enum class FieldKind : uint8_t {
  scalar,
  packet,       ///< Start of the packet (or of optval).
  packet_end,   ///< End of the packet; for comparisons only.
  packet_meta,  ///< Start of the metadata before the packet.
  socket,
  socket_or_null,
  sock_common_or_null,
  flow_keys,     ///< struct bpf_flow_keys
  btf_pointer,   ///< Trusted pointer to a kernel structure.
  btf_argument,  ///< What the BTF of the hook says.
  tracepoint_buffer,
};

/// Where an access narrower than a field's element may begin.
enum class FieldPlace : uint8_t { anywhere, at_start };

struct ContextField {
  std::string_view name;
  uint32_t offset;  ///< In bytes, from the start of the structure.
  uint32_t size;    ///< Of one element, in bytes.
  uint32_t count;   ///< Elements.
  FieldKind kind;
  uint8_t reads;   ///< Sum of the widths that loads may have (7: 1, 2, 4).
  uint8_t writes;  ///< The same for stores.
  FieldPlace place;

  [[nodiscard]] constexpr uint32_t end() const { return offset + size * count; }
  [[nodiscard]] constexpr bool is_pointer() const { return kind != FieldKind::scalar; }
};

struct Context {
  ContextId id;
  std::string_view name;
  uint32_t size;  ///< In bytes.
  std::span<const ContextField> fields;
};

/// All structures, in the order of ContextId (without `none`).
std::span<const Context> contexts();
/// The structure; `id` must not be `none`.
const Context& context(ContextId id);
const Context* context_by_name(std::string_view name);

/// Who accesses the context, where and how.
struct ContextAccess {
  ProgramType type = ProgramType::unspec;
  AttachType attach{};
  uint32_t offset = 0;  ///< In bytes.
  uint32_t size = 4;    ///< 1, 2, 4 or 8 bytes.
  bool write = false;
  bool sign_extend = false;  ///< Load with sign extension (BPF_MEMSX).
  bool bpf_capable = true;   ///< Loaded with CAP_BPF.
};

/// The field that the access reaches; EACCES with the reason if it is not allowed
/// (Linux: is_valid_access of struct bpf_verifier_ops).
Result<const ContextField*> find_field(const ContextAccess& access);

/// Whether some access of that direction to the field is allowed.
bool may_access(ProgramType type, AttachType attach, const ContextField& field, bool write, bool bpf_capable = true);

/// What pointers to sockets point to: which fields may be read. None may be written.
enum class SocketKind : uint8_t { sock_common, sock, tcp_sock, xdp_sock };
Result<const ContextField*> find_socket_field(SocketKind kind, uint32_t offset, uint32_t size);

}  // namespace skep::verifier
