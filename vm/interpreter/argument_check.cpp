// SPDX-License-Identifier: Apache-2.0
// Arguments of helper calls against the helper's prototype: one function a kind of argument.
#include <array>
#include <cerrno>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "maps/flags.hpp"
#include "maps/map.hpp"
#include "verifier/helper_proto.hpp"
#include "verifier/map_helpers.hpp"
#include "vm/interpreter/call_check.hpp"
#include "vm/interpreter/calls.hpp"
#include "vm/program.hpp"
#include "vm/regions.hpp"

namespace skep::vm::interpreter {

namespace {

using verifier::Arg;
using verifier::ArgKind;

/// One argument of a call, while it is judged.
struct Argument {
  Machine& m;
  const verifier::HelperProto& prototype;
  const uint64_t* r;
  const Slot* call;
  int index;  // 0: r1

  [[nodiscard]] const Arg& expected() const { return prototype.args[static_cast<size_t>(index)]; }
  [[nodiscard]] uint64_t value() const { return r[1 + index]; }
  [[nodiscard]] uint64_t next_value() const { return r[2 + index]; }
  [[nodiscard]] Regions& regions() const { return *m.run.regions; }

  [[nodiscard]] bool violation(std::string_view reason) const {
    m.fail(call, EFAULT, fmt::format("{}: r{} = {:#x}: {}", prototype.name, index + 1, value(), reason));
    return false;
  }
  /// False, with the reason, unless `holds`.
  [[nodiscard]] bool require(bool holds, std::string_view reason) const { return holds || violation(reason); }

