// SPDX-License-Identifier: Apache-2.0
// Dynptrs in the checked interpreter: nothing but a helper makes one, and none outlives its memory.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cerrno>

#include "argument_test.hpp"

namespace skep::vm::testing {
namespace {

namespace make = isa::make;
using Catch::Matchers::EndsWith;

constexpr int kPlace = -16;  // of the dynptr, in the frame

/// Makes a dynptr to a record of 32 bytes.
isa::Code reserve_dynptr(int place = kPlace) {
  return make::lddw_map_fd(1, 1) + make::mov64_imm(2, 32) + make::mov64_imm(3, 0) + stack_pointer(4, place) +
         call(HelperId::ringbuf_reserve_dynptr);
}
isa::Code discard_dynptr() {
  return stack_pointer(1, kPlace) + make::mov64_imm(2, 0) + call(HelperId::ringbuf_discard_dynptr);
}
/// Makes a dynptr to `size` bytes at r1.
isa::Code from_memory(int size, int place = kPlace) {
  return make::mov64_imm(2, size) + make::mov64_imm(3, 0) + stack_pointer(4, place) + call(HelperId::dynptr_from_mem);
}
/// r1 = the first value of the array, which stays in r6.
isa::Code look_up() {
  return make::stw(10, -200, 0) + make::lddw_map_fd(1, 0) + stack_pointer(2, -200) + call(HelperId::map_lookup_elem) +
         make::mov64_reg(1, 0) + make::mov64_reg(6, 0);
}
isa::Code data() {
  return stack_pointer(1, kPlace) + make::mov64_imm(2, 0) + make::mov64_imm(3, 8) + call(HelperId::dynptr_data);
}
/// Reads 16 bytes through the dynptr to the stack.
isa::Code read(int to) {
  return stack_pointer(1, to) + make::mov64_imm(2, 16) + stack_pointer(3, kPlace) + make::mov64_imm(4, 0) +
         make::mov64_imm(5, 0) + call(HelperId::dynptr_read);
}
/// Writes 16 bytes from the stack through the dynptr.
isa::Code write(int from) {
  return stack_pointer(1, kPlace) + make::mov64_imm(2, 0) + stack_pointer(3, from) + make::mov64_imm(4, 16) +
         make::mov64_imm(5, 0) + call(HelperId::dynptr_write);
}

TEST_CASE("a forged dynptr is none") {
  ArgumentTest test;
  const isa::Code forged = make::stdw(10, -16, 0x1000) + make::stdw(10, -8, 64);
  CHECK_THAT(test.error(forged + data()).message, EndsWith("not an initialised dynptr"));
  CHECK_THAT(test.error(look_up() + from_memory(16) + make::stw(10, -8, 64) + data()).message,
             EndsWith("not an initialised dynptr"));
}

TEST_CASE("a dynptr cannot be changed through itself") {
  ArgumentTest test;
  const isa::Code made = look_up() + from_memory(16);
  CHECK(test.outcome(made + read(-32)).r0 == 0);
  CHECK(test.outcome(made + write(-32)).r0 == 0);
  for (const int overlap : {-31, -24, -16, -8}) {
    INFO(overlap);
    if (overlap <= -16)
      CHECK_THAT(test.error(made + read(overlap)).message, EndsWith("a dynptr cannot be given as memory"));
    const isa::Code one_byte = stack_pointer(1, overlap) + make::mov64_imm(2, overlap < -16 ? 16 : 1) +
                               make::mov64_imm(3, 0) + call(HelperId::probe_read_kernel);
    CHECK_THAT(test.error(made + one_byte).message, EndsWith("a dynptr cannot be given as memory"));
  }
}

TEST_CASE("dynptrs are made of map values only, as Linux has it") {
  ArgumentTest test;
  CHECK_THAT(test.error(stack_pointer(1, kPlace) + from_memory(16)).message, EndsWith("not a map value"));
  CHECK_THAT(test.error(reserve(16) + make::mov64_reg(1, 0) + from_memory(16)).message, EndsWith("not a map value"));
  CHECK(test.outcome(look_up() + from_memory(16) + data() + make::stdw(0, 0, 5) + make::ldxdw(0, 6, 0)).r0 == 5);
}

TEST_CASE("what is written over a dynptr ends it, unless it holds a record") {
  ArgumentTest test;
  const isa::Code local = look_up() + from_memory(16);
  const isa::Code rewrite = make::ldxdw(1, 10, kPlace) + make::stxdw(10, 1, kPlace);  // the same bytes again
  CHECK_THAT(test.error(local + rewrite + data()).message, EndsWith("not an initialised dynptr"));
  CHECK(test.outcome(local + make::mov64_reg(1, 6) + from_memory(8) + data() + make::mov64_imm(0, 3)).r0 == 3);
  CHECK_THAT(test.error(local + make::mov64_reg(1, 6) + from_memory(8, kPlace - 8) + data()).message,
             EndsWith("not an initialised dynptr"));
  constexpr auto kRefused = "it would overwrite a dynptr that holds a ring buffer record";
  CHECK_THAT(test.error(reserve_dynptr() + make::stb(10, -1, 0)).message, EndsWith(kRefused));
  CHECK_THAT(test.error(reserve_dynptr() + make::mov64_imm(1, 1) + make::atomic_add64(10, 1, -8)).message,
             EndsWith(kRefused));
  CHECK_THAT(test.error(reserve_dynptr() + reserve_dynptr(kPlace - 8)).message, EndsWith(kRefused));
  CHECK(test.outcome(reserve_dynptr() + make::stb(10, kPlace - 1, 0) + discard_dynptr() + make::mov64_imm(0, 3)).r0 ==
        3);
}

TEST_CASE("a record is reached through its dynptr until it ends") {
  ArgumentTest test;
  CHECK(test.outcome(reserve_dynptr() + data() + make::stdw(0, 0, 1) + discard_dynptr() + make::mov64_imm(0, 3)).r0 ==
        3);
  const isa::Code kept = reserve_dynptr() + data() + make::mov64_reg(7, 0) + discard_dynptr();
  CHECK(test.error(kept + make::stdw(7, 0, 1)).code == EFAULT);
  CHECK_THAT(test.error(kept + data()).message, EndsWith("not an initialised dynptr"));
  CHECK_THAT(test.error(look_up() + from_memory(16) + discard_dynptr()).message,
             EndsWith("the dynptr holds no ring buffer record"));
}

TEST_CASE("a dynptr goes with the frame that it lies in") {
  ArgumentTest test;
  // One function makes a dynptr and hands out its bytes, another one puts them at the same place again.
  const isa::Code makes = make::mov64_reg(7, 2) + from_memory(16) + make::ldxdw(1, 10, kPlace) + make::stxdw(7, 1, 0) +
                          make::ldxdw(1, 10, kPlace + 8) + make::stxdw(7, 1, 8) + make::exit();
  const isa::Code forges = make::ldxdw(1, 2, 0) + make::stxdw(10, 1, kPlace) + make::ldxdw(1, 2, 8) +
                           make::stxdw(10, 1, kPlace + 8) + data();
  const isa::Code rest = stack_pointer(2, -64) + make::call_local(int(makes.size()) + 1) + make::exit();
  const isa::Code main = look_up() + stack_pointer(2, -64) + make::call_local(int(rest.size())) + rest;
  CHECK_THAT(test.error(main + makes + forges).message, EndsWith("not an initialised dynptr"));
}

}  // namespace
}  // namespace skep::vm::testing
