// SPDX-License-Identifier: Apache-2.0
#include "vm/random.hpp"

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <thread>
#include <vector>

using skep::vm::Random;

TEST_CASE("Equal seeds give equal sequences, others do not") {
  Random a(7), b(7), c(8);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const uint64_t number = a.next();
    CHECK(number == b.next());
    differs |= number != c.next();
  }
  CHECK(differs);
}

TEST_CASE("The numbers are SplitMix64's") {
  Random random(0);
  CHECK(random.next() == 0xe220a8397b1dcdaf);
  CHECK(random.next() == 0x6e789e6aa1b965f4);
}

TEST_CASE("Without a seed two generators differ") { CHECK(Random({}).next() != Random({}).next()); }

TEST_CASE("Threads that draw at once never get the same number") {
  Random random(1);
  std::vector<std::vector<uint64_t>> drawn(4);
  std::vector<std::thread> threads;
  for (auto& numbers : drawn)
    threads.emplace_back([&random, &numbers] {
      for (int i = 0; i < 1000; ++i) numbers.push_back(random.next());
    });
  for (auto& thread : threads) thread.join();
  std::set<uint64_t> all;
  for (const auto& numbers : drawn) all.insert(numbers.begin(), numbers.end());
  CHECK(all.size() == 4000);
}
