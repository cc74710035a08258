// SPDX-License-Identifier: Apache-2.0
// Random operations on the same map in the kernel and in Skep: same results, same errno, same content.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <random>
#include <set>

#include "two_maps.hpp"

using namespace skep;
using namespace skep::maps;
using namespace skep::test;

namespace {

using Bytes = std::vector<std::byte>;

/// Both maps, and one operation on both.
class Pair {
 public:
  Pair(const Attributes& attributes, std::mt19937& random)
      : random_(random), kernel_(kernel_create(attributes)), ours_(*Map::create(attributes, environment_)) {
    REQUIRE(kernel_.fd() >= 0);
  }

  void step() {
    using Operation = void (Pair::*)();
    constexpr Operation kOperations[] = {&Pair::update,       &Pair::update,       &Pair::update,
                                         &Pair::lookup,       &Pair::erase,        &Pair::next,
                                         &Pair::lookup_erase, &Pair::update_batch, &Pair::erase_batch};
    (this->*kOperations[random_() % std::size(kOperations)])();
  }

  /// All elements, by batches and by next_key.
  void compare_content() {
    const auto kernel = kernel_keys();
    const auto ours = our_keys();
    REQUIRE(kernel == ours);
    for (const Bytes& key : ours) compare_lookup(key, 0);
    compare_lookup_batch(BPF_MAP_LOOKUP_BATCH, &Map::host_lookup_batch);
  }

  void empty_by_batch() {
    compare_lookup_batch(BPF_MAP_LOOKUP_AND_DELETE_BATCH, &Map::host_lookup_and_erase_batch);
    REQUIRE(kernel_keys() == our_keys());
  }

 private:
  /// Few different keys, so that operations meet.
  Bytes key() {
    Bytes key(ours_->key_size());
    key[0] = static_cast<std::byte>(random_() % (ours_->max_entries() + 3));
    if (random_() % 32 == 0) key.back() = std::byte{0xff};
    return key;
  }

  Bytes value() {
    Bytes value(ours_->host_value_size());
    for (std::byte& byte : value) byte = static_cast<std::byte>(random_());
    return value;
  }

  uint64_t flags() {
    constexpr uint64_t kFlags[] = {0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, uint64_t{1} << 32, ~uint64_t{0}};
    return kFlags[random_() % std::size(kFlags)];
  }

  void update() {
    const Bytes new_key = key(), new_value = value();
    const uint64_t how = flags();
    INFO("update with flags " << how);
    REQUIRE(kernel_.update(new_key.data(), new_value.data(), how) ==
            ours_->host_update(new_key.data(), new_value.data(), how));
  }

  void compare_lookup(const Bytes& at, uint64_t how) {
    Bytes theirs(ours_->host_value_size()), mine(theirs.size());
    REQUIRE(kernel_.lookup(at.data(), theirs.data(), how) == ours_->host_lookup(at.data(), mine.data(), how));
    REQUIRE(theirs == mine);
  }

  void lookup() { compare_lookup(key(), random_() % 4 == 0 ? flags() : 0); }

  void erase() {
    const Bytes at = key();
    REQUIRE(kernel_.erase(at.data()) == ours_->host_erase(at.data()));
  }

  void lookup_erase() {
    const Bytes at = key();
    const uint64_t how = random_() % 4 == 0 ? flags() : 0;
    Bytes theirs(ours_->host_value_size()), mine(theirs.size());
    REQUIRE(kernel_.lookup_and_erase(at.data(), theirs.data(), how) ==
            ours_->host_lookup_and_erase(at.data(), mine.data(), how));
    REQUIRE(theirs == mine);
  }

  /// The order of hash maps is their own: only whether there is a next key can be compared, and where it starts over.
  void next() {
    const Bytes at = key();
    Bytes theirs(ours_->key_size()), mine(ours_->key_size());
    const int kernel = kernel_.next_key(at.data(), theirs.data());
    const int own = ours_->next_key(at.data(), mine.data());
    if (is_array()) {
      REQUIRE(kernel == own);
      REQUIRE(theirs == mine);
    } else if (Bytes ignored(ours_->host_value_size()); ours_->host_lookup(at.data(), ignored.data(), 0) != 0) {
      REQUIRE(kernel == own);
    }
  }

