// SPDX-License-Identifier: Apache-2.0
// Maps through the C++ interface: typed access, iteration, printing, filling, and the errors of each.
#include <linux/bpf.h>

#include <cerrno>
#include <set>

#include "tests/examples/support.hpp"

namespace skep::tests {
namespace {

struct Counters {
  uint64_t packets, bytes;
  bool operator==(const Counters&) const = default;
};

Map counter_map(const std::string& name) { return take(load_example("packet_counter").map(name)); }

std::set<uint16_t> keys_of(const Map& map) {
  std::set<uint16_t> keys;
  std::vector<std::byte> key;
  for (auto next = map.next_key({}); next; next = map.next_key(key)) {
    key = *next;
    uint16_t value = 0;
    REQUIRE(key.size() == sizeof value);
    std::memcpy(&value, key.data(), sizeof value);
    CHECK(keys.insert(value).second);
  }
  return keys;
}

}  // namespace

TEST_CASE("a map tells its type and sizes") {
  const Map by_port = counter_map("by_port");
  CHECK(by_port.name() == "by_port");
  CHECK(by_port.type() == "hash");
  CHECK(by_port.key_size() == 2);
  CHECK(by_port.value_size() == sizeof(Counters));
  CHECK(by_port.host_value_size() == sizeof(Counters));
  CHECK(by_port.max_entries() == 1024);
  CHECK_FALSE(by_port.is_per_cpu());
  CHECK_FALSE(by_port.is_global_data());

  const Map by_protocol = counter_map("by_protocol");
  CHECK(by_protocol.is_per_cpu());
  CHECK(by_protocol.host_value_size() == 4 * sizeof(Counters));
}

TEST_CASE("values are written and read by type") {
  Map map = counter_map("by_port");
  require_ok(map.set(uint16_t{80}, Counters{1, 60}));
  CHECK(take(map.get<Counters>(uint16_t{80})) == Counters{1, 60});
  require_ok(map.set(uint16_t{80}, Counters{2, 120}));
  CHECK(take(map.get<Counters>(uint16_t{80})) == Counters{2, 120});
  require_ok(map.erase(bytes_of(uint16_t{80})));
  CHECK(code_of(map.get<Counters>(uint16_t{80})) == ENOENT);
}

TEST_CASE("flags and limits of a hash give Linux's errors") {
  Map map = counter_map("by_port");
  const Counters value{1, 1};
  CHECK(code_of(map.set(uint16_t{1}, value, BPF_EXIST)) == ENOENT);
  require_ok(map.set(uint16_t{1}, value, BPF_NOEXIST));
  CHECK(code_of(map.set(uint16_t{1}, value, BPF_NOEXIST)) == EEXIST);
  CHECK(code_of(map.set(uint16_t{1}, value, 99)) == EINVAL);
  CHECK(code_of(map.erase(bytes_of(uint16_t{2}))) == ENOENT);
  for (uint16_t key = 2; key <= map.max_entries(); ++key) require_ok(map.set(key, value));
  CHECK(code_of(map.set(uint16_t{5000}, value)) == E2BIG);
  require_ok(map.set(uint16_t{1}, value));  // what is there can change
}

TEST_CASE("indexes beyond an array and the deletion of its elements give Linux's errors") {
  Map squares = take(load_example("functions").map("squares"));
  CHECK(code_of(squares.get<uint64_t>(uint32_t{5})) == ENOENT);
  CHECK(code_of(squares.set(uint32_t{5}, uint64_t{1})) == E2BIG);
  CHECK(code_of(squares.set(uint32_t{1}, uint64_t{1}, BPF_NOEXIST)) == EEXIST);
  CHECK(code_of(squares.erase(bytes_of(uint32_t{1}))) == EINVAL);
}

TEST_CASE("keys and values of a wrong size are refused with both sizes") {
  Map map = counter_map("by_port");
  const auto failed = map.lookup(bytes_of(uint32_t{80}));
  REQUIRE(code_of(failed) == EINVAL);
  CHECK(failed.error().message.find("4 bytes, expected 2") != std::string::npos);
  CHECK(failed.error().program == "by_port");
  CHECK(code_of(map.set(uint16_t{80}, uint8_t{1})) == EINVAL);
  CHECK(code_of(map.get<uint8_t>(uint16_t{80})) != 0);
  CHECK(code_of(map.erase({})) == EINVAL);
  CHECK(code_of(map.next_key(bytes_of(uint32_t{0}))) == EINVAL);
}

TEST_CASE("a type of another size than the value is refused") {
  Map map = counter_map("by_port");
  require_ok(map.set(uint16_t{80}, Counters{1, 60}));
  CHECK(code_of(map.get<uint64_t>(uint16_t{80})) == EINVAL);
}

TEST_CASE("iteration visits every key once and ends with ENOENT") {
  Map map = counter_map("by_port");
  CHECK(code_of(map.next_key({})) == ENOENT);
  std::set<uint16_t> all;
  for (uint16_t key = 100; key < 164; ++key) {
    require_ok(map.set(key, Counters{key, 0}));
    all.insert(key);
  }
  CHECK(keys_of(map) == all);

  const Map array = take(load_example("functions").map("squares"));
  CHECK(take(array.next_key({})) == std::vector<std::byte>(4));
  CHECK(code_of(array.next_key(bytes_of(uint32_t{4}))) == ENOENT);
}

TEST_CASE("a per-CPU map is written and read with a value for each CPU") {
  Map map = counter_map("by_protocol");
  std::vector<Counters> values = {{1, 10}, {2, 20}, {3, 30}, {4, 40}};
  const uint32_t key = 3;
  require_ok(map.update(bytes_of(key), std::as_bytes(std::span(values))));
  const auto read = take(map.lookup(bytes_of(key)));
  REQUIRE(read.size() == values.size() * sizeof(Counters));
  CHECK(std::memcmp(read.data(), values.data(), read.size()) == 0);
}

TEST_CASE("maps are printed by their types and filled from what was printed") {
  Map map = counter_map("by_port");
  require_ok(map.set(uint16_t{443}, Counters{7, 4200}));
  const std::string json = take(map.dump_json());
  CHECK(json.find("\"packets\":7") != std::string::npos);
  CHECK(take(map.dump_text()).find("\"bytes\": 4200") != std::string::npos);

  require_ok(map.erase(bytes_of(uint16_t{443})));
  require_ok(map.fill_json(R"([{"key": 443, "value": {"packets": 8, "bytes": 9}}])"));
  CHECK(take(map.get<Counters>(uint16_t{443})) == Counters{8, 9});
  CHECK(code_of(map.fill_json(R"([{"key": 443, "value": {"packts": 8}}])")) == EINVAL);
  CHECK(code_of(map.fill_json("[{")) == EINVAL);
  CHECK(code_of(map.fill_json(R"([{"key": 99999, "value": {"packets": 8}}])")) != 0);
}

TEST_CASE("a map of an object that is not loaded says so") {
  Vm vm = take(Vm::create());
  const Object object = take(vm.open(example("packet_counter")));
  Map map = take(object.map("by_port"));
  CHECK(map.key_size() == 2);
  const auto failed = map.get<Counters>(uint16_t{1});
  REQUIRE(code_of(failed) == EINVAL);
  CHECK(failed.error().message.find("not loaded") != std::string::npos);
  CHECK(code_of(map.dump_json()) == EINVAL);
}

}  // namespace skep::tests
