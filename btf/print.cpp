// SPDX-License-Identifier: Apache-2.0
// The forms are those of bpftool's btf_dumper.c.
#include "btf/print.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "btf/bits.hpp"
#include "btf/layout.hpp"
#include "isa/quoted.hpp"

namespace skep::btf {
namespace {

using Bytes = std::span<const std::byte>;

template <class T>
T load(Bytes data) {
  T value;
  std::memcpy(&value, data.data(), sizeof value);
  return value;
}

/// The text in an array of char: printable up to a NUL, else it is printed as numbers.
std::optional<std::string_view> text_in_array(const Type& type, Bytes data) {
  if (!is_text_array(type)) return std::nullopt;
  const std::string_view chars(reinterpret_cast<const char*>(data.data()), type.array().count);
  const size_t length = chars.find('\0');
  if (length == std::string_view::npos) return std::nullopt;
  for (char c : chars.substr(0, length)) {
    if (c < 0x20 || c > 0x7e) return std::nullopt;
  }
  return chars.substr(0, length);
}

class Printer {
 public:
  Printer(Writer& out, const Types& types, size_t size)
      : out_(out), types_(types), values_left_(kFreeValues + kValuesPerByte * size) {}

  Status print(TypeId id, Bytes data, uint32_t bit_offset = 0);

 private:
  using Handler = Status (Printer::*)(const Type&, Bytes, uint32_t bit_offset);
  static Handler handler_of(Kind kind);

  // Members of unions and empty structs take no room of their own, so hostile types can hold any number of them.
  static constexpr uint64_t kFreeValues = 1 << 16;
  static constexpr uint64_t kValuesPerByte = 64;
  static constexpr int kMaxDepth = 128;

  Status print_int(const Type&, Bytes, uint32_t bit_offset);
  Status print_float(const Type&, Bytes, uint32_t);
  Status print_pointer(const Type&, Bytes, uint32_t);
  Status print_enum(const Type&, Bytes, uint32_t);
  Status print_array(const Type&, Bytes, uint32_t);
  Status print_composite(const Type&, Bytes, uint32_t);
  Status print_var(const Type&, Bytes, uint32_t);
  Status print_datasec(const Type&, Bytes, uint32_t);
  Status print_bits(Bytes data, uint64_t bit_offset, uint32_t bits);
  void print_number(Int info, Bytes data);

