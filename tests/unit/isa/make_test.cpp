// SPDX-License-Identifier: Apache-2.0
#include "isa/make.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace skep::isa;

TEST_CASE("builders put operands into their fields") {
  CHECK(make::add64_imm(3, -1) == Code{{.code = 0x07, .dst = 3, .imm = -1}});
  CHECK(make::sdiv32_reg(1, 2) == Code{{.code = 0x3c, .dst = 1, .src = 2, .off = 1}});
  CHECK(make::stdw(10, -8, 5) == Code{{.code = 0x7a, .dst = 10, .off = -8, .imm = 5}});
  CHECK(make::jeq64_imm(1, 5, -3) == Code{{.code = 0x15, .dst = 1, .off = -3, .imm = 5}});
  CHECK(make::gotol(-70000) == Code{{.code = 0x06, .imm = -70000}});
  CHECK(make::call_kfunc(77, 1) == Code{{.code = 0x85, .src = 2, .off = 1, .imm = 77}});
  CHECK(make::atomic_fetch_add64(1, 2, 8) == Code{{.code = 0xdb, .dst = 1, .src = 2, .off = 8, .imm = 1}});
}

TEST_CASE("builders of wide instructions give two words") {
  CHECK(make::lddw(1, 0x1122334455667788) == Code{{.code = 0x18, .dst = 1, .imm = 0x55667788}, {.imm = 0x11223344}});
  CHECK(make::lddw(1, -2) == Code{{.code = 0x18, .dst = 1, .imm = -2}, {.imm = -1}});
  CHECK(make::lddw_map_fd(1, 4) == Code{{.code = 0x18, .dst = 1, .src = 1, .imm = 4}, {}});
  CHECK(make::lddw_map_value(1, 4, 16) == Code{{.code = 0x18, .dst = 1, .src = 2, .imm = 4}, {.imm = 16}});
}

TEST_CASE("programs are concatenated") {
  const Code code = make::mov64_imm(0, 1) + make::lddw(1, 2) + make::exit();
  REQUIRE(code.size() == 4);
  CHECK(code[3] == Insn{.code = 0x95});
}
