// SPDX-License-Identifier: Apache-2.0
// The way into libbpf: checks an object file and makes a copy that libbpf can load.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "skep/error.hpp"
#include "vm/prepare/externs.hpp"
#include "vm/prepare/needs.hpp"
#include "vm/prepare/section_names.hpp"

namespace skep::vm {

struct PrepareOptions {
  std::string name{};                 ///< The object's, for messages.
  std::string program{};              ///< Only this program and what it needs will be loaded; empty: all.
  KnowsExtern knows{};                ///< Which externs the VM has; empty: all.
  std::optional<ProgramType> type{};  ///< For all programs, instead of what their section names mean.
};

/// A program of the object: what libbpf makes a bpf_program of.
struct PreparedProgram {
  std::string name;
  std::string section;  ///< Without '?'.
  bool autoload;        ///< False if the section's name began with '?'.
  /// To set with bpf_program__set_type() and bpf_program__set_expected_attach_type(); none: libbpf knows the section's
  /// name, or nothing does.
  std::optional<ProgramType> type;
};

struct Prepared {
  std::vector<std::byte> bytes;  ///< For bpf_object__open_mem().
  std::vector<PreparedProgram> programs;
  Needs needs;                     ///< Of PrepareOptions::program.
  std::vector<std::string> notes;  ///< What was changed, a sentence each.
};

/// libbpf trusts its input; this is why it gets only what comes from here. The copy differs from `elf` in that
/// - it has no debug information and nothing else that loading does not use,
/// - externs that the VM does not know are weak, so that programs that do not use them load,
/// - static programs are global,
/// - maps of a section "maps" (struct bpf_map_def) are BTF maps in ".maps",
/// - program arrays that PrepareOptions::program does not need are not filled.
/// Errors: ENOEXEC: not a BPF object file; EINVAL: a corrupt one; ENOTSUP, E2BIG: beyond what can be loaded;
/// ENOENT: an extern without type, no such program; ESRCH: PrepareOptions::program uses a strong extern that the VM does not
/// know; and those of btf::Types::parse().
Result<Prepared> prepare(std::span<const std::byte> elf, const PrepareOptions& options = {});

}  // namespace skep::vm
