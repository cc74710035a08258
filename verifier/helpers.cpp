// SPDX-License-Identifier: Apache-2.0
#include "verifier/helpers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "verifier/helper_availability.hpp"
#include "verifier/helper_words.hpp"

namespace skep::verifier {
namespace {

/// `args...` are the arguments in order.
template <class... Args>
constexpr HelperProto make_proto(HelperId id, std::string_view name, Return result, int attributes, Args... args) {
  static_assert(sizeof...(args) <= 5, "a helper has up to five arguments");
  return {id, name, result, static_cast<uint16_t>(attributes), sizeof...(args), {args...}};
}

using namespace helper_words;            // NOLINT(google-build-using-namespace): the tables' vocabulary
using namespace helper_words::argument;  // NOLINT(google-build-using-namespace)

constexpr auto kHelpers = std::to_array<HelperProto>({
#define HELPER(number, name, returns, attributes, ...) \
  make_proto(HelperId::name, "bpf_" #name, result::returns, attributes __VA_OPT__(, ) __VA_ARGS__),
#include "verifier/helpers.def"
});

static_assert(kHelpers.size() == kHelperCount, "helpers.def must list every helper");

constexpr bool ids_are_dense() {
  for (uint32_t i = 0; i < kHelperCount; ++i)
    if (static_cast<uint32_t>(kHelpers[i].id) != i + 1) return false;
  return true;
}
static_assert(ids_are_dense(), "helpers.def must be in the order of the ids");

/// A size argument is the size of the memory argument before it.
constexpr bool sizes_follow_memory() {
  for (const HelperProto& proto : kHelpers)
    for (size_t i = 0; i < proto.arg_count; ++i) {
      const ArgKind kind = proto.args[i].kind;
      const bool is_size = kind == ArgKind::const_size || kind == ArgKind::const_size_or_zero;
      const bool after_memory = i > 0 && proto.args[i - 1].kind == ArgKind::mem;
      if (is_size != after_memory) return false;
    }
  return true;
}
static_assert(sizes_follow_memory(), "in helpers.def, mem and its size belong together");

// Sets of callers that helper_variants.def names.
using enum ProgramType;
constexpr AttachSet kAnyAttach = AttachSet::all();
constexpr AttachSet kMultiProbes{AttachType::trace_kprobe_multi, AttachType::trace_kprobe_session,
                                 AttachType::trace_uprobe_multi, AttachType::trace_uprobe_session};
constexpr ProgramTypeSet kKprobe{kprobe};
constexpr ProgramTypeSet kPerfEvent{perf_event};
constexpr ProgramTypeSet kCgroupSock{cgroup_sock};
constexpr ProgramTypeSet kSkLookup{sk_lookup};
/// Types whose helpers start from those of a tracing program.
constexpr ProgramTypeSet kBtfHooks{tracing, lsm, syscall};
constexpr ProgramTypeSet kTracingOnly{tracing, syscall};
constexpr ProgramTypeSet kTracing =
    kBtfHooks | ProgramTypeSet{kprobe, tracepoint, perf_event, raw_tracepoint, raw_tracepoint_writable};
constexpr ProgramTypeSet kPacketPath{sched_cls, sched_act, lwt_in, lwt_out, lwt_xmit, lwt_seg6local};
/// These ask the packet's socket for its class, all others the current task.
constexpr ProgramTypeSet kOfCurrentTask = ~kPacketPath;
constexpr ProgramTypeSet kInlineCpuNumber = kTracing | kPacketPath | ProgramTypeSet{xdp};
constexpr ProgramTypeSet kSocketPointer = kBtfHooks | ProgramTypeSet{sk_reuseport};
constexpr ProgramTypeSet kSocketArgument{cgroup_sockopt, struct_ops, lsm, tracing};

struct Variant {
  ProgramTypeSet types;
  AttachSet attach;
  bool sleepable;
  HelperProto proto;
};

constexpr Variant kVariants[] = {
#define VARIANT(name, types, attach, sleepable, returns, attributes, ...) \
  {types, attach, sleepable,                                              \
   make_proto(HelperId::name, "bpf_" #name, result::returns, attributes __VA_OPT__(, ) __VA_ARGS__)},
#include "verifier/helper_variants.def"
};

const HelperProto& prototype_for(const HelperCaller& caller, const HelperProto& common) {
  for (const Variant& variant : kVariants)
    if (variant.proto.id == common.id && variant.types.contains(caller.type) &&
        variant.attach.contains(caller.attach) && (caller.sleepable || !variant.sleepable))
      return variant.proto;
  return common;
}

}  // namespace

std::span<const HelperProto> helpers() { return kHelpers; }

const HelperProto* helper(uint32_t id) { return id >= 1 && id <= kHelperCount ? &kHelpers[id - 1] : nullptr; }

const HelperProto* helper_by_name(std::string_view name) {
  constexpr std::string_view kPrefix = "bpf_";
  if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
  const auto* found = std::ranges::find_if(
      kHelpers, [&](const HelperProto& proto) { return proto.name.substr(kPrefix.size()) == name; });
  return found != kHelpers.end() ? found : nullptr;
}

const HelperProto* helper_for(const HelperCaller& caller, uint32_t id) {
  const HelperProto* common = helper(id);
  if (common == nullptr || !is_available(caller, common->id)) return nullptr;
  return &prototype_for(caller, *common);
}

bool allowed(ProgramType type, uint32_t id, AttachType attach) {
  return helper_for({.type = type, .attach = attach}, id) != nullptr;
}

Result<const HelperProto*> check_helper(const HelperCaller& caller, uint32_t id) {
  const HelperProto* common = helper(id);
  if (common == nullptr) return Error{EINVAL, fmt::format("invalid func unknown#{}", id)};
  const HelperProto* proto = helper_for(caller, id);
  if (proto == nullptr)
    return Error{EINVAL, fmt::format("program of this type cannot use helper {}#{}", common->name, id)};
  if (proto->has(kGpl) && !caller.gpl_compatible)
    return Error{EINVAL, fmt::format("cannot call GPL-restricted function {}#{} from non-GPL compatible program",
                                     proto->name, id)};
  if (proto->has(kMightSleep) && !caller.sleepable)
    return Error{EINVAL, fmt::format("helper call {}#{} might sleep in a non-sleepable prog", proto->name, id)};
  return proto;
}

bool is_gpl_compatible(std::string_view license) {
  static constexpr std::string_view kCompatible[] = {"GPL",          "GPL v2",       "GPL and additional rights",
                                                     "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"};
  return std::ranges::find(kCompatible, license) != std::end(kCompatible);
}

}  // namespace skep::verifier
