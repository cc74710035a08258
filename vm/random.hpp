// SPDX-License-Identifier: Apache-2.0
// Random numbers of a VM: the host's, or a sequence that a seed fixes.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <random>

namespace skep::vm {

/// SplitMix64 (Steele, Lea, Flood 2014): one atomic addition a number, so any thread may draw and no two get the same
/// state. Not for cryptography.
class Random {
 public:
  explicit Random(std::optional<uint64_t> seed) : state_(seed ? *seed : from_host()) {}

  uint64_t next() {
    uint64_t z = state_.fetch_add(kStep, std::memory_order_relaxed) + kStep;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

 private:
  static constexpr uint64_t kStep = 0x9e3779b97f4a7c15;
  static uint64_t from_host() {
    std::random_device device;
    return uint64_t{device()} << 32 | device();
  }
  std::atomic<uint64_t> state_;
};

}  // namespace skep::vm
