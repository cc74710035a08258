// SPDX-License-Identifier: Apache-2.0
#include "vm/interpreter/map_fields.hpp"

#include <algorithm>
#include <cstring>

#include "btf/layout.hpp"

namespace skep::vm::interpreter {
namespace {

constexpr size_t kNameBytes = 16;  // BPF_OBJ_NAME_LEN

uint64_t name_bytes(const maps::Map& map, uint64_t offset, size_t size) {
  char name[kNameBytes + sizeof(uint64_t)] = "";
  map.attributes().name.copy(name, kNameBytes - 1);
  uint64_t value = 0;
  if (offset < kNameBytes) std::memcpy(&value, name + offset, size);
  return value;
}

uint64_t field_of(const maps::Map& map, std::string_view name) {
  const maps::Attributes& attributes = map.attributes();
  const struct {
    std::string_view name;
    uint64_t value;
  } fields[] = {{"map_type", static_cast<uint64_t>(attributes.type)},
                {"key_size", attributes.key_size},
                {"value_size", attributes.value_size},
                {"max_entries", attributes.max_entries},
                {"map_extra", attributes.extra},
                {"map_flags", attributes.flags},
                {"id", map.id()},
                {"numa_node", static_cast<uint32_t>(attributes.numa_node)}};
  const auto* found = std::ranges::find(fields, name, [](const auto& field) { return field.name; });
  return found == std::end(fields) ? 0 : found->value;
}

/// The bytes of a number from `offset` on; members wider than a number are 0 there.
uint64_t behind(uint64_t number, uint64_t offset) { return offset < sizeof number ? number >> 8 * offset : 0; }

}  // namespace

bool read_map_field(const maps::Map& map, const btf::Types* kernel, uint64_t offset, size_t size, uint64_t& value,
                    std::string& reason) {
  const btf::TypeId id = kernel == nullptr ? 0 : kernel->find("bpf_map", btf::Kind::struct_);
  if (id == 0) return (reason = "reading a map's own fields needs the BTF of a kernel"), false;
  for (const btf::Member member : kernel->type(id).members()) {
    const uint64_t begin = member.bit_offset / 8;
    const uint64_t end = begin + btf::bits_of(*kernel, member) / 8;
    if (offset < begin || offset + size > end) continue;
    value = member.name == "name" ? name_bytes(map, offset - begin, size)
                                  : behind(field_of(map, member.name), offset - begin);
    if (size < sizeof value) value &= (uint64_t{1} << 8 * size) - 1;
    return true;
  }
  return (reason = "the bytes are not those of one field of struct bpf_map"), false;
}

}  // namespace skep::vm::interpreter
