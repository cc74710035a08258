// SPDX-License-Identifier: Apache-2.0
#include "maps/map_of_maps.hpp"

#include <cerrno>
#include <cstring>
#include <new>

#include "maps/types.hpp"

namespace skep::maps {
namespace {

using Reference = std::shared_ptr<Map>;

/// What a map of maps remembers of its template: all but the memory, so that the map that was given can go.
class Template final : public Map {
 public:
  Template(const Map& map, Environment& environment) : Map(map.attributes(), environment, map.fields()) {}
};

/// Puts a template in place of the map that was given as one. EBADF: none; EINVAL: a map of maps; ENOTSUPP: a type that
/// cannot be inside of another.
Status take_template(Attributes& attributes, Environment& environment) {
  if (!attributes.inner) return attribute_error(EBADF, attributes, "it needs a map as template");
  const Map& inner = *attributes.inner;
  if (inner.attributes().inner) return attribute_error(EINVAL, attributes, "maps of maps of maps do not exist");
  if (!type_row(inner.type())->may_be_inner)
    return attribute_error(kENOTSUPP, attributes, "its template is of a type that cannot be an inner map");
  attributes.inner = std::make_shared<Template>(inner, environment);
  return {};
}

/// The map behind a descriptor, if it is as the template says.
Reference accept_inner(const Map& outer, Environment& environment, int descriptor, int& error) {
  auto map = environment.map_of_descriptor(descriptor, error);
  if (!map) return nullptr;
  if (outer.attributes().inner->fits_template(*map)) return map;
  error = -EINVAL;
  return nullptr;
}

/// Linux waits until programs use the new map only, so that the host can read the old one at rest.
void wait_for_programs(Environment& environment) {
  if (!environment.cpus().within()) environment.cpus().synchronize();
}

Reference& reference(std::byte* value) { return *std::launder(reinterpret_cast<Reference*>(value)); }

}  // namespace

// Array --------------------------------------------------------------------------------------------------------------

Result<std::shared_ptr<Map>> ArrayOfMaps::make(Attributes attributes, Environment& environment) {
  if (auto taken = take_template(attributes, environment); !taken) return std::move(taken).error();
  Memory memory = memory_for(attributes, environment);
  if (!memory) return no_memory(attributes);
  return std::shared_ptr<Map>(new ArrayOfMaps(std::move(attributes), environment, std::move(memory)));
}

void* ArrayOfMaps::lookup(const void* key, unsigned /*cpu*/) { return object_at(index_of(key)); }

int ArrayOfMaps::host_lookup(const void* key, void* value, uint64_t flags) {
  if (const int error = check_lookup_flags(flags); error != 0) return error;
  return lookup_id(key, value);
}

int ArrayOfMaps::host_lookup_batch(const void* in, void* out, void* keys, void* values, uint32_t& count,
                                   uint64_t flags) {
  return lookup_each(in, out, keys, values, count, flags);
}

int ArrayOfMaps::host_update_batch(const void* keys, const void* values, uint32_t& count, uint64_t flags) {
  return update_each(keys, values, count, flags);
}

Reference ArrayOfMaps::accept(int descriptor, int& error) {
  return accept_inner(*this, environment_, descriptor, error);
}

void ArrayOfMaps::changed() { wait_for_programs(environment_); }

// Hash ---------------------------------------------------------------------------------------------------------------

Status check_hash_of_maps(const Attributes& attributes) {
  if (attributes.value_size != sizeof(uint32_t))
    return attribute_error(EINVAL, attributes, "the value must have 4 bytes, a descriptor");
  return check_hash(attributes);
}

Result<std::shared_ptr<Map>> HashOfMaps::make(Attributes attributes, Environment& environment) {
  if (auto taken = take_template(attributes, environment); !taken) return std::move(taken).error();
  const auto destroy = [](std::byte* value) { reference(value).~Reference(); };
  auto table = make_table(attributes, environment, sizeof(Reference), 8, destroy);
  if (!table) return std::move(table).error();
  return std::shared_ptr<Map>(new HashOfMaps(std::move(attributes), environment, std::move(*table)));
}

void* HashOfMaps::lookup(const void* key, unsigned /*cpu*/) {
  Element* element = table_->find(key);
  return element ? program_value(element, 0) : nullptr;
}

int64_t HashOfMaps::for_each(const std::function<int64_t(void*, void*)>& /*visit*/, unsigned /*cpu*/) {
  return -EINVAL;
}

int HashOfMaps::host_update(const void* key, const void* value, uint64_t flags) {
  if ((flags & kUpdateLock) != 0) return -EINVAL;
  int descriptor = -1;
  std::memcpy(&descriptor, value, sizeof descriptor);
  int error = -EBADF;
  Reference map = accept_inner(*this, environment_, descriptor, error);
  if (!map) return error;
  if (!update_flags_known(flags, false)) return -EINVAL;
  const auto keep = [](std::byte*) { return false; };
  error = put(key, flags, keep, [&](std::byte* fresh) { new (fresh) Reference(std::move(map)); });
  if (error == 0) wait_for_programs(environment_);
  return error;
}

int HashOfMaps::host_erase(const void* key) {
  const int error = erase(key);
  if (error == 0) wait_for_programs(environment_);
  return error;
}

void* HashOfMaps::program_value(Element* element, unsigned /*cpu*/) const {
  return reference(table_->value(element)).get();
}

int HashOfMaps::copy_out(void* value, Element* element, uint64_t /*flags*/) const {
  const uint32_t id = reference(table_->value(element))->id();
  std::memcpy(value, &id, sizeof id);
  return 0;
}

}  // namespace skep::maps
