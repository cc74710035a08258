// SPDX-License-Identifier: Apache-2.0
#include "maps/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <span>

namespace skep::maps {
namespace {

constexpr size_t kMaxFields = 11;
constexpr unsigned kMaxNesting = 32;

constexpr uint64_t types(std::initializer_list<MapType> list) {
  uint64_t set = 0;
  for (const MapType type : list) set |= uint64_t{1} << static_cast<uint32_t>(type);
  return set;
}

constexpr uint64_t kLocalStorage =
    types({MapType::sk_storage, MapType::inode_storage, MapType::task_storage, MapType::cgrp_storage});
constexpr uint64_t kWithSpinLock = types({MapType::hash, MapType::array, MapType::cgroup_storage}) | kLocalStorage;
constexpr uint64_t kWithGraph = types({MapType::hash, MapType::lru_hash, MapType::array});
constexpr uint64_t kWithKptr =
    kWithGraph | kLocalStorage | types({MapType::percpu_hash, MapType::lru_percpu_hash, MapType::percpu_array});

struct Row {
  FieldKind kind;
  std::string_view name;  ///< of the struct, or the type tag of a pointer
  uint32_t size;
  uint32_t align;
  bool is_pointer;
  bool once;  ///< at most one in a value
  uint64_t map_types;
};

constexpr Row kRows[] = {
    // clang-format off
    //  kind                       name             size align pointer once   map types
    {FieldKind::spin_lock,       "bpf_spin_lock",    4,   4,  false, true,  kWithSpinLock},
    {FieldKind::timer,           "bpf_timer",       16,   8,  false, true,  kWithGraph},
    {FieldKind::work_queue,      "bpf_wq",          16,   8,  false, true,  kWithGraph},
    {FieldKind::list_head,       "bpf_list_head",   16,   8,  false, false, kWithGraph},
    {FieldKind::rb_root,         "bpf_rb_root",     16,   8,  false, false, kWithGraph},
    {FieldKind::refcount,        "bpf_refcount",     4,   4,  false, true,  kWithKptr},
    {FieldKind::kptr,            "kptr",             8,   8,  true,  false, kWithKptr},
    {FieldKind::kptr_untrusted,  "kptr_untrusted",   8,   8,  true,  false, kWithKptr},
    {FieldKind::percpu_kptr,     "percpu_kptr",      8,   8,  true,  false, kWithKptr},
    // clang-format on
};

const Row& row_of(FieldKind kind) { return kRows[static_cast<size_t>(kind)]; }

static_assert(std::ranges::all_of(kRows, [](const Row& row) { return &row - kRows == static_cast<int>(row.kind); }));

static_assert(std::ranges::all_of(kRows, [](const Row& row) { return row.is_pointer == is_kptr(row.kind); }));

const Row* row_by_name(std::string_view name, bool is_pointer) {
  const auto* row =
      std::ranges::find_if(kRows, [&](const Row& each) { return each.name == name && each.is_pointer == is_pointer; });
  return row == std::end(kRows) ? nullptr : row;
}

Error fail(int code, std::string message) { return {.code = code, .message = std::move(message)}; }

/// Walks a value's type and collects.
class Finder {
 public:
  explicit Finder(const btf::Types& types) : types_(types) {}

  Status in_struct(btf::Type type, uint32_t base, unsigned level) {
    for (const btf::Member member : type.members()) {
      if (member.bit_offset % 8 != 0)
        return fail(EINVAL, fmt::format("member {} does not begin at a byte", member.name));
      if (auto done = at(types_.type(member.type), base + member.bit_offset / 8, level); !done) return done;
    }
    return {};
  }

  Status in_section(btf::Type section) {
    for (const btf::SectionVar variable : section.section_vars()) {
      const btf::Type type = types_.type(variable.type);
      if (!type.is(btf::Kind::var)) continue;
      if (auto done = at(types_.type(type.ref()), variable.offset, 0); !done) return done;
    }
    return {};
  }

  std::vector<Field> found;

