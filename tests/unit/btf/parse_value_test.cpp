// SPDX-License-Identifier: Apache-2.0
#include "btf/parse_value.hpp"

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <random>

#include "btf/print.hpp"
#include "btf/print_map.hpp"
#include "support.hpp"

namespace skep::btf {
namespace {

using Json = nlohmann::json;

/// A type of every kind that has values, inside one struct.
struct Everything {
  Builder b = with_ints();
  TypeId character = b.add_int("char", 1, int_signed);
  TypeId letter = b.add_int("letter", 1, int_char);
  TypeId boolean = b.add_int("_Bool", 1, int_bool);
  TypeId wide = b.add_int("__int128", 16, int_signed);
  TypeId long_int = b.add_int("long", 8, int_signed);
  TypeId text = b.add_array(character, kUnsigned, 8);
  TypeId colour = b.add_enum("colour", 4, false, {{"RED", 0}, {"GREEN", 5}});
  TypeId big = b.add_enum64("big", 8, true, {{"LOW", static_cast<uint64_t>(INT64_MIN)}});
  TypeId inner = b.add_struct("inner", 8, {{"flag", kUnsigned, 0, 0}, {"low", kInt, 32, 4}, {"high", kInt, 36, 28}});
  TypeId inners = b.add_array(inner, kUnsigned, 2);
  TypeId choice = b.add_union("", 4, {{"as_int", kInt, 0, 0}, {"as_unsigned", kUnsigned, 0, 0}});
  TypeId pointer = b.add_ptr(0);
  TypeId real = b.add_float("double", 8);
  TypeId all = b.add_struct("all", 96,
                            {{"text", text, 0, 0},
                             {"colour", colour, 64, 0},
                             {"", choice, 96, 0},
                             {"inner", inners, 128, 0},
                             {"pointer", pointer, 256, 0},
                             {"real", real, 320, 0},
                             {"wide", wide, 384, 0},
                             {"letter", letter, 512, 0},
                             {"boolean", boolean, 520, 0},
                             {"big", big, 576, 0},
                             {"long", long_int, 640, 0}});
  std::shared_ptr<const Types> types = parsed(b);

  [[nodiscard]] Status parse(TypeId id, const std::string& json, std::span<std::byte> out) const {
    return parse_value(*types, id, Json::parse(json), out);
  }
  [[nodiscard]] std::string error(TypeId id, const std::string& json) const {
    std::vector<std::byte> out(96);
    const Status status = parse(id, json, out);
    return status ? "no error" : status.error().message;
  }
  [[nodiscard]] std::string print(TypeId id, std::span<const std::byte> data) const {
    std::string text_out;
    JsonWriter writer(text_out);
    const Status status = print_value(writer, *types, id, data);
    return status ? text_out : status.error().message;
  }
};

}  // namespace

TEST_CASE("What is printed as JSON can be read back") {
  const Everything e;
  const std::string json =
      R"({"text":"hello","colour":"GREEN","":{"as_int":-2,"as_unsigned":4294967294},)"
      R"("inner":[{"flag":1,"low":"0xf","high":"0xfffffff"},{"flag":4294967295,"low":"0x0","high":"0x1"}],)"
      R"("pointer":18446744073709551615,"real":-0.5,"wide":"0x8000000000000000000000000000000f","letter":"x",)"
      R"("boolean":true,"big":"LOW","long":-9223372036854775808})";
  std::vector<std::byte> data(96, std::byte{0xee});
  const Status status = e.parse(e.all, json, data);
  REQUIRE(status);
  CHECK(e.print(e.all, data) == json);
}

TEST_CASE("Random bytes survive printing and reading") {
  const Everything e;
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::byte> data(96);
    for (std::byte& b : data) b = static_cast<std::byte>(random());
    // A boolean that is neither 0 nor 1 and a NaN do not come back bit by bit.
    data[65] = std::byte{1};
    std::memset(data.data() + 40, 0, 8);
    std::vector<std::byte> again(96);
    const std::string json = e.print(e.all, data);
    const Status status = e.parse(e.all, json, again);
    INFO(json);
    REQUIRE(status);
    CHECK(e.print(e.all, again) == json);
  }
}

TEST_CASE("Members of anonymous unions are named directly") {
  const Everything e;
  std::vector<std::byte> data(96);
  REQUIRE(e.parse(e.all, R"({"as_int":-1})", data));
  CHECK(std::to_integer<int>(data[12]) == 0xff);
}

TEST_CASE("What is not mentioned becomes 0, what lies behind the type stays") {
  const Everything e;
  std::vector<std::byte> data(12, std::byte{0xee});
  REQUIRE(e.parse(e.inner, "{}", data));
  CHECK(data[7] == std::byte{0});
  CHECK(data[8] == std::byte{0xee});
}

