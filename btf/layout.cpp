// SPDX-License-Identifier: Apache-2.0
#include "btf/layout.hpp"

#include <fmt/format.h>

#include <bit>
#include <utility>
#include <vector>

namespace skep::btf {

uint32_t bits_of(const Types& types, const Member& member) {
  if (member.bitfield_size != 0) return member.bitfield_size;
  const Type type = types.resolve(member.type);
  return type.is(Kind::int_) ? type.int_info().bits : types.layout(member.type).size * 8;
}

bool is_regular_int(const Type& type) {
  if (!type.is(Kind::int_)) return false;
  const Int info = type.int_info();
  return info.bit_offset == 0 && info.bits >= 8 && std::has_single_bit(info.bits);
}

bool is_text_array(const Type& type) {
  if (!type.is(Kind::array) || type.array().count == 0) return false;
  // A typedef of char does not count, as for bpftool: __u8 and s8 are numbers.
  Type element = type.types().type(type.array().element);
  while (element.is_modifier() && !element.is(Kind::typedef_)) element = type.types().type(element.ref());
  if (!element.is(Kind::int_) || element.size() != 1) return false;
  return element.int_info().encoding == int_char || element.name() == "char";
}

std::optional<Member> find_member(const Types& types, TypeId composite, std::string_view name) {
  // Anonymous structs can be nested without limit in hostile BTF, and one can be reached in many ways.
  constexpr size_t kMaxVisits = 4096;
  std::vector<std::pair<TypeId, uint32_t>> pending = {{composite, 0}};
  for (size_t i = 0; i < pending.size() && i < kMaxVisits; ++i) {
    const auto [id, offset] = pending[i];
    const Type type = types.resolve(id);
    if (!type.is_composite()) continue;
    for (Member member : type.members()) {
      member.bit_offset += offset;
      if (member.name == name && !name.empty()) return member;
      if (member.name.empty()) pending.emplace_back(member.type, member.bit_offset);
    }
  }
  return std::nullopt;
}

namespace {

std::string tagged(std::string_view keyword, const Type& type) {
  const std::string_view name = type.name();
  return fmt::format("{} {}", keyword, name.empty() ? "{...}" : name);
}

std::string_view qualifier(Kind kind) {
  switch (kind) {
    case Kind::const_: return "const";
    case Kind::volatile_: return "volatile";
    case Kind::restrict_: return "restrict";
    default: return {};
  }
}

/// The type that a declaration begins with, or nothing if it is made from others.
std::optional<std::string> base_text(const Type& type) {
  switch (type.kind()) {
    case Kind::void_: return "void";
    case Kind::struct_: return tagged("struct", type);
    case Kind::union_: return tagged("union", type);
    case Kind::enum_:
    case Kind::enum64: return tagged("enum", type);
    case Kind::fwd: return tagged(type.fwd_is_union() ? "union" : "struct", type);
    case Kind::int_:
    case Kind::float_:
    case Kind::typedef_:
    case Kind::datasec: return std::string(type.name());
    default: return std::nullopt;
  }
}

/// Builds a C declaration from the name outwards, as its grammar wants it.
class Declaration {
 public:
  /// `steps_left` limits the work for the whole text: hostile types would fill the memory.
  Declaration(const Types& types, std::string_view name, int depth, int& steps_left)
      : types_(types), declarator_(name), depth_(depth), steps_left_(steps_left) {}

  std::string text(TypeId id) {
    std::string qualifiers;
    for (; steps_left_ > 0; --steps_left_) {
      const Type type = types_.type(id);
      if (auto base = base_text(type)) return join(qualifiers + *base);
      id = wrap(type, qualifiers);
    }
    return join("...");
  }

 private:
  static constexpr int kMaxDepth = 8;  // Function types in parameters of function types.

  /// Puts `type` around the declarator; the type that is left.
  TypeId wrap(const Type& type, std::string& qualifiers) {
    if (type.is(Kind::ptr)) return wrap_pointer(type, qualifiers);
    if (type.is(Kind::array)) return wrap_array(type);
    if (type.is(Kind::func_proto)) return wrap_function(type);
    if (std::string_view word = qualifier(type.kind()); !word.empty()) qualifiers += fmt::format("{} ", word);
    if (type.is(Kind::var) || type.is(Kind::func)) declarator_ = type.name();
    return type.ref();
  }

  TypeId wrap_pointer(const Type& type, std::string& qualifiers) {
    // Qualifiers seen so far belong to the pointer: "* const".
    const bool needs_blank = !qualifiers.empty() && declarator_.empty();
    if (needs_blank) qualifiers.pop_back();
    declarator_ = qualifiers.empty() ? "*" + declarator_ : "* " + qualifiers + declarator_;
    qualifiers.clear();
    after_pointer_ = true;
    return type.ref();
  }

  TypeId wrap_array(const Type& type) {
    protect_pointer();
    const uint32_t count = type.array().count;
    declarator_ += count == 0 ? "[]" : fmt::format("[{}]", count);
    return type.array().element;
  }

  TypeId wrap_function(const Type& type) {
    protect_pointer();
    declarator_ += fmt::format("({})", params_text(type));
    return type.ref();
  }

  void protect_pointer() {
    if (after_pointer_) declarator_ = "(" + declarator_ + ")";
    after_pointer_ = false;
  }

  std::string params_text(const Type& proto) const {
    if (proto.params().empty()) return "void";
    if (depth_ == kMaxDepth) return "...";
    std::string text;
    for (const Param param : proto.params()) {
      if (!text.empty()) text += ", ";
      if (steps_left_ <= 0) return text + "...";
      const bool is_ellipsis = param.type == 0 && param.name.empty();
      text += is_ellipsis ? "..." : Declaration(types_, param.name, depth_ + 1, steps_left_).text(param.type);
    }
    return text;
  }

  [[nodiscard]] std::string join(const std::string& base) const {
    if (declarator_.empty()) return base;
    return base + (declarator_[0] == '[' ? "" : " ") + declarator_;
  }

  const Types& types_;
  std::string declarator_;
  int depth_;
  int& steps_left_;
  bool after_pointer_ = false;
};

}  // namespace

std::string type_text(const Types& types, TypeId id, std::string_view name) {
  int steps = 4096;
  return Declaration(types, name, 0, steps).text(id);
}

}  // namespace skep::btf
