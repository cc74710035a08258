// SPDX-License-Identifier: Apache-2.0
// The helper functions of Linux 6.18 (bpf-helpers(7)): prototypes, and who may call them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "skep/error.hpp"
#include "verifier/enum_set.hpp"
#include "verifier/helper_proto.hpp"
#include "verifier/program_types.hpp"

namespace skep::verifier {

/// Ids run from 1 to kHelperCount.
inline constexpr uint32_t kHelperCount = 211;

using HelperSet = EnumSet<HelperId, kHelperCount + 1>;

/// The prototypes by id: helpers()[0] is id 1. Where it depends on the caller this is the most common one.
std::span<const HelperProto> helpers();
/// The prototype of an id (`imm` of the call); nullptr if Linux has no such helper.
const HelperProto* helper(uint32_t id);
/// By name, with or without "bpf_".
const HelperProto* helper_by_name(std::string_view name);

/// The program that calls.
struct HelperCaller {
  ProgramType type = ProgramType::unspec;
  AttachType attach{};
  /// Where it attaches, if a BTF type says that: "bpf_iter_tcp", "bpf_lsm_file_open", "tcp_congestion_ops.init".
  std::string_view hook{};
  bool sleepable = false;
  bool gpl_compatible = true;
  bool bpf_capable = true;      ///< Loaded with CAP_BPF.
  bool perfmon_capable = true;  ///< Loaded with CAP_PERFMON.
};

/// The prototype with which the caller may use the helper; nullptr: its type cannot use it (Linux: get_func_proto).
const HelperProto* helper_for(const HelperCaller& caller, uint32_t id);
/// Whether a privileged program of that type may use the helper.
bool allowed(ProgramType type, uint32_t id, AttachType attach = {});

/// The same with Linux's reasons: no such helper, not for this type, GPL only, might sleep (EINVAL each).
Result<const HelperProto*> check_helper(const HelperCaller& caller, uint32_t id);

/// Whether the licence text counts as GPL-compatible (Linux: license_is_gpl_compatible).
bool is_gpl_compatible(std::string_view license);

}  // namespace skep::verifier
