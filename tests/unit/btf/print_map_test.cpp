// SPDX-License-Identifier: Apache-2.0
#include "btf/print_map.hpp"

#include <cerrno>
#include <numeric>

#include "support.hpp"

namespace skep::btf {
namespace {

std::vector<std::byte> counting(size_t size, uint8_t first = 0) {
  std::vector<std::byte> bytes(size);
  for (std::byte& b : bytes) b = std::byte{first++};
  return bytes;
}

MapShape typed(uint32_t cpus = 0) {
  return {.key_size = 4,
          .value_size = 4,
          .cpus = cpus,
          .types = parsed(with_ints()),
          .key_type = kUnsigned,
          .value_type = kInt};
}

std::string printed(MapShape shape, MapPrinter::Format format, std::span<const std::byte> key,
                    std::span<const std::byte> value) {
  std::string out;
  MapPrinter printer(out, std::move(shape), format);
  const Status status = printer.entry(key, value);
  if (!status) FAIL(status.error().message);
  printer.finish();
  return out;
}

}  // namespace

TEST_CASE("Without BTF a short entry is one line of hexadecimal bytes") {
  CHECK(printed({.key_size = 4, .value_size = 8}, MapPrinter::Format::text, counting(4), counting(8, 0xf8)) ==
        "key: 00 01 02 03  value: f8 f9 fa fb fc fd fe ff\nFound 1 element\n");
}

TEST_CASE("Without BTF long keys and values stand below their names, in columns") {
  CHECK(printed({.key_size = 4, .value_size = 20}, MapPrinter::Format::text, counting(4), counting(20)) ==
        "key:\n00 01 02 03\nvalue:\n"
        "00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f\n10 11 12 13\nFound 1 element\n");
}

TEST_CASE("Without BTF a middling entry has two lines") {
  CHECK(printed({.key_size = 12, .value_size = 16}, MapPrinter::Format::text, counting(12), counting(16)) ==
        "key: 00 01 02 03 04 05 06 07  08 09 0a 0b\n"
        "value: 00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f\nFound 1 element\n");
}

TEST_CASE("Without BTF a per-CPU entry has a line for each CPU") {
  CHECK(printed({.key_size = 4, .value_size = 4, .cpus = 2}, MapPrinter::Format::text, counting(4), counting(16)) ==
        "key:\n00 01 02 03\nvalue (CPU 00): 00 01 02 03\nvalue (CPU 01): 08 09 0a 0b\nFound 1 element\n");
}

TEST_CASE("A map of maps shows the inner map's id") {
  const MapShape shape{.key_size = 4, .value_size = 4, .holds = MapShape::Holds::maps};
  const std::vector<std::byte> id = {std::byte{7}, {}, {}, {}};
  CHECK(printed(shape, MapPrinter::Format::text, counting(4), id) ==
        "key: 00 01 02 03  inner_map_id: 7 \nFound 1 element\n");
  CHECK(printed(shape, MapPrinter::Format::json, counting(4), id) ==
        R"([{"key":["0x00","0x01","0x02","0x03"],"value":["0x07","0x00","0x00","0x00"],"inner_map_id":7}])"
        "\n");
}

TEST_CASE("With BTF entries are objects by their types") {
  CHECK(printed(typed(), MapPrinter::Format::text, std::vector(4, std::byte{1}), std::vector(4, std::byte{0xff})) ==
        "[{\n        \"key\": 16843009,\n        \"value\": -1\n    }\n]\n");
}

TEST_CASE("With BTF a per-CPU entry lists the CPUs") {
  CHECK(printed(typed(2), MapPrinter::Format::text, std::vector<std::byte>(4), std::vector<std::byte>(16)) ==
        "[{\n        \"key\": 0,\n        \"values\": [{\n                \"cpu\": 0,\n                \"value\": 0\n"
        "            },{\n                \"cpu\": 1,\n                \"value\": 0\n            }\n        ]\n    "
        "}\n]\n");
}

TEST_CASE("JSON has the bytes and, with BTF, the values") {
  CHECK(printed(typed(), MapPrinter::Format::json, counting(4), std::vector(4, std::byte{0xff})) ==
        R"([{"key":["0x00","0x01","0x02","0x03"],"value":["0xff","0xff","0xff","0xff"],)"
        R"("formatted":{"key":50462976,"value":-1}}])"
        "\n");
}

TEST_CASE("An empty map is an empty list") {
  std::string out;
  MapPrinter(out, typed(), MapPrinter::Format::text).finish();
  CHECK(out == "[]\n");
  out.clear();
  MapPrinter(out, {.key_size = 4, .value_size = 4}, MapPrinter::Format::text).finish();
  CHECK(out == "Found 0 elements\n");
}

TEST_CASE("The output may be taken away between entries") {
  std::string out, whole;
  MapPrinter printer(out, typed(), MapPrinter::Format::json);
  for (int i = 0; i < 2; ++i) {
    REQUIRE(printer.entry(counting(4), counting(4)));
    whole += std::exchange(out, {});
  }
  printer.finish();
  whole += out;
  std::string at_once;
  MapPrinter again(at_once, typed(), MapPrinter::Format::json);
  REQUIRE(again.entry(counting(4), counting(4)));
  REQUIRE(again.entry(counting(4), counting(4)));
  again.finish();
  CHECK(whole == at_once);
}

TEST_CASE("A failed look-up says why, except in maps of maps") {
  std::string out;
  MapPrinter columns(out, {.key_size = 4, .value_size = 4}, MapPrinter::Format::text);
  columns.missing(counting(4), ENOENT);
  CHECK(out == "key: 00 01 02 03  value: <no entry>\n");
  out.clear();
  MapPrinter json(out, typed(), MapPrinter::Format::json);
  json.missing(counting(4), EPERM);
  CHECK(out == R"([{"key":["0x00","0x01","0x02","0x03"],"value":{"error":"Operation not permitted"}})");
  out.clear();
  MapPrinter maps(out, {.key_size = 4, .value_size = 4, .holds = MapShape::Holds::maps}, MapPrinter::Format::text);
  maps.missing(counting(4), ENOENT);
  CHECK(out.empty());
}

TEST_CASE("A key or value of the wrong size is an error") {
  std::string out;
  MapPrinter printer(out, typed(), MapPrinter::Format::text);
  CHECK(printer.entry(counting(3), counting(4)).error().message == "a key of 3 bytes, not of 4");
  MapPrinter per_cpu(out, typed(2), MapPrinter::Format::json);
  CHECK(per_cpu.entry(counting(4), counting(4)).error().message == "a value of 4 bytes, not of 16");
}

}  // namespace skep::btf