  /// The map among the arguments, which gives keys and values their sizes; it comes first, hence is checked.
  [[nodiscard]] const maps::Map& map() const {
    // NOLINTNEXTLINE(clang-analyzer-core.uninitialized.UndefReturn): what was checked is not null
    return *reinterpret_cast<const maps::Map*>(r[1 + prototype.find_arg(ArgKind::const_map_ptr)]);
  }
};

/// What helpers do with memory costs as much fuel as an instruction each this many bytes.
constexpr uint64_t kBytesOfInstruction = 64;

void charge_bytes(Run& run, uint64_t size) { run.fuel -= static_cast<int64_t>(size / kBytesOfInstruction); }

/// Also charges for the bytes.
bool check_region(const Argument& a, uint64_t size, bool write) {
  const Region* region = a.regions().find(a.value(), size);
  if (region == nullptr) {
    const std::string why =
        is_poison(a.value()) ? "the call before has destroyed the register" : a.regions().explain_miss(a.value(), size);
    return a.violation(fmt::format("the helper {} {} bytes there: {}", write ? "writes" : "reads", size, why));
  }
  const bool is_plain_memory =
      region->kind != RegionKind::socket &&
      (region->kind != RegionKind::context || a.m.code->program().spec().type == verifier::ProgramType::syscall);
  if (!is_plain_memory) return a.violation(fmt::format("{} cannot be given as memory", region->describe()));
  if (region->kind == RegionKind::stack && a.regions().touches_dynptr(a.value(), size))
    return a.violation("a dynptr cannot be given as memory");
  if (const maps::Field* field = region->touched_field(a.value(), size))
    return a.violation(
        fmt::format("{} of {} cannot be given as memory", maps::field_name(field->kind), region->describe()));
  charge_bytes(a.m.run, size);
  if (write ? region->writable : region->readable) return true;
  return a.violation(fmt::format("{} is {}", region->describe(), write ? "read-only" : "write-only"));
}

bool writes(const Arg& arg) { return arg.has(verifier::kWrites) || arg.has(verifier::kUninit); }

bool accept(const Argument&) { return true; }

bool check_context_argument(const Argument& a) {
  return a.require(a.m.run.context != nullptr && a.value() == a.m.run.context->address(), "not the context");
}

bool check_map(const Argument& a) {
  if (!a.regions().has_map(a.value())) return a.violation("not a map of the program");
  const maps::Attributes& map = reinterpret_cast<const maps::Map*>(a.value())->attributes();
  const ProgramSpec& program = a.m.code->program().spec();
  const verifier::HelperCaller caller{.type = program.type, .attach = program.expected_attach_type};
  if (!verifier::goes_with(caller, a.prototype.id, map.type))
    return a.violation(fmt::format("maps of type {} do not go with this helper", maps::map_type_name(map.type)));
  if ((map.flags & maps::kFlagRdonlyProg) != 0 && verifier::changes_map(a.prototype.id))
    return a.violation(fmt::format("map '{}' is read-only for programs", map.name));
  return true;
}

bool check_key(const Argument& a) { return check_region(a, a.map().key_size(), writes(a.expected())); }

bool check_value(const Argument& a) { return check_region(a, a.map().value_size(), writes(a.expected())); }

/// Linux makes dynptrs to no other memory (check_helper_call): all else may end before they do.
bool check_dynptr_memory(const Argument& a) {
  const Region* region = a.regions().find(a.value(), a.next_value());
  return a.require(region == nullptr || region->kind == RegionKind::map_value, "not a map value");
}

/// Memory whose size is the next argument.
bool check_memory(const Argument& a) {
  if (a.prototype.id == verifier::HelperId::dynptr_from_mem && !check_dynptr_memory(a)) return false;
  if (a.next_value() == 0) return true;  // whether 0 is allowed is the size's own matter
  return check_region(a, a.next_value(), writes(a.expected()));
}

bool check_fixed_memory(const Argument& a) {
  const Arg& arg = a.expected();
  if (arg.has(verifier::kAligned) && a.value() % arg.size != 0) return a.violation("not aligned to its size");
  return check_region(a, arg.size, writes(arg));
}

bool check_size(const Argument& a) { return a.require(a.value() != 0, "the size must not be 0"); }

bool check_stack(const Argument& a) {
  const Region* region = a.regions().find(a.value(), 1);
  return a.require(region != nullptr && region->kind == RegionKind::stack, "not on the stack");
}

/// Whether nobody can write the value any more, and the program knows where it lies (Linux: check_reg_const_str).
bool is_constant(const Region& region) {
  return region.kind == RegionKind::map_value && (region.map->attributes().flags & maps::kFlagRdonlyProg) != 0 &&
         region.map->frozen() && region.map->type() == maps::MapType::array && region.map->max_entries() == 1;
}

bool check_string(const Argument& a) {
  const Region* region = a.regions().find(a.value(), 1);
  if (region == nullptr) return check_region(a, 1, false);
  if (!is_constant(*region))
    return a.violation(fmt::format("the string lies in {}, not in a frozen read-only map", region->describe()));
  const std::string_view rest(reinterpret_cast<const char*>(a.value()), region->begin + region->size - a.value());
  const size_t length = rest.find('\0');
  if (length == std::string_view::npos)
    return a.violation(fmt::format("a string without end in {}", region->describe()));
  charge_bytes(a.m.run, length);
  return true;
}

bool check_function(const Argument& a) {
  return a.require(a.m.code->function_at(a.value()) != nullptr, "not a function of the program");
}

/// The special field of a map value to which the argument points; null: it points to none, or may not write it.
const maps::Field* field_at(const Argument& a) {
  const Region* region = a.regions().find(a.value(), 1);
  if (region == nullptr || region->kind != RegionKind::map_value || !region->writable) return nullptr;
  const maps::Field* field = region->touched_field(a.value(), 1);
  return field != nullptr && a.value() - region->begin == field->offset ? field : nullptr;
}

bool check_spin_lock(const Argument& a) {
  const maps::Field* field = field_at(a);
  return a.require(field != nullptr && field->kind == maps::FieldKind::spin_lock,
                   "not the struct bpf_spin_lock of a map value");
}

bool check_timer(const Argument& a) {
  const maps::Field* field = field_at(a);
  return a.require(field != nullptr && field->kind == maps::FieldKind::timer,
                   "not the struct bpf_timer of a map value");
}

/// Linux lets untrusted pointers be stored, not exchanged (process_kptr_func).
bool check_kptr_field(const Argument& a) {
  const maps::Field* field = field_at(a);
  return a.require(field != nullptr && maps::is_kptr(field->kind) && field->kind != maps::FieldKind::kptr_untrusted,
                   "not a reference counted pointer of a map value");
}

bool check_any_socket(const Argument& a) {
  const Region* region = a.regions().starting_at(a.value(), RegionKind::socket);
  const bool is_socket = region != nullptr && (region->socket_kind == verifier::SocketKind::sock ||
                                               region->socket_kind == verifier::SocketKind::sock_common);
  if (!is_socket) return a.violation("not a socket of the program");
  return a.require(!a.expected().has(verifier::kRelease) || region->references > 0,
                   "the program holds no reference to release");
}

bool check_full_socket(const Argument& a) {
  if (!check_any_socket(a)) return false;
  const Region* region = a.regions().starting_at(a.value(), RegionKind::socket);
  return a.require(region->socket_kind == verifier::SocketKind::sock, "not known to be a full socket");
}

bool check_ring_record(const Argument& a) {
  return a.require(a.regions().starting_at(a.value(), RegionKind::ring_record) != nullptr,
                   "not a record that the program has reserved");
}

bool is_stack(const Region* region) { return region != nullptr && region->kind == RegionKind::stack; }

/// Whether the program may still write the memory to which a dynptr leads. A record is its own as long as the dynptr is.
bool is_live(const Regions::Dynptr& dynptr, Regions& regions) {
  const auto begin = reinterpret_cast<uint64_t>(dynptr.truth.find(0, 0));
  if (begin == 0 || dynptr.is_referenced) return true;
  const Region* region = regions.find(begin, dynptr.truth.size());
  return region != nullptr && region->kind == RegionKind::map_value && region->writable;
}

bool check_dynptr(const Argument& a) {
  Regions& regions = a.regions();
  if (!is_stack(regions.find(a.value(), sizeof(helpers::Dynptr))) || a.value() % sizeof(uint64_t) != 0)
    return a.violation("not a dynptr on the stack");
  if (a.expected().has(verifier::kUninit))
    return a.require(regions.overwrite_dynptrs(a.value(), sizeof(helpers::Dynptr)), kOverwritesDynptr);
  const Regions::Dynptr* dynptr = regions.dynptr_at(a.value());
  if (dynptr == nullptr) return a.violation("not an initialised dynptr");
  if (a.expected().has(verifier::kRelease) && !dynptr->is_referenced)
    return a.violation("the dynptr holds no ring buffer record");
  return a.require(is_live(*dynptr, regions), "the memory of the dynptr is gone");
}

bool refuse_kernel_object(const Argument& a) {
  return a.violation("pointers to objects of the kernel do not exist here");
}

using Check = bool (*)(const Argument&);

/// By ArgKind.
constexpr auto kChecks = [] {
  std::array<Check, static_cast<size_t>(ArgKind::dynptr) + 1> checks{};
  const auto set = [&checks](ArgKind kind, Check check) { checks[static_cast<size_t>(kind)] = check; };
  set(ArgKind::none, accept);
  set(ArgKind::anything, accept);
  set(ArgKind::scalar, accept);
  set(ArgKind::ctx, check_context_argument);
  set(ArgKind::const_map_ptr, check_map);
  set(ArgKind::map_key, check_key);
  set(ArgKind::map_value, check_value);
  set(ArgKind::mem, check_memory);
  set(ArgKind::fixed_size_mem, check_fixed_memory);
  set(ArgKind::const_size, check_size);
  set(ArgKind::const_size_or_zero, accept);
  set(ArgKind::const_alloc_size_or_zero, accept);
  set(ArgKind::stack, check_stack);
  set(ArgKind::const_str, check_string);
  set(ArgKind::func, check_function);
  set(ArgKind::spin_lock, check_spin_lock);
  set(ArgKind::timer, check_timer);
  set(ArgKind::kptr_xchg_dest, check_kptr_field);
  set(ArgKind::socket, check_full_socket);
  set(ArgKind::sock_common, check_any_socket);
  set(ArgKind::btf_id, refuse_kernel_object);
  set(ArgKind::btf_id_sock_common, check_any_socket);
  set(ArgKind::percpu_btf_id, refuse_kernel_object);
  set(ArgKind::ringbuf_mem, check_ring_record);
  set(ArgKind::dynptr, check_dynptr);
  return checks;
}();

constexpr bool every_kind_has_a_check() {
  for (const Check check : kChecks)
    if (check == nullptr) return false;
  return true;
}
static_assert(every_kind_has_a_check());

bool check_argument(const Argument& argument) {
  const Arg& expected = argument.expected();
  // Memory with a size may be null only if the size is 0, which its own check knows.
  if (expected.has(verifier::kOrNull) && argument.value() == 0 && expected.kind != ArgKind::mem) {
    if (expected.kind == ArgKind::map_value)
      charge_bytes(argument.m.run, argument.map().value_size());  // zeroes instead
    return true;
  }
  return kChecks[static_cast<size_t>(expected.kind)](argument);
}

}  // namespace

bool check_arguments(Machine& m, const Callee& callee, const uint64_t* r, const Slot* call) {
  if (callee.prototype == nullptr) return true;
  if (m.run.spin_lock != nullptr && callee.prototype->id != verifier::HelperId::spin_unlock) {
    m.fail(call, EFAULT, fmt::format("{} is called while a spin lock is held", callee.prototype->name));
    return false;
  }
  for (int i = 0; i < callee.prototype->arg_count; ++i)
    if (!check_argument({m, *callee.prototype, r, call, i})) return false;
  if (callee.prototype->has(verifier::kChangesPacket) && m.run.packet != nullptr)
    charge_bytes(m.run, static_cast<uint64_t>(m.run.packet->data_end - m.run.packet->data));
  if (m.run.fuel >= 0) return true;
  out_of_fuel(m, call);
  return false;
}

bool check_context_pointer(Machine& m, uint64_t address, const Slot* at) {
  if (m.run.context != nullptr && address == m.run.context->address()) return true;
  m.fail(at, EFAULT, fmt::format("r6 = {:#x}: not the context", address));
  return false;
}

}  // namespace skep::vm::interpreter
