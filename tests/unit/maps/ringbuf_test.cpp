// SPDX-License-Identifier: Apache-2.0
#include "maps/ringbuf.hpp"

#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "fake_environment.hpp"

using namespace skep;
using namespace skep::maps;
using namespace skep::maps::testing;

namespace {

constexpr uint32_t kSize = 4096;

Attributes ring_of(uint32_t size, uint32_t flags = 0) {
  return {.type = MapType::ringbuf, .max_entries = size, .flags = flags};
}

std::shared_ptr<Ringbuf> make_ring(Environment& environment, uint32_t size = kSize) {
  return std::static_pointer_cast<Ringbuf>(must_create(environment, ring_of(size)));
}

int put(Ringbuf& ring, const std::string& text, uint64_t flags = 0) {
  return ring.output(text.data(), text.size(), flags);
}

std::vector<std::string> take_all(Ringbuf& ring) {
  std::vector<std::string> records;
  ring.consume([&](std::span<const std::byte> record) {
    records.emplace_back(reinterpret_cast<const char*>(record.data()), record.size());
  });
  return records;
}

/// Whether a wake-up came since the last look.
bool woken(const Ringbuf& ring) {
  pollfd waiter{.fd = ring.poll_fd(), .events = POLLIN, .revents = 0};
  if (poll(&waiter, 1, 0) != 1) return false;
  uint64_t count = 0;
  return read(ring.poll_fd(), &count, sizeof count) == sizeof count;
}

}  // namespace

TEST_CASE("a ring buffer has a power of two of whole pages, no keys and no values") {
  FakeEnvironment environment;
  CHECK(create_error(environment, ring_of(0)) == EINVAL);
  CHECK(create_error(environment, ring_of(2048)) == EINVAL);
  CHECK(create_error(environment, ring_of(4096 * 3)) == EINVAL);
  CHECK(create_error(environment, ring_of(4096, kFlagRdonlyProg)) == EINVAL);
  CHECK(create_error(environment, ring_of(4096, kFlagNumaNode)) == 0);
  CHECK(create_error(environment, {.type = MapType::ringbuf, .key_size = 4, .max_entries = 4096}) == EINVAL);
  CHECK(create_error(environment, {.type = MapType::ringbuf, .value_size = 4, .max_entries = 4096}) == EINVAL);
  environment.limit = 1 << 20;
  CHECK(create_error(environment, ring_of(0x80000000)) == ENOMEM);
}

TEST_CASE("records come out of a ring in order and whole") {
  FakeEnvironment environment;
  const auto ring = make_ring(environment);
  CHECK(put(*ring, "one") == 0);
  CHECK(put(*ring, "") == 0);
  CHECK(put(*ring, "three") == 0);
  CHECK(ring->query(ring::kAvailableData) == 16 + 8 + 16);
  CHECK(take_all(*ring) == std::vector<std::string>{"one", "", "three"});
  CHECK(ring->query(ring::kAvailableData) == 0);
  CHECK(ring->query(ring::kRingSize) == kSize);
  CHECK(ring->query(ring::kConsumerPosition) == 40);
  CHECK(ring->query(ring::kProducerPosition) == 40);
  CHECK(ring->query(4) == 0);
  CHECK(put(*ring, "x", 4) == -EINVAL);
}

TEST_CASE("a record at the end of a ring lies in one piece") {
  FakeEnvironment environment;
  const auto ring = make_ring(environment);
  const std::string text = "a record of a length that does not divide the size";
  for (int round = 0; round < 1000; ++round) {
    REQUIRE(put(*ring, text + std::to_string(round)) == 0);
    REQUIRE(take_all(*ring) == std::vector{text + std::to_string(round)});
  }
  CHECK(ring->query(ring::kProducerPosition) > 10 * kSize);
}

TEST_CASE("a record's length is believed no further than what was produced") {
  FakeEnvironment environment;
  for (const uint32_t forged : {ring::kDiscard - 1, ring::kDiscard | (ring::kDiscard - 1), uint32_t{9}}) {
    const auto ring = make_ring(environment);
    void* record = ring->reserve(8, 0);
    REQUIRE(record != nullptr);
    ring->commit(record, 0, false);
    (static_cast<ring::Header*>(record) - 1)->length = forged;
    CHECK(take_all(*ring).empty());
    CHECK(ring->query(ring::kConsumerPosition) == 0);
  }
}

TEST_CASE("a full ring takes no more until something is consumed") {
  FakeEnvironment environment;
  const auto ring = make_ring(environment);
  const std::string text(1000, 'x');
  int count = 0;
  while (put(*ring, text) == 0) ++count;
  CHECK(count == 4);  // of 1008 bytes
  CHECK(put(*ring, text) == -EAGAIN);
  CHECK(put(*ring, "small") == 0);
  CHECK(take_all(*ring).size() == 5);
  CHECK(put(*ring, text) == 0);
  CHECK(ring->reserve(kSize - 8, 0) == nullptr);  // never fits: one byte stays free
  take_all(*ring);
  CHECK(ring->reserve(kSize - 8, 0) == nullptr);
  CHECK(ring->reserve(uint64_t{1} << 40, 0) == nullptr);
  CHECK(ring->reserve(8, 1) == nullptr);
  CHECK(ring->reserve(kSize - 16, 0) != nullptr);
}

TEST_CASE("a reserved record holds back those behind it until it is submitted or discarded") {
  FakeEnvironment environment;
  const auto ring = make_ring(environment);
  for (const bool discard : {false, true}) {
    void* record = ring->reserve(4, 0);
    REQUIRE(record != nullptr);
    CHECK(Ringbuf::of_record(record) == ring.get());
    std::memcpy(record, "1st!", 4);
    CHECK(put(*ring, "2nd") == 0);
    CHECK(take_all(*ring).empty());
    ring->commit(record, 0, discard);
    CHECK(take_all(*ring) == (discard ? std::vector<std::string>{"2nd"} : std::vector<std::string>{"1st!", "2nd"}));
  }
}

