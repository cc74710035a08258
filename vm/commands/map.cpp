// SPDX-License-Identifier: Apache-2.0
// BPF_MAP_CREATE, BPF_MAP_FREEZE.
#include <fcntl.h>

#include <algorithm>
#include <array>

#include "maps/flags.hpp"
#include "vm/commands/commands.hpp"

namespace skep::vm::commands {
namespace {

using maps::MapType;

constexpr uint32_t kNoNumaNode = 0xffffffff;
constexpr size_t kSha256Size = 32;

// What may be created without CAP_BPF and CAP_NET_ADMIN.
constexpr std::array kOpenTypes{
    MapType::array,
    MapType::percpu_array,
    MapType::prog_array,
    MapType::perf_event_array,
    MapType::cgroup_array,
    MapType::array_of_maps,
    MapType::hash,
    MapType::percpu_hash,
    MapType::hash_of_maps,
    MapType::ringbuf,
    MapType::user_ringbuf,
    MapType::cgroup_storage,
    MapType::percpu_cgroup_storage,
};

bool is_open(MapType type) { return std::find(kOpenTypes.begin(), kOpenTypes.end(), type) != kOpenTypes.end(); }

bool holds_maps(MapType type) { return type == MapType::array_of_maps || type == MapType::hash_of_maps; }

/// Checks that come before those of the map's type.
int check_fields(const MapCreateAttr& attr) {
  const auto type = static_cast<MapType>(attr.map_type);
  if (attr.btf_vmlinux_value_type_id != 0) {
    if (type != MapType::struct_ops || attr.btf_key_type_id != 0 || attr.btf_value_type_id != 0) return -EINVAL;
  } else if (attr.btf_key_type_id != 0 && attr.btf_value_type_id == 0) {
    return -EINVAL;
  }
  if (type != MapType::bloom_filter && type != MapType::arena && attr.map_extra != 0) return -EINVAL;
  if (const int access = access_of_flags(attr.map_flags); access < 0) return access;
  // The VM is a machine of one node, number 0.
  const bool has_node = (attr.map_flags & maps::kFlagNumaNode) != 0;
  if (has_node && attr.numa_node != 0 && attr.numa_node != kNoNumaNode) return -EINVAL;
  return attr.map_type < maps::kMapTypeCount && type != MapType::unspec ? 0 : -EINVAL;
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
  if (const int error = check_fields(attr); error != 0) return error;

  // Linux looks at the name and the BTF after it has made the map, so their errors come last.
  const auto name = object_name(attr.map_name);
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
      .name = name.value_or(""),
      .btf = btf_error == 0 ? types : nullptr,
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
  if (vm.unprivileged() && !is_open(type)) return -EPERM;
  if (!name) return -EINVAL;
  if (btf_error != 0) return btf_error;
  const auto& map = *created;
  if (const int error = check_exclusive(attr); error != 0) return error;

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
