// SPDX-License-Identifier: Apache-2.0
// Questions about a type that C programmers ask: where is this member, how is this type written.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "btf/types.hpp"

namespace skep::btf {

/// Bytes of a value; 0 for what has none.
inline uint32_t size_of(const Types& types, TypeId id) { return types.layout(id).size; }

/// Alignment of a value for BPF: of scalars their size, at most 8; of packed structs 1.
inline uint32_t align_of(const Types& types, TypeId id) { return types.layout(id).align; }

/// Whether this is an INT of whole bytes: 1, 2, 4, 8 or 16.
bool is_regular_int(const Type& type);

/// Whether this is an array of char, which may hold text.
bool is_text_array(const Type& type);

/// Bits that a member takes: its bit field's, else those of its type.
uint32_t bits_of(const Types& types, const Member& member);

/// The member with this name, also if it is inside anonymous structs and unions; its bit_offset then counts
/// from the start of the outer one. `composite` may be a typedef or qualified. Nothing: no such member.
std::optional<Member> find_member(const Types& types, TypeId composite, std::string_view name);

/// The type in C ("struct foo *", "const char[16]", "int (*)(struct foo *, ...)"); with a name, its
/// declaration
/// ("int a[4]", "int (*cb)(void)").
std::string type_text(const Types& types, TypeId id, std::string_view name = {});

}  // namespace skep::btf
