// SPDX-License-Identifier: Apache-2.0
// The part of BPF_PROG_LOAD that Linux's verifier does and that its log tells about (kernel/bpf/verifier.c, bpf_check).
#pragma once

#include <memory>

#include "vm/commands/call.hpp"
#include "vm/commands/log.hpp"

namespace skep::vm::commands {

/// Reads debug information, finds the maps, checks the program. What is wrong goes to the log too.
Result<std::shared_ptr<Program>> check_program(const Call& call, const ProgLoadAttr& attr, ProgramSpec spec, Log& log);

}  // namespace skep::vm::commands
