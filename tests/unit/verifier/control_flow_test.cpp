// SPDX-License-Identifier: Apache-2.0
#include "verifier/control_flow.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cerrno>

#include "isa/make.hpp"

using namespace skep;
using namespace skep::isa;

namespace {

std::string verdict(const Code& code, bool bpf_capable = true) {
  const Status status = verifier::check_control_flow(code, bpf_capable);
  return status ? "fine" : status.error().message;
}

}  // namespace

TEST_CASE("every instruction must be reachable") {
  CHECK(verdict(make::mov64_imm(0, 0) + make::exit()) == "fine");
  CHECK(verdict(make::exit() + make::exit()) == "unreachable insn 1");
  CHECK(verdict(make::ja(1) + make::mov64_imm(0, 0) + make::exit()) == "unreachable insn 1");
  CHECK(verdict(make::gotol(1) + make::mov64_imm(0, 0) + make::exit()) == "unreachable insn 1");
}

TEST_CASE("both ways of a branch are reachable") {
  CHECK(verdict(make::jeq64_imm(1, 0, 1) + make::exit() + make::exit()) == "fine");
  CHECK(verdict(make::may_goto(1) + make::exit() + make::exit()) == "fine");
}

TEST_CASE("called functions and callbacks are reachable") {
  CHECK(verdict(make::call_local(1) + make::exit() + make::mov64_imm(0, 0) + make::exit()) == "fine");
  CHECK(verdict(make::lddw_func(1, 2) + make::exit() + make::exit()) == "fine");
}

TEST_CASE("the second word of a wide instruction is no instruction") {
  CHECK(verdict(make::lddw(1, 0x1122334455667788) + make::exit()) == "fine");
  CHECK(verdict(make::exit() + make::lddw(1, 0) + make::exit()) == "unreachable insn 1");
}

TEST_CASE("loops are for privileged programs") {
  const Code loop = make::mov64_imm(0, 0) + make::add64_imm(0, 1) + make::jlt64_imm(0, 10, -2) + make::exit();
  CHECK(verdict(loop) == "fine");
  CHECK(verdict(loop, false) == "back-edge from insn 2 to 1");
  CHECK(verdict(make::ja(-1), false) == "back-edge from insn 0 to 0");
  CHECK(verdict(make::jeq64_imm(1, 0, 1) + make::mov64_imm(0, 1) + make::exit(), false) == "fine");
}

TEST_CASE("a million instructions are walked without deep recursion") {
  Code code(999'999, make::mov64_imm(0, 0)[0]);
  CHECK(verdict(code + make::exit()) == "fine");
}
