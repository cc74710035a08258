// SPDX-License-Identifier: Apache-2.0
// examples/globals: constants set before loading, variables that live on between runs.
#include <array>
#include <cerrno>

#include "tests/examples/support.hpp"

namespace skep::tests {
namespace {

constexpr uint32_t kWithinLimits = 100;
constexpr uint32_t kVerbose = 1000;

Object open_globals() {
  Vm vm = take(Vm::create());
  return take(vm.open(example("globals")));
}

Program load(Object& object) {
  require_ok(object.load());
  return take(object.program("use_globals"));
}

}  // namespace

TEST_CASE("variables live on between runs, constants have the file's values") {
  Object object = open_globals();
  const Program program = load(object);
  const auto packet = zeroes(64);
  CHECK(retval(program, {.data = packet}) == 1 + kWithinLimits);
  CHECK(retval(program, {.data = packet}) == 2 + kWithinLimits);
  CHECK(retval(program, {.data = packet, .repeat = 5}) == 7 + kWithinLimits);
  CHECK(retval(program, {.data = zeroes(2000)}) == 8);
  CHECK(global<uint64_t>(object, "runs") == 8);
  CHECK(global<std::array<uint32_t, 4>>(object, "sizes") == std::array<uint32_t, 4>{2000, 64, 64, 64});
}

TEST_CASE("constants are set before loading, by number, by enumerator and by structure") {
  Object object = open_globals();
  require_ok(object.set_global("mode", "\"VERBOSE\""));
  require_ok(object.set_global("limits", R"({"low": 100, "high": 200, "enabled": 1})"));
  require_ok(object.set_global("runs", "40"));
  const Program program = load(object);
  CHECK(retval(program, {.data = zeroes(64)}) == 41 + kVerbose);
  CHECK(retval(program, {.data = zeroes(150)}) == 42 + kVerbose + kWithinLimits);
  CHECK(std::string(global<std::array<char, 8>>(object, "last_name").data()) == "verbose");
}

TEST_CASE("what cannot be set says why, and nothing is set after loading") {
  Object object = open_globals();
  CHECK(code_of(object.set_global("nothing", "1")) == ENOENT);
  CHECK(code_of(object.set_global("mode", "\"LOUD\"")) == EINVAL);
  CHECK(code_of(object.set_global("mode", "{")) == EINVAL);
  CHECK(code_of(object.set_global("sizes", "[1, 2, 3, 4, 5]")) != 0);
  CHECK(code_of(object.set_global("sizes", "[5000000000]")) != 0);
  (void)load(object);
  CHECK(code_of(object.set_global("mode", "1")) == EBUSY);
}

TEST_CASE("the host reads and writes variables while the object lives; constants are frozen") {
  Object object = open_globals();
  const Program program = load(object);
  Map variables = section_map(object, ".bss");
  auto content = take(variables.lookup(bytes_of(uint32_t{0})));
  REQUIRE(content.size() == sizeof(uint64_t));  // runs alone
  content[0] = std::byte{200};
  require_ok(variables.update(bytes_of(uint32_t{0}), content));
  CHECK(retval(program, {.data = zeroes(64)}) == 201 + kWithinLimits);

  Map constants = section_map(object, ".rodata");
  const auto values = take(constants.lookup(bytes_of(uint32_t{0})));
  CHECK(code_of(constants.update(bytes_of(uint32_t{0}), values)) == EPERM);
}

TEST_CASE("globals are listed with section, type and place") {
  const auto globals = open_globals().globals();
  const auto found = std::find_if(globals.begin(), globals.end(), [](const auto& g) { return g.name == "sizes"; });
  REQUIRE(found != globals.end());
  CHECK(found->section == ".data");
  CHECK(found->size == 4 * sizeof(uint32_t));
  CHECK(found->type.find("[4]") != std::string::npos);
}

}  // namespace skep::tests
