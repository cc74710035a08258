// SPDX-License-Identifier: Apache-2.0
// Names of what programs return, for people.
#pragma once

#include <cstdint>
#include <string_view>

#include "verifier/program_types.hpp"

namespace skep::vm {

/// "XDP_PASS", "TC_ACT_OK", "LWT_DROP" ...; empty where the type's result is a number.
[[nodiscard]] std::string_view verdict_name(verifier::ProgramType type, uint32_t retval);

/// Whether programs of the type run on a packet.
[[nodiscard]] bool takes_packet(verifier::ProgramType type);

}  // namespace skep::vm
