// SPDX-License-Identifier: Apache-2.0
// Which program may call which helper.
#pragma once

#include "verifier/helpers.hpp"

namespace skep::verifier {

/// Whether the caller's program type, attach point and capabilities admit the helper. Its prototype does not matter here.
bool is_available(const HelperCaller& caller, HelperId id);

/// What a program type offers at some attach point at least, to privileged programs.
HelperSet helpers_of(ProgramType type);

}  // namespace skep::verifier
