// SPDX-License-Identifier: Apache-2.0
#include "btf/parse_value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "btf/bits.hpp"
#include "btf/layout.hpp"
#include "btf/parse_number.hpp"
#include "isa/quoted.hpp"

namespace skep::btf {
namespace {

using Json = nlohmann::json;
using Bytes = std::span<std::byte>;

/// A value that takes bits of its own choice: where it lies, and how it may be written.
struct BitPlace {
  Bytes data;
  uint64_t bit_offset;
  uint32_t bits;
  bool is_signed;
};

void zero(const Types& types, TypeId id, Bytes out) {
  std::fill_n(out.begin(), std::min<size_t>(types.layout(id).size, out.size()), std::byte{});
}

class ValueParser {
 public:
  ValueParser(const Types& types, std::string_view path) : types_(types), path_(path) {}

  Status parse(TypeId id, const Json& json, Bytes data, uint32_t bit_offset = 0);

 private:
  using Handler = Status (ValueParser::*)(const Type&, const Json&, Bytes, uint32_t bit_offset);
  static Handler handler_of(Kind kind);
  static constexpr int kMaxDepth = 128;

  Status parse_int(const Type&, const Json&, Bytes, uint32_t bit_offset);
  Status parse_float(const Type&, const Json&, Bytes, uint32_t);
  Status parse_pointer(const Type&, const Json&, Bytes, uint32_t);
  Status parse_enum(const Type&, const Json&, Bytes, uint32_t);
  Status parse_array(const Type&, const Json&, Bytes, uint32_t);
  Status parse_composite(const Type&, const Json&, Bytes, uint32_t);
  Status parse_var(const Type&, const Json&, Bytes, uint32_t);
  Status parse_datasec(const Type&, const Json&, Bytes, uint32_t);

  Status parse_text(const Array& array, const std::string& text, Bytes data);
  Status parse_member(const Type& composite, const std::string& name, const Json& json, Bytes data);
  Status parse_section_vars(const Type& section, const Json& json, Bytes data);
  Status parse_section_var(const Type& section, const std::string& name, const Json& json, Bytes data);
  Status store(const BitPlace& place, const Json& json, std::string_view expectation);

  [[nodiscard]] std::optional<Member> member_of_name(const Type& composite, const std::string& name) const;
  [[nodiscard]] Error error(std::string_view what) const {
    return {EINVAL, printable(fmt::format("{}: {}", path_, what))};
  }

  /// Parses what lies one step further down the path.
  template <class Parse>
  Status at(std::string_view step, Parse parse_it) {
    const size_t length = path_.size();
    path_ += step;
    Status status = parse_it();
    path_.resize(length);
    return status;
  }

