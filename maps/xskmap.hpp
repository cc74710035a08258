// SPDX-License-Identifier: Apache-2.0
// Maps of AF_XDP sockets, of which a VM has none: programs find nothing in them, and the host can put nothing in.
// Source: net/xdp/xskmap.c.
#pragma once

#include "maps/array.hpp"

namespace skep::maps {

Status check_xskmap(const Attributes& attributes);

class XskMap final : public IndexedMap {
 public:
  static Result<std::shared_ptr<Map>> make(Attributes attributes, Environment& environment);

  void* lookup(const void* /*key*/, unsigned /*cpu*/) override { return nullptr; }
  int host_lookup(const void* /*key*/, void* /*value*/, uint64_t /*flags*/) override { return -EOPNOTSUPP; }
  int host_update(const void* key, const void* value, uint64_t flags) override;
  int erase(const void* key) override;
  [[nodiscard]] int check_btf() const override { return -kENOTSUPP; }

 protected:
  [[nodiscard]] bool key_type_optional() const override { return true; }

 private:
  using IndexedMap::IndexedMap;
};

}  // namespace skep::maps
