// SPDX-License-Identifier: Apache-2.0
// What the public handles point to.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "maps/map.hpp"
#include "skep/skep.hpp"
#include "vm/object/bpf_object.hpp"
#include "vm/program.hpp"
#include "vm/vm.hpp"

namespace skep {

struct Vm::Impl {
  std::shared_ptr<vm::Vm> vm;
};

struct Object::Impl {
  std::shared_ptr<Vm::Impl> owner;
  std::unique_ptr<vm::BpfObject> object;
};

/// Of an object's program: `object` and `entry`. Of Vm::load_raw: `loaded` alone.
struct Program::Impl {
  std::shared_ptr<Vm::Impl> owner;
  std::shared_ptr<Object::Impl> object;  ///< null: made by Vm::load_raw
  size_t index = 0;                      ///< in object->object->programs()
  std::string name;
  std::string section;
  std::shared_ptr<vm::Program> raw;  ///< made by Vm::load_raw

  [[nodiscard]] const vm::BpfObject::Entry* entry() const {
    return object ? &object->object->programs()[index] : nullptr;
  }
  /// The program in the VM; null: not loaded.
  [[nodiscard]] std::shared_ptr<vm::Program> loaded() const { return object ? object->object->program(*entry()) : raw; }
};

struct Map::Impl {
  std::shared_ptr<Object::Impl> object;
  size_t index = 0;  ///< in object->object->maps()
  std::function<void(unsigned, std::span<const std::byte>)> receive;

  [[nodiscard]] const vm::BpfObject::MapEntry& entry() const { return object->object->maps()[index]; }
  /// The map in the VM; null: not loaded.
  [[nodiscard]] std::shared_ptr<maps::Map> loaded() const { return object->object->map(entry()); }
};

/// Error of a handle whose object is not loaded.
[[nodiscard]] Error not_loaded(const std::string& what);

}  // namespace skep
