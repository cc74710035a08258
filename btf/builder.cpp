// SPDX-License-Identifier: Apache-2.0
#include "btf/builder.hpp"

#include <algorithm>
#include <cstring>

namespace skep::btf {
namespace {

uint32_t strings_end(const Types& types) {
  const auto own = static_cast<uint32_t>(types.string_section().size());
  return types.base() ? strings_end(*types.base()) + own : own;
}

}  // namespace

Builder::Builder() { add_string({}); }

Builder Builder::split(const Types& base) {
  Builder builder;
  builder.strings_.clear();
  builder.string_offsets_ = {{"", 0}};
  builder.next_id_ = base.count();
  builder.first_string_ = strings_end(base);
  return builder;
}

Builder Builder::extend(const Types& types) {
  Builder builder = types.base() ? split(*types.base()) : Builder();
  builder.next_id_ = types.count();
  builder.strings_ = types.string_section();
  const auto records = types.type_section();
  builder.types_.assign(records.begin(), records.end());
  return builder;
}

void Builder::put(uint32_t word) {
  const size_t at = types_.size();
  types_.resize(at + sizeof word);
  std::memcpy(types_.data() + at, &word, sizeof word);
}

TypeId Builder::add(Kind kind, std::string_view name, uint32_t size_or_type, uint32_t vlen, bool kind_flag) {
  put(add_string(name));
  put(vlen | static_cast<uint32_t>(kind) << 24 | static_cast<uint32_t>(kind_flag) << 31);
  put(size_or_type);
  return next_id_++;
}

TypeId Builder::add_int(std::string_view name, uint32_t size, IntEncoding encoding, uint32_t bits,
                        uint32_t bit_offset) {
  const TypeId id = add(Kind::int_, name, size);
  put(static_cast<uint32_t>(encoding) << 24 | bit_offset << 16 | (bits != 0 ? bits : size * 8));
  return id;
}

TypeId Builder::add_float(std::string_view name, uint32_t size) { return add(Kind::float_, name, size); }

TypeId Builder::add_array(TypeId element, TypeId index, uint32_t count) {
  const TypeId id = add(Kind::array, {}, 0);
  for (uint32_t word : {element, index, count}) put(word);
  return id;
}

TypeId Builder::add_composite(Kind kind, std::string_view name, uint32_t size, const std::vector<Member>& members) {
  const bool has_bitfields =
      std::any_of(members.begin(), members.end(), [](const Member& m) { return m.bitfield_size != 0; });
  const TypeId id = add(kind, name, size, static_cast<uint32_t>(members.size()), has_bitfields);
  for (const Member& m : members) {
    for (uint32_t word : {add_string(m.name), m.type, m.bitfield_size << 24 | m.bit_offset}) put(word);
  }
  return id;
}

TypeId Builder::add_enum(std::string_view name, uint32_t size, bool is_signed, const std::vector<Enumerator>& values) {
  const TypeId id = add(Kind::enum_, name, size, static_cast<uint32_t>(values.size()), is_signed);
  for (const Enumerator& e : values) {
    for (uint32_t word : {add_string(e.name), static_cast<uint32_t>(e.value)}) put(word);
  }
  return id;
}

TypeId Builder::add_enum64(std::string_view name, uint32_t size, bool is_signed,
                           const std::vector<Enumerator>& values) {
  const TypeId id = add(Kind::enum64, name, size, static_cast<uint32_t>(values.size()), is_signed);
  for (const Enumerator& e : values) {
    const auto low = static_cast<uint32_t>(e.value);
    for (uint32_t word : {add_string(e.name), low, static_cast<uint32_t>(e.value >> 32)}) put(word);
  }
  return id;
}

TypeId Builder::add_decl_tag(std::string_view value, TypeId target, int32_t component) {
  const TypeId id = add(Kind::decl_tag, value, target);
  put(static_cast<uint32_t>(component));
  return id;
}

TypeId Builder::add_func_proto(TypeId result, const std::vector<Param>& params) {
  const TypeId id = add(Kind::func_proto, {}, result, static_cast<uint32_t>(params.size()));
  for (const Param& p : params) {
    for (uint32_t word : {add_string(p.name), p.type}) put(word);
  }
  return id;
}

TypeId Builder::add_var(std::string_view name, TypeId type, VarLinkage linkage) {
  const TypeId id = add(Kind::var, name, type);
  put(static_cast<uint32_t>(linkage));
  return id;
}

TypeId Builder::add_datasec(std::string_view name, uint32_t size, const std::vector<SectionVar>& vars) {
  const TypeId id = add(Kind::datasec, name, size, static_cast<uint32_t>(vars.size()));
  for (const SectionVar& v : vars) {
    for (uint32_t word : {v.type, v.offset, v.size}) put(word);
  }
  return id;
}

uint32_t Builder::add_string(std::string_view text) {
  auto [it, is_new] = string_offsets_.try_emplace(std::string(text), first_string_ + strings_.size());
  if (is_new) strings_.append(text).push_back('\0');
  return it->second;
}

std::vector<std::byte> Builder::bytes() const {
  wire::Header header = {};
  header.magic = kMagic;
  header.version = kVersion;
  header.hdr_len = sizeof header;
  header.type_len = header.str_off = static_cast<uint32_t>(types_.size());
  header.str_len = static_cast<uint32_t>(strings_.size());

  std::vector<std::byte> blob(sizeof header + types_.size() + strings_.size());
  std::memcpy(blob.data(), &header, sizeof header);
  std::copy(types_.begin(), types_.end(), blob.begin() + sizeof header);
  std::memcpy(blob.data() + sizeof header + types_.size(), strings_.data(), strings_.size());
  return blob;
}

}  // namespace skep::btf
