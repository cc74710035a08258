// SPDX-License-Identifier: Apache-2.0
#include "verifier/reference.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "verifier/context.hpp"
#include "verifier/helper_availability.hpp"

namespace skep::verifier {
namespace {

/// Text for one enumerator or flag.
template <class Value>
struct Word {
  Value value;
  std::string_view text;
};

constexpr Word<ArgKind> kArgKinds[] = {
    {ArgKind::anything, "anything"},
    {ArgKind::scalar, "number"},
    {ArgKind::ctx, "context"},
    {ArgKind::const_map_ptr, "map"},
    {ArgKind::map_key, "map key"},
    {ArgKind::map_value, "map value"},
    {ArgKind::mem, "memory"},
    {ArgKind::const_size, "size"},
    {ArgKind::const_size_or_zero, "size or 0"},
    {ArgKind::const_alloc_size_or_zero, "constant size"},
    {ArgKind::stack, "stack"},
    {ArgKind::const_str, "constant string"},
    {ArgKind::func, "function"},
    {ArgKind::spin_lock, "spin lock"},
    {ArgKind::timer, "timer"},
    {ArgKind::kptr_xchg_dest, "kptr field"},
    {ArgKind::socket, "socket"},
    {ArgKind::sock_common, "any socket"},
    {ArgKind::btf_id, "kernel pointer"},
    {ArgKind::btf_id_sock_common, "any socket or sock_common *"},
    {ArgKind::percpu_btf_id, "per-CPU variable"},
    {ArgKind::ringbuf_mem, "ring buffer record"},
    {ArgKind::dynptr, "dynptr"},
};

constexpr Word<ArgFlag> kArgFlags[] = {
    {kWrites, "written"}, {kUninit, "may be uninitialised"}, {kAligned, "aligned"}, {kRelease, "released"},
    {kLocal, "local"},    {kRingbuf, "ring buffer"},
};

constexpr Word<ReturnKind> kReturnKinds[] = {
    {ReturnKind::integer, "number"},
    {ReturnKind::nothing, "nothing"},
    {ReturnKind::map_value, "map value"},
    {ReturnKind::socket, "socket"},
    {ReturnKind::sock_common, "any socket"},
    {ReturnKind::tcp_sock, "TCP socket"},
    {ReturnKind::ringbuf_mem, "ring buffer record"},
    {ReturnKind::dynptr_mem, "memory of the dynptr"},
    {ReturnKind::mem_or_btf_id, "variable of a CPU, read-only"},
    {ReturnKind::btf_id, "kernel pointer"},
};

constexpr Word<HelperAttribute> kAttributes[] = {
    {kGpl, "GPL"},
    {kPacketAccess, "takes packet memory"},
    {kMightSleep, "might sleep"},
    {kFastcall, "fastcall"},
    {kChangesPacket, "changes the packet"},
    {kAcquires, "result is to be released"},
    {kCastsPointer, "casts"},
    {kSyncCallback, "calls back"},
    {kAsyncCallback, "calls back later"},
    {kHookDecides, "at some hooks only"},
};

constexpr Word<FieldKind> kFieldKinds[] = {
    {FieldKind::scalar, "number"},
    {FieldKind::packet, "packet"},
    {FieldKind::packet_end, "end of packet"},
    {FieldKind::packet_meta, "packet metadata"},
    {FieldKind::socket, "socket"},
    {FieldKind::socket_or_null, "socket or null"},
    {FieldKind::sock_common_or_null, "any socket or null"},
    {FieldKind::flow_keys, "bpf_flow_keys"},
    {FieldKind::btf_pointer, "kernel pointer"},
    {FieldKind::btf_argument, "what BTF says"},
    {FieldKind::tracepoint_buffer, "tracepoint buffer"},
};

constexpr Word<TestRun> kTestRuns[] = {
    {TestRun::none, "none"},
    {TestRun::skb, "socket buffer"},
    {TestRun::xdp, "XDP buffer"},
    {TestRun::raw_tp, "raw tracepoint"},
    {TestRun::tracing, "test functions of the kernel"},
    {TestRun::flow_dissector, "flow dissector"},
    {TestRun::sk_lookup, "socket look-up"},
    {TestRun::syscall, "context from the caller"},
    {TestRun::struct_ops, "bpf_dummy_ops"},
    {TestRun::netfilter, "netfilter hook"},
};

constexpr Word<PacketAccess> kPacketAccesses[] = {
    {PacketAccess::none, "none"}, {PacketAccess::read, "read"}, {PacketAccess::read_write, "read, write"}};

constexpr Word<Privilege> kPrivileges[] = {{Privilege::open, "none"},
                                           {Privilege::bpf, "BPF"},
                                           {Privilege::net_admin, "BPF, NET_ADMIN"},
                                           {Privilege::perfmon, "BPF, PERFMON"},
                                           {Privilege::ext, "BPF, NET_ADMIN, PERFMON"}};

constexpr Word<Sleepable> kSleepables[] = {{Sleepable::never, "never"},
                                           {Sleepable::allowed, "allowed"},
                                           {Sleepable::by_attach, "by attach type"},
                                           {Sleepable::always, "always"}};

template <class Value, size_t size>
std::string_view text(const Word<Value> (&words)[size], Value value) {
  for (const Word<Value>& word : words)
    if (word.value == value) return word.text;
  return "?";
}

/// The texts of all flags that are set, each after `separator`.
template <class Value, size_t size>
std::string texts(const Word<Value> (&words)[size], unsigned flags, std::string_view separator) {
  std::string result;
  for (const Word<Value>& word : words)
    if ((flags & word.value) != 0) result += fmt::format("{}{}", separator, word.text);
  return result;
}

std::string joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

std::string without_leading_comma(const std::string& list) { return list.empty() ? list : list.substr(2); }

/// Second paragraph of every page.
std::string origin(std::string_view table) {
  return fmt::format(
      "Generated from `verifier/{}` by the tests of the references, which rewrite this page when `SKEP_REBASE=1` is "
      "in\n"
      "their environment.\n",
      table);
}

/// "all" or "all but ..." where that is shorter than the list of those with it.
std::string all_but_text(const std::vector<std::string>& with, const std::vector<std::string>& without) {
  if (with.size() < 4 || without.size() > 4) return joined(with);
  return without.empty() ? "all" : "all but " + joined(without);
}

// --- Helpers ----------------------------------------------------------------------------------------------------

std::string argument_text(const Arg& arg) {
  std::string result =
      arg.kind == ArgKind::fixed_size_mem ? fmt::format("{} bytes", arg.size) : std::string(text(kArgKinds, arg.kind));
  if (!arg.btf_type.empty()) result = fmt::format("{} *", arg.btf_type);
  if (arg.has(kOrNull)) result += " or null";
  const std::string notes = without_leading_comma(texts(kArgFlags, arg.flags, ", "));
  return notes.empty() ? result : fmt::format("{} ({})", result, notes);
}

std::string arguments_text(const HelperProto& proto) {
  std::vector<std::string> args;
  for (size_t i = 0; i < proto.arg_count; ++i) args.push_back(argument_text(proto.args[i]));
  return joined(args);
}

std::string result_text(const Return& result) {
  std::string name(text(kReturnKinds, result.kind));
  if (!result.btf_type.empty()) name = fmt::format("{} *", result.btf_type);
  return result.or_null ? name + " or null" : name;
}

/// ext, which has the helpers of another program, is not counted.
std::string types_text(HelperId id) {
  std::vector<std::string> with, without;
  for (uint32_t number = 1; number < kProgramTypeCount; ++number) {
    const auto type = static_cast<ProgramType>(number);
    if (type == ProgramType::ext) continue;
    (helpers_of(type).contains(id) ? with : without).emplace_back(program_type_name(type));
  }
  return all_but_text(with, without);
}

// --- Contexts ---------------------------------------------------------------------------------------------------

std::string widths_text(uint8_t widths) {
  std::vector<std::string> words;
  for (unsigned width = 1; width <= 8; width *= 2)
    if ((widths & width) != 0) words.push_back(std::to_string(width));
  return joined(words);
}

std::vector<ProgramType> users_of(ContextId id) {
  std::vector<ProgramType> types;
  for (uint32_t number = 1; number < kProgramTypeCount; ++number)
    if (program_type(ProgramType(number))->context == id) types.push_back(ProgramType(number));
  return types;
}

struct Openness {
  bool always = true;  ///< For every attach type that the program type accepts.
  bool never = true;
};

Openness openness(ProgramType type, const ContextField& field, bool write) {
  Openness result;
  for (uint32_t number = 0; number < kAttachTypeCount; ++number) {
    if (!check_attach_type(type, AttachType(number))) continue;
    const bool open = may_access(type, AttachType(number), field, write);
    result.always &= open;
    result.never &= !open;
  }
  return result;
}

/// Who may access the field; a star marks types where it depends on the attach type.
std::string accessors_text(ContextId id, const ContextField& field, bool write) {
  std::vector<std::string> with, without;
  for (const ProgramType type : users_of(id)) {
    const Openness open = openness(type, field, write);
    const std::string name = fmt::format("{}{}", program_type_name(type), open.always || open.never ? "" : "\\*");
    (open.never ? without : with).push_back(name);
  }
  return all_but_text(with, without);
}

std::string field_name(const ContextField& field) {
  return field.count > 1 ? fmt::format("{}[{}]", field.name, field.count) : std::string(field.name);
}

std::string context_section(const Context& structure) {
  const std::vector<ProgramType> users = users_of(structure.id);
  std::vector<std::string> names;
  for (const ProgramType type : users) names.emplace_back(program_type_name(type));
  std::string page = fmt::format("\n## `{}`\n\n{} bytes. ", structure.name, structure.size);
  page += users.empty() ? "Reached through pointers only.\n\n" : fmt::format("Context of {}.\n\n", joined(names));
  page += "| offset | field | gives | read in bytes | read by | written in bytes | written by |\n";
  page += "| ---: | --- | --- | --- | --- | --- | --- |\n";
  for (const ContextField& field : structure.fields) {
    const std::string at_start = field.place == FieldPlace::at_start ? " at the start" : "";
    page += fmt::format("| {} | `{}` | {} | {}{} | {} | {} | {} |\n", field.offset, field_name(field),
                        text(kFieldKinds, field.kind), widths_text(field.reads), at_start,
                        accessors_text(structure.id, field, false), widths_text(field.writes),
                        accessors_text(structure.id, field, true));
  }
  return page;
}

// --- Program types ----------------------------------------------------------------------------------------------

std::string attach_types_text(ProgramType type) {
  const AttachSet accepted = program_type(type)->attach_types;
  if (accepted == AttachSet::all()) return "any";
  if (accepted == AttachSet{AttachType{}} && type != ProgramType::cgroup_skb) return "none";
  std::vector<std::string> words;
  for (uint32_t number = 0; number < kAttachTypeCount; ++number)
    if (accepted.contains(AttachType(number))) words.emplace_back(attach_type_name(AttachType(number)));
  return joined(words);
}

std::string range_text(const std::optional<ReturnRange>& range) {
  if (!range) return "any";
  return range->min == range->max ? std::to_string(range->min) : fmt::format("{} to {}", range->min, range->max);
}

/// The ranges of a type, each with the attach types that have it if they are not all the same.
std::string ranges_text(ProgramType type) {
  std::vector<std::string> ranges;
  for (uint32_t number = 0; number < kAttachTypeCount; ++number) {
    if (!check_attach_type(type, AttachType(number))) continue;
    const std::string range = range_text(return_range(type, AttachType(number)));
    if (std::ranges::find(ranges, range) == ranges.end()) ranges.push_back(range);
  }
  return fmt::format("{}", fmt::join(ranges, "; "));
}

}  // namespace

std::string helper_reference() {
  std::string page = "# Helper functions\n\n" + origin("helpers.def");
  page +=
      "\nThe helpers of Linux 6.18: what they take and give, and which program types may call them, some at certain\n"
      "attach types only. A program of type `ext` has the helpers of the program that it replaces a part of.\n\n"
      "| id | name | result | arguments | notes | program types |\n| ---: | --- | --- | --- | --- | --- |\n";
  for (const HelperProto& proto : helpers())
    page += fmt::format("| {} | `{}` | {} | {} | {} | {} |\n", static_cast<uint32_t>(proto.id), proto.name,
                        result_text(proto.result), arguments_text(proto),
                        without_leading_comma(texts(kAttributes, proto.attributes, ", ")), types_text(proto.id));
  return page;
}

std::string program_type_reference() {
  std::string page = "# Program types\n\n" + origin("program_types.def");
  page +=
      "\n| number | name | context | `BPF_PROG_TEST_RUN` | packet | capabilities | sleeps | returns | attach types at "
      "load |\n"
      "| ---: | --- | --- | --- | --- | --- | --- | --- | --- |\n";
  for (uint32_t number = 1; number < kProgramTypeCount; ++number) {
    const auto type = static_cast<ProgramType>(number);
    const ProgramTypeInfo& info = *program_type(type);
    page += fmt::format("| {} | `{}` | `{}` | {} | {} | {} | {} | {} | {} |\n", number, info.name,
                        context(info.context).name, text(kTestRuns, info.test_run), text(kPacketAccesses, info.packet),
                        text(kPrivileges, info.privilege), text(kSleepables, info.sleepable), ranges_text(type),
                        attach_types_text(type));
  }
  page += "\n## Attach types\n\n| number | name |\n| ---: | --- |\n";
  for (uint32_t number = 0; number < kAttachTypeCount; ++number)
    page += fmt::format("| {} | `{}` |\n", number, attach_type_name(AttachType(number)));
  return page;
}

std::string context_reference() {
  std::string page = "# Contexts\n\n" + origin("context.def");
  page +=
      "\nWhat `r1` points to when a program starts, and what pointers in there lead to. Accesses are aligned to their\n"
      "width. Pointers to packets that the structure has as 4 bytes load as whole pointers. A star says that the "
      "attach\n"
      "type decides.\n";
  for (const Context& structure : contexts()) page += context_section(structure);
  return page;
}

}  // namespace skep::verifier
