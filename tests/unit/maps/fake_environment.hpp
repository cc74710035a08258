// SPDX-License-Identifier: Apache-2.0
// A VM as maps see it, for their tests, and short ways to make and use maps.
#pragma once

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

#include "maps/flags.hpp"
#include "maps/map.hpp"

namespace skep::maps::testing {

class FakeProgram final : public ProgramRef {
 public:
  FakeProgram(uint32_t id, Kind kind) : id_(id), kind_(kind) {}
  [[nodiscard]] uint32_t id() const override { return id_; }
  [[nodiscard]] Kind kind() const override { return kind_; }

 private:
  uint32_t id_;
  Kind kind_;
};

class FakeBuffer final : public PerfBuffer {
 public:
  int output(std::span<const std::byte> first, std::span<const std::byte> second) override {
    bytes += first.size() + second.size();
    return 0;
  }
  size_t bytes = 0;
};

/// Descriptors are keys of the tables below.
class FakeEnvironment final : public Environment {
 public:
  explicit FakeEnvironment(unsigned possible = 4) : cpus_(std::make_unique<Cpus>(possible)) {}
  ~FakeEnvironment() override {
    maps.clear();
    cpus_.reset();
    CHECK(charged == 0);  // whatever was taken came back
  }

  Cpus& cpus() override { return *cpus_; }
  [[nodiscard]] bool unprivileged() const override { return is_unprivileged; }
  std::shared_ptr<Map> map_of_descriptor(int fd, int& error) override { return find(maps, fd, error); }
  std::shared_ptr<ProgramRef> program_of_descriptor(int fd, int& error) override { return find(programs, fd, error); }
  std::shared_ptr<PerfBuffer> perf_buffer_of_descriptor(int fd, int& error) override {
    return find(buffers, fd, error);
  }
  uint64_t random() override { return 0x1234567; }
  bool charge(int64_t bytes) override {
    if (bytes > 0 && charged + bytes > limit) return false;
    charged += bytes;
    return true;
  }

  bool is_unprivileged = false;
  int64_t limit = int64_t{1} << 30;
  std::atomic<int64_t> charged{0};
  std::map<int, std::shared_ptr<Map>> maps;
  std::map<int, std::shared_ptr<ProgramRef>> programs;
  std::map<int, std::shared_ptr<PerfBuffer>> buffers;

 private:
  template <class Table>
  static auto find(Table& table, int fd, int& error) -> typename Table::mapped_type {
    const auto found = table.find(fd);
    if (found != table.end()) return found->second;
    error = -EBADF;
    return nullptr;
  }
  std::unique_ptr<Cpus> cpus_;
};

inline std::shared_ptr<Map> must_create(Environment& environment, Attributes attributes) {
  auto map = Map::create(std::move(attributes), environment);
  if (!map) FAIL(map.error().text());
  return *map;
}

/// errno of an attempt; 0: it worked.
inline int create_error(Environment& environment, Attributes attributes) {
  auto map = Map::create(std::move(attributes), environment);
  if (map) return 0;
  CHECK(!map.error().message.empty());
  return map.error().code;
}

/// One operation on maps whose keys are 32 bits and whose values are 64.
inline int set(Map& map, uint32_t key, uint64_t value, uint64_t flags = 0) {
  return map.host_update(&key, &value, flags);
}
inline int get(Map& map, uint32_t key, uint64_t& value) { return map.host_lookup(&key, &value, 0); }
inline uint64_t must_get(Map& map, uint32_t key) {
  uint64_t value = 0;
  REQUIRE(get(map, key, value) == 0);
  return value;
}
inline int drop(Map& map, uint32_t key) { return map.host_erase(&key); }

/// All keys by next_key.
inline std::vector<uint32_t> keys_of(Map& map) {
  std::vector<uint32_t> keys;
  uint32_t key = 0;
  for (const uint32_t* at = nullptr; map.next_key(at, &key) == 0; at = &keys.back()) {
    keys.push_back(key);
    REQUIRE(keys.size() <= map.max_entries());
  }
  return keys;
}

}  // namespace skep::maps::testing
