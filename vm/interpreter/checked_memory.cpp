// SPDX-License-Identifier: Apache-2.0
#include "vm/interpreter/checked_memory.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "maps/map.hpp"
#include "verifier/context.hpp"
#include "vm/interpreter/call_check.hpp"
#include "vm/interpreter/map_fields.hpp"
#include "vm/program.hpp"
#include "vm/regions.hpp"
#include "vm/vm.hpp"

namespace skep::vm::interpreter {

namespace {

using verifier::FieldKind;

/// An access of the program, while it is judged.
struct Access {
  Machine& m;
  const Slot* at;
  uint64_t address;
  size_t size;
  bool write;
  bool sign_extend = false;

  void violation(std::string_view reason) const {
    m.fail(at, EFAULT,
           fmt::format("{} of {} byte{} at {:#x}: {}", write ? "write" : "read", size, size == 1 ? "" : "s", address,
                       reason));
  }

  [[nodiscard]] bool is_allowed(const Region& region) const {
    if (write ? region.writable : region.readable) return true;
    violation(fmt::format("{} is {}", region.describe(), write ? "read-only" : "write-only"));
    return false;
  }

  /// Fields that belong to the system are left to helpers, but a whole pointer may be loaded, and an untrusted one made
  /// null (Linux: check_map_access, check_map_kptr_access).
  [[nodiscard]] bool spares_fields(const Region& region, uint64_t stored = 0, bool is_atomic = false) const {
    const maps::Field* field = region.touched_field(address, size);
    if (field == nullptr) return true;
    const bool is_whole_pointer =
        maps::is_kptr(field->kind) && address - region.begin == field->offset && size == field->size && !is_atomic;
    if (is_whole_pointer && !write) return true;
    if (is_whole_pointer && field->kind == maps::FieldKind::kptr_untrusted && stored == 0) return true;
    violation(fmt::format("{} of {} is only for its helpers", maps::field_name(field->kind), region.describe()));
    return false;
  }

  /// A dynptr that the program writes over is none any more.
  [[nodiscard]] bool spares_dynptrs(const Region& region) const {
    if (region.kind != RegionKind::stack || m.run.regions->overwrite_dynptrs(address, size)) return true;
    violation(kOverwritesDynptr);
    return false;
  }

  [[nodiscard]] const Region* region() const {
    const Region* found = m.run.regions->find(address, size);
    if (found == nullptr)
      violation(is_poison(address) ? "the call before has destroyed the register"
                                   : m.run.regions->explain_miss(address, size));
    return found;
  }

  /// The context's field that is accessed; null: the program type may not do that.
  [[nodiscard]] const verifier::ContextField* context_field(const Region& context) const {
    const ProgramSpec& program = m.code->program().spec();
    const Result<const verifier::ContextField*> field =
        verifier::find_field({.type = program.type,
                              .attach = program.expected_attach_type,
                              .offset = static_cast<uint32_t>(address - context.begin),
                              .size = static_cast<uint32_t>(size),
                              .write = write,
                              .sign_extend = sign_extend,
                              .bpf_capable = program.privileged});
    if (field) return *field;
    violation(field.error().message);
    return nullptr;
  }

