// SPDX-License-Identifier: Apache-2.0
// Spin locks: our own, and the `struct bpf_spin_lock` in a value.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

namespace skep::maps {

namespace detail {

constexpr unsigned kBusyRounds = 64;

/// The holder may be off its processor: after some rounds let it run.
inline void spin(unsigned round) {
  if (round < kBusyRounds)
    __builtin_ia32_pause();
  else
    std::this_thread::yield();
}

}  // namespace detail

/// A lock of one byte for sections of a few instructions. Meets std::lock_guard's needs.
class SpinLock {
 public:
  void lock() {
    for (unsigned round = 0; locked_.exchange(true, std::memory_order_acquire); ++round)
      while (locked_.load(std::memory_order_relaxed)) detail::spin(round++);
  }
  void unlock() { locked_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> locked_{false};
};

/// How long somebody else may hold a lock in a value: programs hold it, which may run for ever.
inline constexpr std::chrono::milliseconds kLockPatience{1000};

/// Takes and releases a `struct bpf_spin_lock` (4 bytes, 4-byte aligned; 0: free, 1: taken). Programs' helpers and the
/// host's BPF_F_LOCK copies exclude each other through it. False: it was not free within kLockPatience.
[[nodiscard]] inline bool lock_value(void* bpf_spin_lock) {
  using Clock = std::chrono::steady_clock;
  auto* word = static_cast<uint32_t*>(bpf_spin_lock);
  Clock::time_point end;
  for (unsigned round = 0; __atomic_exchange_n(word, 1, __ATOMIC_ACQUIRE) != 0;) {
    do {
      if (round == detail::kBusyRounds) end = Clock::now() + kLockPatience;
      if (round > detail::kBusyRounds && Clock::now() > end) return false;
      detail::spin(round++);
    } while (__atomic_load_n(word, __ATOMIC_RELAXED) != 0);
  }
  return true;
}
inline void unlock_value(void* bpf_spin_lock) {
  __atomic_store_n(static_cast<uint32_t*>(bpf_spin_lock), 0, __ATOMIC_RELEASE);
}

}  // namespace skep::maps
