// SPDX-License-Identifier: Apache-2.0
// Where programs may be attached.
#pragma once

#include "verifier/attach_types.hpp"
#include "verifier/program_types.hpp"
#include "vm/commands/call.hpp"

namespace skep::vm::commands {

/// The type of the programs that an attach type is for; `unspec`: none, or more than one (Linux:
/// attach_type_to_prog_type).
verifier::ProgramType program_type_of(verifier::AttachType attach);

/// Whether the program may be attached there (Linux: bpf_prog_attach_check_attach_type).
bool may_attach(const Program& program, verifier::AttachType attach);

/// Program types whose hooks belong to a cgroup.
bool is_cgroup_type(verifier::ProgramType type);

/// The socket map that a descriptor stands for: -EBADF, -EINVAL (something else), or -EOPNOTSUPP, since programs in socket
/// maps are not built.
long find_socket_map(Vm& vm, uint32_t fd);

/// The network namespace that a descriptor stands for: -EBADF, or -EINVAL, since a VM gives out none.
long find_namespace(Vm& vm, uint32_t fd);

}  // namespace skep::vm::commands
