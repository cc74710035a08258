// SPDX-License-Identifier: Apache-2.0
// BPF_MAP_CREATE, BPF_MAP_FREEZE.
#include <fcntl.h>

#include "maps/flags.hpp"
#include "vm/commands/commands.hpp"

namespace skep::vm::commands {
namespace {

using maps::MapType;

constexpr size_t kSha256Size = 32;

bool holds_maps(MapType type) { return type == MapType::array_of_maps || type == MapType::hash_of_maps; }

/// A type of the kernel for the value belongs to struct_ops, and goes without types of the program's.
bool kernel_value_is_right(const MapCreateAttr& attr) {
  return attr.btf_vmlinux_value_type_id == 0 || (static_cast<MapType>(attr.map_type) == MapType::struct_ops &&
                                                 attr.btf_key_type_id == 0 && attr.btf_value_type_id == 0);
}

/// Exclusive use by one program (excl_prog_hash) is not built.
int check_exclusive(const MapCreateAttr& attr) {
  if (attr.excl_prog_hash == 0) return attr.excl_prog_hash_size == 0 ? 0 : -EINVAL;
  return attr.excl_prog_hash_size == kSha256Size ? -EOPNOTSUPP : -EINVAL;
}

/// The BTF that a map's creator names. Null with an errno, or with 0 where none is named.
std::shared_ptr<const btf::Types> types_of(Vm& vm, const MapCreateAttr& attr, int& error) {
  error = 0;
  if (attr.btf_key_type_id == 0 && attr.btf_value_type_id == 0 && attr.btf_vmlinux_value_type_id == 0) return nullptr;
  const auto object = object_of<BtfObject>(vm, attr.btf_fd, error);
  if (object == nullptr) return nullptr;
  if (object->is_kernel()) error = -EACCES;
  // Whoever has the types keeps the object, and so its id.
  return {object, object->types().get()};
}

}  // namespace

long map_create(const Call& call, Attr& arguments) {
  MapCreateAttr& attr = arguments.map_create;
  Vm& vm = call.vm;
  const bool has_token = (attr.map_flags & maps::kFlagTokenFd) != 0;
  attr.map_flags &= ~maps::kFlagTokenFd;
  if (!kernel_value_is_right(attr)) return -EINVAL;

  // Linux looks at descriptors after it has made the map, so their errors come last.
  int btf_error = 0;
  auto types = types_of(vm, attr, btf_error);
  int inner_error = 0;
  const auto type = static_cast<MapType>(attr.map_type);
  auto inner = holds_maps(type) ? object_of<maps::Map>(vm, attr.inner_map_fd, inner_error) : nullptr;
  maps::Attributes attributes{
      .type = type,
      .key_size = attr.key_size,
      .value_size = attr.value_size,
      .max_entries = attr.max_entries,
      .flags = attr.map_flags,
      .numa_node = (attr.map_flags & maps::kFlagNumaNode) != 0 ? static_cast<int>(attr.numa_node) : -1,
      .extra = attr.map_extra,
      .name = text_of(attr.map_name),
      .btf = btf_error == 0 ? std::move(types) : nullptr,
      .btf_key_type = attr.btf_key_type_id,
      .btf_value_type = attr.btf_value_type_id,
      .inner = std::move(inner),
  };
  auto created = maps::Map::create(std::move(attributes), vm);
  if (!created) {
    // A template that is missing is the map's error; which one, the descriptor tells.
    if (inner_error != 0 && created.error().code == EBADF) return inner_error;
    return call.refuse(created.error());
  }
  if (attr.map_ifindex != 0) return -EINVAL;  // there is no such device
  if (has_token) return refuse_token(vm, attr.map_token_fd);
  if (btf_error != 0) return btf_error;
  if (const int error = check_exclusive(attr); error != 0) return error;

  const auto& map = *created;
  vm.map_ids().add(map);
  return vm.descriptors().open(AnyObject(map), access_of_flags(attr.map_flags));
}

long map_freeze(const Call& call, Attr& attr) {
  int error = 0;
  int access = O_RDWR;
  const auto map = object_of<maps::Map>(call.vm, attr.elem.map_fd, error, &access);
  if (map == nullptr) return error;
  if (map->type() == MapType::struct_ops || !map->fields().empty()) return -kENOTSUPP;
  if (access == O_RDONLY || map->frozen()) return -EPERM;
  return map->freeze();
}

}  // namespace skep::vm::commands
