// SPDX-License-Identifier: Apache-2.0
// The times that programs can ask for. All in nanoseconds, on any thread.
#pragma once

#include <cstdint>
#include <optional>

namespace skep::vm {

class Clock {
 public:
  /// `fixed_ns`: every clock stands at this value. `hz`: ticks a second (CONFIG_HZ), 1 to 10000.
  Clock(std::optional<uint64_t> fixed_ns, unsigned hz) : fixed_(fixed_ns), hz_(hz) {}

  [[nodiscard]] uint64_t monotonic() const;  ///< bpf_ktime_get_ns
  [[nodiscard]] uint64_t boot() const;       ///< bpf_ktime_get_boot_ns: counts time of suspension too
  [[nodiscard]] uint64_t tai() const;        ///< bpf_ktime_get_tai_ns: atomic time since 1970
  /// The monotonic clock at the last tick (bpf_ktime_get_coarse_ns).
  [[nodiscard]] uint64_t coarse() const;
  /// Ticks (bpf_jiffies64); they begin five minutes before the 32-bit counter wraps, as in Linux.
  [[nodiscard]] uint64_t jiffies() const;
  [[nodiscard]] unsigned hz() const { return hz_; }

 private:
  [[nodiscard]] uint64_t read(int clock) const;
  std::optional<uint64_t> fixed_;
  unsigned hz_;
};

}  // namespace skep::vm
