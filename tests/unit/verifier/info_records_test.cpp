// SPDX-License-Identifier: Apache-2.0
#include "verifier/info_records.hpp"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <cstring>

using namespace skep;
using namespace skep::verifier;

namespace {

template <size_t size>
std::span<const std::byte> bytes(const std::array<uint32_t, size>& words) {
  return std::as_bytes(std::span(words));
}

}  // namespace

TEST_CASE("records of our size are read") {
  const auto records = read_func_info(bytes(std::array<uint32_t, 4>{0, 7, 5, 9}), 8);
  REQUIRE(records.ok());
  REQUIRE(records->size() == 2);
  CHECK((*records)[1].insn_off == 5);
  CHECK((*records)[1].type_id == 9);
}

TEST_CASE("longer records are read if the rest says nothing") {
  CHECK(read_func_info(bytes(std::array<uint32_t, 3>{0, 7, 0}), 12)->size() == 1);
  const auto newer = read_func_info(bytes(std::array<uint32_t, 3>{0, 7, 1}), 12);
  REQUIRE_FALSE(newer.ok());
  CHECK(newer.error().code == E2BIG);
  CHECK(read_line_info(bytes(std::array<uint32_t, 5>{0, 1, 2, 3, 1}), 20).error().code == E2BIG);
}

TEST_CASE("record sizes that cannot be are refused") {
  const std::array<uint32_t, 64> words{};
  for (const uint32_t size : {0u, 4u, 9u, 256u, 0xffffffffu}) {
    CAPTURE(size);
    REQUIRE_FALSE(read_func_info(bytes(words), size).ok());
    CHECK(read_func_info(bytes(words), size).error().code == EINVAL);
  }
  CHECK_FALSE(read_line_info(bytes(words), 8).ok());
  CHECK_FALSE(read_func_info(bytes(std::array<uint32_t, 3>{}), 8).ok());
}

TEST_CASE("no records are fine") { CHECK(read_line_info({}, 16)->empty()); }
