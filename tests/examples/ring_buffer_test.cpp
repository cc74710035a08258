// SPDX-License-Identifier: Apache-2.0
// examples/ring-buffer: records, samples and printed lines reach the host.
#include <algorithm>

#include "tests/examples/support.hpp"

namespace skep::tests {
namespace {

struct Event {
  uint32_t size;
  uint8_t first_bytes[8];
};
constexpr uint32_t kNoSpace = 2;

/// The example, loaded, and all that it says.
struct Observed {
  std::vector<Event> events;
  std::vector<std::pair<unsigned, uint64_t>> samples;
  std::vector<std::string> lines;
  Object object;
  Map ring;

  Observed() {
    VmOptions options;
    options.trace = [this](std::string_view line) { lines.emplace_back(line); };
    object = load_example(take(Vm::create(options)), "ring_buffer");
    ring = take(object.map("events"));
  }
  void listen() {
    require_ok(ring.on_event([this](unsigned, std::span<const std::byte> record) {
      REQUIRE(record.size() == sizeof(Event));
      std::memcpy(&events.emplace_back(), record.data(), sizeof(Event));
    }));
    require_ok(take(object.map("samples")).on_event([this](unsigned cpu, std::span<const std::byte> sample) {
      REQUIRE(sample.size() >= sizeof(uint64_t));
      std::memcpy(&samples.emplace_back(cpu, 0).second, sample.data(), sizeof(uint64_t));
    }));
  }
  [[nodiscard]] uint32_t run(size_t size, std::byte fill = std::byte{0}) const {
    return retval(take(object.program("observe")), {.data = std::vector<std::byte>(size, fill)});
  }
};

}  // namespace

TEST_CASE("a packet gives a record, a sample and a line") {
  Observed observed;
  observed.listen();
  CHECK(observed.run(100, std::byte{7}) == 0);
  CHECK(observed.run(200) == 0);

  CHECK(observed.events.empty());  // records wait in the ring
  CHECK(take(observed.ring.consume()) == 2);
  REQUIRE(observed.events.size() == 2);
  CHECK(observed.events[0].size == 100);
  CHECK(std::all_of(std::begin(observed.events[0].first_bytes), std::end(observed.events[0].first_bytes),
                    [](uint8_t byte) { return byte == 7; }));
  CHECK(observed.events[1].size == 200);
  CHECK(take(observed.ring.consume()) == 0);

  REQUIRE(observed.samples.size() == 2);
  CHECK(observed.samples[0].second == 100);
  CHECK(observed.samples[0].first < 4);
  CHECK(observed.lines == std::vector<std::string>{"packet of 100 bytes", "packet of 200 bytes"});
}

TEST_CASE("a ring that nobody reads fills up, and takes records again after reading") {
  Observed observed;
  observed.listen();
  unsigned taken = 0;
  while (taken < 1000 && observed.run(64) == 0) ++taken;
  CHECK(observed.run(64) == kNoSpace);
  CHECK(taken >= 4096 / (sizeof(Event) + 16));
  CHECK(taken <= 4096 / sizeof(Event));
  CHECK(take(observed.ring.consume()) == taken);
  CHECK(observed.run(64) == 0);
}

TEST_CASE("a ring without a receiver is not read, and other maps have no events") {
  Observed observed;
  CHECK(code_of(observed.ring.consume()) == EINVAL);
  const Object other = load_example("functions");
  Map squares = take(other.map("squares"));
  CHECK(code_of(squares.on_event([](unsigned, std::span<const std::byte>) {})) == EINVAL);
  CHECK(code_of(squares.consume()) == EINVAL);
}

TEST_CASE("samples go nowhere without a receiver, and the program goes on") {
  const Observed observed;
  CHECK(observed.run(64) == 0);
  CHECK(observed.samples.empty());
}

}  // namespace skep::tests
