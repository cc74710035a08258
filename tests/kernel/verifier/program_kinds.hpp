// SPDX-License-Identifier: Apache-2.0
// The program and attach types with which the kernel is compared.
#pragma once

#include <cerrno>
#include <string>
#include <vector>

#include "isa/make.hpp"
#include "tests/kernel/kernel_bpf.hpp"
#include "verifier/program_types.hpp"

namespace skep::test {

struct ProgramKind {
  verifier::ProgramType type;
  verifier::AttachType attach;

  [[nodiscard]] std::string text() const {
    return std::string(verifier::program_type_name(type)) + " for " + std::string(verifier::attach_type_name(attach));
  }
};

/// Types that need a BTF hook, or that may only load what the process cannot have, are not compared.
inline bool is_loadable_by_itself(verifier::ProgramType type) {
  using enum verifier::ProgramType;
  return type != tracing && type != struct_ops && type != ext && type != lsm;
}

inline uint32_t load_flags(verifier::ProgramType type) {
  return type == verifier::ProgramType::syscall ? BPF_F_SLEEPABLE : 0;
}

/// Loads `insns` as that kind, which the kernel must know (see known_kinds).
inline KernelVerdict load_as(const ProgramKind& kind, std::span<const isa::Insn> insns, const char* license = "GPL") {
  return kernel_load({.type = static_cast<uint32_t>(kind.type),
                      .attach = static_cast<uint32_t>(kind.attach),
                      .flags = load_flags(kind.type),
                      .license = license,
                      .insns = insns});
}

/// Every pair of types that Skep accepts, with those attach types only that some table tells apart.
/// Types that the running kernel was built without are left out.
inline std::vector<ProgramKind> known_kinds() {
  std::vector<ProgramKind> kinds;
  for (uint32_t type = 1; type < verifier::kProgramTypeCount; ++type) {
    const ProgramKind kind{verifier::ProgramType(type), {}};
    if (!is_loadable_by_itself(kind.type)) continue;
    for (uint32_t attach = 0; attach < verifier::kAttachTypeCount; ++attach) {
      const ProgramKind candidate{kind.type, verifier::AttachType(attach)};
      if (!verifier::check_attach_type(candidate.type, candidate.attach)) continue;
      // Only a known type gets as far as having its program looked at: an empty log is a refusal of the type.
      const isa::Insn unknown_opcode[] = {{.code = 0xff}, {.code = 0x95}};
      if (!load_as(candidate, unknown_opcode).log.empty()) kinds.push_back(candidate);
    }
  }
  return kinds;
}

}  // namespace skep::test
