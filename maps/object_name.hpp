// SPDX-License-Identifier: Apache-2.0
// Names of BPF objects.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace skep::maps {

inline constexpr size_t kMaxObjectName = 15;  ///< characters; BPF_OBJ_NAME_LEN without the NUL

/// Letters and digits as Linux's isalnum() has them, with those of Latin-1.
constexpr bool is_alphanumeric(unsigned char c) {
  constexpr unsigned char kMultiply = 0xd7;
  constexpr unsigned char kDivide = 0xf7;
  if (c >= 0xc0) return c != kMultiply && c != kDivide;
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/// Whether a map or program may have this name (Linux: bpf_obj_name_cpy). The empty one is a name.
constexpr bool is_object_name(std::string_view name) {
  return name.size() <= kMaxObjectName && std::ranges::all_of(name, [](char c) {
           return is_alphanumeric(static_cast<unsigned char>(c)) || c == '_' || c == '.';
         });
}

}  // namespace skep::maps
