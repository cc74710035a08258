// SPDX-License-Identifier: Apache-2.0
// What a checked run may reach from when on: results of helpers, arguments of callbacks, global data, the packet.
#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "maps/flags.hpp"
#include "maps/map.hpp"
#include "verifier/context.hpp"
#include "verifier/helpers.hpp"
#include "vm/helpers/dynptr.hpp"
#include "vm/interpreter/call_check.hpp"
#include "vm/interpreter/calls.hpp"
#include "vm/program.hpp"
#include "vm/regions.hpp"

namespace skep::vm::interpreter {

namespace {

using verifier::ArgKind;
using verifier::HelperProto;
using verifier::ReturnKind;

/// A call that has returned, with the registers it was made with.
struct Returned {
  Run& run;
  const HelperProto& prototype;
  const std::array<uint64_t, 11>& r;
  uint64_t result;

  /// Value of the first argument of a kind; 0: there is none.
  [[nodiscard]] uint64_t argument(ArgKind kind) const {
    const int index = prototype.find_arg(kind);
    return index < 0 ? 0 : r[static_cast<size_t>(index) + 1];
  }
  [[nodiscard]] const maps::Map* map() const {
    return reinterpret_cast<const maps::Map*>(argument(ArgKind::const_map_ptr));
  }
};

bool is_map_of_maps(const maps::Map& map) {
  return map.type() == maps::MapType::array_of_maps || map.type() == maps::MapType::hash_of_maps;
}

Region value_region(uint64_t address, const maps::Map& map) {
  const uint32_t flags = map.attributes().flags;
  return {.begin = address,
          .size = map.value_size(),
          .kind = RegionKind::map_value,
          .writable = (flags & maps::kFlagRdonlyProg) == 0,
          .readable = (flags & maps::kFlagWronlyProg) == 0,
          .has_fields = !map.fields().empty(),
          .map = &map};
}

void grant_nothing(const Returned&) {}

void grant_map_value(const Returned& call) {
  if (call.map() == nullptr) return;
  if (is_map_of_maps(*call.map()))  // the check of arguments lets no other helper have it than map_lookup_elem
    call.run.regions->add_map(reinterpret_cast<const maps::Map*>(call.result));
  else
    call.run.regions->grant(value_region(call.result, *call.map()));
}

void grant_ring_record(const Returned& call) {
  call.run.regions->grant({.begin = call.result,
                           .size = call.argument(ArgKind::const_alloc_size_or_zero),
                           .kind = RegionKind::ring_record,
                           .map = call.map()});
}

/// The whole record of the dynptr: slices of it would overlap. Other dynptrs lead to what is granted already.
void grant_dynptr_memory(const Returned& call) {
  Regions& regions = *call.run.regions;
  const Regions::Dynptr* dynptr = regions.dynptr_at(call.argument(ArgKind::dynptr));
  if (dynptr != nullptr && dynptr->is_referenced)
    regions.grant({.begin = reinterpret_cast<uint64_t>(dynptr->truth.find(0, 0)), .size = dynptr->truth.size()});
}

void grant_socket_at(Regions& regions, uint64_t address, verifier::SocketKind kind, uint32_t acquired) {
  using verifier::SocketKind;
  const Region* known = regions.starting_at(address, RegionKind::socket);
  const uint32_t references = known == nullptr ? 0 : known->references;
  // A cast tells more of a socket; another look-up of it does not tell less.
  const SocketKind what = known == nullptr ? kind : std::max(kind, known->socket_kind);
  const auto layout = kind == SocketKind::tcp_sock ? verifier::ContextId::bpf_tcp_sock : verifier::ContextId::bpf_sock;
  regions.revoke(address);
  regions.grant({.begin = address,
                 .size = verifier::context(layout).size,
                 .kind = RegionKind::socket,
                 .writable = false,
                 .socket_kind = what,
                 .references = references + acquired});
}

template <verifier::SocketKind kind>
void grant_socket(const Returned& call) {
  grant_socket_at(*call.run.regions, call.result, kind, call.prototype.has(verifier::kAcquires) ? 1 : 0);
}

using Grant = void (*)(const Returned&);

/// By ReturnKind. Pointers to objects of the kernel give no access.
constexpr auto kGrants = [] {
  using verifier::SocketKind;
  std::array<Grant, static_cast<size_t>(ReturnKind::btf_id) + 1> grants{};
  grants.fill(grant_nothing);
  const auto set = [&grants](ReturnKind kind, Grant grant) { grants[static_cast<size_t>(kind)] = grant; };
  set(ReturnKind::map_value, grant_map_value);
  set(ReturnKind::ringbuf_mem, grant_ring_record);
  set(ReturnKind::dynptr_mem, grant_dynptr_memory);
  set(ReturnKind::socket, grant_socket<SocketKind::sock>);
  set(ReturnKind::sock_common, grant_socket<SocketKind::sock_common>);
  set(ReturnKind::tcp_sock, grant_socket<SocketKind::tcp_sock>);
  return grants;
}();

void revoke_record(Regions& regions, uint64_t address) {
  const Region* record = regions.starting_at(address, RegionKind::ring_record);
  regions.revoke_within(address, std::max<uint64_t>(record->size, 1));
}

/// Takes back the memory behind a dynptr whose record ends with the call.
void revoke_dynptr(Regions& regions, uint64_t address) {
  const auto& dynptr = *reinterpret_cast<const helpers::Dynptr*>(address);
  regions.revoke_within(reinterpret_cast<uint64_t>(dynptr.find(0, 0)), dynptr.size());
  regions.forget_dynptr(address);
}

void revoke_socket(Regions& regions, uint64_t address) {
  Region* socket = regions.starting_at(address, RegionKind::socket);
  if (socket != nullptr && --socket->references == 0) regions.revoke(address);
}

/// Before the call, while what is released still says what it is.
void revoke_released(Run& run, const HelperProto& prototype, const uint64_t* r) {
  for (int i = 0; i < prototype.arg_count; ++i) {
    const verifier::Arg& arg = prototype.args[static_cast<size_t>(i)];
    const uint64_t value = r[1 + i];
    if (!arg.has(verifier::kRelease) || value == 0) continue;
    if (arg.kind == ArgKind::ringbuf_mem)
      revoke_record(*run.regions, value);
    else if (arg.kind == ArgKind::dynptr)
      revoke_dynptr(*run.regions, value);
    else
      revoke_socket(*run.regions, value);
  }
}

/// Only what a helper was given to make a dynptr of is one: its other arguments are as they were.
void remember_dynptrs(const Returned& call) {
  for (int i = 0; i < call.prototype.arg_count; ++i) {
    const verifier::Arg& arg = call.prototype.args[static_cast<size_t>(i)];
    if (arg.kind == ArgKind::dynptr && arg.has(verifier::kUninit))
      call.run.regions->remember_dynptr(call.r[static_cast<size_t>(i) + 1], arg.has(verifier::kRingbuf));
  }
}

}  // namespace

const Slot* call_checked(Machine& m, const Callee& callee, uint64_t* r, const Slot* call) {
  Run& run = m.run;
  if (callee.prototype != nullptr) revoke_released(run, *callee.prototype, r);
  std::array<uint64_t, 11> before;
  std::copy_n(r, before.size(), before.begin());
  const HelperCall outer = m.helper_call;
  m.helper_call = {&callee, before.data()};
  r[0] = callee.function(r[1], r[2], r[3], r[4], r[5], run);
  m.helper_call = outer;
  if (run.fault) {
    m.locate_fault(call);
    return nullptr;
  }
  if (run.fuel < 0) {
    out_of_fuel(m, call);
    return nullptr;
  }
  grant_packet(run);
  if (callee.prototype == nullptr) return call + 1;
  const Returned returned{run, *callee.prototype, before, r[0]};
  remember_dynptrs(returned);
  if (r[0] != 0) kGrants[static_cast<size_t>(callee.prototype->result.kind)](returned);
  if (!callee.prototype->has(verifier::kFastcall)) poison_arguments(r);
  return call + 1;
}

CallbackGrants::CallbackGrants(Machine& m, const uint64_t (&arguments)[5]) {
  const HelperCall& call = m.helper_call;
  if (call.callee == nullptr || call.callee->prototype == nullptr ||
      call.callee->prototype->id != verifier::HelperId::for_each_map_elem)
    return;
  const auto& map = *reinterpret_cast<const maps::Map*>(call.registers[1]);
  regions_ = m.run.regions;
  const auto lend = [this](const Region& region) { return regions_->lend(region) ? region.begin : 0; };
  key_ = lend(
      {.begin = arguments[1], .size = map.key_size(), .kind = RegionKind::map_key, .writable = false, .map = &map});
  value_ = lend(value_region(arguments[2], map));
}

CallbackGrants::~CallbackGrants() {
  if (key_ != 0) regions_->end_loan(key_);
  if (value_ != 0) regions_->end_loan(value_);
}

void grant_program(Machine& m) {
  Regions& regions = *m.run.regions;
  for (const std::shared_ptr<maps::Map>& map : m.code->program().spec().maps) regions.add_map(map.get());
  for (const DirectValue& value : m.code->direct_values()) regions.grant(value_region(value.address, *value.map));
}

void grant_packet(Run& run) {
  if (run.packet == nullptr) return;
  const Packet& packet = *run.packet;
  const verifier::ProgramTypeInfo* type = verifier::program_type(run.program->spec().type);
  const uint8_t* begin = std::min(packet.data, packet.data_meta);
  run.regions->set_packet(reinterpret_cast<uint64_t>(begin), static_cast<uint64_t>(packet.data_end - begin),
                          type != nullptr && type->packet == verifier::PacketAccess::read_write);
}

void grant_field(Run& run, verifier::FieldKind kind, uint64_t address) {
  using verifier::FieldKind;
  using verifier::SocketKind;
  switch (kind) {
    case FieldKind::socket:
    case FieldKind::socket_or_null: return grant_socket_at(*run.regions, address, SocketKind::sock, 0);
    case FieldKind::sock_common_or_null: return grant_socket_at(*run.regions, address, SocketKind::sock_common, 0);
    case FieldKind::flow_keys:
      return run.regions->grant({.begin = address,
                                 .size = verifier::context(verifier::ContextId::bpf_flow_keys).size,
                                 .kind = RegionKind::flow_keys});
    default: return;
  }
}

void release_sockets(Run& run) {
  const HelperFunction release = helper_function(static_cast<uint32_t>(verifier::HelperId::sk_release));
  for (const auto& [address, references] : run.regions->held_sockets())
    for (uint32_t i = 0; release != nullptr && i < references; ++i) release(address, 0, 0, 0, 0, run);
}

void poison_arguments(uint64_t* r) {
  for (size_t i = 1; i <= 5; ++i) r[i] = kPoison;
}

bool is_poison(uint64_t address) {
  constexpr uint64_t kDisplacements = 1 << 20;
  return address + kDisplacements / 2 - kPoison < kDisplacements;
}

}  // namespace skep::vm::interpreter
