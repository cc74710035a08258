// SPDX-License-Identifier: Apache-2.0
// Runs of instructions executed as one; see fusions.def.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "vm/interpreter/step.hpp"

namespace skep::vm::interpreter {

enum class FusionKind : uint8_t { chain, pair };

/// A row of fusions.def.
struct Fusion {
  FusionKind kind;
  uint8_t length;
  std::array<Op, 4> ops;
};

inline constexpr Fusion kFusions[] = {
#define SKEP_FUSION_2(kind, a, b) {FusionKind::kind, 2, {Op::a, Op::b}},
#define SKEP_FUSION_3(kind, a, b, c) {FusionKind::kind, 3, {Op::a, Op::b, Op::c}},
#define SKEP_FUSION_4(kind, a, b, c, d) {FusionKind::kind, 4, {Op::a, Op::b, Op::c, Op::d}},
#include "vm/interpreter/fusions.def"
};

/// The rest of a chain, at `ip`; `value` is what the instruction before it puts into its dst.
template <class Mode, Op op, Op... rest>
SKEP_INLINE Next follow(State& s, Next ip, uint64_t value) {
  if constexpr (IsValue<op>) {
    value_of<Mode, op>(s, ip, value, value);
    if constexpr (sizeof...(rest) > 0) return follow<Mode, rest...>(s, ip + 1, value);
    s.r[ip->dst] = value;
    return ip + 1;
  } else {
    s.r[ip[-1].dst] = value;
    if constexpr (IsCondition<op>)
      return jump_if<Mode, op>(s, ip, value);
    else
      return store<Mode, op>(s, ip, value);
  }
}

template <class Mode, Op first, Op... rest>
SKEP_INLINE Next chain(State& s, Next ip) {
  uint64_t value;
  value_of<Mode, first>(s, ip, input<first>(s.r, ip), value);
  return follow<Mode, rest...>(s, ip + 1, value);
}

template <class Mode, Op first, Op second>
SKEP_INLINE Next pair(State& s, Next ip) {
  return step<Mode, second>(s, step<Mode, first>(s, ip));
}

}  // namespace skep::vm::interpreter
