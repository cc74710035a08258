// SPDX-License-Identifier: Apache-2.0
// What maps do unless their type does it differently. Source: kernel/bpf/syscall.c.
#include "maps/map.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <vector>

#include "maps/attributes.hpp"
#include "maps/memory.hpp"

namespace skep::maps {
namespace {

/// Flags that belong to the descriptor, not to the map.
constexpr uint32_t kDescriptorFlags = kFlagRdonly | kFlagWronly;

}  // namespace

Map::Map(Attributes attributes, Environment& environment) : Map(std::move(attributes), environment, {}) {}

Map::Map(Attributes attributes, Environment& environment, std::vector<Field> fields)
    : environment_(environment),
      attributes_(std::move(attributes)),
      values_(attributes_.value_size, std::move(fields)) {
  attributes_.flags &= ~kDescriptorFlags;
}

// Programs' side -----------------------------------------------------------------------------------------------------

void* Map::lookup(const void* /*key*/, unsigned /*cpu*/) { return nullptr; }
void* Map::lookup_percpu(const void* /*key*/, unsigned /*cpu*/) { return nullptr; }
int Map::update(const void* /*key*/, const void* /*value*/, uint64_t /*flags*/, unsigned /*cpu*/) {
  return -EOPNOTSUPP;
}
int Map::erase(const void* /*key*/) { return -EOPNOTSUPP; }
int Map::push(const void* /*value*/, uint64_t /*flags*/) { return -EOPNOTSUPP; }
int Map::pop(void* /*value*/) { return -EOPNOTSUPP; }
int Map::peek(void* /*value*/) { return -EOPNOTSUPP; }
int64_t Map::for_each(const std::function<int64_t(void*, void*)>& /*visit*/, unsigned /*cpu*/) { return -EINVAL; }
ProgramRef* Map::program_at(uint32_t /*index*/) { return nullptr; }
PerfBuffer* Map::perf_buffer_at(uint32_t /*index*/) { return nullptr; }
int Map::redirect_target(uint64_t /*key*/, uint64_t /*flags*/, uint32_t& /*target*/) { return -EOPNOTSUPP; }

// Host's side --------------------------------------------------------------------------------------------------------

int Map::check_lookup_flags(uint64_t flags) const {
  if ((flags & ~kUpdateLock) != 0) return -EINVAL;
  return flags != 0 && !values_.has_spin_lock() ? -EINVAL : 0;
}

int Map::host_lookup(const void* /*key*/, void* /*value*/, uint64_t /*flags*/) { return -kENOTSUPP; }
int Map::host_update(const void* /*key*/, const void* /*value*/, uint64_t /*flags*/) { return -kENOTSUPP; }
int Map::host_update_through(int /*descriptor*/, const void* key, const void* value, uint64_t flags) {
  return host_update(key, value, flags);
}
int Map::host_erase(const void* key) { return erase(key); }
int Map::host_lookup_and_erase(const void* /*key*/, void* /*value*/, uint64_t flags) {
  const int error = check_lookup_flags(flags);
  return error != 0 ? error : -kENOTSUPP;
}
int Map::next_key(const void* /*key*/, void* /*next*/) { return -kENOTSUPP; }

int Map::host_lookup_batch(const void* /*in*/, void* /*out*/, void* /*keys*/, void* /*values*/, uint32_t& /*count*/,
                           uint64_t /*flags*/) {
  return -kENOTSUPP;
}
int Map::host_lookup_and_erase_batch(const void* /*in*/, void* /*out*/, void* /*keys*/, void* /*values*/,
                                     uint32_t& /*count*/, uint64_t /*flags*/) {
  return -kENOTSUPP;
}
int Map::host_update_batch(const void* /*keys*/, const void* /*values*/, uint32_t& /*count*/, uint64_t /*flags*/) {
  return -kENOTSUPP;
}
int Map::host_erase_batch(const void* /*keys*/, uint32_t& /*count*/, uint64_t /*flags*/) { return -kENOTSUPP; }

// Special abilities --------------------------------------------------------------------------------------------------

int Map::direct_value_address(uint32_t /*offset*/, uint64_t& /*address*/) { return -kENOTSUPP; }
int Map::direct_value_offset(uint64_t /*address*/, uint32_t& /*offset*/) { return -kENOTSUPP; }

bool Map::fits_template(const Map& other) const {
  const Attributes& mine = attributes_;
  const Attributes& theirs = other.attributes_;
  if (mine.type != theirs.type || mine.key_size != theirs.key_size || mine.value_size != theirs.value_size ||
      mine.flags != theirs.flags || fields() != other.fields())
    return false;
  // Programs' inlined look-ups hold the size of an array, unless it says that it is an inner map.
  const bool size_matters = mine.type == MapType::array && (mine.flags & kFlagInnerMap) == 0;
  return !size_matters || mine.max_entries == theirs.max_entries;
}

void* Map::map_memory(void* address, size_t length, int protection, int flags, int64_t offset) {
  const auto refuse = [](int code) { return (errno = code, MAP_FAILED); };
  if (!values_.fields().empty()) return refuse(kENOTSUPP);
  const int sharing = flags & MAP_TYPE;
  if (sharing != MAP_SHARED && sharing != MAP_SHARED_VALIDATE) return refuse(EINVAL);
  if (length == 0 || offset < 0 || offset % static_cast<int64_t>(kPage) != 0) return refuse(EINVAL);
  std::lock_guard lock(freeze_mutex_);
  if ((protection & PROT_WRITE) != 0) {
    if (frozen()) return refuse(EPERM);
    if ((attributes_.flags & kFlagRdonlyProg) != 0) return refuse(EACCES);
  }
  return map_checked_memory(address, length, protection, flags, offset);
}

void* Map::map_checked_memory(void* /*address*/, size_t /*length*/, int /*protection*/, int /*flags*/,
                              int64_t /*offset*/) {
  errno = kENOTSUPP;
  return MAP_FAILED;
}

int Map::freeze() {
  if (!values_.fields().empty()) return -kENOTSUPP;
  std::lock_guard lock(freeze_mutex_);
  if (frozen()) return -EBUSY;
  uint64_t none = 0;
  if (!host_writes_.compare_exchange_strong(none, kNoMoreWrites, std::memory_order_acq_rel)) return -EBUSY;
  if (const int error = seal_memory(); error != 0) {
    host_writes_.fetch_and(~kNoMoreWrites, std::memory_order_release);
    return error;
  }
  frozen_.store(true, std::memory_order_release);
  return 0;
}

bool Map::begin_host_write() {
  if ((host_writes_.fetch_add(1, std::memory_order_acquire) & kNoMoreWrites) == 0) return true;
  host_writes_.fetch_sub(1, std::memory_order_release);
  std::lock_guard lock(freeze_mutex_);  // a freeze that is under way may still fail
  if (frozen()) return false;
  host_writes_.fetch_add(1, std::memory_order_acquire);
  return true;
}

Status Map::apply_btf() {
  const auto fail = [this](int code, std::string_view what) { return attribute_error(code, attributes_, what); };
  const btf::Types& types = *attributes_.btf;
  const auto has_size = [&](uint32_t type, uint32_t size) {
    return type != 0 && types.contains(type) && types.has_size(type) && types.layout(type).size == size;
  };
  const bool keyless = attributes_.btf_key_type == 0 && key_type_optional();
  if (!keyless && !has_size(attributes_.btf_key_type, key_size()))
    return fail(EINVAL, fmt::format("BTF type of the key has not the {} bytes of the key", key_size()));
  if (!has_size(attributes_.btf_value_type, value_size()))
    return fail(EINVAL, fmt::format("BTF type of the value has not the {} bytes of the value", value_size()));
  // Linux too makes the map when the declarations are wrong, and has no special fields then.
  auto found = find_fields(types, attributes_.btf_value_type);
  std::vector<Field> fields = found ? std::move(*found) : std::vector<Field>();
  if (!fields.empty()) {
    if (environment_.unprivileged()) return fail(EPERM, "special fields in values need privilege");
    if ((attributes_.flags & (kFlagRdonlyProg | kFlagWronlyProg)) != 0)
      return fail(EACCES, "special fields in values need a map that programs may read and write");
    for (const Field& field : fields)
      if (!field_allowed(field.kind, type()))
        return fail(EOPNOTSUPP,
                    fmt::format("values have a special field at offset {} that this type cannot have", field.offset));
  }
  values_ = Values(value_size(), std::move(fields));
  if (const int error = check_btf(); error != 0)
    return fail(-error, "its BTF types are not of a kind that it can have");
  return {};
}

}  // namespace skep::maps
