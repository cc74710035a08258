// SPDX-License-Identifier: Apache-2.0
// Field access by program type. The rows follow the is_valid_access functions of net/core/filter.c,
// kernel/trace/bpf_trace.c, kernel/bpf/{cgroup,syscall}.c, net/netfilter/nf_bpf_link.c and
// drivers/media/rc/bpf-lirc.c.
#include "verifier/context.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace skep::verifier {
namespace {

struct Row {
  ContextId context;
  ContextField field;
};

constexpr Row kRows[] = {
#define CONTEXT(name, size)
#define FIELD(structure, name, offset, size, count, kind, reads, writes, place) \
  {ContextId::structure, {#name, offset, size, count, FieldKind::kind, reads, writes, FieldPlace::place}},
#include "verifier/context.def"
};

constexpr size_t count_fields(ContextId id) {
  return static_cast<size_t>(std::ranges::count(kRows, id, &Row::context));
}

/// The fields of one structure, in the order of the table.
template <ContextId id>
constexpr auto kFields = [] {
  std::array<ContextField, count_fields(id)> fields{};
  size_t next = 0;
  for (const Row& row : kRows)
    if (row.context == id) fields[next++] = row.field;
  return fields;
}();

constexpr Context kContexts[] = {
#define CONTEXT(name, size) {ContextId::name, #name, size, kFields<ContextId::name>},
#define FIELD(...)
#include "verifier/context.def"
};

constexpr bool fields_are_sound() {
  for (const Row& row : kRows) {
    const ContextField& field = row.field;
    const bool known_widths = (field.reads | field.writes) < 16 && field.reads != 0;
    if (!known_widths || field.offset % field.size != 0 || field.count == 0) return false;
    if (field.end() > kContexts[static_cast<size_t>(row.context) - 1].size) return false;
  }
  return true;
}
static_assert(fields_are_sound(), "context.def: a field has no widths, is misaligned or lies outside its structure");
static_assert(std::ranges::all_of(kContexts, [](const Context& c) { return c.fields.size() <= 64; }),
              "a FieldSet has 64 places");

/// A set of fields of one structure, by their index.
using FieldSet = uint64_t;
constexpr FieldSet kAllFields = ~FieldSet{0};

/// The set of the named fields; an unknown name does not compile.
template <ContextId id>
consteval FieldSet fields(std::initializer_list<std::string_view> names) {
  FieldSet set = 0;
  for (const std::string_view name : names) {
    const auto found = std::ranges::find(kFields<id>, name, &ContextField::name);
    if (found == kFields<id>.end()) throw "no such field";
    set |= FieldSet{1} << (found - kFields<id>.begin());
  }
  return set;
}

template <ContextId id>
consteval FieldSet all_but(std::initializer_list<std::string_view> names) {
  return ~fields<id>(names);
}

using enum AttachType;
using enum ContextId;
constexpr AttachSet kAny = AttachSet::all();

/// What programs of one type, loaded for one of the attach types, may access.
struct View {
  ProgramType type;
  AttachSet attach;
  FieldSet readable;
  FieldSet writable = 0;
  bool bpf_capable = false;  ///< The row is for programs that were loaded with CAP_BPF.
};

constexpr FieldSet kSockAddrCommon =
    fields<bpf_sock_addr>({"user_family", "user_port", "family", "type", "protocol", "sk"});
constexpr FieldSet kUserPort = fields<bpf_sock_addr>({"user_port"});
constexpr FieldSet kUserIp4 = fields<bpf_sock_addr>({"user_ip4"});
constexpr FieldSet kUserIp6 = fields<bpf_sock_addr>({"user_ip6"});
constexpr FieldSet kMsgSrcIp4 = fields<bpf_sock_addr>({"msg_src_ip4"});
constexpr FieldSet kMsgSrcIp6 = fields<bpf_sock_addr>({"msg_src_ip6"});
constexpr AttachSet kIp4Hooks{cgroup_inet4_bind, cgroup_inet4_connect, cgroup_udp4_recvmsg, cgroup_inet4_getpeername,
                              cgroup_inet4_getsockname};
constexpr AttachSet kIp6Hooks{cgroup_inet6_bind, cgroup_inet6_connect, cgroup_udp6_recvmsg, cgroup_inet6_getpeername,
                              cgroup_inet6_getsockname};

constexpr FieldSet kTcWritable =
    fields<__sk_buff>({"mark", "queue_mapping", "priority", "tc_index", "cb", "tc_classid", "tstamp"});
constexpr FieldSet kTcReadable = all_but<__sk_buff>(
    {"family", "remote_ip4", "local_ip4", "remote_ip6", "local_ip6", "remote_port", "local_port", "flow_keys"});
constexpr FieldSet kLwtWritable = fields<__sk_buff>({"mark", "priority", "cb"});
constexpr FieldSet kLwtReadable =
    all_but<__sk_buff>({"tc_classid", "family", "remote_ip4", "local_ip4", "remote_ip6", "local_ip6", "remote_port",
                        "local_port", "data_meta", "tstamp", "wire_len", "hwtstamp", "tstamp_type", "flow_keys"});

constexpr FieldSet kCgroupSkbHidden =
    fields<__sk_buff>({"tc_classid", "data_meta", "wire_len", "tstamp_type", "flow_keys"});

constexpr FieldSet kSockHookOnly =
    fields<bpf_sock>({"bound_dev_if", "mark", "priority", "src_ip4", "src_ip6", "src_port"});

/// The first row that fits an access counts; a type without a row may access all its fields by their widths.
constexpr View kViews[] = {
    {ProgramType::socket_filter, kAny,
     all_but<__sk_buff>({"tc_classid", "data", "data_meta", "data_end", "family", "remote_ip4", "local_ip4",
                         "remote_ip6", "local_ip6", "remote_port", "local_port", "tstamp", "wire_len", "hwtstamp",
                         "tstamp_type", "flow_keys"}),
     fields<__sk_buff>({"cb"})},
    {ProgramType::sched_cls, kAny, kTcReadable, kTcWritable},
    {ProgramType::sched_act, kAny, kTcReadable, kTcWritable},
    {ProgramType::cgroup_skb, kAny, ~kCgroupSkbHidden, kLwtWritable | fields<__sk_buff>({"tstamp"}), true},
    {ProgramType::cgroup_skb, kAny, ~kCgroupSkbHidden& all_but<__sk_buff>({"data", "data_end"}), kLwtWritable},
    {ProgramType::lwt_in, kAny, kLwtReadable, kLwtWritable},
    {ProgramType::lwt_out, kAny, kLwtReadable, kLwtWritable},
    {ProgramType::lwt_xmit, kAny, kLwtReadable, kLwtWritable},
    {ProgramType::lwt_seg6local, kAny, kLwtReadable, kLwtWritable},
    {ProgramType::sk_skb, kAny,
     all_but<__sk_buff>(
         {"mark", "tc_classid", "data_meta", "tstamp", "wire_len", "hwtstamp", "tstamp_type", "flow_keys"}),
     fields<__sk_buff>({"tc_index", "priority"})},
    {ProgramType::flow_dissector, kAny, fields<__sk_buff>({"data", "data_end", "flow_keys"})},
    {ProgramType::xdp, {xdp_devmap}, kAllFields},
    {ProgramType::xdp, kAny, all_but<xdp_md>({"egress_ifindex"})},
    {ProgramType::cgroup_sock,
     {cgroup_inet_sock_create, cgroup_inet_sock_release},
     all_but<bpf_sock>({"src_ip4", "src_ip6", "src_port"}),
     fields<bpf_sock>({"bound_dev_if", "mark", "priority"})},
    {ProgramType::cgroup_sock, {cgroup_inet4_post_bind}, ~kSockHookOnly | fields<bpf_sock>({"src_ip4", "src_port"})},
    {ProgramType::cgroup_sock, {cgroup_inet6_post_bind}, ~kSockHookOnly | fields<bpf_sock>({"src_ip6", "src_port"})},
    {ProgramType::cgroup_sock_addr, kIp4Hooks, kSockAddrCommon | kUserIp4, kUserPort | kUserIp4},
    {ProgramType::cgroup_sock_addr, kIp6Hooks, kSockAddrCommon | kUserIp6, kUserPort | kUserIp6},
    {ProgramType::cgroup_sock_addr,
     {cgroup_udp4_sendmsg},
     kSockAddrCommon | kUserIp4 | kMsgSrcIp4,
     kUserPort | kUserIp4 | kMsgSrcIp4},
    {ProgramType::cgroup_sock_addr,
     {cgroup_udp6_sendmsg},
     kSockAddrCommon | kUserIp6 | kMsgSrcIp6,
     kUserPort | kUserIp6 | kMsgSrcIp6},
    {ProgramType::cgroup_sock_addr, kAny, kSockAddrCommon, kUserPort},
    {ProgramType::sock_ops, kAny, kAllFields, fields<bpf_sock_ops>({"reply", "sk_txhash"})},
    {ProgramType::cgroup_sysctl, kAny, kAllFields, fields<bpf_sysctl>({"file_pos"})},
    {ProgramType::cgroup_sockopt, {cgroup_getsockopt}, kAllFields, fields<bpf_sockopt>({"optlen", "retval"})},
    {ProgramType::cgroup_sockopt,
     {cgroup_setsockopt},
     all_but<bpf_sockopt>({"retval"}),
     fields<bpf_sockopt>({"level", "optname", "optlen"})},
    {ProgramType::raw_tracepoint, kAny, fields<bpf_raw_tracepoint_args>({"args"})},
    {ProgramType::raw_tracepoint_writable, kAny, all_but<bpf_raw_tracepoint_args>({"args"})},
    {ProgramType::syscall, kAny, kAllFields, kAllFields},
};

const View* find_view(ProgramType type, AttachType attach, bool bpf_capable) {
  const auto* found = std::ranges::find_if(kViews, [&](const View& view) {
    return view.type == type && view.attach.contains(attach) && (bpf_capable || !view.bpf_capable);
  });
  return found != std::end(kViews) ? found : nullptr;
}

/// The fields of `structure` that the view opens for reading or writing. Without a view: all, read-only.
FieldSet open_fields(const View* view, bool write) {
  if (view == nullptr) return write ? 0 : kAllFields;
  return write ? view->writable : view->readable;
}

/// Whether an access of that place and width fits the field, whoever does it.
bool fits(const ContextField& field, uint32_t offset, uint32_t size, bool write) {
  const uint8_t widths = write ? field.writes : field.reads;
  if ((widths & size) == 0 || offset < field.offset || size > field.end() - offset) return false;
  return field.place == FieldPlace::anywhere || (offset - field.offset) % field.size == 0;
}

/// The field among those of `open` that the access fits. Fields overlap where Linux has unions.
const ContextField* fitting_field(const Context& structure, FieldSet open, uint32_t offset, uint32_t size, bool write) {
  for (size_t i = 0; i < structure.fields.size(); ++i) {
    const ContextField& field = structure.fields[i];
    if ((open >> i & 1) != 0 && offset < field.end() && fits(field, offset, size, write)) return &field;
  }
  return nullptr;
}

/// The first field that covers the offset, accessible or not; for messages.
const ContextField* covering_field(const Context& structure, uint32_t offset) {
  const auto found = std::ranges::find_if(
      structure.fields, [&](const ContextField& f) { return offset >= f.offset && offset < f.end(); });
  return found != structure.fields.end() ? &*found : nullptr;
}

bool is_width(uint32_t size) { return size == 1 || size == 2 || size == 4 || size == 8; }

/// A packet pointer of 4 bytes is no number: it cannot be loaded with sign extension.
bool is_narrow_pointer(const ContextField& field) { return field.is_pointer() && field.size == 4; }

Error denied(const Context& structure, uint32_t offset, uint32_t size, bool write) {
  const ContextField* field = covering_field(structure, offset);
  const std::string where = field != nullptr ? fmt::format("{}.{}", structure.name, field->name)
                                             : fmt::format("{} (no field there)", structure.name);
  return Error{EACCES, fmt::format("invalid bpf_context access off={} size={}: cannot {} {} like this here", offset,
                                   size, write ? "write" : "read", where)};
}

}  // namespace

std::span<const Context> contexts() { return kContexts; }

const Context& context(ContextId id) { return kContexts[static_cast<size_t>(id) - 1]; }

const Context* context_by_name(std::string_view name) {
  const auto* found = std::ranges::find(kContexts, name, &Context::name);
  return found != std::end(kContexts) ? found : nullptr;
}

Result<const ContextField*> find_field(const ContextAccess& access) {
  const ProgramTypeInfo* info = program_type(access.type);
  if (info == nullptr) return Error{EINVAL, "a program without a type has no context"};
  const Context& structure = context(info->context);
  const AttachType attach = effective_attach_type(access.type, access.attach);
  const FieldSet open = open_fields(find_view(access.type, attach, access.bpf_capable), access.write);
  const bool aligned = is_width(access.size) && access.offset % access.size == 0;
  const ContextField* field =
      aligned ? fitting_field(structure, open, access.offset, access.size, access.write) : nullptr;
  if (field == nullptr || (access.sign_extend && is_narrow_pointer(*field)))
    return denied(structure, access.offset, access.size, access.write);
  return field;
}

bool may_access(ProgramType type, AttachType attach, const ContextField& field, bool write, bool bpf_capable) {
  const ProgramTypeInfo* info = program_type(type);
  if (info == nullptr || (write && field.writes == 0)) return false;
  const std::span<const ContextField> all = context(info->context).fields;
  const auto found = std::ranges::find(all, field.name, &ContextField::name);
  if (found == all.end()) return false;
  const View* view = find_view(type, effective_attach_type(type, attach), bpf_capable);
  return (open_fields(view, write) >> (found - all.begin()) & 1) != 0;
}

Result<const ContextField*> find_socket_field(SocketKind kind, uint32_t offset, uint32_t size) {
  struct Pointee {
    ContextId structure;
    FieldSet readable;
  };
  static constexpr Pointee kPointees[] = {
      {bpf_sock, all_but<bpf_sock>({"type", "protocol", "mark", "priority"})},  // sock_common
      {bpf_sock, kAllFields},
      {bpf_tcp_sock, kAllFields},
      {bpf_xdp_sock, kAllFields},
  };
  const auto& [id, readable] = kPointees[static_cast<size_t>(kind)];
  const Context& structure = context(id);
  const bool aligned = is_width(size) && offset % size == 0;
  const ContextField* field = aligned ? fitting_field(structure, readable, offset, size, false) : nullptr;
  if (field == nullptr) return denied(structure, offset, size, false);
  return field;
}

}  // namespace skep::verifier