  Writer& out_;
  const Types& types_;
  uint64_t values_left_;
  int depth_ = 0;
};

Printer::Handler Printer::handler_of(Kind kind) {
  static constexpr auto kHandlers = [] {
    std::array<Handler, kKindCount> table = {};
    const auto set = [&table](Kind k, Handler handler) { table[static_cast<size_t>(k)] = handler; };
    set(Kind::int_, &Printer::print_int);
    set(Kind::float_, &Printer::print_float);
    set(Kind::ptr, &Printer::print_pointer);
    set(Kind::enum_, &Printer::print_enum);
    set(Kind::enum64, &Printer::print_enum);
    set(Kind::array, &Printer::print_array);
    set(Kind::struct_, &Printer::print_composite);
    set(Kind::union_, &Printer::print_composite);
    set(Kind::var, &Printer::print_var);
    set(Kind::datasec, &Printer::print_datasec);
    return table;
  }();
  return kHandlers[static_cast<size_t>(kind)];
}

Status Printer::print(TypeId id, Bytes data, uint32_t bit_offset) {
  const Type type = types_.type(id).is(Kind::var) ? types_.type(id) : types_.resolve(id);
  const Handler handler = handler_of(type.kind());
  if (handler == nullptr)
    return Error{EINVAL, fmt::format("type [{}] {} has no values to print", id, quoted(type_text(types_, id)))};
  const uint32_t size = types_.layout(id).size;
  if (data.size() < size)
    return Error{EINVAL, fmt::format("{} bytes of data are too few for type [{}] {} of {} bytes", data.size(), id,
                                     quoted(type_text(types_, id)), size)};
  if (depth_ == kMaxDepth) return Error{E2BIG, fmt::format("type [{}] is nested too deeply to print", id)};
  if (values_left_-- == 0) return Error{E2BIG, fmt::format("type [{}] has too many values to print", id)};
  ++depth_;
  Status status = (this->*handler)(type, data, bit_offset);
  --depth_;
  return status;
}

Status Printer::print_bits(Bytes data, uint64_t bit_offset, uint32_t bits) {
  if (!bits_are_inside(data.size(), bit_offset, bits))
    return Error{EINVAL, fmt::format("{} bytes of data are too few for a bit field", data.size())};
  out_.bits(read_bits(data, bit_offset, bits));
  return {};
}

void Printer::print_number(Int info, Bytes data) {
  const U128 value = read_bits(data, 0, info.bits);
  if (info.encoding == int_char) return out_.character(static_cast<uint8_t>(value));
  if (info.encoding == int_bool) return out_.boolean(value != 0);
  if (info.encoding == int_signed) return out_.integer(sign_extend(value, info.bits));
  out_.unsigned_integer(static_cast<uint64_t>(value));
}

Status Printer::print_int(const Type& type, Bytes data, uint32_t bit_offset) {
  const Int info = type.int_info();
  const bool is_plain = bit_offset == 0 && info.bits <= 64 && is_regular_int(type);
  if (!is_plain) return print_bits(data, bit_offset + info.bit_offset, info.bits);
  print_number(info, data);
  return {};
}

Status Printer::print_float(const Type& type, Bytes data, uint32_t) {
  // BTF does not say which of the formats of 2, 12 or 16 bytes it is.
  if (type.size() != sizeof(float) && type.size() != sizeof(double)) return print_bits(data, 0, type.size() * 8);
  out_.floating(type.size() == sizeof(float) ? load<float>(data) : load<double>(data));
  return {};
}

Status Printer::print_pointer(const Type&, Bytes data, uint32_t) {
  out_.pointer(load<uint64_t>(data));
  return {};
}

Status Printer::print_enum(const Type& type, Bytes data, uint32_t) {
  const uint32_t bits = type.size() * 8;
  const U128 value = read_bits(data, 0, bits);
  for (const Enumerator e : type.enumerators()) {
    if ((e.value & low_bits(bits)) == value) {
      out_.string(e.name);
      return {};
    }
  }
  out_.integer(sign_extend(value, bits));
  return {};
}

Status Printer::print_array(const Type& type, Bytes data, uint32_t) {
  const Array array = type.array();
  if (auto text = text_in_array(type, data)) {
    out_.string(*text);
    return {};
  }
  const uint32_t step = types_.layout(array.element).size;
  out_.begin_array();
  for (uint32_t i = 0; i < array.count; ++i) {
    if (Status status = print(array.element, data.subspan(size_t{step} * i)); !status) return status;
  }
  out_.end_array();
  return {};
}

Status Printer::print_composite(const Type& type, Bytes data, uint32_t) {
  out_.begin_object();
  for (const Member member : type.members()) {
    out_.name(member.name);
    Status status = member.bitfield_size != 0
                        ? print_bits(data, member.bit_offset, member.bitfield_size)
                        : print(member.type, data.subspan(member.bit_offset / 8), member.bit_offset % 8);
    if (!status) return status;
  }
  out_.end_object();
  return {};
}

Status Printer::print_var(const Type& type, Bytes data, uint32_t) {
  out_.begin_object();
  out_.name(type.name());
  Status status = print(type.ref(), data);
  out_.end_object();
  return status;
}

Status Printer::print_datasec(const Type& type, Bytes data, uint32_t) {
  out_.begin_object();
  out_.name(type.name());
  out_.begin_array();
  for (const SectionVar var : type.section_vars()) {
    if (var.offset > data.size()) return Error{EINVAL, "a variable lies beyond the data of its section"};
    if (Status status = print(var.type, data.subspan(var.offset)); !status) return status;
  }
  out_.end_array();
  out_.end_object();
  return {};
}

}  // namespace

Status print_value(Writer& out, const Types& types, TypeId id, Bytes data) {
  return Printer(out, types, data.size()).print(id, data);
}

}  // namespace skep::btf
