// SPDX-License-Identifier: Apache-2.0
// Helpers that work on maps.
#include "maps/ringbuf.hpp"
#include "tests/unit/helpers/support.hpp"
#include "vm/helpers/dynptr.hpp"
#include "vm/interpreter/machine.hpp"

namespace skep::vm::test {

namespace {

class MapTest : public HelperTest {
 public:
  explicit MapTest(maps::Attributes attributes) : map_(*maps::Map::create(std::move(attributes), *vm)) {}
  maps::Map* map() { return map_.get(); }

 private:
  std::shared_ptr<maps::Map> map_;
};

maps::Attributes hash(uint32_t entries = 4) {
  return {.type = maps::MapType::hash, .key_size = 4, .value_size = 8, .max_entries = entries, .name = "h"};
}
maps::Attributes ring() { return {.type = maps::MapType::ringbuf, .max_entries = 4096, .name = "r"}; }

/// Stands in for the engine: "functions" are numbers.
struct Calls {
  std::vector<std::array<uint64_t, 5>> made;
  uint64_t stop_at = UINT64_MAX;  ///< call that answers 1
  uint64_t end_at = UINT64_MAX;   ///< call at which the run is over
};
bool record_call(Run& run, uint64_t, const uint64_t (&arguments)[5], uint64_t& result) {
  auto& calls = *static_cast<Calls*>(run.engine_state);
  const size_t index = calls.made.size();
  calls.made.push_back(std::to_array(arguments));
  result = index == calls.stop_at ? 1 : 0;
  return index != calls.end_at;
}

}  // namespace

TEST_CASE("maps are looked up, updated and deleted") {
  MapTest t(hash());
  const uint32_t key = 1;
  const uint64_t value = 77;
  CHECK(t.call(HelperId::map_lookup_elem, t.map(), &key) == 0);
  CHECK(t.call(HelperId::map_update_elem, t.map(), &key, &value, 0) == 0);
  CHECK(t.call(HelperId::map_update_elem, t.map(), &key, &value, 1) == -EEXIST);
  const auto found = t.call(HelperId::map_lookup_elem, t.map(), &key);
  REQUIRE(found != 0);
  CHECK(*reinterpret_cast<uint64_t*>(found) == 77);
  CHECK(t.call(HelperId::map_delete_elem, t.map(), &key) == 0);
  CHECK(t.call(HelperId::map_delete_elem, t.map(), &key) == -ENOENT);
}

TEST_CASE("values of other CPUs are reached, of absent CPUs not") {
  MapTest t({.type = maps::MapType::percpu_array, .key_size = 4, .value_size = 8, .max_entries = 1, .name = "p"});
  const uint32_t key = 0;
  CHECK(t.call(HelperId::map_lookup_percpu_elem, t.map(), &key, 0) != 0);
  CHECK(t.call(HelperId::map_lookup_percpu_elem, t.map(), &key, 1) !=
        t.call(HelperId::map_lookup_percpu_elem, t.map(), &key, 0));
  CHECK(t.call(HelperId::map_lookup_percpu_elem, t.map(), &key, 2) == 0);
}

TEST_CASE("bpf_loop calls until it is told to stop") {
  HelperTest t;
  Calls calls;
  t.run.call = record_call;
  t.run.engine_state = &calls;
  CHECK(t.call(HelperId::loop, 3, 1, 0xabc, 0) == 3);
  REQUIRE(calls.made.size() == 3);
  CHECK((calls.made[2][0] == 2 && calls.made[2][1] == 0xabc));
  calls = {.made = {}, .stop_at = 1};
  CHECK(t.call(HelperId::loop, 9, 1, 0, 0) == 2);
  calls = {.made = {}, .stop_at = UINT64_MAX, .end_at = 1};
  t.call(HelperId::loop, 9, 1, 0, 0);
  CHECK(calls.made.size() == 2);
  CHECK(t.call(HelperId::loop, 1, 1, 0, 1) == -EINVAL);
  CHECK(t.call(HelperId::loop, (8 << 20) + 1, 1, 0, 0) == -E2BIG);
}

TEST_CASE("for_each_map_elem visits each element with the map, key, value and the caller's word") {
  MapTest t({.type = maps::MapType::array, .key_size = 4, .value_size = 8, .max_entries = 3, .name = "a"});
  Calls calls;
  t.run.call = record_call;
  t.run.engine_state = &calls;
  CHECK(t.call(HelperId::for_each_map_elem, t.map(), 1, 5, 0) == 3);
  REQUIRE(calls.made.size() == 3);
  const uint32_t last = 2;
  CHECK(calls.made[2][0] == reinterpret_cast<uint64_t>(t.map()));
  CHECK(calls.made[2][2] == uint64_t(t.call(HelperId::map_lookup_elem, t.map(), &last)));
  CHECK(calls.made[2][3] == 5);
  calls = {.made = {}, .stop_at = 0};
  CHECK(t.call(HelperId::for_each_map_elem, t.map(), 1, 5, 0) == 1);
  CHECK(t.call(HelperId::for_each_map_elem, t.map(), 1, 5, 1) == -EINVAL);
}

TEST_CASE("ring buffer records are remembered until they are committed") {
  MapTest t(ring());
  const auto record = t.call(HelperId::ringbuf_reserve, t.map(), 16, 0);
  REQUIRE(record != 0);
  CHECK(t.run.reserved.size() == 1);
  std::memset(reinterpret_cast<void*>(record), 7, 16);
  t.call(HelperId::ringbuf_submit, record, 0);
  CHECK(t.run.reserved.empty());
  CHECK(t.call(HelperId::ringbuf_reserve, t.map(), 5000, 0) == 0);
  CHECK(t.call(HelperId::ringbuf_reserve, t.map(), 16, 1) == 0);
  const auto discarded = t.call(HelperId::ringbuf_reserve, t.map(), 8, 0);
  t.call(HelperId::ringbuf_discard, discarded, 0);
  CHECK(t.call(HelperId::ringbuf_output, t.map(), "abc", 3, 0) == 0);
  CHECK(t.call(HelperId::ringbuf_output, t.map(), "abc", 3, 8) == -EINVAL);
  CHECK(t.call(HelperId::ringbuf_query, t.map(), BPF_RB_RING_SIZE) == 4096);
  std::vector<size_t> sizes;
  static_cast<maps::Ringbuf*>(t.map())->consume([&](std::span<const std::byte> bytes) {
    sizes.push_back(bytes.size());
    return true;
  });
  CHECK(sizes == std::vector<size_t>{16, 3});
}

TEST_CASE("records of a run end in any order, and a run holds a limited number of them") {
  MapTest t({.type = maps::MapType::ringbuf, .max_entries = 1 << 16, .name = "r"});
  std::vector<int64_t> records;
  while (records.size() < 1024) records.push_back(t.call(HelperId::ringbuf_reserve, t.map(), 0, 0));
  CHECK(!t.run.fault);
  CHECK(t.call(HelperId::ringbuf_reserve, t.map(), 0, 0) == 0);
  REQUIRE(t.run.fault);
  CHECK(t.run.fault->code == E2BIG);
  t.run.fault.reset();
  for (const size_t i : {size_t{0}, size_t{500}, size_t{1023}}) t.call(HelperId::ringbuf_submit, records[i], 0);
  CHECK(t.run.reserved.size() == 1021);
  interpreter::release_resources(t.run);
  CHECK((t.run.reserved.empty() && !t.run.fault));
  CHECK(static_cast<maps::Ringbuf*>(t.map())->consume([](std::span<const std::byte>) {}) == 3);
}

TEST_CASE("committing what was not reserved ends the run") {
  MapTest t(ring());
  uint64_t word = 0;
  t.call(HelperId::ringbuf_submit, &word, 0);
  REQUIRE(t.run.fault);
  CHECK(t.run.fault->code == EFAULT);
}

TEST_CASE("dynamic pointers keep to their bounds") {
  HelperTest t;
  uint8_t memory[16] = {1, 2, 3};
  helpers::Dynptr pointer{};
  CHECK(t.call(HelperId::dynptr_from_mem, memory, 16, 1, &pointer) == -EINVAL);
  CHECK(pointer.data == nullptr);
  CHECK(t.call(HelperId::dynptr_from_mem, memory, 1 << 24, 0, &pointer) == -E2BIG);
  CHECK(t.call(HelperId::dynptr_from_mem, memory, 16, 0, &pointer) == 0);
  uint8_t to[4] = {};
  CHECK(t.call(HelperId::dynptr_read, to, 4, &pointer, 1, 0) == 0);
  CHECK(to[0] == 2);
  CHECK(t.call(HelperId::dynptr_read, to, 4, &pointer, 13, 0) == -E2BIG);
  CHECK(t.call(HelperId::dynptr_read, to, 4, &pointer, 0xffffffff, 0) == -E2BIG);
  CHECK(t.call(HelperId::dynptr_read, to, 4, &pointer, 0, 1) == -EINVAL);
  CHECK(t.call(HelperId::dynptr_write, &pointer, 12, to, 4, 0) == 0);
  CHECK(memory[12] == 2);
  CHECK(t.call(HelperId::dynptr_write, &pointer, 12, to, 4, 1) == -EINVAL);
  CHECK(t.call(HelperId::dynptr_data, &pointer, 4, 12) == reinterpret_cast<int64_t>(memory + 4));
  CHECK(t.call(HelperId::dynptr_data, &pointer, 4, 13) == 0);
}

TEST_CASE("a dynamic pointer to a record is submitted once, a failed one is empty") {
  MapTest t(ring());
  helpers::Dynptr pointer{};
  CHECK(t.call(HelperId::ringbuf_reserve_dynptr, t.map(), 8, 0, &pointer) == 0);
  CHECK(pointer.data != nullptr);
  t.call(HelperId::ringbuf_submit_dynptr, &pointer, 0);
  CHECK((pointer.data == nullptr && t.run.reserved.empty()));
  t.call(HelperId::ringbuf_submit_dynptr, &pointer, 0);
  CHECK(!t.run.fault);
  CHECK(t.call(HelperId::ringbuf_reserve_dynptr, t.map(), 8000, 0, &pointer) == -EINVAL);
  CHECK(pointer.data == nullptr);
}

TEST_CASE("a run holds one lock at most and gives back only what it holds") {
  HelperTest t;
  uint32_t lock = 0;
  uint32_t other = 0;
  CHECK(t.call(HelperId::spin_lock, &lock) == 0);
  CHECK((lock == 1 && t.run.spin_lock == &lock));
  CHECK(t.call(HelperId::spin_unlock, &lock) == 0);
  CHECK((lock == 0 && t.run.spin_lock == nullptr));
  t.call(HelperId::spin_unlock, &other);
  REQUIRE(t.run.fault);
  CHECK(t.run.fault->code == EPERM);

  HelperTest twice;
  twice.call(HelperId::spin_lock, &lock);
  twice.call(HelperId::spin_lock, &other);
  REQUIRE(twice.run.fault);
  CHECK(twice.run.fault->code == EDEADLK);
}

TEST_CASE("waiting for a spin lock that nobody gives back ends the run") {
  HelperTest t;
  uint32_t lock = 1;
  t.call(HelperId::spin_lock, &lock);
  REQUIRE(t.run.fault);
  CHECK(t.run.fault->code == EDEADLK);
  CHECK(t.run.spin_lock == nullptr);
}

TEST_CASE("kptr_xchg exchanges") {
  HelperTest t;
  uint64_t field = 5;
  CHECK(t.call(HelperId::kptr_xchg, &field, 6) == 5);
  CHECK(field == 6);
}

TEST_CASE("perf samples go to the buffer of this CPU, with packet bytes as the flags say") {
  class Buffer : public maps::PerfBuffer {
   public:
    int output(std::span<const std::byte> first, std::span<const std::byte> second) override {
      sizes.emplace_back(first.size(), second.size());
      return 0;
    }
    std::vector<std::pair<size_t, size_t>> sizes;
  };
  SkbTest t;
  auto map = *maps::Map::create(
      {.type = maps::MapType::perf_event_array, .key_size = 4, .value_size = 4, .max_entries = 2, .name = "e"}, *t.vm);
  auto buffer = std::make_shared<Buffer>();
  constexpr uint64_t kCurrent = 0xffffffff;
  CHECK(t.on_context(HelperId::perf_event_output, map.get(), kCurrent, "abc", 3) == -ENOENT);
  const int fd = t.vm->perf_buffer_descriptor(buffer);
  REQUIRE(fd >= 0);
  const uint32_t key = t.run.cpu;
  const auto value = static_cast<uint32_t>(fd);
  REQUIRE(map->host_update(&key, &value, 0) == 0);
  CHECK(t.on_context(HelperId::perf_event_output, map.get(), kCurrent, "abc", 3) == 0);
  CHECK(t.on_context(HelperId::perf_event_output, map.get(), kCurrent | uint64_t{64} << 32, "abc", 3) == 0);
  CHECK(buffer->sizes == std::vector<std::pair<size_t, size_t>>{{3, 0}, {3, 64}});
  CHECK(t.on_context(HelperId::perf_event_output, map.get(), kCurrent | uint64_t{65} << 32, "abc", 3) == -EFAULT);
  CHECK(t.on_context(HelperId::perf_event_output, map.get(), uint64_t{1} << 60, "abc", 3) == -EINVAL);
  CHECK(t.on_context(HelperId::perf_event_output, map.get(), 2, "abc", 3) == -E2BIG);
  const uint32_t other = 1 - key;
  REQUIRE(map->host_update(&other, &value, 0) == 0);
  CHECK(t.on_context(HelperId::perf_event_output, map.get(), other, "abc", 3) == -EOPNOTSUPP);
  uint64_t counter[3] = {1, 1, 1};
  CHECK(t.call(HelperId::perf_event_read_value, map.get(), kCurrent, counter, 24) == -EINVAL);
  CHECK(counter[0] == 0);
  t.vm->close(fd);
}

}  // namespace skep::vm::test