  void update_batch() {
    Bytes keys, values;
    const uint32_t count = random_() % 5;
    for (uint32_t i = 0; i < count; ++i) {
      const Bytes new_key = key(), new_value = value();
      keys.insert(keys.end(), new_key.begin(), new_key.end());
      values.insert(values.end(), new_value.begin(), new_value.end());
    }
    const uint64_t how = random_() % 4 == 0 ? flags() : 0;
    uint32_t done = count;
    const int result = ours_->host_update_batch(keys.data(), values.data(), done, how);
    REQUIRE(kernel_.batch(BPF_MAP_UPDATE_BATCH, nullptr, nullptr, keys.data(), values.data(), count, how) ==
            Batch{result, done});
  }

  void erase_batch() {
    Bytes keys;
    const uint32_t count = random_() % 3;
    for (uint32_t i = 0; i < count; ++i) {
      const Bytes at = key();
      keys.insert(keys.end(), at.begin(), at.end());
    }
    const uint64_t how = random_() % 4 == 0 ? flags() : 0;
    uint32_t done = count;
    const int result = ours_->host_erase_batch(keys.data(), done, how);
    REQUIRE(kernel_.batch(BPF_MAP_DELETE_BATCH, nullptr, nullptr, keys.data(), nullptr, count, how) ==
            Batch{result, done});
  }

  using LookupBatch = int (Map::*)(const void*, void*, void*, void*, uint32_t&, uint64_t);

  /// All elements at once: buckets, and so the borders of smaller batches, are each side's own.
  void compare_lookup_batch(int command, LookupBatch lookup_batch) {
    const uint32_t room = ours_->max_entries() + 1;
    const uint32_t key_size = ours_->key_size(), value_size = ours_->host_value_size();
    Bytes keys[2] = {Bytes(size_t{room} * key_size), Bytes(size_t{room} * key_size)};
    Bytes values[2] = {Bytes(size_t{room} * value_size), Bytes(size_t{room} * value_size)};
    Bytes position(std::max<size_t>(key_size, sizeof(uint32_t)));
    uint32_t count = room;
    const int result = ((*ours_).*lookup_batch)(nullptr, position.data(), keys[0].data(), values[0].data(), count, 0);
    const Batch theirs = kernel_.batch(command, nullptr, position.data(), keys[1].data(), values[1].data(), room, 0);
    REQUIRE(theirs == Batch{result, count});
    if (result != 0 && result != -ENOENT) return;
    std::set<std::pair<Bytes, Bytes>> elements[2];
    for (int side = 0; side < 2; ++side)
      for (uint32_t i = 0; i < count; ++i)
        elements[side].emplace(piece(keys[side], i, key_size), piece(values[side], i, value_size));
    REQUIRE(elements[0] == elements[1]);
  }

  static Bytes piece(const Bytes& from, uint32_t index, uint32_t size) {
    const auto begin = from.begin() + static_cast<ptrdiff_t>(size_t{index} * size);
    return {begin, begin + static_cast<ptrdiff_t>(size)};
  }

  [[nodiscard]] bool is_array() const {
    return ours_->type() == MapType::array || ours_->type() == MapType::percpu_array;
  }

  std::set<Bytes> kernel_keys() {
    return walk([this](const void* at, void* next) { return kernel_.next_key(at, next); });
  }
  std::set<Bytes> our_keys() {
    return walk([this](const void* at, void* next) { return ours_->next_key(at, next); });
  }
  template <class NextKey>
  std::set<Bytes> walk(NextKey next_key) {
    std::set<Bytes> keys;
    Bytes at(ours_->key_size()), next(ours_->key_size());
    for (int error = next_key(nullptr, at.data()); error == 0; at = next) {
      REQUIRE(keys.insert(at).second);
      error = next_key(at.data(), next.data());
    }
    return keys;
  }