TEST_CASE("Numbers may be written in strings, decimal or hexadecimal") {
  const Everything e;
  std::vector<std::byte> data(16);
  REQUIRE(e.parse(kUnsigned, R"("0xff")", data));
  CHECK(e.print(kUnsigned, data) == "255");
  REQUIRE(e.parse(kInt, R"("-12")", data));
  CHECK(e.print(kInt, data) == "-12");
  REQUIRE(e.parse(e.wide, "-1", data));
  CHECK(e.print(e.wide, data) == "\"0xffffffffffffffffffffffffffffffff\"");
}

TEST_CASE("Floats are read from numbers, names and bits") {
  Builder b;
  const TypeId half = b.add_float("_Float16", 2);
  const TypeId single = b.add_float("float", 4);
  const TypeId real = b.add_float("double", 8);
  auto types = parsed(b);
  const auto read_back = [&](TypeId id, const char* json) {
    std::vector<std::byte> data(8);
    const Status status = parse_value(*types, id, Json::parse(json), data);
    if (!status) return status.error().message;
    std::string text;
    JsonWriter writer(text);
    return print_value(writer, *types, id, data) ? text : std::string("not printed");
  };
  CHECK(read_back(single, "1.5") == "1.5");
  CHECK(read_back(single, "7") == "7");
  CHECK(read_back(real, R"("-inf")") == R"("-inf")");
  CHECK(read_back(real, R"("nan")") == R"("nan")");
  CHECK(read_back(real, "true") == "value: expects a number");
  CHECK(read_back(half, R"("0xc500")") == R"("0xc500")");
  CHECK(read_back(half, "1.5") == R"(value: expects the bits of the float as "0x...")");
}

TEST_CASE("An error begins with the place") {
  const Everything e;
  CHECK(e.error(e.all, R"({"inner":[{},{"flag":"no"}]})") == "value.inner[1].flag: expects an integer");
  CHECK(e.error(e.all, R"({"inner":[{},{},{}]})") == "value.inner: 3 elements do not fit into 2");
  CHECK(e.error(e.all, R"({"innre":[]})") == "value.innre: 'struct all' has no such member");
  CHECK(e.error(e.all, R"({"text":"far too long"})") == "value.text: a text of 12 bytes does not fit into 8");
  CHECK(e.error(e.all, R"({"text":7})") == "value.text: expects a string or an array");
  CHECK(e.error(e.all, R"({"colour":"BLUE"})") == "value.colour: expects a name of 'enum colour' or an integer");
  CHECK(e.error(e.all, R"({"pointer":-1})") == "value.pointer: -1 does not fit into 64 unsigned bits");
  CHECK(e.error(e.all, R"({"boolean":2.5})") == "value.boolean: expects true or false");
  CHECK(e.error(e.all, R"({"real":"x"})") == "value.real: expects a number");
  CHECK(e.error(e.all, "[]") == "value: expects an object");
  CHECK(e.error(kInt, "2147483648") == "value: 2147483648 does not fit into 32 signed bits");
  CHECK(e.error(kInt, "-2147483649") == "value: -2147483649 does not fit into 32 signed bits");
  CHECK(e.error(kUnsigned, "-1") == "value: -1 does not fit into 32 unsigned bits");
  CHECK(e.error(kUnsigned, "4294967296") == "value: 4294967296 does not fit into 32 unsigned bits");
  CHECK(e.error(kInt, "1.0") == "value: expects an integer");
  CHECK(e.error(kInt, "null") == "value: expects an integer");
  CHECK(e.error(e.inner, R"({"low":8})") == "value.low: 8 does not fit into 4 signed bits");
  CHECK(e.error(e.wide, R"("0x1ffffffffffffffffffffffffffffffff")") == "value: expects an integer");
  CHECK(e.error(0, "1") == "value: type 'void' has no values");
}

TEST_CASE("There must be room for the type") {
  const Everything e;
  std::vector<std::byte> data(3);
  const Status status = e.parse(kInt, "1", data);
  REQUIRE_FALSE(status);
  CHECK(status.error().message == "value: 3 bytes have no room for a 'int'");
}

TEST_CASE("A data section is read as it is printed, or with the variables as members") {
  Builder b = with_ints();
  const TypeId x = b.add_var("x", kInt), y = b.add_var("y", kInt);
  const TypeId id = b.add_datasec(".data", 8, {{x, 0, 4}, {y, 4, 4}});
  auto types = parsed(b);
  for (const char* json : {R"({".data":[{"x":1},{"y":2}]})", R"({"x":1,"y":2})"}) {
    std::vector<std::byte> data(8);
    REQUIRE(parse_value(*types, id, Json::parse(json), data));
    CHECK(std::to_integer<int>(data[0]) == 1);
    CHECK(std::to_integer<int>(data[4]) == 2);
  }
  std::vector<std::byte> data(8);
  CHECK(parse_value(*types, id, Json::parse(R"({"z":1})"), data).error().message ==
        "value.z: '.data' has no such variable");
}

