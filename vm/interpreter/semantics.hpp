// SPDX-License-Identifier: Apache-2.0
// What each instruction computes, apart from where its operands come from: RFC 9669, section 4 and 5, as types that are
// specialised for the forms of isa/opcodes.def. Linux: kernel/bpf/core.c, ___bpf_prog_run().
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "isa/opcodes.hpp"

namespace skep::vm::interpreter {

using isa::Op;

// Forms that compute a value for dst. `Word`: the width; a 32-bit result is zero-extended.
template <Op op>
struct Arithmetic;
// Conditional jumps.
template <Op op>
struct Condition;
// Loads; a signed Value is sign-extended.
template <Op op>
struct Load;
// Stores of a register or an immediate.
template <Op op>
struct Store;
// Atomic operations that read, change and write.
template <Op op>
struct Atomic;

template <Op op>
concept IsArithmetic = requires { typename Arithmetic<op>::Word; };
template <Op op>
concept IsCondition = requires { typename Condition<op>::Word; };
template <Op op>
concept IsLoad = requires { typename Load<op>::Value; };
template <Op op>
concept IsStore = requires { typename Store<op>::Value; };
template <Op op>
concept IsAtomic = requires { typename Atomic<op>::Value; };

/// Whether the second operand is a register, else the immediate.
template <Op op>
inline constexpr bool kTakesRegister = isa::info(op).src.reads();

// Division never traps (RFC 9669, section 4.1): by zero the quotient is 0 and the remainder the dividend, and the most
// negative number divided by -1 is itself.
template <std::unsigned_integral T>
constexpr T quotient(T a, T b) {
  return b == 0 ? 0 : a / b;
}
template <std::unsigned_integral T>
constexpr T remainder(T a, T b) {
  return b == 0 ? a : a % b;
}
template <std::unsigned_integral T>
constexpr T signed_quotient(T a, T b) {
  using S = std::make_signed_t<T>;
  if (b == 0) return 0;
  return S(b) == -1 ? T(0 - a) : T(S(a) / S(b));
}
template <std::unsigned_integral T>
constexpr T signed_remainder(T a, T b) {
  using S = std::make_signed_t<T>;
  if (b == 0) return a;
  return S(b) == -1 ? 0 : T(S(a) % S(b));
}
template <std::unsigned_integral T>
constexpr T shift_amount(T b) {
  return b & (sizeof(T) * 8 - 1);
}
template <std::unsigned_integral T>
constexpr T shift_arithmetic(T a, T b) {
  return T(std::make_signed_t<T>(a) >> shift_amount(b));
}
constexpr uint16_t swap16(uint64_t a) { return __builtin_bswap16(uint16_t(a)); }
constexpr uint32_t swap32(uint64_t a) { return __builtin_bswap32(uint32_t(a)); }
constexpr uint64_t swap64(uint64_t a) { return __builtin_bswap64(a); }

// `a`: dst, `b`: the other operand.
#define SKEP_ARITHMETIC(name, Type, result)                                                                \
  template <>                                                                                              \
  struct Arithmetic<Op::name> {                                                                            \
    using Word = Type;                                                                                     \
    static constexpr Word apply([[maybe_unused]] Word a, [[maybe_unused]] Word b) { return Word(result); } \
  };
#define SKEP_ARITHMETIC_4(name, result)           \
  SKEP_ARITHMETIC(name##64_imm, uint64_t, result) \
  SKEP_ARITHMETIC(name##64_reg, uint64_t, result) \
  SKEP_ARITHMETIC(name##32_imm, uint32_t, result) \
  SKEP_ARITHMETIC(name##32_reg, uint32_t, result)

SKEP_ARITHMETIC_4(add, a + b)
SKEP_ARITHMETIC_4(sub, a - b)
SKEP_ARITHMETIC_4(mul, a* b)
SKEP_ARITHMETIC_4(or, a | b)
SKEP_ARITHMETIC_4(and, a& b)
SKEP_ARITHMETIC_4(xor, a ^ b)
SKEP_ARITHMETIC_4(lsh, a << shift_amount(b))
SKEP_ARITHMETIC_4(rsh, a >> shift_amount(b))
SKEP_ARITHMETIC_4(arsh, shift_arithmetic(a, b))
SKEP_ARITHMETIC_4(div, quotient(a, b))
SKEP_ARITHMETIC_4(mod, remainder(a, b))
SKEP_ARITHMETIC_4(sdiv, signed_quotient(a, b))
SKEP_ARITHMETIC_4(smod, signed_remainder(a, b))
SKEP_ARITHMETIC_4(mov, b)
SKEP_ARITHMETIC(neg64, uint64_t, 0 - a)
SKEP_ARITHMETIC(neg32, uint32_t, 0 - a)
SKEP_ARITHMETIC(movsx8_64, uint64_t, int8_t(b))
SKEP_ARITHMETIC(movsx16_64, uint64_t, int16_t(b))
SKEP_ARITHMETIC(movsx32_64, uint64_t, int32_t(b))
SKEP_ARITHMETIC(movsx8_32, uint32_t, int8_t(b))
SKEP_ARITHMETIC(movsx16_32, uint32_t, int16_t(b))
SKEP_ARITHMETIC(le16, uint64_t, uint16_t(a))
SKEP_ARITHMETIC(le32, uint64_t, uint32_t(a))
SKEP_ARITHMETIC(le64, uint64_t, a)
SKEP_ARITHMETIC(be16, uint64_t, swap16(a))
SKEP_ARITHMETIC(be32, uint64_t, swap32(a))
SKEP_ARITHMETIC(be64, uint64_t, swap64(a))
SKEP_ARITHMETIC(bswap16, uint64_t, swap16(a))
SKEP_ARITHMETIC(bswap32, uint64_t, swap32(a))
SKEP_ARITHMETIC(bswap64, uint64_t, swap64(a))
#undef SKEP_ARITHMETIC_4
#undef SKEP_ARITHMETIC

#define SKEP_CONDITION(name, Type, condition)                         \
  template <>                                                         \
  struct Condition<Op::name> {                                        \
    using Word = Type;                                                \
    static constexpr bool holds(Word a, Word b) { return condition; } \
  };
#define SKEP_CONDITION_4(name, Signedness, condition)       \
  SKEP_CONDITION(name##64_imm, Signedness##64_t, condition) \
  SKEP_CONDITION(name##64_reg, Signedness##64_t, condition) \
  SKEP_CONDITION(name##32_imm, Signedness##32_t, condition) \
  SKEP_CONDITION(name##32_reg, Signedness##32_t, condition)

SKEP_CONDITION_4(jeq, uint, a == b)
SKEP_CONDITION_4(jne, uint, a != b)
SKEP_CONDITION_4(jset, uint, (a & b) != 0)
SKEP_CONDITION_4(jgt, uint, a > b)
SKEP_CONDITION_4(jge, uint, a >= b)
SKEP_CONDITION_4(jlt, uint, a < b)
SKEP_CONDITION_4(jle, uint, a <= b)
SKEP_CONDITION_4(jsgt, int, a > b)
SKEP_CONDITION_4(jsge, int, a >= b)
SKEP_CONDITION_4(jslt, int, a < b)
SKEP_CONDITION_4(jsle, int, a <= b)
#undef SKEP_CONDITION_4
#undef SKEP_CONDITION

#define SKEP_MEMORY(Form, name, Type) \
  template <>                         \
  struct Form<Op::name> {             \
    using Value = Type;               \
  };
SKEP_MEMORY(Load, ldxb, uint8_t)
SKEP_MEMORY(Load, ldxh, uint16_t)
SKEP_MEMORY(Load, ldxw, uint32_t)
SKEP_MEMORY(Load, ldxdw, uint64_t)
SKEP_MEMORY(Load, ldxsb, int8_t)
SKEP_MEMORY(Load, ldxsh, int16_t)
SKEP_MEMORY(Load, ldxsw, int32_t)
SKEP_MEMORY(Store, stb, uint8_t)
SKEP_MEMORY(Store, sth, uint16_t)
SKEP_MEMORY(Store, stw, uint32_t)
SKEP_MEMORY(Store, stdw, uint64_t)
SKEP_MEMORY(Store, stxb, uint8_t)
SKEP_MEMORY(Store, stxh, uint16_t)
SKEP_MEMORY(Store, stxw, uint32_t)
SKEP_MEMORY(Store, stxdw, uint64_t)
#undef SKEP_MEMORY

/// Where an atomic operation puts what it found in memory.
enum class OldValue : uint8_t { dropped, to_src, to_r0, to_dst };

// `p`: the memory, `v`: src, `expected`: r0. Without a fetch Linux's x86-64 JIT gives no ordering beyond that of the
// locked instruction, which is full; so all are sequentially consistent.
#define SKEP_ATOMIC(name, Type, place, old)                                                                 \
  template <>                                                                                               \
  struct Atomic<Op::name> {                                                                                 \
    using Value = Type;                                                                                     \
    static constexpr OldValue kOld = OldValue::place;                                                       \
    static Value apply(Value* p, [[maybe_unused]] Value v, [[maybe_unused]] Value expected) { return old; } \
  };
#define SKEP_ATOMIC_PAIR(name, place, old)    \
  SKEP_ATOMIC(name##64, uint64_t, place, old) \
  SKEP_ATOMIC(name##32, uint32_t, place, old)
#define SKEP_ATOMIC_4(name, place, old)     \
  SKEP_ATOMIC_PAIR(name, place, old)        \
  SKEP_ATOMIC(name##8, uint8_t, place, old) \
  SKEP_ATOMIC(name##16, uint16_t, place, old)

template <class T>
T compare_exchange(T* p, T expected, T desired) {
  __atomic_compare_exchange_n(p, &expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  return expected;
}
template <class T>
T store_release(T* p, T value) {
  __atomic_store_n(p, value, __ATOMIC_RELEASE);
  return value;
}

SKEP_ATOMIC_PAIR(atomic_add, dropped, __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST))
SKEP_ATOMIC_PAIR(atomic_or, dropped, __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST))
SKEP_ATOMIC_PAIR(atomic_and, dropped, __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST))
SKEP_ATOMIC_PAIR(atomic_xor, dropped, __atomic_fetch_xor(p, v, __ATOMIC_SEQ_CST))
SKEP_ATOMIC_PAIR(atomic_fetch_add, to_src, __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST))
SKEP_ATOMIC_PAIR(atomic_fetch_or, to_src, __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST))
SKEP_ATOMIC_PAIR(atomic_fetch_and, to_src, __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST))
SKEP_ATOMIC_PAIR(atomic_fetch_xor, to_src, __atomic_fetch_xor(p, v, __ATOMIC_SEQ_CST))
SKEP_ATOMIC_PAIR(atomic_xchg, to_src, __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST))
SKEP_ATOMIC_PAIR(atomic_cmpxchg, to_r0, compare_exchange(p, expected, v))
SKEP_ATOMIC_4(load_acquire, to_dst, __atomic_load_n(p, __ATOMIC_ACQUIRE))
SKEP_ATOMIC_4(store_release, dropped, store_release(p, v))
#undef SKEP_ATOMIC_4
#undef SKEP_ATOMIC_PAIR
#undef SKEP_ATOMIC

}  // namespace skep::vm::interpreter
