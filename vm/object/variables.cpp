// SPDX-License-Identifier: Apache-2.0
// Global variables of an object: what BTF's data sections say, and setting them before loading.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "btf/parse_value.hpp"
#include "vm/object/bpf_object.hpp"
#include "vm/object/libbpf.hpp"

namespace skep::vm {

std::vector<Variable> BpfObject::variables() const {
  std::vector<Variable> variables;
  if (!types_) return variables;
  for (btf::TypeId id = 1; id < types_->count(); ++id) {
    const btf::Type section = types_->type(id);
    if (!section.is(btf::Kind::datasec)) continue;
    if (section.name() == ".maps" || section.name() == ".ksyms" || section.name() == "license") continue;
    for (const btf::SectionVar place : section.section_vars()) {
      const btf::Type variable = types_->type(place.type);
      if (!variable.is(btf::Kind::var)) continue;
      variables.push_back({.name = std::string(variable.name()),
                           .section = std::string(section.name()),
                           .type = variable.ref(),
                           .offset = place.offset,
                           .size = place.size});
    }
  }
  return variables;
}

Status BpfObject::set_variable(std::string_view name, std::string_view json) {
  const auto fail = [&](int code, std::string message) {
    return Error{.code = code, .message = std::move(message), .object = name_};
  };
  if (loaded_) return fail(EBUSY, fmt::format("variable '{}' cannot be set after loading", name));
  const auto all = variables();
  const auto variable = std::find_if(all.begin(), all.end(), [name](const Variable& v) { return v.name == name; });
  if (variable == all.end())
    return fail(ENOENT, types_ ? fmt::format("there is no global variable '{}'", name)
                               : fmt::format("variable '{}' cannot be found: the object has no BTF", name));
  // libbpf's name of the map begins with the object's name and ends with the section's; the section has one map.
  const auto holder = std::find_if(maps_.begin(), maps_.end(), [&](const MapEntry& map) {
    return map.global_data && map.name.ends_with(variable->section);
  });
  size_t size = 0;
  void* bytes = holder == maps_.end() ? nullptr : bpf_map__initial_value(holder->handle, &size);
  if (bytes == nullptr || variable->offset + size_t{variable->size} > size)
    return fail(EINVAL, fmt::format("variable '{}' in section {} cannot be set", name, variable->section));
  const auto value = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return fail(EINVAL, fmt::format("the value of '{}' is not JSON", name));
  auto status = btf::parse_value(*types_, variable->type, value,
                                 {static_cast<std::byte*>(bytes) + variable->offset, variable->size}, name);
  if (!status) return fail(status.error().code, status.error().message);
  return {};
}

}  // namespace skep::vm
