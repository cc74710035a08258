// SPDX-License-Identifier: Apache-2.0
// The graph of a program's instructions.
#pragma once

#include <span>

#include "isa/insn.hpp"
#include "skep/error.hpp"

namespace skep::verifier {

/// Every instruction can be reached from the first one, and there are no loops unless the program is privileged
/// (Linux: check_cfg). The program must have passed isa::check_structure. EINVAL.
Status check_control_flow(std::span<const isa::Insn> program, bool bpf_capable);

}  // namespace skep::verifier
