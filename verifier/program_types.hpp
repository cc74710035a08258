// SPDX-License-Identifier: Apache-2.0
// The program types: what BPF_PROG_LOAD, the verifier and BPF_PROG_TEST_RUN know of each.
#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "skep/error.hpp"
#include "verifier/attach_types.hpp"

namespace skep::verifier {

/// Linux's enum bpf_prog_type.
enum class ProgramType : uint32_t {
#define PROGRAM_TYPE(number, name, ...) name = number,
#include "verifier/program_types.def"
};

namespace detail {
inline constexpr uint32_t kProgramTypeNumbers[] = {
#define PROGRAM_TYPE(number, ...) number,
#include "verifier/program_types.def"
};
}  // namespace detail

/// Linux's program types, `unspec` included.
inline constexpr uint32_t kProgramTypeCount = std::size(detail::kProgramTypeNumbers);

using ProgramTypeSet = EnumSet<ProgramType, kProgramTypeCount>;

/// The structures that r1 can point to at the entry of a program; fields are in context.def.
enum class ContextId : uint8_t {
  none,
#define CONTEXT(name, size) name,
#define FIELD(...)
#include "verifier/context.def"
};

/// What BPF_PROG_TEST_RUN simulates.
enum class TestRun : uint8_t {
  none,
  skb,
  xdp,
  raw_tp,
  tracing,
  flow_dissector,
  sk_lookup,
  syscall,
  struct_ops,
  netfilter,
};

/// Direct access to packet data through pointers.
enum class PacketAccess : uint8_t { none, read, read_write };

/// What loading asks for; every kind but `open` includes CAP_BPF.
enum class Privilege : uint8_t { open, bpf, net_admin, perfmon, ext /* both of the latter */ };

/// Whether a program of the type may sleep.
enum class Sleepable : uint8_t { never, allowed, by_attach, always };

struct ProgramTypeInfo {
  ProgramType type;
  std::string_view name;
  ContextId context;
  TestRun test_run;
  PacketAccess packet;
  Privilege privilege;
  Sleepable sleepable;
  AttachSet attach_types;
};

/// The range of r0 at the exit of a program, both ends included.
struct ReturnRange {
  int32_t min;
  int32_t max;
  constexpr bool operator==(const ReturnRange&) const = default;
};

/// The row of a type; nullptr for a number that Linux does not have and for `unspec`.
const ProgramTypeInfo* program_type(ProgramType type);
const ProgramTypeInfo* program_type_by_name(std::string_view name);
/// libbpf's name ("sched_cls"); "unknown" for a number that Linux does not have.
std::string_view program_type_name(ProgramType type);

/// The attach type that a load with `expected` means: some types treat 0, the absence, as their oldest one
/// (Linux: bpf_prog_load_fixup_attach_type).
AttachType effective_attach_type(ProgramType type, AttachType expected);
/// Whether BPF_PROG_LOAD accepts the attach type (after effective_attach_type); EINVAL if not.
Status check_attach_type(ProgramType type, AttachType expected);
/// Whether BPF_F_SLEEPABLE is accepted (Linux: can_be_sleepable).
bool can_be_sleepable(ProgramType type, AttachType attach);
/// What r0 may hold at the exit; nothing: any value. For `lsm` the hook decides further (Linux:
/// check_return_code).
std::optional<ReturnRange> return_range(ProgramType type, AttachType attach);

}  // namespace skep::verifier