  [[nodiscard]] bool is_allowed_in_socket(const Region& socket) const {
    if (!is_allowed(socket)) return false;
    const Result<const verifier::ContextField*> field = verifier::find_socket_field(
        socket.socket_kind, static_cast<uint32_t>(address - socket.begin), static_cast<uint32_t>(size));
    if (!field) violation(field.error().message);
    return field.ok();
  }
};

/// A pointer that a field of the context stands for; null: the field is what it holds.
void* const* pointer_behind(const verifier::ContextField& field, ContextPointers& pointers, bool is_option) {
  const auto erase = [](uint8_t*& pointer) { return reinterpret_cast<void* const*>(&pointer); };
  switch (field.kind) {
    case FieldKind::packet: return is_option ? &pointers.option_value : erase(pointers.data);
    case FieldKind::packet_end: return is_option ? &pointers.option_value_end : erase(pointers.data_end);
    case FieldKind::packet_meta: return erase(pointers.data_meta);
    case FieldKind::socket:
    case FieldKind::socket_or_null:
    case FieldKind::sock_common_or_null: return &pointers.socket;
    case FieldKind::flow_keys: return &pointers.flow_keys;
    default: return nullptr;
  }
}

// Programs race for values of maps, with each other and with the host, as on Linux: what comes of it is the program's affair.
// The thread sanitizer looks for Skep's own races, so it does not see these accesses.
#define SKEP_PROGRAM_ACCESS __attribute__((no_sanitize("thread")))

template <class T>
SKEP_PROGRAM_ACCESS uint64_t load_as(uint64_t address) {
  T value;
  std::memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
  return value;
}

template <class T>
SKEP_PROGRAM_ACCESS void store_as(uint64_t address, uint64_t value) {
  const auto part = static_cast<T>(value);
  std::memcpy(reinterpret_cast<void*>(address), &part, sizeof part);
}

#undef SKEP_PROGRAM_ACCESS

bool load_bytes(uint64_t address, size_t size, uint64_t& value) {
  switch (size) {
    case 1: value = load_as<uint8_t>(address); break;
    case 2: value = load_as<uint16_t>(address); break;
    case 4: value = load_as<uint32_t>(address); break;
    default: value = load_as<uint64_t>(address);
  }
  return true;
}

void store_bytes(uint64_t address, size_t size, uint64_t value) {
  switch (size) {
    case 1: return store_as<uint8_t>(address, value);
    case 2: return store_as<uint16_t>(address, value);
    case 4: return store_as<uint32_t>(address, value);
    default: return store_as<uint64_t>(address, value);
  }
}

bool load_context(const Access& access, const Region& context, uint64_t& value) {
  const verifier::ContextField* field = access.context_field(context);
  if (field == nullptr) return false;
  const bool is_option = access.m.code->program().spec().type == verifier::ProgramType::cgroup_sockopt;
  void* const* pointer = pointer_behind(*field, access.m.run.context->pointers(), is_option);
  if (pointer == nullptr) return load_bytes(access.address, access.size, value);
  value = reinterpret_cast<uint64_t>(*pointer);
  if (value != 0) grant_field(access.m.run, field->kind, value);
  return true;
}

constexpr uint64_t kMapReach = 512;  // bytes of a struct bpf_map that programs look at

/// A read through the address of a map; false: it is none, or is refused.
bool load_map_field(const Access& access, const maps::Map& map, uint64_t& value) {
  const auto& kernel = access.m.run.vm.kernel_btf();
  std::string reason;
  if (read_map_field(map, kernel ? kernel->types().get() : nullptr, access.address - reinterpret_cast<uint64_t>(&map),
                     access.size, value, reason))
    return true;
  access.violation(reason);
  return false;
}

/// Linux: atomic_ptr_type_ok.
bool has_atomics(RegionKind kind) {
  return kind != RegionKind::context && kind != RegionKind::packet && kind != RegionKind::flow_keys &&
         kind != RegionKind::socket;
}

bool is_load_acquire(isa::Op op) {
  return op == isa::Op::load_acquire8 || op == isa::Op::load_acquire16 || op == isa::Op::load_acquire32 ||
         op == isa::Op::load_acquire64;
}

}  // namespace

bool checked_load(Machine& m, const Slot* at, uint64_t address, size_t size, bool sign_extend, uint64_t& value) {
  const Access access{m, at, address, size, false, sign_extend};
  if (m.run.regions->find(address, size) == nullptr)
    if (const maps::Map* map = m.run.regions->map_before(address, kMapReach))
      return load_map_field(access, *map, value);
  const Region* region = access.region();
  if (region == nullptr) return false;
  if (region->kind == RegionKind::context) return load_context(access, *region, value);
  if (region->kind == RegionKind::socket ? !access.is_allowed_in_socket(*region) : !access.is_allowed(*region))
    return false;
  if (!access.spares_fields(*region)) return false;
  return load_bytes(address, size, value);
}

bool checked_store(Machine& m, const Slot* at, uint64_t address, size_t size, uint64_t value) {
  const Access access{m, at, address, size, true};
  const Region* region = access.region();
  if (region == nullptr) return false;
  if (region->kind == RegionKind::context ? access.context_field(*region) == nullptr : !access.is_allowed(*region))
    return false;
  if (!access.spares_dynptrs(*region)) return false;
  if (!access.spares_fields(*region, value)) return false;
  store_bytes(address, size, value);
  return true;
}

void* checked_atomic(Machine& m, const Slot* at, uint64_t address, size_t size) {
  const Access access{m, at, address, size, !is_load_acquire(m.code->op_of(at))};
  const Region* region = access.region();
  if (region == nullptr || !access.is_allowed(*region)) return nullptr;
  if (!has_atomics(region->kind)) {
    access.violation(fmt::format("atomic operations are not allowed on {}", region->describe()));
    return nullptr;
  }
  if (address % size != 0) {
    access.violation("an atomic operation must be aligned to its size");
    return nullptr;
  }
  if (access.write && !access.spares_dynptrs(*region)) return nullptr;
  if (!access.spares_fields(*region, 0, true)) return nullptr;
  return reinterpret_cast<void*>(address);
}

}  // namespace skep::vm::interpreter
