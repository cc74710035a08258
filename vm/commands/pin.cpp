// SPDX-License-Identifier: Apache-2.0
// BPF_OBJ_PIN, BPF_OBJ_GET.
#include <fcntl.h>

#include "maps/flags.hpp"
#include "vm/commands/commands.hpp"

namespace skep::vm::commands {
namespace {

constexpr size_t kPathMax = 4096;

/// The path of a command. 0, -EFAULT, -ENAMETOOLONG; -EBADF or -ENOTDIR for a path below a descriptor, since the VM gives
/// out no descriptor of a folder.
int read_path(Vm& vm, const ObjAttr& attr, std::string& path) {
  if (!copy_string_from_user(path, attr.pathname, kPathMax)) return -EFAULT;
  if (path.size() == kPathMax) return -ENAMETOOLONG;
  const bool below_descriptor = (attr.file_flags & maps::kFlagPathFd) != 0 && attr.path_fd != AT_FDCWD;
  if (!below_descriptor || path.starts_with('/')) return 0;
  return vm.descriptors().resolve(attr.path_fd).error == -EBADF ? -EBADF : -ENOTDIR;
}

bool names_path_fd_without_flag(const ObjAttr& attr) {
  return (attr.file_flags & maps::kFlagPathFd) == 0 && attr.path_fd != 0;
}

bool can_be_pinned(const AnyObject& object) {
  return std::holds_alternative<std::shared_ptr<maps::Map>>(object) ||
         std::holds_alternative<std::shared_ptr<Program>>(object) ||
         std::holds_alternative<std::shared_ptr<Link>>(object);
}

}  // namespace

long obj_pin(const Call& call, Attr& attr) {
  const ObjAttr& obj = attr.obj;
  if ((obj.file_flags & ~maps::kFlagPathFd) != 0 || names_path_fd_without_flag(obj)) return -EINVAL;
  const auto resolved = call.vm.descriptors().resolve(static_cast<int>(obj.bpf_fd));
  // Linux asks kind by kind; the last answer is about links.
  if (resolved.error != 0 || !can_be_pinned(resolved.object)) return -EINVAL;
  std::string path;
  if (const int error = read_path(call.vm, obj, path); error != 0) return error;
  return call.vm.pins().add(path, resolved.object);
}

long obj_get(const Call& call, Attr& attr) {
  const ObjAttr& obj = attr.obj;
  constexpr uint32_t kFlags = maps::kFlagRdonly | maps::kFlagWronly | maps::kFlagPathFd;
  if (obj.bpf_fd != 0 || (obj.file_flags & ~kFlags) != 0 || names_path_fd_without_flag(obj)) return -EINVAL;
  const int access = access_of_flags(obj.file_flags);
  if (access < 0) return access;
  std::string path;
  if (const int error = read_path(call.vm, obj, path); error != 0) return error;
  AnyObject object;
  if (const int error = call.vm.pins().find(path, object); error != 0) return error;
  if (std::holds_alternative<std::shared_ptr<maps::Map>>(object)) return call.vm.descriptors().open(object, access);
  const bool is_link = std::holds_alternative<std::shared_ptr<Link>>(object);
  return is_link && access != O_RDWR ? -EINVAL : call.vm.descriptors().open(object);
}

}  // namespace skep::vm::commands
