// SPDX-License-Identifier: Apache-2.0
// The attach types: Linux's numbers, libbpf's names, and sets of them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "verifier/enum_set.hpp"

namespace skep::verifier {

/// Linux's enum bpf_attach_type. As an expected_attach_type of BPF_PROG_LOAD 0 also means "none given".
enum class AttachType : uint32_t {
#define ATTACH_TYPE(number, name) name = number,
#include "verifier/attach_types.def"
};

/// Names by number.
inline constexpr auto kAttachTypeNames = std::to_array<std::string_view>({
#define ATTACH_TYPE(number, name) #name,
#include "verifier/attach_types.def"
});
inline constexpr uint32_t kAttachTypeCount = kAttachTypeNames.size();

/// libbpf's name ("cgroup_inet4_bind"); "unknown" for a number that Linux does not have.
std::string_view attach_type_name(AttachType type);
std::optional<AttachType> attach_type_by_name(std::string_view name);

using AttachSet = EnumSet<AttachType, kAttachTypeCount>;

}  // namespace skep::verifier
