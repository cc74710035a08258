// SPDX-License-Identifier: Apache-2.0
#include "maps/cpus.hpp"

#include <array>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

using skep::maps::Cpus;

namespace {

/// Memory that says when it is released.
struct Watched {
  explicit Watched(std::atomic<int>& count) : released(count) {}
  ~Watched() { ++released; }
  std::atomic<int>& released;
};

/// Runs `work` on a thread of its own until its end.
template <class Work>
void on_thread(Work work) {
  std::thread(work).join();
}

}  // namespace

TEST_CASE("the number of CPUs is kept within its limits") {
  CHECK(Cpus(0).possible() == 1);
  CHECK(Cpus(7).possible() == 7);
  CHECK(Cpus(100000).possible() == Cpus::kMax);
}

TEST_CASE("a thread stays on its CPU in nested runs and comes back to it") {
  Cpus cpus(4);
  CHECK_FALSE(cpus.within());
  unsigned first = 0;
  {
    const auto outer = cpus.enter();
    first = outer.cpu();
    CHECK(cpus.within());
    {
      const auto inner = cpus.enter();
      CHECK(inner.cpu() == first);
    }
    CHECK(cpus.within());
    on_thread([&] {
      CHECK_FALSE(cpus.within());
      CHECK(cpus.enter().cpu() != first);
    });
  }
  CHECK_FALSE(cpus.within());
  CHECK(cpus.enter().cpu() == first);
}

TEST_CASE("a thread that asks for a CPU gets it, keeps it, and has no other") {
  Cpus cpus(3);
  CHECK(cpus.enter().cpu() == 0);
  {
    const auto stay = cpus.enter(2);
    CHECK(stay.cpu() == 2);
    CHECK(cpus.enter().cpu() == 2);
  }
  CHECK(cpus.enter().cpu() == 2);
  on_thread([&] { CHECK(cpus.enter().cpu() == 0); });  // which the first left
  CHECK(cpus.enter(0).cpu() == 0);
  CHECK(cpus.enter(0).cpu() == 0);
}

