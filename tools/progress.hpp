// SPDX-License-Identifier: Apache-2.0
// A progress bar on standard error, for work that takes longer than a person likes to wait without a sign.
#pragma once

#include <chrono>
#include <cstdint>

namespace skep::tools {

class Progress {
 public:
  /// Shows nothing where standard error is no terminal.
  Progress();
  /// Clears the bar.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` of `all` (0: unknown) bytes; `packets` so far. Redraws a few times a second at the most.
  void update(uint64_t done, uint64_t all, uint64_t packets);

 private:
  using Clock = std::chrono::steady_clock;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point next_;
};

}  // namespace skep::tools
