// SPDX-License-Identifier: Apache-2.0
// The rules are those of the check_meta functions in Linux's kernel/bpf/btf.c, in its order, so that a blob
// with several faults gets the same error number.
#include "btf/check_record.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>

namespace skep::btf {
namespace {

using Verdict = std::optional<Fault>;
constexpr std::nullopt_t kFine = std::nullopt;

struct Context {
  const Types& types;
  const wire::Type& record;
  Type view;  ///< Of `record`.
  Origin origin;
};

template <class Wire>
const Wire* items(const wire::Type& record) {
  return reinterpret_cast<const Wire*>(&record + 1);
}

// The kernel's character classes are those of Latin-1.
bool is_latin1_letter(uint8_t c) { return c >= 0xc0 && c != 0xd7 && c != 0xf7; }
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_latin1_letter(static_cast<uint8_t>(c));
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool may_begin_name(char c) { return is_letter(c) || c == '_' || c == '.'; }
bool may_be_in_name(char c) { return may_begin_name(c) || is_digit(c); }
bool is_printable(char c) { return (c >= 0x20 && c <= 0x7e) || static_cast<uint8_t>(c) >= 0xa0; }

bool all_of(std::string_view text, bool (*accept)(char)) {
  for (char c : text) {
    if (!accept(c)) return false;
  }
  return true;
}

bool is_identifier(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameLength && may_begin_name(name[0]) && all_of(name, may_be_in_name);
}

bool is_section_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameLength && all_of(name, is_printable);
}

enum class Name : uint8_t {
  any,         ///< Not judged.
  none,        ///< Must be absent.
  optional,    ///< Absent or an identifier.
  identifier,  ///< Must be an identifier.
  section,     ///< Must be printable.
  text,        ///< Must not be empty.
};

bool name_is_valid(Name rule, const Context& c) {
  const bool absent = c.record.name_off == 0;
  switch (rule) {
    case Name::any: return true;
    case Name::none: return absent;
    case Name::optional: return absent || is_identifier(c.view.name());
    case Name::identifier: return !absent && is_identifier(c.view.name());
    case Name::section: return !absent && is_section_name(c.view.name());
    case Name::text: return !c.view.name().empty();
  }
  return false;
}

bool may_name_type(uint32_t id) { return id <= kMaxTypeId; }

Verdict check_int(const Context& c) {
  const uint32_t word = *items<uint32_t>(c.record);
  if (word & ~wire::kIntMask) return Fault{"reserved bits of the integer's description are set"};
  const Int info = c.view.int_info();
  const uint32_t bits = info.bits + info.bit_offset;
  if (bits > 128) return Fault{"an integer has more than 128 bits"};
  if ((bits + 7) / 8 > c.view.size()) return Fault{"the integer's bits exceed its size"};
  if (std::popcount(info.encoding) > 1 || info.encoding > int_bool)
    return Fault{"unsupported integer encoding", kENOTSUPP};
  return kFine;
}

Verdict check_reference(const Context& c) {
  if (!may_name_type(c.view.ref())) return Fault{"invalid type id"};
  return kFine;
}

Verdict check_array(const Context& c) {
  if (c.record.size_or_type != 0) return Fault{"the size field of an array is not 0"};
  const Array array = c.view.array();
  if (array.element == 0 || !may_name_type(array.element)) return Fault{"invalid element type"};
  if (array.index == 0 || !may_name_type(array.index)) return Fault{"invalid index type"};
  return kFine;
}

Verdict check_member(const Context& c, int index, uint32_t last_offset) {
  const uint32_t name_off = items<wire::Member>(c.record)[index].name_off;
  if (!c.types.has_string(name_off)) return Fault{"invalid name offset", EINVAL, index};
  const Member member = c.view.members()[static_cast<uint32_t>(index)];
  if (name_off != 0 && !is_identifier(member.name)) return Fault{"invalid name", EINVAL, index};
  if (member.type == 0 || !may_name_type(member.type)) return Fault{"invalid type id", EINVAL, index};
  if (c.view.is(Kind::union_) && member.bit_offset != 0)
    return Fault{"a union's member is not at offset 0", EINVAL, index};
  if (member.bit_offset < last_offset) return Fault{"member offsets do not ascend", EINVAL, index};
  if ((uint64_t{member.bit_offset} + 7) / 8 > c.view.size())
    return Fault{"the member begins beyond the end of its struct", EINVAL, index};
  return kFine;
}

Verdict check_composite(const Context& c) {
  uint32_t last_offset = 0;
  for (uint32_t i = 0; i < c.record.vlen(); ++i) {
    if (auto fault = check_member(c, static_cast<int>(i), last_offset)) return fault;
    last_offset = c.view.members()[i].bit_offset;
  }
  return kFine;
}

template <class Wire>
Verdict check_enumerators(const Context& c) {
  if (c.view.size() > 8 || !std::has_single_bit(c.view.size())) return Fault{"the size of an enum is not 1, 2, 4 or 8"};
  if (!name_is_valid(Name::optional, c)) return Fault{"invalid name"};
  for (uint32_t i = 0; i < c.record.vlen(); ++i) {
    const uint32_t name_off = items<Wire>(c.record)[i].name_off;
    if (!c.types.has_string(name_off)) return Fault{"invalid name offset", EINVAL, static_cast<int>(i)};
    if (!is_identifier(c.types.string(name_off))) return Fault{"invalid name", EINVAL, static_cast<int>(i)};
  }
  return kFine;
}

Verdict check_fwd(const Context& c) {
  if (c.record.size_or_type != 0) return Fault{"the type field of a forward declaration is not 0"};
  return kFine;
}

Verdict check_func(const Context& c) {
  const FuncLinkage last = c.origin == Origin::load ? FuncLinkage::global : FuncLinkage::extern_;
  if (c.view.func_linkage() > last) return Fault{"invalid linkage of a function"};
  return kFine;
}

Verdict check_var(const Context& c) {
  if (c.view.ref() == 0 || !may_name_type(c.view.ref())) return Fault{"invalid type id"};
  const VarLinkage last = c.origin == Origin::load ? VarLinkage::global : VarLinkage::extern_;
  if (c.view.var_linkage() > last) return Fault{"unsupported linkage of a variable"};
  return kFine;
}

Verdict check_section_var(const Context& c, const SectionVar& var, uint64_t last_end) {
  if (var.offset < last_end || var.offset >= c.view.size()) return Fault{"invalid offset"};
  if (var.size == 0 || var.size > c.view.size()) return Fault{"invalid size"};
  if (uint64_t{var.offset} + var.size > c.view.size()) return Fault{"the variable ends beyond its section"};
  return kFine;
}

Verdict check_datasec(const Context& c) {
  // libbpf fills in sizes and offsets, and sorts, only once it has the ELF sections at hand.
  const bool complete = c.origin != Origin::object;
  if (complete && c.view.size() == 0) return Fault{"the size of a data section is 0"};
  if (!name_is_valid(Name::section, c)) return Fault{"invalid name"};
  uint64_t last_end = 0;
  for (uint32_t i = 0; i < c.record.vlen(); ++i) {
    const SectionVar var = c.view.section_vars()[i];
    if (var.type == 0 || !may_name_type(var.type)) return Fault{"invalid type id", EINVAL, static_cast<int>(i)};
    if (!complete) continue;
    if (auto fault = check_section_var(c, var, last_end)) {
      fault->item = static_cast<int>(i);
      return fault;
    }
    last_end = uint64_t{var.offset} + var.size;
  }
  return kFine;
}

Verdict check_float(const Context& c) {
  constexpr std::array<uint32_t, 5> kSizes = {2, 4, 8, 12, 16};
  for (uint32_t size : kSizes) {
    if (c.view.size() == size) return kFine;
  }
  return Fault{"the size of a float is not 2, 4, 8, 12 or 16"};
}

Verdict check_decl_tag(const Context& c) {
  if (c.view.component_index() < -1) return Fault{"invalid component index"};
  return kFine;
}

/// A hostile name in a form that fits into a message.
std::string one_line(std::string_view name) {
  std::string text(name.substr(0, 64));
  for (char& c : text) {
    if (!is_printable(c)) c = '?';
  }
  return text;
}

Verdict check_nothing(const Context&) { return kFine; }

/// What holds for a kind: the items behind its record, the use of vlen and kind_flag, its name, its own
/// rules.
struct Rule {
  uint32_t fixed_size;  ///< Bytes behind every record of the kind.
  uint32_t item_size;   ///< Bytes behind the record for each of vlen.
  bool vlen;            ///< Otherwise it must be 0.
  bool kind_flag;       ///< Otherwise it must be 0.
  Name name;            ///< Judged before `check`; `any` where Linux judges it later.
  Verdict (*check)(const Context&);
};

constexpr bool kYes = true;
constexpr bool kNo = false;

// Tags with the kind_flag are attributes (Linux 6.15).
constexpr std::array<Rule, kKindCount> kRules = {{
    /* void       */ {0, 0, kNo, kNo, Name::any, check_nothing},
    /* int        */ {4, 0, kNo, kNo, Name::any, check_int},
    /* ptr        */ {0, 0, kNo, kNo, Name::none, check_reference},
    /* array      */ {sizeof(wire::Array), 0, kNo, kNo, Name::none, check_array},
    /* struct     */ {0, sizeof(wire::Member), kYes, kYes, Name::optional, check_composite},
    /* union      */ {0, sizeof(wire::Member), kYes, kYes, Name::optional, check_composite},
    /* enum       */ {0, sizeof(wire::Enum), kYes, kYes, Name::any, check_enumerators<wire::Enum>},
    /* fwd        */ {0, 0, kNo, kYes, Name::identifier, check_fwd},
    /* typedef    */ {0, 0, kNo, kNo, Name::identifier, check_reference},
    /* volatile   */ {0, 0, kNo, kNo, Name::none, check_reference},
    /* const      */ {0, 0, kNo, kNo, Name::none, check_reference},
    /* restrict   */ {0, 0, kNo, kNo, Name::none, check_reference},
    /* func       */ {0, 0, kYes, kNo, Name::identifier, check_func},
    /* func_proto */ {0, sizeof(wire::Param), kYes, kNo, Name::none, check_nothing},
    /* var        */ {sizeof(wire::Var), 0, kNo, kNo, Name::identifier, check_var},
    /* datasec    */ {0, sizeof(wire::SectionVar), kYes, kNo, Name::any, check_datasec},
    /* float      */ {0, 0, kNo, kNo, Name::any, check_float},
    /* decl_tag   */ {sizeof(wire::DeclTag), 0, kNo, kYes, Name::text, check_decl_tag},
    /* type_tag   */ {0, 0, kNo, kYes, Name::text, check_reference},
    /* enum64     */ {0, sizeof(wire::Enum64), kYes, kYes, Name::any, check_enumerators<wire::Enum64>},
}};

const Rule& rule(const wire::Type& record) { return kRules[record.kind_number()]; }

}  // namespace

