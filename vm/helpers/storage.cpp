// SPDX-License-Identifier: Apache-2.0
// Socket local storage: a value a map and socket, kept by the socket.
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <new>
#include <utility>

#include "maps/flags.hpp"
#include "maps/map.hpp"
#include "vm/helpers/families.hpp"
#include "vm/network.hpp"
#include "vm/vm.hpp"

namespace skep::vm::helpers {
namespace {

/// Without bytes where the VM's limit or the system refuses.
StorageValue make_value(Vm& vm, const maps::Map& map, const void* initial) {
  StorageValue value;
  if (!value.charge.add(vm, map.value_size())) return value;
  value.bytes.reset(new (std::nothrow) std::byte[map.value_size()]());
  if (value.bytes != nullptr && initial != nullptr) std::memcpy(value.bytes.get(), initial, map.value_size());
  return value;
}

void* sk_storage_get(Run& run, const maps::Map* map, void* pointer, const void* initial, uint64_t flags) {
  Socket* socket = Socket::of(pointer);
  if (socket == nullptr || !socket->is_full || flags > maps::kStorageGetCreate) return nullptr;
  const std::lock_guard lock(socket->storage_mutex);
  const auto found = socket->storage.find(map->id());
  if (found != socket->storage.end()) return found->second.bytes.get();
  if (flags != maps::kStorageGetCreate) return nullptr;
  StorageValue value = make_value(run.vm, *map, initial);
  if (value.bytes == nullptr) return nullptr;
  return socket->storage.emplace(map->id(), std::move(value)).first->second.bytes.get();
}

int sk_storage_delete(Run& run, const maps::Map* map, void* pointer) {
  Socket* socket = Socket::of(pointer);
  if (socket == nullptr || !socket->is_full) return -EINVAL;
  const std::lock_guard lock(socket->storage_mutex);
  const auto found = socket->storage.find(map->id());
  if (found == socket->storage.end()) return -ENOENT;
  // Other runs may still see the value, which stays charged as long.
  run.vm.cpus().retire(new StorageValue(std::move(found->second)));
  socket->storage.erase(found);
  return 0;
}

constexpr Row kRows[] = {
    row<sk_storage_get>(HelperId::sk_storage_get),
    row<sk_storage_delete>(HelperId::sk_storage_delete),
};

}  // namespace

Rows storage_helpers() { return kRows; }

}  // namespace skep::vm::helpers
