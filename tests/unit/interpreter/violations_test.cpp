// SPDX-License-Identifier: Apache-2.0
// What the checked interpreter says of memory that a program may not touch.
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cerrno>
#include <cstdint>

#include "engines.hpp"

namespace skep::vm::testing {
namespace {

namespace make = isa::make;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

/// 16 bytes on their own page of the process's memory would not matter: only what was granted counts.
struct Memory {
  alignas(16) std::array<std::byte, 48> surroundings{};
  std::span<std::byte> bytes = std::span(surroundings).subspan(16, 16);
};

struct Case {
  isa::Code access;  // on memory of 16 bytes at r1
  std::string start, end;
};

TEST_CASE("an access outside of memory names kind, size, distance and region") {
  const Case cases[] = {
      {make::ldxw(0, 1, 16), "read of 4 bytes at 0x", ": 4 bytes past the end of memory (16 bytes)"},
      {make::ldxdw(0, 1, 12), "read of 8 bytes at 0x", ": 4 bytes past the end of memory (16 bytes)"},
      {make::ldxb(0, 1, 16), "read of 1 byte at 0x", ": 1 byte past the end of memory (16 bytes)"},
      {make::ldxh(0, 1, -2), "read of 2 bytes at 0x", ": 2 bytes before the start of memory (16 bytes)"},
      {make::ldxdw(0, 1, -4), "read of 8 bytes at 0x", ": 4 bytes before the start of memory (16 bytes)"},
      {make::stdw(1, 9, 0), "write of 8 bytes at 0x", ": 1 byte past the end of memory (16 bytes)"},
      {make::stxb(1, 0, 20), "write of 1 byte at 0x", ": 5 bytes past the end of memory (16 bytes)"},
      {make::atomic_add64(1, 0, 16), "write of 8 bytes at 0x", ": 8 bytes past the end of memory (16 bytes)"},
      {make::atomic_add64(1, 0, 4), "write of 8 bytes at 0x", ": an atomic operation must be aligned to its size"},
      {make::ldxdw(0, 10, 0), "read of 8 bytes at 0x", ": 8 bytes past the end of stack frame 0 (512 bytes)"},
      {make::stxdw(10, 0, -520), "write of 8 bytes at 0x", ": 8 bytes before the start of stack frame 0 (512 bytes)"},
      {make::stxdw(10, 0, -4), "write of 8 bytes at 0x", ": 4 bytes past the end of stack frame 0 (512 bytes)"},
      {make::mov64_imm(1, 0) + make::ldxw(0, 1, 8), "read of 4 bytes at 0x8: ", "a null pointer"},
      {make::lddw(1, 0x4141414141414141) + make::stxb(1, 0, 0),
       "write of 1 byte at 0x4141414141414141: ", "no memory of the program is near"},
      {make::mov64_imm(1, -1) + make::ldxdw(0, 1, 0),
       "read of 8 bytes at 0xffffffffffffffff: ", "no memory of the program is near"},
      {make::mov64_imm(1, -8) + make::stxdw(1, 0, 4),
       "write of 8 bytes at 0xfffffffffffffffc: ", "no memory of the program is near"},
  };
  for (const Case& c : cases) {
    Memory memory;
    const Error error = checked_error(make::mov64_imm(0, 0) + c.access + make::exit(), memory.bytes);
    CHECK(error.code == EFAULT);
    CHECK_THAT(error.message, StartsWith(c.start));
    CHECK_THAT(error.message, EndsWith(c.end));
    CHECK(error.insn >= 1);
    CHECK(error.program == "raw");
  }
}

TEST_CASE("the borders of memory are inside") {
  Memory memory;
  CHECK(run_everywhere(
            make::stb(1, 0, 1) + make::stb(1, 15, 2) + make::ldxdw(0, 1, 8) + make::rsh64_imm(0, 56) + make::exit(),
            memory.bytes) == 2);
}

TEST_CASE("a register that a call has destroyed is no pointer") {
  const isa::Code code = make::mov64_reg(6, 1) + make::call_local(2) + make::ldxb(0, 1, 3) + make::exit() +
                         make::mov64_imm(0, 0) + make::exit();
  Memory memory;
  const Error error = checked_error(code, memory.bytes);
  CHECK_THAT(error.message, EndsWith("the call before has destroyed the register"));
  CHECK(error.insn == 2);
}

TEST_CASE("the frame of a function that has returned is gone") {
  const isa::Code code = make::call_local(2) + make::ldxdw(0, 0, 0) + make::exit() + make::mov64_reg(0, 10) +
                         make::add64_imm(0, -8) + make::stdw(0, 0, 5) + make::exit();
  const Error error = checked_error(code);
  CHECK(error.insn == 1);
  CHECK_THAT(error.message, EndsWith("past the end of stack frame 0 (512 bytes)"));
}

TEST_CASE("a new frame holds nothing of an old one") {
  const isa::Code code = make::call_local(3) + make::call_local(4) + make::exit() + make::exit() +
                         make::stdw(10, -8, 77) + make::exit() + make::ldxdw(0, 10, -8) + make::exit();
  const std::shared_ptr<Vm> vm = make_vm();
  CHECK(run(kChecked, *vm, *raw_program(code)).r0 == 0);
}

TEST_CASE("memory of no size cannot be touched") {
  CHECK(checked_error(make::ldxb(0, 1, 0) + make::exit()).code == EFAULT);
}

}  // namespace
}  // namespace skep::vm::testing
