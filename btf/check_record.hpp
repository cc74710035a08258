// SPDX-License-Identifier: Apache-2.0
// Rules that one type record must keep on its own, whatever the types are that it names.
#pragma once

#include <cerrno>
#include <optional>
#include <string_view>

#include "btf/types.hpp"

namespace skep::btf {

/// Why a type is refused.
struct Fault {
  std::string_view reason;
  int code = EINVAL;
  int item = -1;  ///< Index of the member, value, parameter or variable at fault; -1: the type itself.
};

/// Bytes of the items that follow a record of this kind.
uint64_t items_size(const wire::Type& record);

/// Judges `record`, whose items are all inside the blob. Nothing: it keeps the rules.
std::optional<Fault> check_record(const Types& types, const wire::Type& record, Origin origin);

/// Whether a FUNC_PROTO's parameter has a name, be it a bad one.
bool param_has_name(const wire::Type& proto, uint32_t index);

/// Whether a FUNC_PROTO's parameter has no name or an identifier.
bool param_name_is_valid(const Types& types, const wire::Type& proto, uint32_t index);

/// "type [12] STRUCT 'foo', item 3: reason", as the Error of a parse.
Error type_error(const Types& types, TypeId id, const wire::Type& record, const Fault& fault);

}  // namespace skep::btf