 private:
  /// A member or variable of this type at this offset.
  Status at(btf::Type type, uint32_t offset, unsigned level) {
    uint64_t count = 1;
    for (unsigned depth = 0; type.is(btf::Kind::array); ++depth) {
      if (depth == kMaxNesting) return fail(E2BIG, "arrays are nested too deeply");
      count *= type.array().count;
      type = types_.type(type.array().element);
    }
    if (count == 0) return {};
    const size_t first = found.size();
    auto done = type.is(btf::Kind::struct_) ? of_struct(type, offset, level) : of_pointer(type, offset);
    if (!done || found.size() == first || count == 1) return done;
    return repeat(first, count, types_.layout(type.id()).size);
  }

  Status of_struct(btf::Type type, uint32_t offset, unsigned level) {
    const Row* row = row_by_name(type.name(), false);
    if (!row) {
      if (level + 1 >= kMaxNesting) return fail(E2BIG, "structures are nested too deeply");
      return in_struct(type, offset, level + 1);
    }
    if (type.size() != row->size || offset % row->align != 0) return {};
    return add(*row, offset);
  }

  Status of_pointer(btf::Type type, uint32_t offset) {
    if (type.is(btf::Kind::volatile_)) type = types_.type(type.ref());
    if (!type.is(btf::Kind::ptr)) return {};
    const btf::Type tag = types_.type(type.ref());
    if (!tag.is(btf::Kind::type_tag)) return {};
    const Row* row = row_by_name(tag.name(), true);
    if (!row || types_.type(tag.ref()).is(btf::Kind::type_tag))
      return fail(EINVAL, fmt::format("type tag {} of a pointer in a map value is not known", tag.name()));
    return offset % row->align == 0 ? add(*row, offset) : Status();
  }

  Status add(const Row& row, uint32_t offset) {
    if (row.once && std::ranges::any_of(found, [&](const Field& field) { return field.kind == row.kind; }))
      return fail(E2BIG, fmt::format("a value has more than one {}", row.name));
    if (found.size() == kMaxFields) return fail(E2BIG, "a value has too many special fields");
    found.push_back({row.kind, offset, row.size});
    return {};
  }

  /// What was found in the first element of an array is in the others too.
  Status repeat(size_t first, uint64_t count, uint32_t element_size) {
    const std::vector<Field> fields(found.begin() + static_cast<ptrdiff_t>(first), found.end());
    for (const Field& field : fields)
      if (row_of(field.kind).once)
        return fail(EINVAL, fmt::format("an array of {} in a map value", row_of(field.kind).name));
    if (count * fields.size() > kMaxFields) return fail(E2BIG, "a value has too many special fields");
    for (uint32_t i = 1; i < count; ++i)
      for (const Field& field : fields) {
        if (found.size() == kMaxFields) return fail(E2BIG, "a value has too many special fields");
        found.push_back({field.kind, field.offset + i * element_size, field.size});
      }
    return {};
  }

  const btf::Types& types_;
};

Status check(const std::vector<Field>& fields) {
  const auto has = [&](FieldKind kind) {
    return std::ranges::any_of(fields, [&](const Field& field) { return field.kind == kind; });
  };
  for (size_t i = 1; i < fields.size(); ++i)
    if (fields[i].offset < fields[i - 1].offset + fields[i - 1].size)
      return fail(EEXIST, "special fields of a value overlap");
  if ((has(FieldKind::list_head) || has(FieldKind::rb_root)) && !has(FieldKind::spin_lock))
    return fail(EINVAL, "a list or tree in a value needs a bpf_spin_lock beside it");
  return {};
}

}  // namespace

Result<std::vector<Field>> find_fields(const btf::Types& types, btf::TypeId value_type) {
  Finder finder(types);
  const btf::Type type = types.resolve(value_type);
  Status done;
  if (type.is(btf::Kind::struct_)) done = finder.in_struct(type, 0, 0);
  if (type.is(btf::Kind::datasec)) done = finder.in_section(type);
  if (done) done = check(finder.found);
  if (!done) return std::move(done).error();
  return std::move(finder.found);
}

std::string_view field_name(FieldKind kind) { return row_of(kind).name; }

bool field_allowed(FieldKind kind, MapType type) {
  return (row_of(kind).map_types >> static_cast<uint32_t>(type) & 1) != 0;
}

}  // namespace skep::maps
