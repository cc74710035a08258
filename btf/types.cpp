// SPDX-License-Identifier: Apache-2.0
#include "btf/types.hpp"

#include <algorithm>
#include <cassert>
#include <functional>

namespace skep::btf {
namespace {

/// The `index`-th of the items that follow a type's record.
template <class Wire>
const Wire& item(const wire::Type& record, uint32_t index = 0) {
  return reinterpret_cast<const Wire*>(&record + 1)[index];
}

constexpr uint32_t kinds(std::initializer_list<Kind> list) {
  uint32_t mask = 0;
  for (Kind kind : list) mask |= 1u << static_cast<uint32_t>(kind);
  return mask;
}

constexpr uint32_t kModifiers = kinds({Kind::typedef_, Kind::volatile_, Kind::const_, Kind::restrict_, Kind::type_tag});
constexpr uint32_t kSized =
    kinds({Kind::int_, Kind::struct_, Kind::union_, Kind::enum_, Kind::enum64, Kind::float_, Kind::datasec});
constexpr uint32_t kReferring =
    kModifiers | kinds({Kind::ptr, Kind::func, Kind::func_proto, Kind::var, Kind::decl_tag});

constexpr bool in(Kind kind, uint32_t mask) { return (mask >> static_cast<uint32_t>(kind) & 1) != 0; }

constexpr wire::Type kVoid = {};

uint64_t index_key(std::string_view name, Kind kind) {
  return std::hash<std::string_view>{}(name) * 31 + static_cast<uint64_t>(kind);
}

}  // namespace

Member Member::read(const Types& types, const wire::Type& record, uint32_t index) {
  const auto& m = item<wire::Member>(record, index);
  const bool packed = record.kind_flag();
  return {types.string(m.name_off), m.type, packed ? m.offset & 0xffffff : m.offset, packed ? m.offset >> 24 : 0};
}

Enumerator Enumerator::read(const Types& types, const wire::Type& record, uint32_t index) {
  if (record.kind() == Kind::enum64) {
    const auto& e = item<wire::Enum64>(record, index);
    return {types.string(e.name_off), static_cast<uint64_t>(e.val_hi32) << 32 | e.val_lo32};
  }
  const auto& e = item<wire::Enum>(record, index);
  const uint64_t value =
      record.kind_flag() ? static_cast<uint64_t>(static_cast<int64_t>(static_cast<int32_t>(e.val))) : e.val;
  return {types.string(e.name_off), value};
}

Param Param::read(const Types& types, const wire::Type& record, uint32_t index) {
  const auto& p = item<wire::Param>(record, index);
  return {types.string(p.name_off), p.type};
}

SectionVar SectionVar::read(const Types&, const wire::Type& record, uint32_t index) {
  const auto& v = item<wire::SectionVar>(record, index);
  return {v.type, v.offset, v.size};
}

bool Type::is_modifier() const { return in(kind(), kModifiers); }

std::string_view Type::name() const { return types_->string(record_->name_off); }

uint32_t Type::size() const {
  assert(in(kind(), kSized));
  return record_->size_or_type;
}

TypeId Type::ref() const {
  assert(in(kind(), kReferring));
  return record_->size_or_type;
}

Int Type::int_info() const {
  assert(is(Kind::int_));
  const uint32_t word = item<uint32_t>(*record_);
  return {static_cast<uint8_t>(word >> 24 & 0xf), static_cast<uint8_t>(word >> 16), static_cast<uint8_t>(word)};
}

Array Type::array() const {
  assert(is(Kind::array));
  const auto& a = item<wire::Array>(*record_);
  return {a.type, a.index_type, a.nelems};
}

Items<Member> Type::members() const {
  assert(is_composite());
  return {*types_, *record_, vlen()};
}

Items<Enumerator> Type::enumerators() const {
  assert(is(Kind::enum_) || is(Kind::enum64));
  return {*types_, *record_, vlen()};
}

Items<Param> Type::params() const {
  assert(is(Kind::func_proto));
  return {*types_, *record_, vlen()};
}

Items<SectionVar> Type::section_vars() const {
  assert(is(Kind::datasec));
  return {*types_, *record_, vlen()};
}

bool Type::enum_is_signed() const {
  assert(is(Kind::enum_) || is(Kind::enum64));
  return kind_flag();
}

bool Type::fwd_is_union() const {
  assert(is(Kind::fwd));
  return kind_flag();
}

VarLinkage Type::var_linkage() const {
  assert(is(Kind::var));
  return static_cast<VarLinkage>(item<wire::Var>(*record_).linkage);
}

FuncLinkage Type::func_linkage() const {
  assert(is(Kind::func));
  return static_cast<FuncLinkage>(vlen());
}

int32_t Type::component_index() const {
  assert(is(Kind::decl_tag));
  return item<wire::DeclTag>(*record_).component_idx;
}

const wire::Type& Types::record(TypeId id) const {
  if (id < first_id_) return base_->record(id);
  if (id == 0 || !contains(id)) return kVoid;
  return *reinterpret_cast<const wire::Type*>(buffer_.data() + own_[id - first_id_].record);
}

Type Types::type(TypeId id) const {
  // A base's type must name strings through its base too, which this gives: string() goes down the same way.
  return {*this, record(id), contains(id) ? id : 0};
}

bool Types::has_string(uint32_t offset) const {
  if (offset < first_string_) return base_->has_string(offset);
  return offset - first_string_ < strings_.size();
}

std::string_view Types::string(uint32_t offset) const {
  if (offset < first_string_) return base_->string(offset);
  offset -= first_string_;
  if (offset >= strings_.size()) return {};
  return strings_.data() + offset;  // parse() made sure that the section ends with a NUL
}

std::span<const std::byte> Types::bytes() const { return std::span(buffer_).subspan(pad_); }

std::span<const std::byte> Types::type_section() const { return std::span(buffer_).subspan(types_off_, types_len_); }

Types::Resolved Types::resolved(TypeId id) const {
  if (id < first_id_) return base_->resolved(id);
  if (!contains(id)) return {0, 0, 1, false};
  const TypeId target = own_[id - first_id_].resolved;
  if (target < first_id_) return base_->resolved(target);
  const Entry& entry = own_[target - first_id_];
  return {target, entry.size, entry.align, entry.has_size != 0};
}

Types::Layout Types::layout(TypeId id) const {
  const Resolved r = resolved(id);
  return {r.size, r.align};
}

bool Types::has_size(TypeId id) const { return resolved(id).has_size; }

void Types::build_index() const {
  index_.reserve(own_.size());
  for (TypeId id = first_id_; id < count(); ++id) {
    const wire::Type& t = record(id);
    if (t.name_off != 0) index_.emplace_back(index_key(string(t.name_off), t.kind()), id);
  }
  std::sort(index_.begin(), index_.end());
}

TypeId Types::find(std::string_view name, Kind kind) const {
  if (name.empty()) return 0;
  if (base_) {
    if (TypeId id = base_->find(name, kind)) return id;
  }
  std::call_once(index_once_, [this] { build_index(); });
  const uint64_t key = index_key(name, kind);
  for (auto it = std::lower_bound(index_.begin(), index_.end(), std::pair<uint64_t, TypeId>(key, 0));
       it != index_.end() && it->first == key; ++it) {
    const wire::Type& t = record(it->second);
    if (t.kind() == kind && string(t.name_off) == name) return it->second;
  }
  return 0;
}

}  // namespace skep::btf