TEST_CASE("a record that is never committed stops the ring before it is overtaken") {
  FakeEnvironment environment;
  const auto ring = make_ring(environment);
  void* record = ring->reserve(1000, 0);
  REQUIRE(record != nullptr);
  // A host that claims to have consumed everything must not let producers overwrite the record.
  auto* consumer = static_cast<uint64_t*>(ring->map_memory(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 0));
  REQUIRE(consumer != MAP_FAILED);
  const std::string text(1000, 'x');
  int count = 0;
  for (; count < 10 && put(*ring, text) == 0; ++count) *consumer = ring->query(ring::kProducerPosition);
  CHECK(count == 3);
  munmap(consumer, 4096);
}

TEST_CASE("the consumer is woken for the record that it waits for, or as the flags say") {
  FakeEnvironment environment;
  const auto ring = make_ring(environment);
  CHECK_FALSE(woken(*ring));
  CHECK(put(*ring, "awaited") == 0);
  CHECK(woken(*ring));
  CHECK(put(*ring, "not awaited: the first is still there") == 0);
  CHECK_FALSE(woken(*ring));
  CHECK(put(*ring, "forced", kRingbufForceWakeup) == 0);
  CHECK(woken(*ring));
  take_all(*ring);
  CHECK(put(*ring, "silent", kRingbufNoWakeup) == 0);
  CHECK_FALSE(woken(*ring));
}

TEST_CASE("libbpf's two mappings of a ring show positions and the data twice") {
  FakeEnvironment environment;
  const auto ring = make_ring(environment);
  auto* consumer = static_cast<uint64_t*>(ring->map_memory(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 0));
  REQUIRE(consumer != MAP_FAILED);
  constexpr size_t kView = 4096 + 2 * kSize;
  auto* producer = static_cast<std::byte*>(ring->map_memory(nullptr, kView, PROT_READ, MAP_SHARED, 4096));
  REQUIRE(producer != MAP_FAILED);
  CHECK(put(*ring, "hello") == 0);
  CHECK(*reinterpret_cast<uint64_t*>(producer) == 16);
  CHECK(*reinterpret_cast<uint32_t*>(producer + 4096) == 5);
  CHECK(std::memcmp(producer + 4096 + 8, "hello", 5) == 0);
  CHECK(std::memcmp(producer + 4096, producer + 4096 + kSize, kSize) == 0);
  *consumer = 16;
  CHECK(ring->query(ring::kAvailableData) == 0);
  CHECK(mprotect(producer, 4096, PROT_READ | PROT_WRITE) != 0);
  munmap(consumer, 4096);
  munmap(producer, kView);
}

TEST_CASE("mappings of a ring that would give too much are refused") {
  FakeEnvironment environment;
  const auto ring = make_ring(environment);
  const auto refused = [&](size_t length, int protection, int64_t offset) {
    errno = 0;
    void* view = ring->map_memory(nullptr, length, protection, MAP_SHARED, offset);
    CHECK(view == MAP_FAILED);
    return errno;
  };
  CHECK(refused(4096, PROT_READ | PROT_WRITE, 4096) == EPERM);
  CHECK(refused(8192, PROT_READ | PROT_WRITE, 0) == EPERM);
  CHECK(refused(4096 * 5, PROT_READ, 0) == EINVAL);
  CHECK(refused(4096, PROT_READ, 4096 * 4) == EINVAL);
  void* tail = ring->map_memory(nullptr, 4096, PROT_READ, MAP_SHARED, 4096 * 3);
  REQUIRE(tail != MAP_FAILED);
  CHECK(put(*ring, "abc") == 0);
  CHECK(std::memcmp(static_cast<char*>(tail) + 8, "abc", 3) == 0);
  munmap(tail, 4096);
}

TEST_CASE("a ring buffer has no elements") {
  FakeEnvironment environment;
  const auto ring = make_ring(environment);
  uint64_t nothing = 0;
  CHECK(ring->host_lookup(&nothing, &nothing, 0) == -kENOTSUPP);
  CHECK(ring->host_update(&nothing, &nothing, 0) == -kENOTSUPP);
  CHECK(ring->host_erase(&nothing) == -kENOTSUPP);
  CHECK(ring->next_key(nullptr, &nothing) == -kENOTSUPP);
}

TEST_CASE("producers on several threads lose and tear nothing") {
  FakeEnvironment environment;
  const auto ring = make_ring(environment, 65536);
  constexpr uint64_t kEach = 20000;
  std::vector<std::thread> producers;
  for (uint64_t number = 0; number < 3; ++number)
    producers.emplace_back([&ring, number] {
      for (uint64_t i = 0; i < kEach;) {
        const uint64_t record[2] = {number, i};
        if (ring->output(record, sizeof record, kRingbufNoWakeup) == 0) ++i;
      }
    });
  uint64_t next[3] = {};
  while (next[0] + next[1] + next[2] < 3 * kEach)
    ring->consume([&](std::span<const std::byte> bytes) {
      uint64_t record[2] = {};
      REQUIRE(bytes.size() == sizeof record);
      std::memcpy(record, bytes.data(), sizeof record);
      REQUIRE(next[record[0]] == record[1]);
      ++next[record[0]];
    });
  for (auto& producer : producers) producer.join();
  CHECK(ring->query(ring::kAvailableData) == 0);
}
