// SPDX-License-Identifier: Apache-2.0
#include "maps/cpus.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <thread>

#if defined(__SANITIZE_THREAD__)
#define SKEP_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SKEP_TSAN 1
#endif
#endif

namespace skep::maps {
namespace {

constexpr uint64_t kDepthMask = 0xff;
constexpr uint64_t kCompleted = kDepthMask + 1;
constexpr size_t kBatch = 64;       // retired pieces that are worth a membarrier
constexpr size_t kMostBatches = 8;  // more would only be looked at: a long run holds them all

/// Whether membarrier(2) orders other threads' plain stores for us; else every entry has a fence of its own.
bool register_membarrier() { return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0; }

/// A fence in both directions. ThreadSanitizer knows no fences: an exchange on something of the thread's own is one
/// too, and tells it of no order that the code does not have.
void full_fence() {
#ifdef SKEP_TSAN
  thread_local std::atomic<int> own{0};
  own.exchange(0, std::memory_order_seq_cst);
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

bool has_membarrier() {
  static const bool has = register_membarrier();
  return has;
}

/// The light side: between a run's entry and its first look at memory (or at whether its CPU was taken away).
void fence_of_a_run() {
  if (has_membarrier())
    std::atomic_signal_fence(std::memory_order_seq_cst);
  else
    full_fence();
}

/// The heavy side: what a run stored before its light fence is seen after this, or the run sees what we
/// stored before.
void fence_against_runs() {
  full_fence();
  if (has_membarrier()) syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

std::atomic<uint64_t> next_id{1};

uint64_t depth(uint64_t state) { return state & kDepthMask; }

/// Between two looks at something that another thread will do soon, or late.
void pause(unsigned round) {
  if (round < 16)
    std::this_thread::yield();
  else
    std::this_thread::sleep_for(std::chrono::microseconds(50));
}

}  // namespace

struct Cpus::Remembered {
  uint64_t cpus = 0;
  std::shared_ptr<Hold> hold;
};

bool Cpus::is_ours(const Hold& hold) {
  return hold.thread == std::this_thread::get_id() && !hold.revoked.load(std::memory_order_relaxed);
}

std::shared_ptr<Cpus::Hold> Cpus::begin(const std::shared_ptr<Hold>& hold) {
  // Acquire: a thread that is gone may have had the same id.
  hold->state.store(hold->state.load(std::memory_order_acquire) + 1, std::memory_order_relaxed);
  fence_of_a_run();
  return hold;
}

Cpus::Remembered& Cpus::remembered(uint64_t cpus_id) {
  // A thread that uses more VMs in turn looks for its CPU each time.
  thread_local std::array<Remembered, 8> last;
  return last[cpus_id % last.size()];
}

Cpus::Cpus(unsigned possible)
    : id_(next_id.fetch_add(1)), possible_(std::clamp(possible, 1U, kMax)), holders_(possible_) {
  has_membarrier();
}

Cpus::~Cpus() {
  for (auto& batch : std::exchange(batches_, {})) release_all(batch.items);
  while (!waiting_.empty()) release_all(std::exchange(waiting_, {}));  // what is released may retire something itself
}

void Cpus::release_all(const std::vector<Retired>& items) {
  for (const auto& item : items) item.release(item.memory);
}

bool Cpus::within() {
  std::lock_guard lock(holders_mutex_);
  return std::any_of(holders_.begin(), holders_.end(), [](const auto& hold) {
    return hold && hold->thread == std::this_thread::get_id() &&
           depth(hold->state.load(std::memory_order_relaxed)) != 0;
  });
}

Cpus::Hold& Cpus::take() {
  Remembered& last = remembered(id_);
  if (last.cpus == id_) {
    Hold& hold = *last.hold;
    const uint64_t before = hold.state.load(std::memory_order_relaxed);
    assert(depth(before) < kDepthMask);
    hold.state.store(before + 1, std::memory_order_relaxed);
    fence_of_a_run();
    if (!hold.revoked.load(std::memory_order_acquire)) return hold;
    hold.state.store(before, std::memory_order_release);
  } else {
    last = {id_, nullptr};  // also lets go of a dead object's hold
  }
  last.hold = take_slowly();
  return *last.hold;
}

Cpus::Hold& Cpus::take(unsigned cpu) {
  assert(cpu < possible_ && !within());
  for (unsigned round = 0;; ++round) {
    if (auto hold = try_take(cpu)) {
      Remembered& last = remembered(id_);
      last = {id_, std::move(hold)};
      return *last.hold;
    }
    pause(round);
  }
}

std::shared_ptr<Cpus::Hold> Cpus::take_slowly() {
  for (unsigned round = 0;; ++round) {
    if (auto hold = try_take()) return hold;
    pause(round);
  }
}

std::shared_ptr<Cpus::Hold> Cpus::try_take() {
  std::lock_guard lock(holders_mutex_);
  // One that is ours still: somebody tried it and put it back, or this thread's memory of it was overwritten.
  for (const auto& hold : holders_)
    if (hold && is_ours(*hold)) return begin(hold);
  for (unsigned cpu = 0; cpu < possible_; ++cpu)
    if (!holders_[cpu]) return install(cpu);
  for (unsigned cpu = 0; cpu < possible_; ++cpu)
    if (take_away(*holders_[cpu])) return install(cpu);
  return nullptr;
}

std::shared_ptr<Cpus::Hold> Cpus::try_take(unsigned cpu) {
  std::lock_guard lock(holders_mutex_);
  const auto& holder = holders_[cpu];
  if (holder && !is_ours(*holder) && !take_away(*holder)) return nullptr;
  let_go_of_others(cpu);
  return holder && is_ours(*holder) ? begin(holder) : install(cpu);
}

/// A thread has one CPU: else nested runs would not know on which of its CPUs they are.
void Cpus::let_go_of_others(unsigned cpu) {
  for (auto& hold : holders_) {
    if (!hold || hold->cpu == cpu || !is_ours(*hold)) continue;
    hold->revoked.store(true, std::memory_order_relaxed);
    hold.reset();
  }
}

std::shared_ptr<Cpus::Hold> Cpus::install(unsigned cpu) {
  holders_[cpu] = std::make_shared<Hold>();
  holders_[cpu]->cpu = cpu;
  holders_[cpu]->thread = std::this_thread::get_id();
  return begin(holders_[cpu]);
}

/// Takes an idle CPU from its thread; false: that is on it.
bool Cpus::take_away(Hold& hold) {
  if (depth(hold.state.load(std::memory_order_acquire)) != 0) return false;
  hold.revoked.store(true, std::memory_order_seq_cst);
  fence_against_runs();
  if (depth(hold.state.load(std::memory_order_acquire)) == 0) return true;
  hold.revoked.store(false, std::memory_order_release);
  return false;
}

void Cpus::leave(Hold& hold) {
  const uint64_t state = hold.state.load(std::memory_order_relaxed);
  assert(depth(state) != 0);
  const bool outermost = depth(state) == 1;
  hold.state.store(outermost ? state - 1 + kCompleted : state - 1, std::memory_order_release);
  if (outermost && pending_.load(std::memory_order_relaxed)) reclaim();
}

void Cpus::next_run(Hold& hold) {
  const uint64_t state = hold.state.load(std::memory_order_relaxed);
  assert(depth(state) != 0);
  if (depth(state) != 1) return;
  hold.state.store(state + kCompleted, std::memory_order_release);
  fence_of_a_run();
}

void Cpus::retire(void* memory, void (*release)(void*)) {
  std::unique_lock lock(retired_mutex_);
  waiting_.push_back({memory, release});
  pending_.store(true, std::memory_order_relaxed);
  if (waiting_.size() < kBatch || batches_.size() == kMostBatches) return;
  begin_batch();
  reclaim(std::move(lock));
}

void Cpus::begin_batch() {
  if (waiting_.empty()) return;
  Batch batch;
  batch.items.swap(waiting_);
  fence_against_runs();
  {
    std::lock_guard lock(holders_mutex_);
    for (const auto& hold : holders_) {
      if (!hold) continue;
      const uint64_t state = hold->state.load(std::memory_order_acquire);
      if (depth(state) != 0) batch.seen.emplace_back(hold, state);
    }
  }
  batches_.push_back(std::move(batch));
}

bool Cpus::over(Batch& batch) {
  std::erase_if(batch.seen, [](const auto& seen) {
    const auto& [hold, state] = seen;
    const uint64_t now = hold->state.load(std::memory_order_acquire);
    // An entry that was turned back (its CPU was taken away) completes no run: it only goes back to depth 0.
    return depth(now) == 0 || now / kCompleted != state / kCompleted;
  });
  return batch.seen.empty();
}

void Cpus::reclaim() {
  std::unique_lock lock(retired_mutex_, std::try_to_lock);
  if (lock) reclaim(std::move(lock));  // else somebody else is at it
}

void Cpus::reclaim(std::unique_lock<std::mutex> lock) {
  std::vector<Batch> done;
  take_over(done);
  if (batches_.empty() && !waiting_.empty()) {
    begin_batch();
    take_over(done);
  }
  pending_.store(!batches_.empty(), std::memory_order_relaxed);
  lock.unlock();
  for (const auto& batch : done) release_all(batch.items);
}

void Cpus::take_over(std::vector<Batch>& done) {
  // Grace periods end in any order: a later batch may have begun when fewer runs were under way.
  for (auto& batch : batches_)
    if (over(batch)) done.push_back(std::move(batch));
  std::erase_if(batches_, [](const Batch& batch) { return batch.items.empty(); });
}

void Cpus::synchronize() {
  assert(!within());
  Batch all;
  {
    std::lock_guard lock(retired_mutex_);
    waiting_.push_back({nullptr, [](void*) {}});  // a batch even where nothing was retired
    begin_batch();
    all.seen = batches_.back().seen;
  }
  for (unsigned round = 0; !over(all); ++round) pause(round);
  reclaim(std::unique_lock(retired_mutex_));
}

}  // namespace skep::maps
