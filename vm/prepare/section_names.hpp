// SPDX-License-Identifier: Apache-2.0
// Section names that libbpf does not know: those of its versions before 1.0, of iproute2's tc, and of newer versions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace skep::vm {

/// What kind of program a section name means, in bpf(2)'s numbers (enum bpf_prog_type, enum bpf_attach_type).
struct ProgramType {
  uint32_t type = 0;
  uint32_t expected_attach_type = 0;

  friend bool operator==(const ProgramType&, const ProgramType&) = default;
};

/// The type that libbpf finds for the name by itself; none: it does not. The name has no leading '?'.
std::optional<ProgramType> libbpf_type_of_section(std::string_view name);

/// The type that Skep's own table gives to a name; none if the name is not there.
std::optional<ProgramType> type_of_section(std::string_view name);

}  // namespace skep::vm
