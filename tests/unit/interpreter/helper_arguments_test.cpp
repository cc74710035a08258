// SPDX-License-Identifier: Apache-2.0
// Arguments of helpers in the checked interpreter: what a prototype asks for, and what is said otherwise.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cerrno>
#include <cstdint>

#include "argument_test.hpp"
#include "maps/flags.hpp"
#include "maps/ringbuf.hpp"

namespace skep::vm::testing {
namespace {

namespace make = isa::make;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

TEST_CASE("a number is no map") {
  ArgumentTest test;
  const Error error = test.error(make::lddw(1, 0x414141) + stack_pointer(2, -8) + call(HelperId::map_lookup_elem));
  CHECK(error.code == EFAULT);
  CHECK(error.message == "bpf_map_lookup_elem: r1 = 0x414141: not a map of the program");
  CHECK(error.insn == 4);
}

TEST_CASE("a map must be of a type that goes with the helper") {
  ArgumentTest test;
  CHECK_THAT(test.error(make::lddw_map_fd(1, 1) + stack_pointer(2, -8) + call(HelperId::map_lookup_elem)).message,
             EndsWith("maps of type ringbuf do not go with this helper"));
  CHECK_THAT(test.error(make::lddw_map_fd(1, 0) + make::mov64_imm(2, 8) + make::mov64_imm(3, 0) +
                        call(HelperId::ringbuf_reserve))
                 .message,
             EndsWith("maps of type array do not go with this helper"));
  CHECK_THAT(test.error(make::lddw_map_fd(2, 0) + make::mov64_imm(3, 0) + call(HelperId::tail_call)).message,
             EndsWith("maps of type array do not go with this helper"));
}

TEST_CASE("keys and values must be memory of the map's sizes") {
  ArgumentTest test;
  const isa::Code map = make::lddw_map_fd(1, 0);
  CHECK_THAT(test.error(map + make::mov64_imm(2, 0) + call(HelperId::map_lookup_elem)).message,
             EndsWith("r2 = 0x0: the helper reads 4 bytes there: a null pointer"));
  CHECK_THAT(test.error(map + stack_pointer(2, -2) + call(HelperId::map_lookup_elem)).message,
             EndsWith("the helper reads 4 bytes there: 2 bytes past the end of stack frame 0 (512 bytes)"));
  CHECK_THAT(test.error(map + stack_pointer(2, -4) + stack_pointer(3, -8) + make::mov64_imm(4, 0) +
                        call(HelperId::map_update_elem))
                 .message,
             EndsWith("the helper reads 16 bytes there: 8 bytes past the end of stack frame 0 (512 bytes)"));
}

TEST_CASE("a size is checked with its memory, whatever it is") {
  ArgumentTest test;
  const auto trace = [&](int64_t size) {
    return test.error(stack_pointer(1, -8) + make::lddw(2, size) + call(HelperId::trace_printk));
  };
  CHECK_THAT(trace(0).message, EndsWith("r2 = 0x0: the size must not be 0"));
  for (const int64_t size : {int64_t{9}, int64_t{1} << 32, int64_t{INT32_MAX}, int64_t{-1}, INT64_MIN}) {
    INFO(size);
    CHECK_THAT(trace(size).message, StartsWith("bpf_trace_printk: r1 = 0x"));
  }
}

TEST_CASE("a null pointer is memory of no bytes") {
  ArgumentTest test;
  const auto difference = [&](int size) {
    return test.outcome(make::mov64_imm(1, 0) + make::mov64_imm(2, size) + make::mov64_imm(3, 0) +
                        make::mov64_imm(4, 0) + make::mov64_imm(5, 0) + call(HelperId::csum_diff));
  };
  CHECK(difference(0).r0 == 0);
  CHECK_THAT(difference(64).error.message, EndsWith("r1 = 0x0: the helper reads 64 bytes there: a null pointer"));
}

TEST_CASE("only the context is a context, and it is no memory") {
  ArgumentTest test;
  const isa::Code load =
      make::mov64_imm(2, 0) + stack_pointer(3, -8) + make::mov64_imm(4, 8) + call(HelperId::skb_load_bytes);
  CHECK(test.outcome(load).r0 == 0);
  CHECK_THAT(test.error(make::add64_imm(1, 8) + load).message, EndsWith("not the context"));
  CHECK_THAT(test.error(make::mov64_reg(6, 1) + make::lddw_map_fd(1, 0) + make::mov64_reg(2, 6) +
                        call(HelperId::map_lookup_elem))
                 .message,
             EndsWith("the context (192 bytes) cannot be given as memory"));
}

TEST_CASE("callbacks must be functions") {
  ArgumentTest test;
  const Error error = test.error(make::mov64_imm(1, 1) + make::lddw(2, 0x1000) + make::mov64_imm(3, 0) +
                                 make::mov64_imm(4, 0) + call(HelperId::loop));
  CHECK(error.message == "bpf_loop: r2 = 0x1000: not a function of the program");
}

TEST_CASE("a record is the program's from reserve to submit") {
  ArgumentTest test;
  CHECK(
      test.outcome(reserve(24) + make::stdw(0, 16, 1) + make::mov64_reg(1, 0) + submit() + make::mov64_imm(0, 5)).r0 ==
      5);
  CHECK_THAT(test.error(reserve(24) + make::stdw(0, 24, 1)).message,
             EndsWith("8 bytes past the end of record of ring buffer 'ring' (24 bytes)"));
  const isa::Code kept = reserve(24) + make::mov64_reg(6, 0) + make::mov64_reg(1, 0) + submit();
  CHECK(test.error(kept + make::stdw(6, 0, 1)).code == EFAULT);
  CHECK_THAT(test.error(kept + make::mov64_reg(1, 6) + submit()).message,
             EndsWith("not a record that the program has reserved"));
  CHECK_THAT(test.error(reserve(24) + make::mov64_reg(1, 0) + make::add64_imm(1, 8) + submit()).message,
             EndsWith("not a record that the program has reserved"));
}

TEST_CASE("a record that is left reserved is discarded at the end") {
  ArgumentTest test;
  auto& ring = static_cast<maps::Ringbuf&>(*test.maps[1]);
  size_t received = 0;
  // The ring has room for one such record: the next run gets none unless the consumer could skip the last one.
  for (int i = 0; i < 3; ++i) {
    CHECK(test.outcome(reserve(3000) + make::jeq64_imm(0, 0, 2) + make::mov64_imm(0, 1) + make::exit()).r0 == 1);
    ring.consume([&received](std::span<const std::byte>) { ++received; });
  }
  CHECK(received == 0);
}

/// An array of one value with a text, read-only for programs.
std::shared_ptr<maps::Map> text_map(Vm& vm) {
  const auto map = *maps::Map::create({.type = MapType::array,
                                       .key_size = 4,
                                       .value_size = 16,
                                       .max_entries = 1,
                                       .flags = maps::kFlagRdonlyProg,
                                       .name = ".rodata"},
                                      vm);
  const uint32_t key = 0;
  constexpr std::string_view kText("abcdefg\0xxxxxxxx", 16);  // no end behind the first
  REQUIRE(map->host_update(&key, kText.data(), 0) == 0);
  return map;
}

TEST_CASE("a constant string lies where nobody can write, and has an end") {
  ArgumentTest test;
  test.maps.push_back(text_map(*test.vm));
  const auto compare = [](const isa::Code& to_r3) {
    return make::stw(10, -4, 0x64636261) + stack_pointer(1, -4) + make::mov64_imm(2, 4) + to_r3 +
           call(HelperId::strncmp);
  };
  const auto in_map = [&](int map, int offset) { return compare(make::lddw_map_value(3, map, offset)); };
  CHECK_THAT(test.error(in_map(2, 0)).message, EndsWith("not in a frozen read-only map"));
  REQUIRE(test.maps[2]->freeze() == 0);
  CHECK(test.outcome(in_map(2, 0)).r0 == 0);
  CHECK(test.outcome(in_map(2, 3)).r0 == UINT64_MAX);
  CHECK_THAT(test.error(compare(stack_pointer(3, -4))).message, EndsWith("not in a frozen read-only map"));
  CHECK_THAT(test.error(compare(make::mov64_imm(3, 0))).message, EndsWith("a null pointer"));
}

TEST_CASE("a constant string without end is refused") {
  ArgumentTest test;
  test.maps.push_back(text_map(*test.vm));
  REQUIRE(test.maps[2]->freeze() == 0);
  CHECK_THAT(test.error(make::stw(10, -4, 0) + stack_pointer(1, -4) + make::mov64_imm(2, 4) +
                        make::lddw_map_value(3, 2, 8) + call(HelperId::strncmp))
                 .message,
             EndsWith("a string without end in map value '.rodata' (16 bytes)"));
}

TEST_CASE("registers that a helper does not return are destroyed") {
  ArgumentTest test;
  const Error error =
      test.error(make::mov64_imm(0, 0) + make::mov64_reg(6, 1) + call(HelperId::ktime_get_ns) + make::ldxw(0, 1, 0));
  CHECK_THAT(error.message, EndsWith("the call before has destroyed the register"));
}

TEST_CASE("a helper that changes the packet changes what the program reaches") {
  ArgumentTest test;
  constexpr int kSkbData = 76;
  const isa::Code grow = make::mov64_reg(6, 1) + make::mov64_imm(2, 100) + make::mov64_imm(3, 0) +
                         call(HelperId::skb_change_tail) + make::ldxw(2, 6, kSkbData);
  CHECK(test.outcome(grow + make::ldxb(0, 2, 99)).r0 == 0);
  CHECK_THAT(test.error(grow + make::ldxb(0, 2, 100)).message,
             EndsWith("1 byte past the end of the packet (100 bytes)"));
}

TEST_CASE("a spin lock is a field of a map value, and nothing else") {
  ArgumentTest test;
  CHECK_THAT(test.error(stack_pointer(1, -8) + call(HelperId::spin_lock)).message,
             EndsWith("not the struct bpf_spin_lock of a map value"));
}

}  // namespace
}  // namespace skep::vm::testing
