// SPDX-License-Identifier: Apache-2.0
#include "skep/error.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <memory>

using namespace skep;

TEST_CASE("the text of an error names every known part of its place") {
  const Error error{EINVAL, "R11 is invalid", "a.bpf.o", "main", 7, "a.c:12: x = y;"};
  CHECK(error.text() == "a.bpf.o: main: insn 7 (a.c:12: x = y;): R11 is invalid (EINVAL)");
}

TEST_CASE("the text of an error leaves unknown parts out") {
  CHECK(Error{ENOENT, "no such map"}.text() == "no such map (ENOENT)");
  CHECK(Error{.code = EPERM, .message = "denied", .insn = 0}.text() == "insn 0: denied (EPERM)");
  CHECK(Error{.code = EINVAL, .message = "bad", .source = "line 3: x"}.text() == "line 3: x: bad (EINVAL)");
  CHECK(Error{.message = "only a sentence"}.text() == "only a sentence");
  CHECK(Error{.code = EIO}.text() == "(EIO)");
}

TEST_CASE("errno values have their symbolic names") {
  CHECK(errno_name(EACCES) == "EACCES");
  CHECK(errno_name(E2BIG) == "E2BIG");
  CHECK(errno_name(kENOTSUPP) == "ENOTSUPP");
  CHECK(errno_name(100000) == "errno 100000");
  CHECK(errno_name(0) == "errno 0");
  CHECK(errno_name(-EINVAL) == "errno -22");
}

TEST_CASE("a result holds a value that can only be moved") {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(5);
  REQUIRE(result);
  CHECK(*std::move(result).value() == 5);
}
