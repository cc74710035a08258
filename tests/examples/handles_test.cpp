// SPDX-License-Identifier: Apache-2.0
// What handles mean: lifetimes, copies, moves, several objects in one VM, loading again.
#include <cerrno>
#include <optional>

#include "tests/examples/support.hpp"

namespace skep::tests {

TEST_CASE("a map and a program outlive the handles of their object and VM") {
  std::optional<Vm> vm = take(Vm::create());
  std::optional<Object> object = load_example(*vm, "functions");
  const Program program = take(object->program("call_functions"));
  const Map squares = take(object->map("squares"));
  object.reset();
  vm.reset();
  CHECK(retval(program, {.data = zeroes(64)}) == 85);
  CHECK(take(squares.get<uint64_t>(uint32_t{4})) == 16);
}

TEST_CASE("copies mean the same thing") {
  const Object object = load_example("functions");
  const Object copy = object;  // NOLINT(performance-unnecessary-copy-initialization): what is tested
  Map one = take(object.map("squares"));
  const Map other = take(copy.map("squares"));
  require_ok(one.set(uint32_t{2}, uint64_t{1234}));
  CHECK(take(other.get<uint64_t>(uint32_t{2})) == 1234);
}

TEST_CASE("handles move, and what they are assigned to is let go") {
  Map map = take(load_example("functions").map("squares"));
  Map moved = std::move(map);
  require_ok(moved.set(uint32_t{1}, uint64_t{5}));
  map = take(load_example("functions").map("squares"));
  CHECK(take(map.get<uint64_t>(uint32_t{1})) == 0);
  moved = std::move(map);
  CHECK(take(moved.get<uint64_t>(uint32_t{1})) == 0);
}

TEST_CASE("an object is loaded once; opening it again gives one of its own") {
  Vm vm = take(Vm::create());
  Object first = load_example(vm, "globals");
  CHECK(code_of(first.load()) == EALREADY);
  const Object second = load_example(vm, "globals");
  const auto packet = zeroes(64);
  CHECK(retval(take(first.program("use_globals")), {.data = packet, .repeat = 3}) == 103);
  CHECK(retval(take(second.program("use_globals")), {.data = packet}) == 101);
}

TEST_CASE("two objects live in one VM") {
  Vm vm = take(Vm::create());
  const Object functions = load_example(vm, "functions");
  const Object tail_calls = load_example(vm, "tail_calls");
  CHECK(retval(take(functions.program("call_functions")), {.data = zeroes(64)}) == 85);
  CHECK(retval(take(tail_calls.program("dispatch")), {.data = zeroes(64)}) == 0);
}

TEST_CASE("an object opens from bytes as from a file") {
  Vm vm = take(Vm::create());
  std::vector<std::byte> bytes;
  {
    std::FILE* file = std::fopen(example("functions").c_str(), "rb");
    REQUIRE(file != nullptr);
    std::byte piece[4096];
    for (size_t got; (got = std::fread(piece, 1, sizeof piece, file)) > 0;)
      bytes.insert(bytes.end(), piece, piece + got);
    std::fclose(file);
  }
  Object object = take(vm.open(bytes, {.name = "from memory"}));
  bytes.clear();  // the object has its own copy
  bytes.shrink_to_fit();
  require_ok(object.load());
  CHECK(retval(take(object.program("call_functions")), {.data = zeroes(64)}) == 85);
}

TEST_CASE("only the chosen program and what it needs is loaded") {
  Vm vm = take(Vm::create());
  const Object object = load_example(vm, "tail_calls", {.program = "dispatch"});
  CHECK(retval(take(object.program("dispatch")), {.data = zeroes(64)}) == 0);
  CHECK(code_of(vm.open(example("tail_calls"), {.program = "nothing"})) == ENOENT);

  const Object alone = load_example(vm, "tail_calls", {.program = "on_tcp"});
  CHECK(retval(take(alone.program("on_tcp")), {.data = zeroes(64)}) == 2);
  const auto unloaded = take(alone.program("on_udp")).run({.data = zeroes(64)});
  CHECK(code_of(unloaded) == EINVAL);
}

TEST_CASE("names that are not there, files that are not there, files that are no objects") {
  Vm vm = take(Vm::create());
  CHECK(code_of(vm.open("/nonexistent/object.bpf.o")) == ENOENT);
  const auto capture = vm.open(std::string(SKEP_EXAMPLES) + "/mixed.pcap");
  REQUIRE_FALSE(capture.ok());
  CHECK(capture.error().object == std::string(SKEP_EXAMPLES) + "/mixed.pcap");
  const Object object = load_example(vm, "functions");
  CHECK(code_of(object.program("nothing")) == ENOENT);
  CHECK(code_of(object.map("nothing")) == ENOENT);
}

TEST_CASE("a run that does not end is ended by its fuel, with the place") {
  const Object object = load_example("functions");
  const auto ended = take(object.program("call_functions")).run({.data = zeroes(64), .fuel = 10});
  REQUIRE(code_of(ended) == ETIME);
  CHECK(ended.error().insn >= 0);
  CHECK(ended.error().program == "call_functions");
}

TEST_CASE("inputs that PROG_TEST_RUN refuses are refused") {
  const Object object = load_example("functions");
  const Program program = take(object.program("call_functions"));
  CHECK(code_of(program.run({.data = zeroes(8)})) == EINVAL);  // shorter than an Ethernet header
  CHECK(code_of(program.run({.data = zeroes(64), .engine = Engine::jit})) == ENOTSUP);
  CHECK(code_of(program.run({.data = zeroes(64), .engine = Engine::checked, .trust = true})) == EINVAL);
}

TEST_CASE("trusted programs run on the plain engine with the same results") {
  const Object object = load_example("functions");
  CHECK(retval(take(object.program("call_functions")), {.data = zeroes(64), .trust = true}) == 85);
}

TEST_CASE("options that no machine has are refused") {
  CHECK(code_of(Vm::create({.cpus = 0})) == EINVAL);
  CHECK(code_of(Vm::create({.cpus = 100000})) == EINVAL);
}

TEST_CASE("programs have the names of their verdicts") {
  const Object object = load_example("tail_calls");
  const Program program = take(object.program("dispatch"));
  CHECK(program.type() == "xdp");
  CHECK(program.has_packet());
  CHECK(program.verdict_name(1) == "XDP_DROP");
  CHECK(program.verdict_name(99).empty());
}

}  // namespace skep::tests
