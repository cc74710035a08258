// SPDX-License-Identifier: Apache-2.0
#include "vm/ids.hpp"

#include <catch2/catch_test_macros.hpp>
#include <vector>

using skep::vm::Ids;

namespace {
struct Thing {
  uint32_t id = 0;
  void set_id(uint32_t value) { id = value; }
};
}  // namespace

TEST_CASE("Ids begin at 1 and are not used again while there are others") {
  Ids<Thing> ids;
  auto first = std::make_shared<Thing>();
  ids.add(first);
  CHECK(first->id == 1);
  first.reset();
  auto second = std::make_shared<Thing>();
  ids.add(second);
  CHECK(second->id == 2);
}

TEST_CASE("An object that nobody refers to has no id") {
  Ids<Thing> ids;
  auto thing = std::make_shared<Thing>();
  ids.add(thing);
  CHECK(ids.find(1) == thing);
  thing.reset();
  CHECK(ids.find(1) == nullptr);
  CHECK(ids.first_from(1) == nullptr);
}

TEST_CASE("Walking the ids skips those that are gone") {
  Ids<Thing> ids;
  std::vector<std::shared_ptr<Thing>> things;
  for (int i = 0; i < 200; ++i) ids.add(things.emplace_back(std::make_shared<Thing>()));
  for (size_t i = 0; i < things.size(); ++i)
    if (i % 3 != 0) things[i].reset();
  uint32_t expected = 1;
  for (auto thing = ids.first_from(1); thing != nullptr; thing = ids.first_from(thing->id + 1)) {
    CHECK(thing->id == expected);
    expected += 3;
  }
  CHECK(expected == 202);
}
