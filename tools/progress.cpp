// SPDX-License-Identifier: Apache-2.0
#include "tools/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace skep::tools {
namespace {

constexpr auto kFirst = std::chrono::milliseconds(500);
constexpr auto kEvery = std::chrono::milliseconds(200);
constexpr size_t kWidth = 40;

}  // namespace

Progress::Progress() : terminal_(isatty(STDERR_FILENO) != 0), next_(Clock::now() + kFirst) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

void Progress::update(uint64_t done, uint64_t all, uint64_t packets) {
  if (!terminal_ || Clock::now() < next_) return;
  next_ = Clock::now() + kEvery;
  drawn_ = true;
  if (all == 0) {
    std::fprintf(stderr, "\r%llu packets", static_cast<unsigned long long>(packets));
    return;
  }
  const size_t filled = std::min<uint64_t>(kWidth, kWidth * done / all);
  const std::string bar = std::string(filled, '#') + std::string(kWidth - filled, '.');
  std::fprintf(stderr, "\r[%s] %3u %%  %llu packets", bar.c_str(),
               static_cast<unsigned>(100 * std::min(done, all) / all), static_cast<unsigned long long>(packets));
}

}  // namespace skep::tools