  const Types& types_;
  std::string path_;
  int depth_ = 0;
};

ValueParser::Handler ValueParser::handler_of(Kind kind) {
  static constexpr auto kHandlers = [] {
    std::array<Handler, kKindCount> table = {};
    const auto set = [&table](Kind k, Handler handler) { table[static_cast<size_t>(k)] = handler; };
    set(Kind::int_, &ValueParser::parse_int);
    set(Kind::float_, &ValueParser::parse_float);
    set(Kind::ptr, &ValueParser::parse_pointer);
    set(Kind::enum_, &ValueParser::parse_enum);
    set(Kind::enum64, &ValueParser::parse_enum);
    set(Kind::array, &ValueParser::parse_array);
    set(Kind::struct_, &ValueParser::parse_composite);
    set(Kind::union_, &ValueParser::parse_composite);
    set(Kind::var, &ValueParser::parse_var);
    set(Kind::datasec, &ValueParser::parse_datasec);
    return table;
  }();
  return kHandlers[static_cast<size_t>(kind)];
}

Status ValueParser::parse(TypeId id, const Json& json, Bytes data, uint32_t bit_offset) {
  const Type type = types_.type(id).is(Kind::var) ? types_.type(id) : types_.resolve(id);
  const Handler handler = handler_of(type.kind());
  if (handler == nullptr) return error(fmt::format("type '{}' has no values", type_text(types_, id)));
  if (data.size() < types_.layout(id).size)
    return error(fmt::format("{} bytes have no room for a '{}'", data.size(), type_text(types_, id)));
  if (depth_ == kMaxDepth) return error("the type is nested too deeply");
  ++depth_;
  Status status = (this->*handler)(type, json, data, bit_offset);
  --depth_;
  return status;
}

/// Hexadecimal text stands for bits, hence also for negative numbers.
bool is_hexadecimal(const Json& json) {
  return json.is_string() && json.get_ref<const std::string&>().starts_with("0x");
}

Status ValueParser::store(const BitPlace& place, const Json& json, std::string_view expectation) {
  const auto number = parse_number(json);
  if (!number) return error(expectation);
  const bool fits =
      place.is_signed && !is_hexadecimal(json) ? number->fits_signed(place.bits) : number->fits_unsigned(place.bits);
  if (!fits) {
    return error(fmt::format("{} does not fit into {} {} bits",
                             json.dump(-1, ' ', false, Json::error_handler_t::replace), place.bits,
                             place.is_signed ? "signed" : "unsigned"));
  }
  if (!bits_are_inside(place.data.size(), place.bit_offset, place.bits)) return error("the value is beyond the data");
  write_bits(place.data, place.bit_offset, place.bits, number->bits());
  return {};
}

/// The byte of a string that is one character, as print_value() writes a char.
std::optional<uint8_t> single_character(const Json& json) {
  if (!json.is_string()) return std::nullopt;
  const auto& text = json.get_ref<const std::string&>();
  if (text.size() == 1) return static_cast<uint8_t>(text[0]);
  // U+0080 to U+00FF, in UTF-8.
  const auto byte = [&text](size_t i) { return static_cast<uint8_t>(text[i]); };
  if (text.size() == 2 && (byte(0) == 0xc2 || byte(0) == 0xc3))
    return static_cast<uint8_t>((byte(0) & 3) << 6 | (byte(1) & 0x3f));
  return std::nullopt;
}

Status ValueParser::parse_int(const Type& type, const Json& json, Bytes data, uint32_t bit_offset) {
  const Int info = type.int_info();
  const BitPlace place{data, uint64_t{bit_offset} + info.bit_offset, info.bits, info.encoding == int_signed};
  if (info.encoding == int_bool && json.is_boolean()) return store(place, json.get<bool>() ? 1 : 0, {});
  const bool is_byte = info.bits == 8 && info.encoding != int_bool;
  if (info.encoding == int_char || (is_byte && !parse_number(json))) {
    if (auto character = single_character(json))
      return store(place, place.is_signed ? static_cast<int8_t>(*character) : *character, {});
    return store(place, json, "expects a character or an integer");
  }
  return store(place, json, info.encoding == int_bool ? "expects true or false" : "expects an integer");
}

/// A number, or the name of what JSON has no number for.
std::optional<double> parse_double(const Json& json) {
  if (json.is_number()) return json.get<double>();
  if (json == "nan" || json == "-nan") return std::numeric_limits<double>::quiet_NaN();
  if (json == "inf") return std::numeric_limits<double>::infinity();
  if (json == "-inf") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

template <class T>
void store_float(Bytes data, double value) {
  const auto converted = static_cast<T>(value);
  std::memcpy(data.data(), &converted, sizeof converted);
}

Status ValueParser::parse_float(const Type& type, const Json& json, Bytes data, uint32_t) {
  if (type.size() != sizeof(float) && type.size() != sizeof(double))
    return store({data, 0, type.size() * 8, false}, json, "expects the bits of the float as \"0x...\"");
  const auto value = parse_double(json);
  if (!value) return error("expects a number");
  if (type.size() == sizeof(float)) {
    store_float<float>(data, *value);
  } else {
    store_float<double>(data, *value);
  }
  return {};
}

Status ValueParser::parse_pointer(const Type&, const Json& json, Bytes data, uint32_t) {
  const BitPlace place{data, 0, kPointerSize * 8, false};
  if (json == "(nil)") return store(place, 0, {});
  return store(place, json, "expects an address");
}

Status ValueParser::parse_enum(const Type& type, const Json& json, Bytes data, uint32_t) {
  const uint32_t bits = type.size() * 8;
  if (json.is_string()) {
    const auto& name = json.get_ref<const std::string&>();
    for (const Enumerator e : type.enumerators()) {
      if (e.name != name) continue;
      write_bits(data, 0, bits, e.value);
      return {};
    }
  }
  const auto number = parse_number(json);
  if (!number) return error(fmt::format("expects a name of '{}' or an integer", type_text(types_, type.id())));
  // print_value() writes unnamed values with a sign.
  return store({data, 0, bits, number->negative || type.enum_is_signed()}, json, {});
}

Status ValueParser::parse_text(const Array& array, const std::string& text, Bytes data) {
  if (text.size() > array.count)
    return error(fmt::format("a text of {} bytes does not fit into {}", text.size(), array.count));
  std::memcpy(data.data(), text.data(), text.size());
  return {};
}

Status ValueParser::parse_array(const Type& type, const Json& json, Bytes data, uint32_t) {
  const Array array = type.array();
  // Printing writes texts for char only; who writes may mean one for __u8 as well.
  const Type element = types_.resolve(array.element);
  const bool takes_text = element.is(Kind::int_) && element.size() == 1 && element.int_info().encoding != int_bool;
  if (json.is_string() && takes_text) return parse_text(array, json.get_ref<const std::string&>(), data);
  if (!json.is_array()) return error(takes_text ? "expects a string or an array" : "expects an array");
  if (json.size() > array.count) return error(fmt::format("{} elements do not fit into {}", json.size(), array.count));
  const size_t step = types_.layout(array.element).size;
  for (size_t i = 0; i < json.size(); ++i) {
    Status status = at(fmt::format("[{}]", i), [&] { return parse(array.element, json[i], data.subspan(step * i)); });
    if (!status) return status;
  }
  return {};
}

/// Printing writes anonymous members under the name "", in which case the first one is meant.
std::optional<Member> ValueParser::member_of_name(const Type& composite, const std::string& name) const {
  if (!name.empty()) return find_member(types_, composite.id(), name);
  for (const Member member : composite.members()) {
    if (member.name.empty()) return member;
  }
  return std::nullopt;
}

Status ValueParser::parse_member(const Type& composite, const std::string& name, const Json& json, Bytes data) {
  const auto member = member_of_name(composite, name);
  if (!member) return error(fmt::format("'{}' has no such member", type_text(types_, composite.id())));
  if (member->bitfield_size != 0) {
    const Type type = types_.resolve(member->type);
    const bool is_signed = type.is(Kind::int_) && type.int_info().encoding == int_signed;
    return store({data, member->bit_offset, member->bitfield_size, is_signed}, json, "expects an integer");
  }
  if (member->bit_offset / 8 > data.size()) return error("the member is beyond the data");
  return parse(member->type, json, data.subspan(member->bit_offset / 8), member->bit_offset % 8);
}

Status ValueParser::parse_composite(const Type& type, const Json& json, Bytes data, uint32_t) {
  if (!json.is_object()) return error("expects an object");
  for (const auto& [name, value] : json.items()) {
    Status status = at("." + name, [&, &n = name, &v = value] { return parse_member(type, n, v, data); });
    if (!status) return status;
  }
  return {};
}

Status ValueParser::parse_var(const Type& type, const Json& json, Bytes data, uint32_t) {
  return parse(type.ref(), json, data);
}

Status ValueParser::parse_section_var(const Type& section, const std::string& name, const Json& json, Bytes data) {
  for (const SectionVar var : section.section_vars()) {
    if (types_.type(var.type).name() != name) continue;
    if (var.offset > data.size()) return error("the variable is beyond the data");
    zero(types_, var.type, data.subspan(var.offset));
    return parse(var.type, json, data.subspan(var.offset));
  }
  return error(fmt::format("'{}' has no such variable", section.name()));
}

Status ValueParser::parse_section_vars(const Type& section, const Json& json, Bytes data) {
  if (!json.is_object()) return error("expects an object");
  for (const auto& [name, value] : json.items()) {
    Status status = at("." + name, [&, &n = name, &v = value] { return parse_section_var(section, n, v, data); });
    if (!status) return status;
  }
  return {};
}

/// Either {"var": value, ...} or as it is printed: {".data": [{"var": value}, ...]}.
Status ValueParser::parse_datasec(const Type& type, const Json& json, Bytes data, uint32_t) {
  const std::string section(type.name());
  const bool as_printed = json.is_object() && json.contains(section) && json[section].is_array();
  if (!as_printed) return parse_section_vars(type, json, data);
  return at("." + section, [&]() -> Status {
    for (const Json& var : json[section]) {
      if (Status status = parse_section_vars(type, var, data); !status) return status;
    }
    return {};
  });
}

}  // namespace

Status parse_value(const Types& types, TypeId id, const Json& json, Bytes out, std::string_view path) {
  if (!types.resolve(id).is(Kind::datasec)) zero(types, id, out);
  return ValueParser(types, path).parse(id, json, out);
}

}  // namespace skep::btf
