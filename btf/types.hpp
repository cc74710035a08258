// SPDX-License-Identifier: Apache-2.0
// BTF, parsed and checked: types by number, as light views into one immutable blob.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "btf/format.hpp"
#include "skep/error.hpp"

namespace skep::btf {

class Types;

/// A random-access list of a type's items, decoded when read.
template <class Item>
class Items {
 public:
  class Iterator {
   public:
    Iterator(const Items& items, uint32_t index) : items_(&items), index_(index) {}
    Item operator*() const { return (*items_)[index_]; }
    Iterator& operator++() { return (++index_, *this); }
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

   private:
    const Items* items_;
    uint32_t index_;
  };

  Items(const Types& types, const wire::Type& record, uint32_t size) : types_(&types), record_(&record), size_(size) {}

  [[nodiscard]] uint32_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  Item operator[](uint32_t index) const { return Item::read(*types_, *record_, index); }
  [[nodiscard]] Iterator begin() const { return Iterator(*this, 0); }
  [[nodiscard]] Iterator end() const { return Iterator(*this, size_); }

 private:
  const Types* types_;
  const wire::Type* record_;
  uint32_t size_;
};

/// A member of a struct or union.
struct Member {
  std::string_view name;  ///< Empty: an anonymous struct or union, or an unnamed bit field.
  TypeId type;
  uint32_t bit_offset;
  uint32_t bitfield_size;  ///< Bits; 0: not a bit field in the kind_flag encoding.

  static Member read(const Types& types, const wire::Type& record, uint32_t index);
};

/// A value of an ENUM (sign or zero extended as the kind_flag says) or ENUM64.
struct Enumerator {
  std::string_view name;
  uint64_t value;  ///< Two's complement if the enum is signed.

  static Enumerator read(const Types& types, const wire::Type& record, uint32_t index);
};

/// A parameter of a FUNC_PROTO. A last one without name and type means "...".
struct Param {
  std::string_view name;
  TypeId type;

  static Param read(const Types& types, const wire::Type& record, uint32_t index);
};

/// A variable's place in a DATASEC.
struct SectionVar {
  TypeId type;      ///< A VAR; in an object file also a FUNC.
  uint32_t offset;  ///< Bytes from the start of the section.
  uint32_t size;

  static SectionVar read(const Types& types, const wire::Type& record, uint32_t index);
};

struct Array {
  TypeId element;
  TypeId index;
  uint32_t count;
};

struct Int {
  uint8_t encoding;    ///< IntEncoding.
  uint8_t bit_offset;  ///< Where the value begins in its bytes; compilers write 0.
  uint8_t bits;
};

/// A view of one type. Copies are free; it lives as long as its Types.
/// An accessor that does not belong to the kind is a programming error (asserted).
class Type {
 public:
  Type(const Types& types, const wire::Type& record, TypeId id) : types_(&types), record_(&record), id_(id) {}

  [[nodiscard]] TypeId id() const { return id_; }
  [[nodiscard]] Kind kind() const { return record_->kind(); }
  [[nodiscard]] bool is(Kind kind) const { return record_->kind() == kind; }
  [[nodiscard]] bool is_void() const { return is(Kind::void_); }
  [[nodiscard]] bool is_composite() const { return is(Kind::struct_) || is(Kind::union_); }
  [[nodiscard]] bool is_modifier() const;  ///< typedef, volatile, const, restrict, type tag.
  [[nodiscard]] std::string_view name() const;
  [[nodiscard]] uint32_t vlen() const { return record_->vlen(); }
  [[nodiscard]] bool kind_flag() const { return record_->kind_flag(); }
  [[nodiscard]] const Types& types() const { return *types_; }

  /// Size in bytes as the record has it: INT, STRUCT, UNION, ENUM, ENUM64, FLOAT, DATASEC.
  [[nodiscard]] uint32_t size() const;
  /// The type that the record names: PTR, modifiers, FUNC, FUNC_PROTO (its result), VAR, tags.
  [[nodiscard]] TypeId ref() const;

  [[nodiscard]] Int int_info() const;
  [[nodiscard]] Array array() const;
  [[nodiscard]] Items<Member> members() const;
  [[nodiscard]] Items<Enumerator> enumerators() const;
  [[nodiscard]] Items<Param> params() const;
  [[nodiscard]] Items<SectionVar> section_vars() const;
  [[nodiscard]] bool enum_is_signed() const;       ///< ENUM, ENUM64.
  [[nodiscard]] bool fwd_is_union() const;         ///< FWD.
  [[nodiscard]] VarLinkage var_linkage() const;    ///< VAR.
  [[nodiscard]] FuncLinkage func_linkage() const;  ///< FUNC.
  [[nodiscard]] int32_t component_index() const;   ///< DECL_TAG: member or parameter; -1: the type itself.
  [[nodiscard]] const wire::Type& record() const { return *record_; }

