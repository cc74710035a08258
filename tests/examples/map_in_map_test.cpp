// SPDX-License-Identifier: Apache-2.0
// examples/map-in-map: inner maps by declaration.
#include "tests/examples/support.hpp"

namespace skep::tests {

TEST_CASE("a program counts in the inner map that the declaration put into the slot") {
  const Object object = load_example("map_in_map");
  const Program program = take(object.program("count_by_interface"));
  for (uint32_t packet = 1; packet <= 3; ++packet) CHECK(retval(program, {.data = zeroes(64)}) == packet);
  CHECK(take(take(object.map("uplink")).get<uint64_t>(uint32_t{1})) == 3);
  CHECK(take(take(object.map("loopback")).get<uint64_t>(uint32_t{1})) == 0);
}

TEST_CASE("the host moves an inner map to other slots by its id") {
  const Object object = load_example("map_in_map");
  const Program program = take(object.program("count_by_interface"));
  Map by_interface = take(object.map("by_interface"));
  const uint32_t uplink = 2;
  CHECK(code_of(by_interface.get<uint32_t>(uint32_t{1})) == ENOENT);
  CHECK(take(by_interface.get<uint32_t>(uplink)) != 0);  // user space sees ids of maps
  require_ok(by_interface.erase(bytes_of(uplink)));
  CHECK(retval(program, {.data = zeroes(64)}) == 0);
  CHECK(code_of(by_interface.get<uint32_t>(uplink)) == ENOENT);
}

TEST_CASE("a slot takes only descriptors of maps") {
  const Object object = load_example("map_in_map");
  Map by_interface = take(object.map("by_interface"));
  CHECK(code_of(by_interface.set(uint32_t{1}, uint32_t{1000000})) == EBADF);
  Map by_cookie = take(object.map("by_cookie"));
  CHECK(code_of(by_cookie.get<uint32_t>(uint64_t{7})) == ENOENT);
}

}  // namespace skep::tests