TEST_CASE("who asks for a CPU waits for the thread that is on it") {
  Cpus cpus(2);
  std::atomic<bool> left{false};
  std::thread waiter;
  {
    const auto stay = cpus.enter(1);
    waiter = std::thread([&] {
      CHECK(cpus.enter(0).cpu() == 0);
      const auto mine = cpus.enter(1);
      CHECK(left);
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    left = true;
  }
  waiter.join();
}

TEST_CASE("threads that ask for CPUs are alone on them") {
  constexpr unsigned kCpus = 3;
  Cpus cpus(kCpus);
  std::vector<int> plain_counters(kCpus);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      for (unsigned run = 0; run < 1000; ++run) {
        const auto stay = run % 3 == 0 ? cpus.enter() : cpus.enter((run + i) % kCpus);
        ++plain_counters[stay.cpu()];
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(plain_counters[0] + plain_counters[1] + plain_counters[2] == 4000);
}

TEST_CASE("a thread that uses many VMs in turn is on a CPU of each") {
  std::vector<std::unique_ptr<Cpus>> all;
  for (int i = 0; i < 20; ++i) all.push_back(std::make_unique<Cpus>(2));
  // With stays open in all, nothing that a thread remembers is lost.
  std::vector<std::unique_ptr<Cpus::Stay>> stays;
  for (const auto& cpus : all) stays.push_back(std::unique_ptr<Cpus::Stay>(new Cpus::Stay(cpus->enter())));
  for (const auto& cpus : all) CHECK(cpus->enter().cpu() == 0);
}

TEST_CASE("a dead Cpus misleads nobody") {
  for (int i = 0; i < 50; ++i) {
    Cpus cpus(1);
    CHECK(cpus.enter().cpu() == 0);
  }
}

TEST_CASE("the one CPU goes from thread to thread, also from threads that are gone") {
  Cpus cpus(1);
  for (int i = 0; i < 20; ++i) on_thread([&] { CHECK(cpus.enter().cpu() == 0); });
  CHECK(cpus.enter().cpu() == 0);
}

TEST_CASE("what is retired outside of runs is released at the next reclaim") {
  std::atomic<int> released{0};
  Cpus cpus(2);
  cpus.retire(new Watched(released));
  cpus.reclaim();
  CHECK(released == 1);
}

TEST_CASE("what is retired during a run is released after it") {
  std::atomic<int> released{0};
  Cpus cpus(2);
  {
    const auto stay = cpus.enter();
    for (int i = 0; i < 1000; ++i) cpus.retire(new Watched(released));
    cpus.reclaim();
    CHECK(released == 0);
    {
      const auto inner = cpus.enter();
    }  // the end of a nested run is not the end
    cpus.reclaim();
    CHECK(released == 0);
  }
  cpus.reclaim();
  cpus.reclaim();
  CHECK(released == 1000);
}

TEST_CASE("one run after the other in one stay: what was retired in the first goes in the second") {
  Cpus cpus(2);
  std::atomic<int> released{0};
  auto stay = cpus.enter();
  cpus.retire(new Watched(released));
  cpus.reclaim();
  CHECK(released == 0);
  {
    auto nested = cpus.enter();
    nested.next_run();  // the outer run goes on
  }
  cpus.reclaim();
  CHECK(released == 0);
  stay.next_run();
  cpus.reclaim();
  CHECK(released == 1);
  CHECK(cpus.within());
}

TEST_CASE("only the runs under way count") {
  std::atomic<int> released{0};
  Cpus cpus(2);
  std::atomic<int> step{0};
  std::thread other([&] {
    for (int run = 0; run < 2; ++run) {
      const auto stay = cpus.enter();
      ++step;
      while (step == 2 * run + 1) std::this_thread::yield();
    }
  });
  while (step != 1) std::this_thread::yield();
  cpus.retire(new Watched(released));
  cpus.reclaim();
  CHECK(released == 0);
  step = 2;
  while (step != 3) std::this_thread::yield();  // the second run is under way
  cpus.reclaim();
  CHECK(released == 1);
  step = 4;
  other.join();
}

TEST_CASE("the end of a Cpus releases all, also what is retired meanwhile") {
  std::atomic<int> released{0};
  struct Chain {
    Cpus& cpus;
    std::atomic<int>& count;
    int left;
    ~Chain() {
      ++count;
      if (left > 0) cpus.retire(new Chain{cpus, count, left - 1});
    }
  };
  {
    Cpus cpus(1);
    cpus.retire(new Chain{cpus, released, 5});
  }
  CHECK(released == 6);
}

TEST_CASE("synchronize waits for the run under way, not for the next one") {
  Cpus cpus(3);
  std::atomic<bool> entered{false}, leave{false}, left{false}, synchronized{false};
  std::thread runner([&] {
    {
      const auto stay = cpus.enter();
      entered = true;
      while (!leave) std::this_thread::yield();
      left = true;
    }
    const auto next = cpus.enter();
    while (!synchronized) std::this_thread::yield();
  });
  while (!entered) std::this_thread::yield();
  std::thread releaser([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    leave = true;
  });
  cpus.synchronize();
  CHECK(left);
  synchronized = true;
  runner.join();
  releaser.join();
}

TEST_CASE("more threads than CPUs: one at a time on each, and all get their turn") {
  for (const unsigned possible : {1U, 3U}) {
    Cpus cpus(possible);
    constexpr int kThreads = 8, kRuns = 3000;
    std::vector<int> plain_counters(possible);  // no lock: a CPU has one thread at a time
    std::vector<std::atomic<int>> on(possible);
    std::atomic<int> violations{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i)
      threads.emplace_back([&] {
        for (int run = 0; run < kRuns; ++run) {
          const auto stay = cpus.enter();
          if (stay.cpu() >= possible || on[stay.cpu()].fetch_add(1) != 0) ++violations;
          ++plain_counters[stay.cpu()];
          if (run % 64 == 0) std::this_thread::yield();
          on[stay.cpu()].fetch_sub(1);
        }
      });
    for (auto& thread : threads) thread.join();
    CHECK(violations == 0);
    int sum = 0;
    for (const int count : plain_counters) sum += count;
    CHECK(sum == kThreads * kRuns);
  }
}

TEST_CASE("readers never see released memory while a writer replaces it under load") {
  struct Node {
    explicit Node(uint64_t number) : value(number), check(~number) {}
    ~Node() { value = check = 0; }
    uint64_t value;
    uint64_t check;
  };
  for (const unsigned possible : {1U, 2U, 4U}) {
    Cpus cpus(possible);
    std::atomic<Node*> shared{new Node(0)};
    std::atomic<bool> stop{false};
    std::atomic<int> broken{0};
    std::vector<std::thread> readers;
    for (int i = 0; i < 4; ++i)
      readers.emplace_back([&] {
        while (!stop) {
          const auto stay = cpus.enter();
          const Node* node = shared.load(std::memory_order_acquire);
          if (node->value != ~node->check) ++broken;
          if (node->value % 16 == 0) std::this_thread::yield();
          if (node->value != ~node->check) ++broken;
        }
      });
    for (uint64_t number = 1; number < 4000; ++number) {
      cpus.retire(shared.exchange(new Node(number), std::memory_order_acq_rel));
      if (number % 1000 == 0) cpus.synchronize();
    }
    stop = true;
    for (auto& reader : readers) reader.join();
    CHECK(broken == 0);
    delete shared.load();
  }
}

TEST_CASE("a grace period ends although CPUs are taken away from threads all the time") {
  // Threads that are turned back at the door leave no trace that would hold back a grace period for ever.
  Cpus cpus(1);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      while (!stop) const auto stay = cpus.enter();
    });
  for (int i = 0; i < 300; ++i) cpus.synchronize();
  stop = true;
  for (auto& thread : threads) thread.join();
  SUCCEED();
}
