// SPDX-License-Identifier: Apache-2.0
// Programs run on many threads at once, while the host reads and writes their maps. For the thread sanitizer above all.
#include <atomic>
#include <cerrno>
#include <thread>

#include "tests/examples/packets.hpp"
#include "tests/examples/support.hpp"

namespace skep::tests {
namespace {

constexpr unsigned kThreads = 4;
constexpr unsigned kRuns = 500;

struct Counters {
  uint64_t packets, bytes;
};

/// Calls `work` on each of the threads and waits for all. Catch2's macros belong to the main thread, so failures are
/// only counted.
template <class Work>
unsigned failures_of_threads(Work work) {
  std::atomic<unsigned> failures = 0;
  std::vector<std::jthread> threads;
  for (unsigned thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&, thread] { failures += work(thread) ? 0 : 1; });
  threads.clear();
  return failures;
}

uint64_t packets_of(const Map& map, uint32_t key) {
  const auto values = take(map.lookup(bytes_of(key)));
  uint64_t sum = 0;
  for (size_t at = 0; at < values.size(); at += sizeof(Counters)) {
    uint64_t packets = 0;
    std::memcpy(&packets, values.data() + at, sizeof packets);
    sum += packets;
  }
  return sum;
}

}  // namespace

TEST_CASE("per-CPU counters miss no packet when four threads run the program at once") {
  const Object object = load_example("packet_counter");
  const Program program = take(object.program("packet_counter"));
  const auto packet = zeroes(64);  // of no known type
  CHECK(failures_of_threads([&](unsigned) {
          for (unsigned i = 0; i < kRuns; ++i)
            if (const auto result = program.run({.data = packet}); !result || result->retval != 2) return false;
          return true;
        }) == 0);
  CHECK(packets_of(take(object.map("by_protocol")), 0) == uint64_t{kThreads} * kRuns);
}

TEST_CASE("the host erases and writes elements of a hash that programs look up meanwhile") {
  const Object object = load_example("packet_counter");
  const Program program = take(object.program("packet_counter"));
  const Packet packet = [] {
    Packet tcp = ipv4_packet(6);
    tcp.resize(54);
    tcp[17] = std::byte{40};
    tcp[37] = std::byte{80};
    return tcp;
  }();
  CHECK(failures_of_threads([&](unsigned thread) {
          Map by_port = *object.map("by_port");
          for (unsigned i = 0; i < kRuns; ++i) {
            if (thread == 0) {
              const int code = code_of(by_port.erase(bytes_of(uint16_t{80})));
              if (code != 0 && code != ENOENT) return false;
            } else if (const auto result = program.run({.data = packet}); !result || result->retval != 2) {
              return false;
            }
          }
          return true;
        }) == 0);
}

TEST_CASE("records of all threads arrive, while another thread takes them out") {
  const Object object = load_example("ring_buffer");
  const Program program = take(object.program("observe"));
  Map events = take(object.map("events"));
  std::atomic<uint64_t> received = 0;
  require_ok(events.on_event([&](unsigned, std::span<const std::byte>) { ++received; }));
  std::atomic<uint64_t> sent = 0;
  const auto packet = zeroes(64);
  CHECK(failures_of_threads([&](unsigned thread) {
          for (unsigned i = 0; i < kRuns; ++i) {
            if (thread == 0) {
              if (!events.consume()) return false;
            } else {
              const auto result = program.run({.data = packet});
              if (!result) return false;
              sent += result->retval == 0 ? 1 : 0;  // else the ring was full
            }
          }
          return true;
        }) == 0);
  (void)take(events.consume());
  CHECK(received == sent);
}

TEST_CASE("threads make VMs of their own, load and run") {
  CHECK(failures_of_threads([](unsigned thread) {
          for (int i = 0; i < 3; ++i) {
            VmOptions options;
            options.cpus = thread + 1;
            options.kconfig = "CONFIG_BPF_SYSCALL=y\nCONFIG_HZ=" + std::to_string(100 + thread) + "\n";
            auto vm = Vm::create(options);
            if (!vm) return false;
            auto object = vm->open(example("kconfig"));
            if (!object || !object->load()) return false;
            const auto result = object->program("read_configuration")->run({.data = zeroes(64)});
            if (!result || result->retval != 10100 + thread) return false;
          }
          return true;
        }) == 0);
}

}  // namespace skep::tests
