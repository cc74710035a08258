// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <cstring>

#include "engines.hpp"

namespace skep::vm::testing {
namespace {

namespace make = isa::make;

/// 32 bytes, of which the program gets the address in r1; aligned, so that atomics work on its start.
struct Memory {
  alignas(16) std::array<std::byte, 32> bytes{};
  Memory() {
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = std::byte(0xf0 - 3 * i);
  }
  template <class T>
  [[nodiscard]] T at(size_t offset) const {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
  }
  template <class T>
  void set(size_t offset, T value) {
    std::memcpy(bytes.data() + offset, &value, sizeof value);
  }
};

TEST_CASE("loads extend with zeroes, sign-extending loads with the sign") {
  Memory m;
  m.set<uint64_t>(8, 0x8182838485868788);
  const auto loaded = [&m](const isa::Code& load) {
    return run_everywhere(make::mov64_imm(0, -1) + load + make::exit(), m.bytes);
  };
  CHECK(loaded(make::ldxb(0, 1, 8)) == 0x88);
  CHECK(loaded(make::ldxh(0, 1, 8)) == 0x8788);
  CHECK(loaded(make::ldxw(0, 1, 8)) == 0x85868788);
  CHECK(loaded(make::ldxdw(0, 1, 8)) == 0x8182838485868788);
  CHECK(loaded(make::ldxsb(0, 1, 8)) == 0xffffffffffffff88);
  CHECK(loaded(make::ldxsh(0, 1, 8)) == 0xffffffffffff8788);
  CHECK(loaded(make::ldxsw(0, 1, 8)) == 0xffffffff85868788);
  CHECK(loaded(make::ldxdw(0, 1, 3)) == m.at<uint64_t>(3));  // need not be aligned
}

TEST_CASE("stores write their width, and no more") {
  const auto stored = [](const isa::Code& store) {
    Memory m;
    CHECK(run_everywhere(make::lddw(2, 0x1122334455667788) + store + make::mov64_imm(0, 0) + make::exit(), m.bytes) ==
          0);
    CHECK(m.at<uint64_t>(0) == Memory().at<uint64_t>(0));
    CHECK(m.at<uint64_t>(16) == Memory().at<uint64_t>(16));
    return m.at<uint64_t>(8);
  };
  const uint64_t before = Memory().at<uint64_t>(8);
  CHECK(stored(make::stxb(1, 2, 8)) == ((before & ~uint64_t{0xff}) | 0x88));
  CHECK(stored(make::stxh(1, 2, 8)) == ((before & ~uint64_t{0xffff}) | 0x7788));
  CHECK(stored(make::stxw(1, 2, 8)) == ((before & ~uint64_t{0xffffffff}) | 0x55667788));
  CHECK(stored(make::stxdw(1, 2, 8)) == 0x1122334455667788);
  CHECK(stored(make::stb(1, 8, -1)) == (before | 0xff));
  CHECK(stored(make::sth(1, 8, -1)) == (before | 0xffff));
  CHECK(stored(make::stw(1, 8, -1)) == (before | 0xffffffff));
  CHECK(stored(make::stdw(1, 8, -2)) == 0xfffffffffffffffe);
}

TEST_CASE("the stack is 512 bytes below r10") {
  CHECK(run_everywhere(make::stdw(10, -512, 5) + make::stdw(10, -8, 6) + make::ldxdw(0, 10, -512) +
                       make::ldxdw(1, 10, -8) + make::add64_reg(0, 1) + make::exit()) == 11);
}

struct AtomicCase {
  isa::Code code;           // on memory at r1 + 8, src r2, r0
  uint64_t memory, r2, r0;  // afterwards
};

constexpr uint64_t kOld = 0x00000000fffffff0;
constexpr uint64_t kSource = 0x0000000100000033;

TEST_CASE("atomic operations change memory and give the old value where they fetch") {
  constexpr uint64_t kR0 = 0x77;
  const AtomicCase cases[] = {
      {make::atomic_add64(1, 2, 8), kOld + kSource, kSource, kR0},
      {make::atomic_or64(1, 2, 8), kOld | kSource, kSource, kR0},
      {make::atomic_and64(1, 2, 8), kOld & kSource, kSource, kR0},
      {make::atomic_xor64(1, 2, 8), kOld ^ kSource, kSource, kR0},
      {make::atomic_fetch_add64(1, 2, 8), kOld + kSource, kOld, kR0},
      {make::atomic_fetch_or64(1, 2, 8), kOld | kSource, kOld, kR0},
      {make::atomic_fetch_and64(1, 2, 8), kOld & kSource, kOld, kR0},
      {make::atomic_fetch_xor64(1, 2, 8), kOld ^ kSource, kOld, kR0},
      {make::atomic_xchg64(1, 2, 8), kSource, kOld, kR0},
      {make::atomic_cmpxchg64(1, 2, 8), kOld, kSource, kOld},  // r0 differs
      {make::atomic_add32(1, 2, 8), 0x23, kSource, kR0},       // wraps, and spares the upper half
      {make::atomic_or32(1, 2, 8), 0xfffffff3, kSource, kR0},
      {make::atomic_and32(1, 2, 8), 0x30, kSource, kR0},
      {make::atomic_xor32(1, 2, 8), 0xffffffc3, kSource, kR0},
      {make::atomic_fetch_add32(1, 2, 8), 0x23, 0xfffffff0, kR0},  // the fetched value is zero-extended
      {make::atomic_fetch_or32(1, 2, 8), 0xfffffff3, 0xfffffff0, kR0},
      {make::atomic_fetch_and32(1, 2, 8), 0x30, 0xfffffff0, kR0},
      {make::atomic_fetch_xor32(1, 2, 8), 0xffffffc3, 0xfffffff0, kR0},
      {make::atomic_xchg32(1, 2, 8), 0x33, 0xfffffff0, kR0},
      {make::atomic_cmpxchg32(1, 2, 8), kOld, kSource, 0xfffffff0},
      {make::store_release8(1, 2, 8), 0xffffff33, kSource, kR0},
      {make::store_release16(1, 2, 8), 0xffff0033, kSource, kR0},
      {make::store_release32(1, 2, 8), 0x33, kSource, kR0},
      {make::store_release64(1, 2, 8), kSource, kSource, kR0},
      {make::load_acquire8(2, 1, 8), kOld, 0xf0, kR0},
      {make::load_acquire16(2, 1, 8), kOld, 0xfff0, kR0},
      {make::load_acquire32(2, 1, 8), kOld, 0xfffffff0, kR0},
      {make::load_acquire64(2, 1, 8), kOld, kOld, kR0},
  };
  for (const AtomicCase& c : cases) {
    INFO(isa::info(isa::classify(c.code[0])).name);
    Memory m;
    m.set(8, kOld);
    const isa::Code code =
        make::mov64_imm(0, kR0) + make::lddw(2, int64_t(kSource)) + c.code + make::stxdw(1, 2, 16) + make::exit();
    CHECK(run_everywhere(code, m.bytes) == c.r0);
    CHECK(m.at<uint64_t>(8) == c.memory);
    CHECK(m.at<uint64_t>(16) == c.r2);
  }
}

TEST_CASE("compare and exchange stores when r0 is equal, in 32 bits by its lower half") {
  Memory m;
  m.set(8, kOld);
  CHECK(run_everywhere(
            make::lddw(0, int64_t(kOld)) + make::mov64_imm(2, 5) + make::atomic_cmpxchg64(1, 2, 8) + make::exit(),
            m.bytes) == kOld);
  CHECK(m.at<uint64_t>(8) == 5);
  m.set(8, kOld);
  CHECK(run_everywhere(make::lddw(0, int64_t(0xabcd0000fffffff0)) + make::mov64_imm(2, 5) +
                           make::atomic_cmpxchg32(1, 2, 8) + make::exit(),
                       m.bytes) == 0xfffffff0);
  CHECK(m.at<uint64_t>(8) == 5);
}

}  // namespace
}  // namespace skep::vm::testing
