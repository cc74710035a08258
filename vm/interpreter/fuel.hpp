// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "vm/interpreter/code.hpp"

namespace skep::vm::interpreter {

/// Counts instructions at no cost to those that go straight on: what is kept is the slot where the fuel would be used up
/// if the program never jumped. A jump moves it along.
class Fuel {
 public:
  /// `left`: instructions that may be executed from `at` on.
  Fuel(int64_t left, const Slot* at) : end_(address(at) + uint64_t(std::min(left, kUnlimited)) * sizeof(Slot)) {}

  /// Instructions that may still be executed when the next one is `at`; negative: too many were.
  [[nodiscard]] int64_t left(const Slot* at) const { return bytes_left(at) / int64_t{sizeof(Slot)}; }
  [[nodiscard]] bool is_exhausted(const Slot* at) const { return bytes_left(at) < 0; }

  /// The execution goes on `distance` slots behind the next one.
  void jump(int64_t distance) { end_ += static_cast<uint64_t>(distance) * sizeof(Slot); }
  /// The same for slots of different programs.
  void jump(const Slot* next, const Slot* to) { end_ += address(to) - address(next); }

 private:
  static constexpr int64_t kUnlimited = INT64_MAX / 64;  // leaves room for addresses
  static uint64_t address(const Slot* slot) { return reinterpret_cast<uint64_t>(slot); }
  [[nodiscard]] int64_t bytes_left(const Slot* at) const { return static_cast<int64_t>(end_ - address(at)); }

  uint64_t end_;
};

}  // namespace skep::vm::interpreter