 private:
  const Types* types_;
  const wire::Type* record_;
  TypeId id_;
};

/// Where a blob comes from decides how strictly it is judged. Every origin gives a Types that is safe to
/// walk.
enum class Origin : uint8_t {
  load,    ///< BTF_LOAD: Linux's rules and error numbers (kernel/bpf/btf.c, btf_parse()).
  object,  ///< An object file's .BTF, before libbpf completes it: sizes and offsets of data sections may
           ///< still be 0 or unsorted, variables and functions may be extern.
  kernel,  ///< A kernel's or module's own BTF, which Linux does not resolve: no limit of nesting.
};

/// All types of a BTF blob. Immutable, hence shareable between threads.
class Types {
 public:
  /// Checks `blob` and copies it. `base` makes it split BTF, whose types and strings follow the base's.
  /// Errors: EINVAL; E2BIG for a blob, header, number or nesting of types beyond the limits; EEXIST for a
  /// loop; ELOOP for an over-long modifier chain; ENOTSUPP for unknown versions, flags and encodings.
  static Result<std::shared_ptr<const Types>> parse(std::span<const std::byte> blob,
                                                    std::shared_ptr<const Types> base = {},
                                                    Origin origin = Origin::load);

  /// Number of type ids, with void and the base's: valid ids are 0 to count() - 1.
  [[nodiscard]] uint32_t count() const { return first_id_ + static_cast<uint32_t>(own_.size()); }
  /// The first id that is not the base's; 0 without base.
  [[nodiscard]] TypeId first_id() const { return first_id_; }
  [[nodiscard]] bool contains(TypeId id) const { return id < count(); }
  /// The type with this id; void for an id that does not exist.
  [[nodiscard]] Type type(TypeId id) const;

  /// First type of this kind and name, the base's before the own; 0: none.
  [[nodiscard]] TypeId find(std::string_view name, Kind kind) const;

  /// String at an offset; empty for an offset that does not exist.
  [[nodiscard]] std::string_view string(uint32_t offset) const;
  [[nodiscard]] bool has_string(uint32_t offset) const;

  /// The blob as it was given.
  [[nodiscard]] std::span<const std::byte> bytes() const;
  [[nodiscard]] std::span<const std::byte> type_section() const;
  [[nodiscard]] std::string_view string_section() const { return strings_; }
  [[nodiscard]] const std::shared_ptr<const Types>& base() const { return base_; }

  /// What `id` is once typedefs, qualifiers and type tags are taken off. Constant time.
  [[nodiscard]] Type resolve(TypeId id) const { return type(resolved(id).id); }

  /// Bytes that a value takes, and its natural alignment; {0, 1} for what has no value (void, fwd, func ...).
  struct Layout {
    uint32_t size = 0;
    uint32_t align = 1;
  };
  [[nodiscard]] Layout layout(TypeId id) const;
  /// Whether values of this type exist. (An empty struct has a size, 0; void has none.)
  [[nodiscard]] bool has_size(TypeId id) const;

 private:
  friend class Parser;
  friend class Resolver;

  /// One own type: its record, and what resolving found out.
  struct Entry {
    uint32_t record;      ///< Offset in buffer_.
    TypeId resolved;      ///< Without modifiers.
    uint32_t size;        ///< Of a value.
    uint32_t align : 31;  ///< Of a value.
    uint32_t has_size : 1;
  };
  struct Resolved {
    TypeId id;
    uint32_t size;
    uint32_t align;
    bool has_size;
  };
  Types() = default;
  [[nodiscard]] Resolved resolved(TypeId id) const;
  [[nodiscard]] const wire::Type& record(TypeId id) const;
  void build_index() const;

  std::shared_ptr<const Types> base_;
  std::vector<std::byte> buffer_;  ///< pad_ bytes, then the blob: so its records are aligned whatever hdr_len is.
  uint32_t pad_ = 0;
  uint32_t types_off_ = 0;  ///< In buffer_.
  uint32_t types_len_ = 0;
  std::string_view strings_;
  TypeId first_id_ = 0;
  uint32_t first_string_ = 0;
  std::vector<Entry> own_;

  mutable std::once_flag index_once_;
  mutable std::vector<std::pair<uint64_t, TypeId>> index_;  ///< (hash of name and kind, id), sorted.
};

}  // namespace skep::btf
