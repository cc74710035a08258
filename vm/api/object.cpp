// SPDX-License-Identifier: Apache-2.0
#include <cerrno>

#include "btf/layout.hpp"
#include "vm/api/handles.hpp"

namespace skep {
namespace {

Program program_handle(const std::shared_ptr<Object::Impl>& object, size_t index) {
  const auto& entry = object->object->programs()[index];
  auto impl = std::make_shared<Program::Impl>();
  impl->owner = object->owner;
  impl->object = object;
  impl->index = index;
  impl->name = entry.name;
  impl->section = entry.section;
  return Program(std::move(impl));
}

Map map_handle(const std::shared_ptr<Object::Impl>& object, size_t index) {
  auto impl = std::make_shared<Map::Impl>();
  impl->object = object;
  impl->index = index;
  return Map(std::move(impl));
}

Error missing(const Object::Impl& object, const char* kind, std::string_view name) {
  return {.code = ENOENT,
          .message = std::string("there is no ") + kind + " '" + std::string(name) + "'",
          .object = object.object->name()};
}

}  // namespace

std::vector<Program> Object::programs() const {
  std::vector<Program> all;
  for (size_t i = 0; i < impl_->object->programs().size(); ++i) all.push_back(program_handle(impl_, i));
  return all;
}

std::vector<Map> Object::maps() const {
  std::vector<Map> all;
  for (size_t i = 0; i < impl_->object->maps().size(); ++i) all.push_back(map_handle(impl_, i));
  return all;
}

std::vector<GlobalInfo> Object::globals() const {
  std::vector<GlobalInfo> all;
  for (const vm::Variable& variable : impl_->object->variables())
    all.push_back({.name = variable.name,
                   .section = variable.section,
                   .type = btf::type_text(*impl_->object->types(), variable.type),
                   .offset = variable.offset,
                   .size = variable.size});
  return all;
}

Result<Program> Object::program(std::string_view name) const {
  const auto& programs = impl_->object->programs();
  for (size_t i = 0; i < programs.size(); ++i)
    if (programs[i].name == name) return program_handle(impl_, i);
  return missing(*impl_, "program", name);
}

Result<Map> Object::map(std::string_view name) const {
  const auto& maps = impl_->object->maps();
  for (size_t i = 0; i < maps.size(); ++i)
    if (maps[i].name == name) return map_handle(impl_, i);
  return missing(*impl_, "map", name);
}

Status Object::set_global(std::string_view name, std::string_view json) {
  // libbpf writes the externs' values when it loads the object: what is set before has no effect.
  for (const GlobalInfo& global : globals())
    if (global.name == name && global.section == ".kconfig")
      return Error{.code = EINVAL,
                   .message = "'" + global.name + "' is set by the kernel's configuration: use --kconfig",
                   .object = impl_->object->name()};
  return impl_->object->set_variable(name, json);
}

Status Object::load() { return impl_->object->load(); }

}  // namespace skep
