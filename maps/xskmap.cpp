// SPDX-License-Identifier: Apache-2.0
#include "maps/xskmap.hpp"

#include <cerrno>

#include "maps/attributes.hpp"
#include "maps/flags.hpp"

namespace skep::maps {

Status check_xskmap(const Attributes& attributes) {
  if (attributes.max_entries == 0) return attribute_error(EINVAL, attributes, "max_entries is 0");
  if (attributes.key_size != sizeof(uint32_t)) return attribute_error(EINVAL, attributes, "the key must have 4 bytes");
  if (attributes.value_size != sizeof(uint32_t))
    return attribute_error(EINVAL, attributes, "the value must have 4 bytes, a descriptor");
  return check_flags(attributes, kFlagNumaNode | kFlagRdonly | kFlagWronly);
}

Result<std::shared_ptr<Map>> XskMap::make(Attributes attributes, Environment& environment) {
  return std::shared_ptr<Map>(new XskMap(std::move(attributes), environment));
}

int XskMap::host_update(const void* key, const void* /*value*/, uint64_t flags) {
  if (flags > kUpdateExist) return -EINVAL;
  return index_of(key) >= max_entries() ? -E2BIG : -EOPNOTSUPP;  // whatever the descriptor is, it is no AF_XDP socket
}

int XskMap::erase(const void* key) { return index_of(key) >= max_entries() ? -EINVAL : 0; }

}  // namespace skep::maps