TEST_CASE("A map's entries are read as they are printed in JSON, with and without types") {
  const MapShape plain{.key_size = 2, .value_size = 3};
  MapShape with_types{
      .key_size = 4, .value_size = 4, .types = parsed(with_ints()), .key_type = kUnsigned, .value_type = kInt};
  for (const MapShape& shape : {plain, with_types}) {
    for (auto format : {MapPrinter::Format::json, MapPrinter::Format::json_pretty}) {
      std::string text;
      MapPrinter printer(text, shape, format);
      const std::vector key(shape.key_size, std::byte{0xab}), value(shape.value_size, std::byte{0xcd});
      REQUIRE(printer.entry(key, value));
      REQUIRE(printer.entry(value, key).ok() == (key.size() == value.size()));
      if (key.size() != value.size()) continue;
      printer.finish();
      auto entries = parse_map(shape, text);
      REQUIRE(entries);
      REQUIRE(entries->size() == 2);
      CHECK((*entries)[0].key == key);
      CHECK((*entries)[1].value == key);
    }
  }
}

TEST_CASE("A map without types takes bytes") {
  auto entries = parse_map({.key_size = 2, .value_size = 1}, R"([{"key":["0x01",2],"value":[255]}])");
  REQUIRE(entries);
  CHECK((*entries)[0].key == std::vector{std::byte{1}, std::byte{2}});
  CHECK((*entries)[0].value == std::vector{std::byte{255}});
}

TEST_CASE("A per-CPU map takes a value for some CPUs or one for all") {
  const MapShape shape{
      .key_size = 4, .value_size = 4, .cpus = 3, .types = parsed(with_ints()), .key_type = kInt, .value_type = kInt};
  auto some = parse_map(shape, R"([{"key":1,"values":[{"cpu":2,"value":9}]}])");
  REQUIRE(some);
  CHECK((*some)[0].value.size() == 24);
  CHECK((*some)[0].value[0] == std::byte{0});
  CHECK((*some)[0].value[16] == std::byte{9});
  auto all = parse_map(shape, R"([{"key":1,"value":9}])");
  REQUIRE(all);
  CHECK((*all)[0].value[0] == std::byte{9});
  CHECK((*all)[0].value[16] == std::byte{9});
}

TEST_CASE("A broken map file is an error that names the place") {
  const MapShape shape{
      .key_size = 4, .value_size = 4, .cpus = 2, .types = parsed(with_ints()), .key_type = kInt, .value_type = kInt};
  const auto error = [&](std::string_view text) {
    auto entries = parse_map(shape, text);
    return entries ? "no error" : entries.error().message;
  };
  CHECK(error("[{").starts_with("parse error at line 1, column 3"));
  CHECK(error("").starts_with("parse error"));
  CHECK(error("[1e999]") != "no error");
  CHECK(error("\xff") != "no error");
  CHECK(error("{}") == "expects an array of entries");
  CHECK(error("[7]") == "[0]: expects an object with key and value");
  CHECK(error(R"([{"value":1}])") == "[0]: the key is missing");
  CHECK(error(R"([{"key":1}])") == "[0]: the value is missing");
  CHECK(error(R"([{"key":1,"value":1},{"key":"x","value":1}])") == "[1].key: expects an integer");
  CHECK(error(R"([{"key":1,"values":[{"cpu":2,"value":1}]}])") == "[0].values[0].cpu: expects a CPU from 0 to 1");
  CHECK(error(R"([{"key":1,"values":[{"cpu":0}]}])") == "[0].values[0]: expects an object with cpu and value");
  CHECK(error(R"([{"key":1,"values":7}])") == "[0].values: expects an array");
  auto bytes = parse_map({.key_size = 1, .value_size = 1}, R"([{"key":[1],"value":[256]}])");
  REQUIRE_FALSE(bytes);
  CHECK(bytes.error().message == "[0].value[0]: expects a byte");
}

TEST_CASE("Deeply nested JSON is no danger") {
  const MapShape shape{
      .key_size = 4, .value_size = 4, .types = parsed(with_ints()), .key_type = kInt, .value_type = kInt};
  std::string text = "[";
  for (int i = 0; i < 200000; ++i) text += R"({"formatted":)";
  text += "1" + std::string(200000, '}') + "]";
  CHECK_FALSE(parse_map(shape, text));
}

}  // namespace skep::btf
