// SPDX-License-Identifier: Apache-2.0
// Fields of values that belong to the system, in the checked interpreter: programs reach them through helpers only.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cerrno>

#include "argument_test.hpp"
#include "btf/builder.hpp"
#include "maps/flags.hpp"

namespace skep::vm::testing {
namespace {

namespace make = isa::make;
using Catch::Matchers::EndsWith;

/// Offsets in the value: n, lock, p (kptr), q (kptr_untrusted), tail.
constexpr int kLock = 4, kPointer = 8, kUntrusted = 16, kTail = 24;

/// Map 0 is an array of one value with special fields.
struct FieldsTest : ArgumentTest {
  FieldsTest() {
    btf::Builder b;
    const btf::TypeId u32 = b.add_int("unsigned int", 4);
    const btf::TypeId u64 = b.add_int("unsigned long long", 8);
    const btf::TypeId lock = b.add_struct("bpf_spin_lock", 4, {{"val", u32, 0, 0}});
    const btf::TypeId task = b.add_fwd("task_struct", false);
    const auto pointer = [&](const char* tag) { return b.add_ptr(b.add_type_tag(tag, task)); };
    const btf::TypeId value = b.add_struct("value", 32,
                                           {{"n", u32, 0, 0},
                                            {"lock", lock, kLock * 8, 0},
                                            {"p", pointer("kptr"), kPointer * 8, 0},
                                            {"q", pointer("kptr_untrusted"), kUntrusted * 8, 0},
                                            {"tail", u64, kTail * 8, 0}});
    auto types = btf::Types::parse(b.bytes());
    REQUIRE(types);
    auto map = maps::Map::create({.type = MapType::array,
                                  .key_size = 4,
                                  .value_size = 32,
                                  .max_entries = 1,
                                  .name = "fields",
                                  .btf = *types,
                                  .btf_key_type = u32,
                                  .btf_value_type = value},
                                 *vm);
    INFO((map ? "" : map.error().message));
    REQUIRE(map);
    maps[0] = *map;
  }
  /// With the value in r6 and r0.
  Outcome with_value(const isa::Code& code) {
    return outcome(make::stw(10, -8, 0) + make::lddw_map_fd(1, 0) + stack_pointer(2, -8) +
                   call(HelperId::map_lookup_elem) + make::mov64_reg(6, 0) + code);
  }
  std::string message(const isa::Code& code) { return with_value(code).error.message; }
};

isa::Code at_value(int reg, int offset) { return make::mov64_reg(reg, 6) + make::add64_imm(reg, offset); }

TEST_CASE("programs neither load nor store what belongs to the system") {
  FieldsTest test;
  constexpr auto kRefused = "bpf_spin_lock of map value 'fields' (32 bytes) is only for its helpers";
  CHECK_THAT(test.message(make::stw(6, kLock, 1)), EndsWith(kRefused));
  CHECK_THAT(test.message(make::stdw(6, 0, 1)), EndsWith(kRefused));
  CHECK_THAT(test.message(make::stb(6, kLock + 3, 1)), EndsWith(kRefused));
  CHECK_THAT(test.message(make::ldxw(0, 6, kLock)), EndsWith(kRefused));
  CHECK_THAT(test.message(make::mov64_imm(1, 1) + make::atomic_add32(6, 1, kLock)), EndsWith(kRefused));
  CHECK_THAT(test.message(make::load_acquire32(0, 6, kLock)), EndsWith(kRefused));
  CHECK(test.with_value(make::stw(6, 0, 1) + make::stdw(6, kTail, 7) + make::ldxdw(0, 6, kTail)).r0 == 7);
}

TEST_CASE("a pointer field is loaded whole, and only an untrusted one is stored, as null") {
  FieldsTest test;
  CHECK(test.with_value(make::ldxdw(0, 6, kPointer)).r0 == 0);
  CHECK_THAT(test.message(make::ldxw(0, 6, kPointer)), EndsWith("is only for its helpers"));
  CHECK_THAT(test.message(make::stdw(6, kPointer, 0)), EndsWith("is only for its helpers"));
  CHECK(test.with_value(make::stdw(6, kUntrusted, 0) + make::mov64_imm(0, 3)).r0 == 3);
  CHECK_THAT(test.message(make::stdw(6, kUntrusted, 5)), EndsWith("is only for its helpers"));
  CHECK_THAT(test.message(make::store_release64(6, 10, kUntrusted)), EndsWith("is only for its helpers"));
}

TEST_CASE("special fields are no memory for helpers") {
  FieldsTest test;
  const auto read_into = [](int offset, int size) {
    return at_value(1, offset) + make::mov64_imm(2, size) + make::mov64_imm(3, 0) + call(HelperId::probe_read_kernel) +
           make::mov64_imm(0, 3);
  };
  CHECK(test.with_value(read_into(0, 4)).r0 == 3);
  CHECK_THAT(test.message(read_into(0, 5)),
             EndsWith("bpf_spin_lock of map value 'fields' (32 bytes) cannot be given as memory"));
  CHECK_THAT(test.message(read_into(kPointer, 8)), EndsWith("cannot be given as memory"));
  CHECK(test.with_value(read_into(kTail, 8)).r0 == 3);
  CHECK_THAT(test.message(at_value(1, 0) + make::mov64_imm(2, 32) + make::mov64_imm(3, 0) + stack_pointer(4, -32) +
                          call(HelperId::dynptr_from_mem)),
             EndsWith("cannot be given as memory"));
}

TEST_CASE("locks and pointers are where they are declared") {
  FieldsTest test;
  const isa::Code unlock = at_value(1, kLock) + call(HelperId::spin_unlock) + make::mov64_imm(0, 3);
  CHECK(test.with_value(at_value(1, kLock) + call(HelperId::spin_lock) + unlock).r0 == 3);
  CHECK_THAT(test.message(at_value(1, 0) + call(HelperId::spin_lock)),
             EndsWith("not the struct bpf_spin_lock of a map value"));
  const auto exchange = [](int offset) {
    return at_value(1, offset) + make::mov64_imm(2, 0) + call(HelperId::kptr_xchg);
  };
  CHECK(test.with_value(exchange(kPointer)).r0 == 0);
  for (const int offset : {0, kPointer + 1, kUntrusted, kTail})
    CHECK_THAT(test.message(exchange(offset)), EndsWith("not a reference counted pointer of a map value"));
}

TEST_CASE("a plain map value has no pointer field") {
  ArgumentTest test;
  test.maps[0] = *maps::Map::create({.type = MapType::array,
                                     .key_size = 4,
                                     .value_size = 16,
                                     .max_entries = 1,
                                     .flags = maps::kFlagRdonlyProg,
                                     .name = ".rodata"},
                                    *test.vm);
  CHECK_THAT(test.error(make::lddw_map_value(1, 0, 0) + make::mov64_imm(2, 0) + call(HelperId::kptr_xchg)).message,
             EndsWith("not a reference counted pointer of a map value"));
}

}  // namespace
}  // namespace skep::vm::testing
