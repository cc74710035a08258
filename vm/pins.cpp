// SPDX-License-Identifier: Apache-2.0
#include "vm/pins.hpp"

#include <cerrno>
#include <filesystem>
#include <utility>

namespace skep::vm {
namespace {

/// "/sys//fs/bpf/./a/" to "/sys/fs/bpf/a".
std::string normal(std::string_view path) {
  auto name = (std::filesystem::path("/") / path).lexically_normal().generic_string();
  while (name.size() > 1 && name.back() == '/') name.pop_back();
  return name;
}

std::string_view parent_of(std::string_view path) { return path.substr(0, path.rfind('/')); }
std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool is_in_mount(std::string_view path) {
  return path.starts_with(Pins::kMount) && (path.size() == Pins::kMount.size() || path[Pins::kMount.size()] == '/');
}

bool is_folder(const AnyObject& object) { return std::holds_alternative<std::monostate>(object); }

}  // namespace

/// Whether something new may get the name `path`.
int Pins::check_new(const std::string& path) const {
  if (!is_in_mount(path)) return -EPERM;
  if (tree_.contains(path)) return -EEXIST;
  const auto parent = tree_.find(parent_of(path));
  if (parent == tree_.end()) return -ENOENT;
  if (!is_folder(parent->second)) return -ENOTDIR;
  // Linux keeps names with a dot for files of its own.
  return name_of(path).find('.') == std::string_view::npos ? 0 : -EPERM;
}

int Pins::add(std::string_view path, const AnyObject& object) {
  if (path.empty()) return -ENOENT;
  const std::lock_guard lock(mutex_);
  std::string name = normal(path);
  if (const int error = check_new(name); error != 0) return error;
  if (const int error = descriptors_.add_pin(object); error != 0) return error;
  tree_.emplace(std::move(name), object);
  return 0;
}

int Pins::find(std::string_view path, AnyObject& object) const {
  if (path.empty()) return -ENOENT;
  const std::lock_guard lock(mutex_);
  const auto found = tree_.find(normal(path));
  if (found == tree_.end()) return -ENOENT;
  if (is_folder(found->second)) return -EACCES;
  object = found->second;
  return 0;
}

int Pins::remove(std::string_view path) {
  AnyObject object;
  {
    const std::lock_guard lock(mutex_);
    const auto found = tree_.find(normal(path));
    if (found == tree_.end()) return -ENOENT;
    if (is_folder(found->second)) return -EISDIR;
    object = std::move(found->second);
    tree_.erase(found);
  }
  descriptors_.remove_pin(object);
  return 0;
}

int Pins::make_directory(std::string_view path) {
  const std::lock_guard lock(mutex_);
  std::string name = normal(path);
  if (const int error = check_new(name); error != 0) return error;
  tree_.emplace(std::move(name), AnyObject{});
  return 0;
}

bool Pins::is_directory(std::string_view path) const {
  const std::lock_guard lock(mutex_);
  const auto found = tree_.find(normal(path));
  return found != tree_.end() && is_folder(found->second);
}

bool Pins::contains(std::string_view path) const {
  const std::lock_guard lock(mutex_);
  const auto found = tree_.find(normal(path));
  return found != tree_.end() && !is_folder(found->second);
}

void Pins::clear() {
  Tree tree{{std::string(kMount), AnyObject{}}};
  {
    const std::lock_guard lock(mutex_);
    tree_.swap(tree);
  }
  for (const auto& [path, object] : tree)
    if (!is_folder(object)) descriptors_.remove_pin(object);
}

}  // namespace skep::vm