uint64_t items_size(const wire::Type& record) {
  return rule(record).fixed_size + uint64_t{rule(record).item_size} * record.vlen();
}

std::optional<Fault> check_record(const Types& types, const wire::Type& record, Origin origin) {
  const Rule& r = rule(record);
  const Context context{types, record, Type(types, record, 0), origin};
  if (!r.vlen && record.vlen() != 0) return Fault{"the number of items is not 0"};
  if (!r.kind_flag && record.kind_flag()) return Fault{"invalid kind flag"};
  if (!name_is_valid(r.name, context)) return Fault{"invalid name"};
  return r.check(context);
}

bool param_has_name(const wire::Type& proto, uint32_t index) { return items<wire::Param>(proto)[index].name_off != 0; }

bool param_name_is_valid(const Types& types, const wire::Type& proto, uint32_t index) {
  const uint32_t name_off = items<wire::Param>(proto)[index].name_off;
  return name_off == 0 || (types.has_string(name_off) && is_identifier(types.string(name_off)));
}

Error type_error(const Types& types, TypeId id, const wire::Type& record, const Fault& fault) {
  const std::string_view name = types.string(record.name_off);
  std::string place = fmt::format("BTF type [{}] {}", id, kind_name(record.kind()));
  if (!name.empty()) place += fmt::format(" '{}'", one_line(name));
  if (fault.item >= 0) place += fmt::format(", item {}", fault.item);
  return {fault.code, fmt::format("{}: {}", place, fault.reason)};
}

}  // namespace skep::btf
