// SPDX-License-Identifier: Apache-2.0
// The function that executes one instruction, for each form of the instruction set.
//
// A Mode is the kind of interpreter, known when compiling: kChecked, kTraced, and Memory (memory.hpp).
#pragma once

#include <cstdint>

#include "vm/interpreter/calls.hpp"
#include "vm/interpreter/fuel.hpp"
#include "vm/interpreter/legacy_packet.hpp"
#include "vm/interpreter/machine.hpp"
#include "vm/interpreter/semantics.hpp"

#define SKEP_INLINE [[gnu::always_inline]] inline

namespace skep::vm::interpreter {

/// What the loop works on: a local of it, which the compiler takes apart into registers.
struct State {
  Machine& m;
  uint64_t* r;  ///< r0 to r10
  Fuel fuel;
};

/// Where an instruction goes on; null: the execution is over, with or without a fault.
using Next = const Slot*;

// Values: arithmetic and loads, which put something into dst ------------------------------------------------------

template <Op op>
concept IsValue = IsArithmetic<op> || IsLoad<op>;

/// The second operand of arithmetic, conditions and stores.
template <Op op, class Word>
SKEP_INLINE Word operand(const uint64_t* r, Next ip) {
  if constexpr (kTakesRegister<op>)
    return static_cast<Word>(r[ip->src]);
  else
    return static_cast<Word>(ip->imm);
}

SKEP_INLINE uint64_t displaced(uint64_t base, Next ip) { return base + static_cast<uint64_t>(int64_t{ip->off}); }

/// Gives what an instruction puts into dst; `in` is the register that it works on: dst in arithmetic, the base of a load.
template <class Mode, Op op>
SKEP_INLINE bool value_of(State& s, Next ip, uint64_t in, uint64_t& out) {
  if constexpr (IsLoad<op>) {
    return Mode::Memory::template load<typename Load<op>::Value>(s.m, ip, displaced(in, ip), out);
  } else {
    using Word = typename Arithmetic<op>::Word;
    out = Arithmetic<op>::apply(static_cast<Word>(in), operand<op, Word>(s.r, ip));
    return true;
  }
}

/// The register that value_of works on.
template <Op op>
SKEP_INLINE uint64_t input(const uint64_t* r, Next ip) {
  return IsLoad<op> ? r[ip->src] : r[ip->dst];
}

template <class Mode, Op op>
  requires IsValue<op>
SKEP_INLINE Next step(State& s, Next ip) {
  uint64_t value;
  if (!value_of<Mode, op>(s, ip, input<op>(s.r, ip), value)) return nullptr;
  s.r[ip->dst] = value;
  return ip + 1;
}

// Stores and atomics ---------------------------------------------------------------------------------------------

template <class Mode, Op op>
SKEP_INLINE Next store(State& s, Next ip, uint64_t value) {
  using Value = typename Store<op>::Value;
  const uint64_t address = displaced(s.r[ip->dst], ip);
  return Mode::Memory::template store<Value>(s.m, ip, address, static_cast<Value>(value)) ? ip + 1 : nullptr;
}

template <class Mode, Op op>
  requires IsStore<op>
SKEP_INLINE Next step(State& s, Next ip) {
  return store<Mode, op>(s, ip, operand<op, uint64_t>(s.r, ip));
}

template <class Mode, Op op>
  requires IsAtomic<op>
SKEP_INLINE Next step(State& s, Next ip) {
  using Value = typename Atomic<op>::Value;
  constexpr OldValue place = Atomic<op>::kOld;
  const uint64_t base = s.r[place == OldValue::to_dst ? ip->src : ip->dst];
  Value* memory = Mode::Memory::template atomic<Value>(s.m, ip, displaced(base, ip));
  if (memory == nullptr) return nullptr;
  const Value old = Atomic<op>::apply(memory, static_cast<Value>(s.r[ip->src]), static_cast<Value>(s.r[0]));
  if constexpr (place == OldValue::to_dst) s.r[ip->dst] = old;
  if constexpr (place == OldValue::to_src) s.r[ip->src] = old;
  if constexpr (place == OldValue::to_r0) s.r[0] = old;
  return ip + 1;
}

// Jumps ----------------------------------------------------------------------------------------------------------

/// Goes `distance` slots on from the next one. Fuel is looked at where a loop must pass.
SKEP_INLINE Next jump(State& s, Next ip, int64_t distance) {
  const Next to = ip + 1 + distance;
  s.fuel.jump(distance);
  if (distance < 0 && s.fuel.is_exhausted(to)) [[unlikely]] {
    out_of_fuel(s.m, ip);
    return nullptr;
  }
  return to;
}

template <class Mode, Op op>
SKEP_INLINE Next jump_if(State& s, Next ip, uint64_t value) {
  using Word = typename Condition<op>::Word;
  return Condition<op>::holds(static_cast<Word>(value), operand<op, Word>(s.r, ip)) ? jump(s, ip, ip->off) : ip + 1;
}

template <class Mode, Op op>
  requires IsCondition<op>
SKEP_INLINE Next step(State& s, Next ip) {
  return jump_if<Mode, op>(s, ip, s.r[ip->dst]);
}

template <class Mode, Op op>
  requires(op == Op::ja)
SKEP_INLINE Next step(State& s, Next ip) {
  return jump(s, ip, ip->off);
}

template <class Mode, Op op>
  requires(op == Op::gotol)
SKEP_INLINE Next step(State& s, Next ip) {
  return jump(s, ip, ip->imm);
}

/// Jumps once the function has used up its iterations.
template <class Mode, Op op>
  requires(op == Op::may_goto)
SKEP_INLINE Next step(State& s, Next ip) {
  uint64_t& loops = s.m.frame().loops_left;
  if (loops == 0) return jump(s, ip, ip->off);
  --loops;
  return ip + 1;
}

/// Opcode byte of a form; one that no form has for Op::invalid.
constexpr uint8_t code_of(Op op) { return op == Op::invalid ? 0xff : isa::info(op).code; }

// 64-bit immediates: the decoder has put in what pseudo forms stand for ------------------------------------------------

template <Op op>
inline constexpr bool kIsWide = code_of(op) == isa::kLddw;

template <class Mode, Op op>
  requires kIsWide<op>
SKEP_INLINE Next step(State& s, Next ip) {
  s.r[ip->dst] = static_cast<uint32_t>(ip[0].imm) | uint64_t{static_cast<uint32_t>(ip[1].imm)} << 32;
  s.fuel.jump(1);  // one instruction, two slots
  return ip + 2;
}

// Calls ------------------------------------------------------------------------------------------------------------

/// Goes on at `to` in another function; null: the run has failed, or the entry's frame was left.
SKEP_INLINE Next transfer(State& s, Next ip, Next to) {
  if (to != nullptr) s.fuel.jump(ip + 1, to);
  return to;
}

template <class Mode>
SKEP_INLINE Next leave(State& s, Next ip) {
  s.m.run.fuel = s.fuel.left(ip + 1);
  return transfer(s, ip, leave_function<Mode>(s.m, s.r));
}

template <class Mode, Op op>
  requires(op == Op::exit)
SKEP_INLINE Next step(State& s, Next ip) {
  return leave<Mode>(s, ip);
}

template <class Mode, Op op>
  requires(op == Op::call_local)
SKEP_INLINE Next step(State& s, Next ip) {
  if (s.fuel.is_exhausted(ip + 1)) [[unlikely]] {
    out_of_fuel(s.m, ip);
    return nullptr;
  }
  return transfer(s, ip, enter_function<Mode>(s.m, s.r, ip));
}

/// The helper may run callbacks, which use the run's fuel; a tail call goes on elsewhere.
template <class Mode, Op op>
  requires(op == Op::call_helper)
SKEP_INLINE Next step(State& s, Next ip) {
  s.m.run.fuel = s.fuel.left(ip + 1);
  const Next to = call_helper<Mode>(s.m, s.r, ip);
  if (to != nullptr) s.fuel = Fuel(s.m.run.fuel, to);
  return to;
}

// The rest -----------------------------------------------------------------------------------------------------------

template <Op op>
inline constexpr bool kIsLegacyLoad =
    isa::class_of(code_of(op)) == isa::Class::ld &&
    (isa::mode_of(code_of(op)) == isa::Mode::abs || isa::mode_of(code_of(op)) == isa::Mode::ind);

/// Loads from the packet into r0; outside of it, the function returns 0.
template <class Mode, Op op>
  requires kIsLegacyLoad<op>
SKEP_INLINE Next step(State& s, Next ip) {
  constexpr uint8_t code = code_of(op);
  const uint32_t index = isa::mode_of(code) == isa::Mode::ind ? static_cast<uint32_t>(s.r[ip->src]) : 0;
  const auto offset = static_cast<int32_t>(index + static_cast<uint32_t>(ip->imm));
  if (!check_context<Mode>(s.m, s.r[6], ip)) return nullptr;
  if (load_packet(s.m.run, offset, isa::size_in_bytes(code), s.r[0])) return ip + 1;
  s.r[0] = 0;
  return leave<Mode>(s, ip);
}

/// What the decoder refuses, or lets stand because an invalid word in dead code is no error.
constexpr bool is_refused(Op op) {
  return op == Op::invalid || op == Op::lddw_high || op == Op::addr_space_cast || op == Op::call_kfunc ||
         op == Op::callx;
}

template <class Mode, Op op>
  requires(is_refused(op))
SKEP_INLINE Next step(State& s, Next ip) {
  invalid_instruction(s.m, ip);
  return nullptr;
}

template <class Mode>
constexpr bool can_end(Op op) {
  if (Mode::kChecked) return true;
  const isa::Class c = isa::class_of(code_of(op));
  return isa::is_jmp(c) || (c == isa::Class::ld && code_of(op) != isa::kLddw) || is_refused(op);
}

/// Shows an instruction to the run's tracer before it is executed.
inline void trace(State& s, Next ip) { s.m.run.tracer->step(s.m.code->program(), s.m.code->index_of(ip), s.r); }

}  // namespace skep::vm::interpreter
