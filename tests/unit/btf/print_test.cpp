// SPDX-License-Identifier: Apache-2.0
#include "btf/print.hpp"

#include <cerrno>
#include <cstring>
#include <limits>

#include "support.hpp"

namespace skep::btf {
namespace {

template <class... Values>
std::vector<std::byte> bytes_of(Values... values) {
  std::vector<std::byte> bytes;
  const auto append = [&bytes](const auto& value) {
    const size_t at = bytes.size();
    bytes.resize(at + sizeof value);
    std::memcpy(bytes.data() + at, &value, sizeof value);
  };
  (append(values), ...);
  return bytes;
}

std::string text_of(const Builder& b, TypeId id, std::span<const std::byte> data) {
  std::string text;
  TextWriter writer(text);
  const Status status = print_value(writer, *parsed(b), id, data);
  if (!status) FAIL(status.error().message);
  return text;
}

std::string json_of(const Builder& b, TypeId id, std::span<const std::byte> data) {
  std::string text;
  JsonWriter writer(text);
  const Status status = print_value(writer, *parsed(b), id, data);
  if (!status) FAIL(status.error().message);
  return text;
}

Status status_of(const Builder& b, TypeId id, std::span<const std::byte> data) {
  std::string text;
  JsonWriter writer(text);
  return print_value(writer, *parsed(b, Origin::object), id, data);
}

}  // namespace

TEST_CASE("Integers are printed by their size and sign") {
  Builder b;
  struct Row {
    uint32_t size;
    IntEncoding encoding;
    const char* text;
  };
  const Row rows[] = {
      {1, int_unsigned, "255"},
      {1, int_signed, "-1"},
      {2, int_unsigned, "65535"},
      {2, int_signed, "-1"},
      {4, int_unsigned, "4294967295"},
      {4, int_signed, "-1"},
      {8, int_unsigned, "18446744073709551615"},
      {8, int_signed, "-1"},
  };
  const auto ones = bytes_of(~uint64_t{0});
  for (const Row& row : rows) CHECK(json_of(b, b.add_int("i", row.size, row.encoding), ones) == row.text);
}

TEST_CASE("128-bit integers are hexadecimal, quoted in JSON") {
  Builder b;
  const TypeId id = b.add_int("__int128", 16, int_signed);
  const auto large = bytes_of(uint64_t{0x10}, uint64_t{0xab});
  const auto small = bytes_of(uint64_t{0x10}, uint64_t{0});
  CHECK(text_of(b, id, large) == "0xab0000000000000010");
  CHECK(json_of(b, id, large) == "\"0xab0000000000000010\"");
  CHECK(text_of(b, id, small) == "0x10");
}

TEST_CASE("Booleans and characters have their own forms") {
  Builder b;
  const TypeId boolean = b.add_int("_Bool", 1, int_bool);
  const TypeId character = b.add_int("char", 1, int_char);
  CHECK(json_of(b, boolean, bytes_of(uint8_t{1})) == "true");
  CHECK(json_of(b, boolean, bytes_of(uint8_t{0})) == "false");
  CHECK(text_of(b, character, bytes_of('x')) == "\"x\"");
  CHECK(text_of(b, character, bytes_of('\1')) == "0x1");
  CHECK(json_of(b, character, bytes_of('\1')) == "\"\\u0001\"");
  CHECK(json_of(b, character, bytes_of('"')) == "\"\\\"\"");
}

TEST_CASE("Enums are printed by name, values without one as signed numbers") {
  Builder b;
  const TypeId e = b.add_enum("e", 4, true, {{"MINUS", static_cast<uint64_t>(-1)}, {"ONE", 1}});
  const TypeId small = b.add_enum("s", 1, false, {{"MAX", 0xff}});
  const TypeId wide = b.add_enum64("w", 8, false, {{"HUGE", 0xffffffff00000000}});
  CHECK(json_of(b, e, bytes_of(int32_t{-1})) == "\"MINUS\"");
  CHECK(json_of(b, e, bytes_of(int32_t{7})) == "7");
  CHECK(json_of(b, e, bytes_of(int32_t{-7})) == "-7");
  CHECK(json_of(b, small, bytes_of(uint8_t{0xff})) == "\"MAX\"");
  CHECK(json_of(b, wide, bytes_of(uint64_t{0xffffffff00000000})) == "\"HUGE\"");
  CHECK(json_of(b, wide, bytes_of(uint64_t{5})) == "5");
}

TEST_CASE("Pointers are addresses in text and numbers in JSON") {
  Builder b;
  const TypeId id = b.add_ptr(0);
  CHECK(text_of(b, id, bytes_of(uint64_t{0xffff888000000000})) == "\"0xffff888000000000\"");
  CHECK(text_of(b, id, bytes_of(uint64_t{0})) == "\"(nil)\"");
  CHECK(json_of(b, id, bytes_of(uint64_t{4096})) == "4096");
}

TEST_CASE("Floats of 4 and 8 bytes are numbers, others bits; JSON quotes what is no number") {
  Builder b;
  const TypeId half = b.add_float("_Float16", 2);
  const TypeId single = b.add_float("float", 4);
  const TypeId wide = b.add_float("double", 8);
  const TypeId quad = b.add_float("long double", 16);
  CHECK(json_of(b, half, bytes_of(uint16_t{0xc500})) == "\"0xc500\"");
  CHECK(json_of(b, single, bytes_of(1.5f)) == "1.5");
  CHECK(json_of(b, wide, bytes_of(-0.1)) == "-0.1");
  CHECK(json_of(b, wide, bytes_of(std::numeric_limits<double>::infinity())) == "\"inf\"");
  CHECK(json_of(b, quad, bytes_of(uint64_t{1}, uint64_t{0})) == "\"0x1\"");
}

TEST_CASE("Structs are indented by four blanks a level, elements of arrays are not") {
  Builder b = with_ints();
  const TypeId point = b.add_struct("point", 8, {{"x", kInt, 0, 0}, {"y", kInt, 32, 0}});
  const TypeId list = b.add_array(point, kUnsigned, 2);
  const TypeId numbers = b.add_array(kInt, kUnsigned, 2);
  const TypeId id = b.add_struct("s", 24, {{"list", list, 0, 0}, {"n", numbers, 128, 0}});
  const auto data = bytes_of(1, 2, 3, 4, 5, 6);
  CHECK(text_of(b, id, data) ==
        "{\n"
        "    \"list\": [{\n"
        "            \"x\": 1,\n"
        "            \"y\": 2\n"
        "        },{\n"
        "            \"x\": 3,\n"
        "            \"y\": 4\n"
        "        }\n"
        "    ],\n"
        "    \"n\": [5,6\n"
        "    ]\n"
        "}");
  CHECK(json_of(b, id, data) == R"({"list":[{"x":1,"y":2},{"x":3,"y":4}],"n":[5,6]})");
}

TEST_CASE("Bit fields of both encodings are unsigned hexadecimal numbers") {
  Builder b = with_ints();
  const TypeId flagged = b.add_struct("new", 4, {{"a", kInt, 0, 3}, {"b", kUnsigned, 3, 13}});
  const TypeId odd = b.add_int("odd", 4, int_unsigned, 5);
  const TypeId plain = b.add_struct("old", 4, {{"a", odd, 0, 0}, {"b", odd, 5, 0}});
  CHECK(json_of(b, flagged, bytes_of(uint32_t{0xffff})) == R"({"a":"0x7","b":"0x1fff"})");
  CHECK(text_of(b, plain, bytes_of(uint32_t{0x3e1})) == "{\n    \"a\": 0x1,\n    \"b\": 0x1f\n}");
}

TEST_CASE("Unions show every member, anonymous members have an empty name") {
  Builder b = with_ints();
  const TypeId u = b.add_union("", 4, {{"i", kInt, 0, 0}, {"u", kUnsigned, 0, 0}});
  const TypeId id = b.add_struct("s", 4, {{"", u, 0, 0}});
  CHECK(json_of(b, id, bytes_of(-1)) == R"({"":{"i":-1,"u":4294967295}})");
}

TEST_CASE("An array of char is text if it is printable and ends") {
  Builder b = with_ints();
  const TypeId character = b.add_int("char", 1, int_signed);
  const TypeId text = b.add_array(b.add_const(character), kUnsigned, 4);
  const TypeId renamed = b.add_array(b.add_typedef("s8", character), kUnsigned, 4);
  CHECK(json_of(b, text, bytes_of('a', 'b', '\0', 'x')) == "\"ab\"");
  CHECK(json_of(b, text, bytes_of('"', '\\', '\0', '\0')) == R"("\"\\")");
  CHECK(json_of(b, text, bytes_of('a', 'b', 'c', 'd')) == "[97,98,99,100]");
  CHECK(json_of(b, text, bytes_of('a', '\n', '\0', '\0')) == "[97,10,0,0]");
  CHECK(json_of(b, renamed, bytes_of('a', '\0', '\0', '\0')) == "[97,0,0,0]");
}

TEST_CASE("Arrays of arrays, and of nothing, keep their brackets") {
  Builder b = with_ints();
  const TypeId matrix = b.add_array(b.add_array(kInt, kUnsigned, 2), kUnsigned, 2);
  const TypeId none = b.add_array(kInt, kUnsigned, 0);
  CHECK(json_of(b, matrix, bytes_of(1, 2, 3, 4)) == "[[1,2],[3,4]]");
  CHECK(json_of(b, none, {}) == "[]");
}

TEST_CASE("A data section is a list of its variables") {
  Builder b = with_ints();
  const TypeId x = b.add_var("x", b.add_const(kInt)), y = b.add_var("y", kUnsigned);
  const TypeId id = b.add_datasec(".data", 8, {{x, 0, 4}, {y, 4, 4}});
  CHECK(json_of(b, id, bytes_of(-5, 6)) == R"({".data":[{"x":-5},{"y":6}]})");
}

TEST_CASE("Type tags do not show") {
  Builder b = with_ints();
  CHECK(json_of(b, b.add_type_tag("percpu", kInt), bytes_of(3)) == "3");
}

TEST_CASE("Names that are no ASCII give valid JSON") {
  Builder b = with_ints();
  const TypeId id = b.add_struct("s", 4, {{"a\xe4", kInt, 0, 0}});
  CHECK(json_of(b, id, bytes_of(1)) == R"({"a\u00e4":1})");
}

TEST_CASE("Data that is too short and types without values give errors") {
  Builder b = with_ints();
  const TypeId fwd = b.add_fwd("f", false);
  CHECK(status_of(b, kInt, bytes_of(uint16_t{1})).error().code == EINVAL);
  CHECK(status_of(b, kInt, {}).error().message == "0 bytes of data are too few for type [1] 'int' of 4 bytes");
  CHECK(status_of(b, fwd, bytes_of(1)).error().code == EINVAL);
  CHECK(status_of(b, 0, bytes_of(1)).error().code == EINVAL);
  CHECK(status_of(b, 99, bytes_of(1)).error().code == EINVAL);
}

TEST_CASE("Errors are one line, whatever names the types have") {
  Builder b = with_ints();
  const TypeId fwd = b.add_fwd("f", false);
  const TypeId id = b.add_ptr(b.add_type_tag("a\nb", fwd));
  for (const TypeId type : {fwd, id})
    for (const size_t size : {0, 4, 8}) {
      const Status status = status_of(b, type, std::vector<std::byte>(size));
      CHECK((status || status.error().message.find('\n') == std::string::npos));
    }
  CHECK_FALSE(status_of(b, id, {}));
}

TEST_CASE("An enum that sticks out of its struct is not read beyond the data") {
  // Linux takes an enum in a struct with bit fields for 4 bytes when it checks that the member fits.
  Builder b = with_ints();
  const TypeId wide = b.add_enum64("e", 8, false, {});
  const TypeId id = b.add_struct("s", 8, {{"bits", kInt, 0, 5}, {"e", wide, 32, 0}});
  REQUIRE(Types::parse(b.bytes()));
  CHECK(status_of(b, id, bytes_of(uint64_t{0})).error().code == EINVAL);
}

TEST_CASE("Hostile types cannot make printing endless or overflow the stack") {
  Builder b = with_ints();
  SECTION("unions that double at each level") {
    TypeId id = kInt;
    for (int i = 0; i < 30; ++i) id = b.add_union("u", 4, {{"a", id, 0, 0}, {"b", id, 0, 0}});
    CHECK(status_of(b, id, bytes_of(1)).error().code == E2BIG);
  }
  SECTION("billions of elements without size") {
    const TypeId id = b.add_array(b.add_struct("empty", 0, {}), kUnsigned, 0xffffffff);
    CHECK(status_of(b, id, bytes_of(1)).error().code == E2BIG);
  }
  SECTION("a hundred thousand levels") {
    TypeId id = kInt;
    for (int i = 0; i < 100000; ++i) id = b.add_struct("s", 4, {{"a", id, 0, 0}});
    CHECK(status_of(b, id, bytes_of(1)).error().code == E2BIG);
  }
}

}  // namespace skep::btf
