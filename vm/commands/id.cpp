// SPDX-License-Identifier: Apache-2.0
// *_GET_NEXT_ID, *_GET_FD_BY_ID.
#include <fcntl.h>

#include <limits>

#include "maps/flags.hpp"
#include "vm/commands/commands.hpp"

namespace skep::vm::commands {
namespace {

template <class T>
long get_next_id(const Call& call, const GetIdAttr& attr, const Ids<T>& ids) {
  if (attr.id >= static_cast<uint32_t>(std::numeric_limits<int32_t>::max())) return -EINVAL;
  if (call.vm.unprivileged()) return -EPERM;
  const auto object = ids.first_from(attr.id + 1);
  if (object == nullptr) return -ENOENT;
  return call.put(offsetof(Attr, get_id.next_id), object->id()) ? 0 : -EFAULT;
}

template <class T>
long get_fd_by_id(const Call& call, uint32_t id, const Ids<T>& ids, int access = O_RDWR) {
  if (call.vm.unprivileged()) return -EPERM;
  auto object = ids.find(id);
  return object == nullptr ? -ENOENT : call.vm.descriptors().open(AnyObject(std::move(object)), access);
}

}  // namespace

long prog_get_next_id(const Call& call, Attr& attr) { return get_next_id(call, attr.get_id, call.vm.program_ids()); }
long map_get_next_id(const Call& call, Attr& attr) { return get_next_id(call, attr.get_id, call.vm.map_ids()); }
long btf_get_next_id(const Call& call, Attr& attr) { return get_next_id(call, attr.get_id, call.vm.btf_ids()); }
long link_get_next_id(const Call& call, Attr& attr) { return get_next_id(call, attr.get_id, call.vm.link_ids()); }

long prog_get_fd_by_id(const Call& call, Attr& attr) {
  return get_fd_by_id(call, attr.get_id.id, call.vm.program_ids());
}

long map_get_fd_by_id(const Call& call, Attr& attr) {
  if ((attr.get_id.open_flags & ~(maps::kFlagRdonly | maps::kFlagWronly)) != 0) return -EINVAL;
  if (call.vm.unprivileged()) return -EPERM;
  const int access = access_of_flags(attr.get_id.open_flags);
  return access < 0 ? access : get_fd_by_id(call, attr.get_id.id, call.vm.map_ids(), access);
}

long btf_get_fd_by_id(const Call& call, Attr& attr) {
  if ((attr.get_id.open_flags & ~maps::kFlagTokenFd) != 0) return -EINVAL;
  if ((attr.get_id.open_flags & maps::kFlagTokenFd) != 0) return refuse_token(call.vm, attr.get_id.fd_by_id_token_fd);
  return get_fd_by_id(call, attr.get_id.id, call.vm.btf_ids());
}

long link_get_fd_by_id(const Call& call, Attr& attr) { return get_fd_by_id(call, attr.get_id.id, call.vm.link_ids()); }

}  // namespace skep::vm::commands
