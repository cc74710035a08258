// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <set>

#include "forms.hpp"
#include "isa/decode.hpp"

using namespace skep::isa;

TEST_CASE("every form of the table is classified as itself, whatever its open fields hold") {
  for (const OpInfo& row : kOpTable)
    for (const Code& code : test::edge_cases(row)) {
      INFO(row.name);
      CHECK(classify(code[0]) == row.op);
    }
}

TEST_CASE("forms have names of their own") {
  std::set<std::string_view> names;
  for (const OpInfo& row : kOpTable) names.insert(row.name);
  CHECK(names.size() == kOps);
}

TEST_CASE("opcodes are those of RFC 9669, appendix A") {
  CHECK(classify({.code = 0x07}) == Op::add64_imm);
  CHECK(classify({.code = 0x3c, .off = 1}) == Op::sdiv32_reg);
  CHECK(classify({.code = 0x61}) == Op::ldxw);
  CHECK(classify({.code = 0x99}) == Op::invalid);  // a sign-extending load of 64 bits
  CHECK(classify({.code = 0xbc, .off = 16}) == Op::movsx16_32);
  CHECK(classify({.code = 0xd4, .imm = 16}) == Op::le16);
  CHECK(classify({.code = 0xd7, .imm = 64}) == Op::bswap64);
  CHECK(classify({.code = 0xdb, .imm = 0xf1}) == Op::atomic_cmpxchg64);
  CHECK(classify({.code = 0xd3, .imm = 0x100}) == Op::load_acquire8);
  CHECK(classify({.code = 0x06}) == Op::gotol);
  CHECK(classify({.code = 0x85, .src = 1}) == Op::call_local);
}

TEST_CASE("a discriminating field without a meaning makes a word invalid") {
  CHECK(classify({.code = 0xbf, .off = 7}) == Op::invalid);
  CHECK(classify({.code = 0x18, .src = 7}) == Op::invalid);
  CHECK(classify({.code = 0xd7, .imm = 8}) == Op::invalid);
  CHECK(classify({.code = 0xd3, .imm = 0}) == Op::invalid);  // an atomic addition of 8 bits
  CHECK(classify({.code = 0x85, .src = 3}) == Op::invalid);
  CHECK(classify({.code = 0xff}) == Op::invalid);
}

TEST_CASE("a program is decoded from its bytes and encoded to the same") {
  const unsigned char bytes[] = {0x63, 0x1a, 0xf8, 0xff, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0};
  const auto program = decode(std::as_bytes(std::span(bytes)));
  REQUIRE(program);
  CHECK(*program == make::stxw(10, 1, -8) + make::exit());
  const auto again = encode(*program);
  CHECK(std::equal(again.begin(), again.end(), std::as_bytes(std::span(bytes)).begin()));
}

TEST_CASE("a program that is no whole number of words is refused") {
  const std::byte bytes[9] = {};
  CHECK(decode(std::span(bytes)).error().message == "program size of 9 bytes is not a multiple of 8");
  CHECK(decode({})->empty());
}
