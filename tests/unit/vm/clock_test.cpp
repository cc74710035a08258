// SPDX-License-Identifier: Apache-2.0
#include "vm/clock.hpp"

#include <catch2/catch_test_macros.hpp>
#include <ctime>

using skep::vm::Clock;

TEST_CASE("A fixed clock stands") {
  const Clock clock(5'000'000'123, 1000);
  CHECK(clock.monotonic() == 5'000'000'123);
  CHECK(clock.boot() == 5'000'000'123);
  CHECK(clock.tai() == 5'000'000'123);
}

TEST_CASE("The coarse clock shows the last tick") {
  CHECK(Clock(5'000'999'999, 1000).coarse() == 5'000'000'000);
  CHECK(Clock(5'009'999'999, 100).coarse() == 5'000'000'000);
}

TEST_CASE("Jiffies begin five minutes before their lower half wraps") {
  CHECK(Clock(0, 1000).jiffies() == 0xffffffff - 300'000 + 1);
  CHECK(Clock(300'000'000'000, 1000).jiffies() == 0x1'0000'0000);
  CHECK(Clock(1'000'000'000, 250).jiffies() == 0xffffffff - 75'000 + 1 + 250);
}

TEST_CASE("A clock that is not fixed is the host's") {
  const Clock clock({}, 1000);
  timespec before{};
  ::clock_gettime(CLOCK_MONOTONIC, &before);
  const uint64_t first = clock.monotonic();
  const uint64_t second = clock.monotonic();
  CHECK(first >= static_cast<uint64_t>(before.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(before.tv_nsec));
  CHECK(second >= first);
}
