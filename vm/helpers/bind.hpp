// SPDX-License-Identifier: Apache-2.0
// From a typed function to a HelperFunction: registers become arguments, the result becomes r0.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "verifier/helpers.hpp"
#include "vm/helpers/packet.hpp"
#include "vm/run.hpp"

namespace skep::vm::helpers {

using verifier::HelperId;

/// Numbers are cut to their type, as BPF_CALL_x does.
template <class T>
T from_register(uint64_t value) {
  if constexpr (std::is_pointer_v<T>)
    return reinterpret_cast<T>(value);
  else
    return static_cast<T>(value);
}

/// Signed results are extended to 64 bits.
template <class T>
uint64_t to_register(T value) {
  if constexpr (std::is_pointer_v<T>)
    return reinterpret_cast<uint64_t>(value);
  else if constexpr (std::is_signed_v<T>)
    return static_cast<uint64_t>(static_cast<int64_t>(value));
  else
    return value;
}

/// A helper that cannot work on what this run has: only a program that no verifier has passed gets here.
inline constexpr uint64_t kWrongContext = static_cast<uint64_t>(-EINVAL);

template <auto function>
struct Bound;

/// A helper of any program.
template <class Result, class... Args, Result (*function)(Run&, Args...)>
struct Bound<function> {
  static constexpr bool accepts(const Run&) { return true; }
  static uint64_t call(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, Run& run) {
    const uint64_t registers[] = {r1, r2, r3, r4, r5};
    return [&]<size_t... i>(std::index_sequence<i...>) {
      return to_register(function(run, from_register<Args>(registers[i])...));
    }(std::index_sequence_for<Args...>{});
  }
};

/// A helper whose r1 is the context of a program with a packet.
template <class Result, class View, class... Args, Result (*function)(View, Args...)>
  requires std::is_base_of_v<PacketView, View>
struct Bound<function> {
  static bool accepts(const Run& run) { return View::fits(run); }
  static uint64_t call(uint64_t, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, Run& run) {
    if (!accepts(run)) return kWrongContext;
    const uint64_t registers[] = {r2, r3, r4, r5};
    return [&]<size_t... i>(std::index_sequence<i...>) {
      return to_register(function(View(run), from_register<Args>(registers[i])...));
    }(std::index_sequence_for<Args...>{});
  }
};

/// One id, a function a kind of context: the first that accepts the run.
template <auto... functions>
uint64_t call_first(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, Run& run) {
  uint64_t result = kWrongContext;
  static_cast<void>(
      ((Bound<functions>::accepts(run) && (result = Bound<functions>::call(r1, r2, r3, r4, r5, run), true)) || ...));
  return result;
}

struct Row {
  HelperId id;
  HelperFunction function;
};

template <auto function>
constexpr Row row(HelperId id) {
  return {id, &Bound<function>::call};
}

template <auto first, auto second, auto... more>
constexpr Row row(HelperId id) {
  return {id, &call_first<first, second, more...>};
}

}  // namespace skep::vm::helpers
