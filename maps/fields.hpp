// SPDX-License-Identifier: Apache-2.0
// Fields of a value that BTF declares and that belong to the system: spin locks, timers, kptrs ...
// Source: kernel/bpf/btf.c, btf_parse_fields() and below.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "btf/types.hpp"
#include "maps/map_type.hpp"
#include "skep/error.hpp"

namespace skep::maps {

enum class FieldKind : uint8_t {
  spin_lock,
  timer,
  work_queue,
  list_head,
  rb_root,
  refcount,
  kptr,            ///< reference counted pointer (type tag "kptr")
  kptr_untrusted,  ///< pointer without a reference (type tag "kptr_untrusted")
  percpu_kptr,     ///< pointer to per-CPU memory (type tag "percpu_kptr")
};

struct Field {
  FieldKind kind{};
  uint32_t offset = 0;  ///< bytes from the start of the value
  uint32_t size = 0;    ///< bytes
  bool operator==(const Field&) const = default;
};

/// All such fields of a value of this type, by rising offset. Errors: E2BIG (a second spin lock, timer, work queue or
/// reference count; too many fields), EINVAL (an array of such, a member that does not begin at a byte, a wrong type tag,
/// a list or tree without a spin lock), EEXIST (overlap).
Result<std::vector<Field>> find_fields(const btf::Types& types, btf::TypeId value_type);

/// The name of its struct, or the type tag of a pointer.
[[nodiscard]] std::string_view field_name(FieldKind kind);
[[nodiscard]] constexpr bool is_kptr(FieldKind kind) { return kind >= FieldKind::kptr; }

/// Whether values of maps of this type may have such a field.
[[nodiscard]] bool field_allowed(FieldKind kind, MapType type);

}  // namespace skep::maps
