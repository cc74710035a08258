// SPDX-License-Identifier: Apache-2.0
// How the two interpreters reach memory: every function is false or null when the run has failed.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "vm/interpreter/checked_memory.hpp"
#include "vm/interpreter/machine.hpp"

namespace skep::vm::interpreter {

/// Believes the program. For programs that a verifier has passed, or that somebody trusts.
struct PlainMemory {
  template <class T>
  [[gnu::always_inline]] static bool load(Machine&, const Slot*, uint64_t address, uint64_t& value) {
    T loaded;
    std::memcpy(&loaded, reinterpret_cast<const void*>(address), sizeof loaded);
    value = static_cast<uint64_t>(loaded);
    return true;
  }
  template <class T>
  [[gnu::always_inline]] static bool store(Machine&, const Slot*, uint64_t address, T value) {
    std::memcpy(reinterpret_cast<void*>(address), &value, sizeof value);
    return true;
  }
  template <class T>
  [[gnu::always_inline]] static T* atomic(Machine&, const Slot*, uint64_t address) {
    return reinterpret_cast<T*>(address);
  }
};

/// Validates each access against the live regions.
struct CheckedMemory {
  template <class T>
  static bool load(Machine& m, const Slot* at, uint64_t address, uint64_t& value) {
    if (!checked_load(m, at, address, sizeof(T), std::is_signed_v<T>, value)) return false;
    if constexpr (std::is_signed_v<T>) value = static_cast<uint64_t>(static_cast<T>(value));
    return true;
  }
  template <class T>
  static bool store(Machine& m, const Slot* at, uint64_t address, T value) {
    return checked_store(m, at, address, sizeof(T), value);
  }
  template <class T>
  static T* atomic(Machine& m, const Slot* at, uint64_t address) {
    return static_cast<T*>(checked_atomic(m, at, address, sizeof(T)));
  }
};

}  // namespace skep::vm::interpreter
