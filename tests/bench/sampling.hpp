// SPDX-License-Identifier: Apache-2.0
// Time per run on a machine that others use too: samples of several engines are taken in turns, and dropped when a
// calibration loop beside them ran slow.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace skep::bench {

using Clock = std::chrono::steady_clock;

inline double nanoseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

/// Something that is measured: runs `count` times and gives nanoseconds a run.
struct Subject {
  std::string name;
  std::function<double(uint64_t count)> run;
};

struct Measured {
  double median_ns = 0;
  size_t samples = 0;
  size_t dropped = 0;
};

/// Pins the thread to the CPU it is on.
void pin_to_one_cpu();

/// `samples` kept samples of each subject, each of about `sample_ns` nanoseconds, in turns.
std::vector<Measured> measure(const std::vector<Subject>& subjects, size_t samples, double sample_ns);

}  // namespace skep::bench
