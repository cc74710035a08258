// SPDX-License-Identifier: Apache-2.0
// A map by its descriptor, with the access that a command needs.
#pragma once

#include <fcntl.h>

#include <memory>

#include "vm/commands/call.hpp"

namespace skep::vm::commands {

enum class Need : uint8_t { read, write, read_write };

class MapAccess {
 public:
  MapAccess(Vm& vm, uint32_t fd, Need need) {
    int access = O_RDWR;
    map_ = object_of<maps::Map>(vm, fd, error_, &access);
    if (map_ == nullptr) return;
    if (need != Need::read) write_.begin(*map_);
    const bool may_read = access != O_WRONLY;
    const bool may_write = access != O_RDONLY && write_.allowed();
    if ((need != Need::write && !may_read) || (need != Need::read && !may_write)) error_ = -EPERM;
  }

  /// 0, -EBADF, -EINVAL (not a map), -EPERM.
  [[nodiscard]] int error() const { return error_; }
  [[nodiscard]] maps::Map& map() const { return *map_; }

 private:
  int error_ = 0;
  std::shared_ptr<maps::Map> map_;
  maps::HostWrite write_;  // as long as the command
};

}  // namespace skep::vm::commands
