// SPDX-License-Identifier: Apache-2.0
#include "vm/user_memory.hpp"

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

using namespace skep::vm;

TEST_CASE("Copying stops at memory that is not there") {
  GuardedPage page;
  char bytes[16] = "0123456789abcde";
  CHECK(copy_to_user(page.last(16), bytes, 16));
  char back[16] = {};
  CHECK(copy_from_user(back, page.last(16), 16));
  CHECK(std::memcmp(bytes, back, 16) == 0);
  CHECK_FALSE(copy_from_user(back, page.last(15), 16));
  CHECK_FALSE(copy_to_user(page.last(15), bytes, 16));
}

TEST_CASE("Wild addresses are refused") {
  char byte = 0;
  for (const uint64_t address :
       {uint64_t{0}, uint64_t{1}, uint64_t{0xffffffffffffffff}, uint64_t{0x8000000000000000}}) {
    CHECK_FALSE(copy_from_user(&byte, address, 1));
    CHECK_FALSE(copy_to_user(address, &byte, 1));
  }
}

TEST_CASE("Nothing can be copied anywhere") {
  CHECK(copy_from_user(nullptr, 0, 0));
  CHECK(copy_to_user(0, nullptr, 0));
}

TEST_CASE("Memory that is only readable cannot be written") {
  GuardedPage page;
  page.make_read_only();
  char byte = 0;
  CHECK(copy_from_user(&byte, page.last(1), 1));
  CHECK_FALSE(copy_to_user(page.last(1), &byte, 1));
}

TEST_CASE("Strings are read up to their NUL, which may be the last byte of a mapping") {
  GuardedPage page;
  const char text[] = "hello";
  REQUIRE(copy_to_user(page.last(sizeof text), text, sizeof text));
  std::string read;
  CHECK(copy_string_from_user(read, page.last(sizeof text), 4096));
  CHECK(read == "hello");
  CHECK(copy_string_from_user(read, page.last(sizeof text), 3));
  CHECK(read == "hel");
  REQUIRE(copy_to_user(page.last(1), "x", 1));
  CHECK_FALSE(copy_string_from_user(read, page.last(sizeof text), 4096));
  CHECK_FALSE(copy_string_from_user(read, 0, 4096));
}
