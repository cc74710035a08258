// SPDX-License-Identifier: Apache-2.0
// Makes BTF blobs, type by type.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "btf/format.hpp"
#include "btf/types.hpp"

namespace skep::btf {

/// Writes what it is told: types may be named before they are added, and Types::parse() judges the result.
class Builder {
 public:
  /// An empty BTF; the first type gets id 1.
  Builder();
  /// Goes on where `types` ends: its types and strings come first, with their ids and offsets. If `types` is
  /// split BTF, so is the result, on the same base.
  static Builder extend(const Types& types);
  /// Split BTF on `base`.
  static Builder split(const Types& base);

  /// `bits` 0: all bits of the size.
  TypeId add_int(std::string_view name, uint32_t size, IntEncoding encoding = int_unsigned, uint32_t bits = 0,
                 uint32_t bit_offset = 0);
  TypeId add_float(std::string_view name, uint32_t size);
  TypeId add_ptr(TypeId type) { return add(Kind::ptr, {}, type); }
  TypeId add_array(TypeId element, TypeId index, uint32_t count);
  /// A member with a bitfield_size gives the whole struct the kind_flag.
  TypeId add_struct(std::string_view name, uint32_t size, const std::vector<Member>& members) {
    return add_composite(Kind::struct_, name, size, members);
  }
  TypeId add_union(std::string_view name, uint32_t size, const std::vector<Member>& members) {
    return add_composite(Kind::union_, name, size, members);
  }
  TypeId add_enum(std::string_view name, uint32_t size, bool is_signed, const std::vector<Enumerator>& values);
  TypeId add_enum64(std::string_view name, uint32_t size, bool is_signed, const std::vector<Enumerator>& values);
  TypeId add_fwd(std::string_view name, bool is_union) { return add(Kind::fwd, name, 0, 0, is_union); }
  TypeId add_typedef(std::string_view name, TypeId type) { return add(Kind::typedef_, name, type); }
  TypeId add_volatile(TypeId type) { return add(Kind::volatile_, {}, type); }
  TypeId add_const(TypeId type) { return add(Kind::const_, {}, type); }
  TypeId add_restrict(TypeId type) { return add(Kind::restrict_, {}, type); }
  TypeId add_type_tag(std::string_view value, TypeId type) { return add(Kind::type_tag, value, type); }
  TypeId add_decl_tag(std::string_view value, TypeId target, int32_t component = -1);
  /// A last parameter without name and type means "...".
  TypeId add_func_proto(TypeId result, const std::vector<Param>& params);
  TypeId add_func(std::string_view name, TypeId proto, FuncLinkage linkage = FuncLinkage::global) {
    return add(Kind::func, name, proto, static_cast<uint32_t>(linkage));
  }
  TypeId add_var(std::string_view name, TypeId type, VarLinkage linkage = VarLinkage::global);
  TypeId add_datasec(std::string_view name, uint32_t size, const std::vector<SectionVar>& vars);

  /// Offset of `text` in the strings, added if it is not there yet.
  uint32_t add_string(std::string_view text);
  /// The id that the next type gets.
  [[nodiscard]] TypeId next_id() const { return next_id_; }
  /// The blob.
  [[nodiscard]] std::vector<std::byte> bytes() const;

 private:
  TypeId add(Kind kind, std::string_view name, uint32_t size_or_type, uint32_t vlen = 0, bool kind_flag = false);
  TypeId add_composite(Kind kind, std::string_view name, uint32_t size, const std::vector<Member>& members);
  void put(uint32_t word);

  std::vector<std::byte> types_;
  std::string strings_;
  std::unordered_map<std::string, uint32_t> string_offsets_;
  TypeId next_id_ = 1;
  uint32_t first_string_ = 0;
};

}  // namespace skep::btf
