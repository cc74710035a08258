// SPDX-License-Identifier: Apache-2.0
// The pins of a VM: a tree in memory that stands for a BPF file system, mounted at /sys/fs/bpf.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "vm/descriptors.hpp"
#include "vm/objects.hpp"

namespace skep::vm {

/// Paths are absolute, or relative to the root folder. Results: 0 or a negative errno, in Linux's cases. Any thread.
class Pins {
 public:
  explicit Pins(Descriptors& descriptors) : descriptors_(descriptors) {}

  static constexpr std::string_view kMount = "/sys/fs/bpf";

  /// Pins a map, program or link; the pin is one of its users. EEXIST, ENOENT, EPERM (a name with a dot, or a folder
  /// that is not the mount's).
  int add(std::string_view path, const AnyObject& object);
  /// The object of a pin. ENOENT, EACCES (a folder).
  int find(std::string_view path, AnyObject& object) const;
  int remove(std::string_view path);
  int make_directory(std::string_view path);

  [[nodiscard]] bool is_directory(std::string_view path) const;
  [[nodiscard]] bool contains(std::string_view path) const;

  void clear();

 private:
  /// Directories hold std::monostate.
  using Tree = std::map<std::string, AnyObject, std::less<>>;

  [[nodiscard]] int check_new(const std::string& path) const;

  Descriptors& descriptors_;
  mutable std::mutex mutex_;
  Tree tree_{{std::string(kMount), AnyObject{}}};
};

}  // namespace skep::vm
