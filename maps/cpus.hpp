// SPDX-License-Identifier: Apache-2.0
// Virtual CPUs and memory reclamation: what the processor and RCU are to the kernel.
//
// A run of a program happens on a virtual CPU. At most one thread is on a CPU at a time, so per-CPU values
// need no lock. Memory that a program may still see is retired, not freed: it goes when every run has ended
// that was under way when it was retired. Entering costs a plain store; whoever frees pays for the ordering
// with membarrier(2).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace skep::maps {

class Cpus {
 public:
  /// `possible`: number of virtual CPUs, 1 to kMax. Fixed for life; libbpf sizes per-CPU buffers by it.
  explicit Cpus(unsigned possible);
  /// No run may be under way. Frees all that is retired.
  ~Cpus();
  Cpus(const Cpus&) = delete;
  Cpus& operator=(const Cpus&) = delete;

  static constexpr unsigned kMax = 1024;
  [[nodiscard]] unsigned possible() const { return possible_; }

  /// A thread's stay on a CPU; ends with the object's life, on the thread that began it.
  class Stay;

  /// Enters a CPU: the one that this thread had last, if nobody took it, else a free one; waits while all are
  /// taken. A thread that is on a CPU already (a program's helper called the host, which runs a program)
  /// stays on it.
  [[nodiscard]] Stay enter();
  /// Enters CPU `cpu` (below possible()) and waits while another thread is on it. Not from within a run of the same Cpus:
  /// two that waited for each other's CPU would wait for ever.
  [[nodiscard]] Stay enter(unsigned cpu);

  /// Calls `release(memory)` on some thread once no run that is under way now can see it. Never waits.
  void retire(void* memory, void (*release)(void*));
  template <class T>
  void retire(T* object) {
    retire(object, [](void* p) { delete static_cast<T*>(p); });
  }

  /// Waits until every run that was under way at the call has ended, then frees what was retired before it.
  /// Not from within a run of the same Cpus.
  void synchronize();

  /// Frees what can be freed now. Never waits.
  void reclaim();

  /// Whether the calling thread is on a CPU. Takes a lock.
  [[nodiscard]] bool within();

 private:
  /// A thread's hold on a CPU. Only that thread writes `state`: completed stays in the upper bits, nesting
  /// depth in the lower eight. Only a thread that looks for a CPU writes `revoked`, under `holders_mutex_`.
  struct alignas(64) Hold {
    std::atomic<uint64_t> state{0};
    std::atomic<bool> revoked{false};
    unsigned cpu = 0;
    std::thread::id thread;
  };
  struct Retired {
    void* memory;
    void (*release)(void*);
  };
  /// Memory whose grace period began when `seen` was taken: the holds that were in a run then, with their
  /// state.
  struct Batch {
    std::vector<Retired> items;
    std::vector<std::pair<std::shared_ptr<Hold>, uint64_t>> seen;
  };

  Hold& take();
  Hold& take(unsigned cpu);
  std::shared_ptr<Hold> take_slowly();
  // These want holders_mutex_; null: somebody is on the CPU, or on all.
  std::shared_ptr<Hold> try_take();
  std::shared_ptr<Hold> try_take(unsigned cpu);
  std::shared_ptr<Hold> install(unsigned cpu);
  void let_go_of_others(unsigned cpu);
  static bool take_away(Hold& hold);
  [[nodiscard]] static bool is_ours(const Hold& hold);
  static std::shared_ptr<Hold> begin(const std::shared_ptr<Hold>& hold);
  void leave(Hold& hold);
  static void next_run(Hold& hold);
  void begin_batch();
  void reclaim(std::unique_lock<std::mutex> lock);
  [[nodiscard]] static bool over(Batch& batch);
  void take_over(std::vector<Batch>& done);  // moves the batches that are over
  static void release_all(const std::vector<Retired>& items);

  struct Remembered;  // a thread's memory of its last hold
  static Remembered& remembered(uint64_t cpus_id);

  const uint64_t id_;  // never used again, so that a thread's memory of a dead object misleads nobody
  const unsigned possible_;
  std::mutex holders_mutex_;
  std::vector<std::shared_ptr<Hold>> holders_;  // by CPU; null: nobody had it yet
  std::mutex retired_mutex_;                    // taken before holders_mutex_
  std::atomic<bool> pending_{false};
  std::vector<Retired> waiting_;  // retired, grace period not begun
  std::vector<Batch> batches_;
};

class Cpus::Stay {
 public:
  ~Stay() { cpus_.leave(hold_); }
  Stay(const Stay&) = delete;
  Stay& operator=(const Stay&) = delete;
  [[nodiscard]] unsigned cpu() const { return hold_.cpu; }
  /// Ends one run and begins the next on the same CPU: what was retired until now may go. Without effect in a nested
  /// stay, whose outer run goes on.
  void next_run() { cpus_.next_run(hold_); }

 private:
  friend class Cpus;
  Stay(Cpus& cpus, Hold& hold) : cpus_(cpus), hold_(hold) {}
  Cpus& cpus_;
  Hold& hold_;  // kept by the Cpus, which gives no CPU away while somebody is on it
};

inline Cpus::Stay Cpus::enter() { return {*this, take()}; }
inline Cpus::Stay Cpus::enter(unsigned cpu) { return {*this, take(cpu)}; }

}  // namespace skep::maps