  std::mt19937& random_;
  DifferentialEnvironment environment_;
  KernelMap kernel_;
  std::shared_ptr<Map> ours_;
};

Attributes random_map(std::mt19937& random) {
  // LRU maps are left out: which element goes is an approximation of each side's own.
  constexpr MapType kTypes[] = {MapType::array, MapType::percpu_array, MapType::hash, MapType::percpu_hash};
  Attributes attributes{.type = kTypes[random() % std::size(kTypes)],
                        .key_size = 4,
                        .max_entries = 1 + static_cast<uint32_t>(random() % 12)};
  constexpr uint32_t kSizes[] = {1, 2, 4, 7, 8, 12, 16, 33, 100};
  attributes.value_size = kSizes[random() % std::size(kSizes)];
  const bool is_hash = attributes.type == MapType::hash || attributes.type == MapType::percpu_hash;
  if (is_hash) attributes.key_size = kSizes[random() % std::size(kSizes)];
  if (is_hash && random() % 2 == 0) attributes.flags |= kFlagNoPrealloc;
  if (attributes.type == MapType::array && random() % 3 == 0) attributes.flags |= kFlagMmapable;
  return attributes;
}

}  // namespace

TEST_CASE("random operations have the same results in Skep and in the kernel") {
  if (!kernel_bpf_works() || kernel_possible_cpus() == 0) SKIP("needs bpf(2), as root, and sysfs");
  std::mt19937 random(42);
  for (int sequence = 0; sequence < 1500; ++sequence) {
    const Attributes attributes = random_map(random);
    INFO("sequence " << sequence << ", type " << map_type_name(attributes.type) << ", key " << attributes.key_size
                     << ", value " << attributes.value_size << ", entries " << attributes.max_entries << ", flags "
                     << attributes.flags);
    Pair pair(attributes, random);
    for (int step = 0; step < 40; ++step) pair.step();
    pair.compare_content();
    pair.empty_by_batch();
  }
}

TEST_CASE("references to maps have the same results in Skep and in the kernel") {
  if (!kernel_bpf_works() || kernel_possible_cpus() == 0) SKIP("needs bpf(2), as root, and sysfs");
  std::mt19937 random(7);
  DifferentialEnvironment environment;
  const Attributes inners[] = {
      {.type = MapType::array, .key_size = 4, .value_size = 8, .max_entries = 1},
      {.type = MapType::array, .key_size = 4, .value_size = 8, .max_entries = 2},
      {.type = MapType::array, .key_size = 4, .value_size = 8, .max_entries = 1, .flags = kFlagInnerMap},
      {.type = MapType::hash, .key_size = 4, .value_size = 8, .max_entries = 1},
      {.type = MapType::hash, .key_size = 4, .value_size = 8, .max_entries = 5},
      {.type = MapType::hash, .key_size = 8, .value_size = 8, .max_entries = 5},
      {.type = MapType::ringbuf, .max_entries = 4096},
      {.type = MapType::prog_array, .key_size = 4, .value_size = 4, .max_entries = 1},
      {.type = MapType::perf_event_array, .key_size = 4, .value_size = 4, .max_entries = 1},
  };
  std::vector<KernelMap> kernel_inners;
  for (const Attributes& inner : inners) {
    kernel_inners.emplace_back(kernel_create(inner));
    REQUIRE(kernel_inners.back().fd() >= 0);
    environment.maps[kernel_inners.back().fd()] = *Map::create(inner, environment);
  }
  for (const MapType type : {MapType::array_of_maps, MapType::hash_of_maps})
    for (const KernelMap& inner : kernel_inners) {
      Attributes attributes{.type = type, .key_size = 4, .value_size = 4, .max_entries = 3};
      const long created = kernel_create(attributes, inner.fd());
      attributes.inner = environment.maps[inner.fd()];
      const auto ours = Map::create(attributes, environment);
      REQUIRE((ours ? 0 : -ours.error().code) == (created >= 0 ? 0 : created));
      if (created < 0) continue;
      KernelMap kernel(created);
      for (int step = 0; step < 60; ++step) {
        const uint32_t key = random() % 4;
        const int descriptor = random() % 8 == 0 ? 1 << 20 : kernel_inners[random() % kernel_inners.size()].fd();
        constexpr uint64_t kFlags[] = {0, 0, 0, 1, 2, 3, 4};
        const uint64_t flags = kFlags[random() % std::size(kFlags)];
        REQUIRE(kernel.update(&key, &descriptor, flags) == (*ours)->host_update(&key, &descriptor, flags));
        uint32_t ids[2] = {};
        REQUIRE(kernel.lookup(&key, &ids[0], 0) == (*ours)->host_lookup(&key, &ids[1], 0));
        if (step % 3 == 0) REQUIRE(kernel.erase(&key) == (*ours)->host_erase(&key));
      }
    }
}
