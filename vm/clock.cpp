// SPDX-License-Identifier: Apache-2.0
#include "vm/clock.hpp"

#include <ctime>

namespace skep::vm {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kSecondsToWrap = 300;  // INITIAL_JIFFIES

}  // namespace

uint64_t Clock::read(int clock) const {
  if (fixed_) return *fixed_;
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * kSecond + static_cast<uint64_t>(now.tv_nsec);
}

uint64_t Clock::monotonic() const { return read(CLOCK_MONOTONIC); }
uint64_t Clock::boot() const { return read(CLOCK_BOOTTIME); }
uint64_t Clock::tai() const { return read(CLOCK_TAI); }

uint64_t Clock::coarse() const {
  const uint64_t tick = kSecond / hz_;
  return monotonic() / tick * tick;
}

uint64_t Clock::jiffies() const {
  const auto start = static_cast<uint32_t>(-(kSecondsToWrap * hz_));
  return start + monotonic() / (kSecond / hz_);
}

}  // namespace skep::vm
