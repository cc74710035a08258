// SPDX-License-Identifier: Apache-2.0
#include "maps/attributes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace skep::maps {

Error attribute_error(int code, const Attributes& attributes, std::string_view what) {
  return {.code = code,
          .message = fmt::format("{} map: {}", map_type_name(attributes.type), what),
          .program = attributes.name};
}

Error no_memory(const Attributes& attributes) {
  return attribute_error(ENOMEM, attributes,
                         fmt::format("no memory for {} entries with keys of {} and values of {} bytes",
                                     attributes.max_entries, attributes.key_size, attributes.value_size));
}

int numa_node(const Attributes& attributes) {
  return (attributes.flags & kFlagNumaNode) != 0 ? attributes.numa_node : -1;
}

Status check_common(const Attributes& attributes) {
  const bool has_extra = attributes.type == MapType::bloom_filter || attributes.type == MapType::arena;
  if (attributes.extra != 0 && !has_extra) return attribute_error(EINVAL, attributes, "map_extra must be 0");
  constexpr uint32_t kBoth = kFlagRdonly | kFlagWronly;
  if ((attributes.flags & kBoth) == kBoth)
    return attribute_error(EINVAL, attributes, "read-only and write-only descriptor at once");
  // There is one node, 0.
  if (numa_node(attributes) != -1 && numa_node(attributes) != 0)
    return attribute_error(EINVAL, attributes, fmt::format("NUMA node {} does not exist", attributes.numa_node));
  if (attributes.btf_key_type != 0 && attributes.btf_value_type == 0)
    return attribute_error(EINVAL, attributes, "BTF type of the key without one of the value");
  return {};
}

Status check_flags(const Attributes& attributes, uint32_t known) {
  if ((attributes.flags & ~known) != 0)
    return attribute_error(EINVAL, attributes,
                           fmt::format("flags {:#x} are not for this type", attributes.flags & ~known));
  constexpr uint32_t kBoth = kFlagRdonlyProg | kFlagWronlyProg;
  if ((attributes.flags & kBoth) == kBoth)
    return attribute_error(EINVAL, attributes, "read-only and write-only for programs at once");
  return {};
}

}  // namespace skep::maps
