// SPDX-License-Identifier: Apache-2.0
// Local storages: the map describes values that objects (sockets) keep for it. Source: kernel/bpf/bpf_local_storage.c.
#pragma once

#include "maps/map.hpp"

namespace skep::maps {

/// Attributes of local storages.
Status check_local_storage(const Attributes& attributes);

/// Holds no values itself: the helpers keep them with the object, by the map's id.
class LocalStorageMap final : public Map {
 public:
  static Result<std::shared_ptr<Map>> make(Attributes attributes, Environment& environment);

  // The key is a descriptor of the object; the host's sockets are not the VM's.
  int host_lookup(const void* key, void* value, uint64_t flags) override;
  int host_update(const void* key, const void* value, uint64_t flags) override;
  int host_erase(const void* key) override;
  [[nodiscard]] int check_btf() const override;

 private:
  using Map::Map;
};

}  // namespace skep::maps
