// SPDX-License-Identifier: Apache-2.0
#include "vm/commands/log.hpp"

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

using namespace skep::vm;
using skep::vm::commands::Log;

TEST_CASE("A log wants level, buffer and size together") {
  char text[8];
  const uint64_t buffer = address_of(text);
  CHECK(Log(0, 0, 0).valid());
  CHECK(Log(1, buffer, 8).valid());
  CHECK(Log(1, 0, 0).valid());
  CHECK_FALSE(Log(0, buffer, 8).valid());
  CHECK_FALSE(Log(1, buffer, 0).valid());
  CHECK_FALSE(Log(1, 0, 8).valid());
  CHECK_FALSE(Log(16, buffer, 8).valid());
  CHECK(Log(1, buffer, 0x3fffffff).valid());
  CHECK_FALSE(Log(1, buffer, 0x40000000).valid());
}

TEST_CASE("A log that is too long keeps its end, or its beginning if asked to") {
  char text[8] = {};
  uint32_t size = 0;
  Log end(Log::kLevel1, address_of(text), sizeof text);
  end.add("0123456789");
  CHECK(end.finish(size) == -ENOSPC);
  CHECK(std::string_view(text) == "3456789");
  CHECK(size == 11);

  Log beginning(Log::kLevel1 | Log::kFixed, address_of(text), sizeof text);
  beginning.add("0123456789");
  CHECK(beginning.finish(size) == -ENOSPC);
  CHECK(std::string_view(text) == "0123456");
  CHECK(size == 11);
}

TEST_CASE("A log that fits is whole, and one without a buffer tells its size") {
  char text[11] = {};
  uint32_t size = 0;
  Log whole(Log::kLevel1, address_of(text), sizeof text);
  whole.add("01234");
  whole.add("56789");
  CHECK(whole.finish(size) == 0);
  CHECK(std::string_view(text) == "0123456789");
  Log none(Log::kLevel1, 0, 0);
  none.add("0123456789");
  CHECK(none.finish(size) == 0);
  CHECK(size == 11);
  Log silent(0, 0, 0);
  silent.add("text");
  CHECK(silent.finish(size) == 0);
  CHECK(size == 0);
}

TEST_CASE("A log whose buffer is not there is EFAULT") {
  uint32_t size = 0;
  Log log(Log::kLevel1, 1, 8);
  log.add("text");
  CHECK(log.finish(size) == -EFAULT);
  CHECK(size == 5);
}
