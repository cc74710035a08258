// SPDX-License-Identifier: Apache-2.0
// examples/functions: calls between functions, and callbacks of helpers.
#include "tests/examples/support.hpp"

namespace skep::tests {

TEST_CASE("static and global functions and callbacks are called") {
  const Object object = load_example("functions");
  const Program program = take(object.program("call_functions"));
  CHECK(retval(program, {.data = zeroes(64)}) == 30 + 55);

  const Map squares = take(object.map("squares"));
  for (uint32_t i = 0; i < squares.max_entries(); ++i) CHECK(take(squares.get<uint64_t>(i)) == uint64_t{i} * i);
}

TEST_CASE("a program's size before loading is the file's, after loading that of all its functions") {
  Vm vm = take(Vm::create());
  Object object = take(vm.open(example("functions")));
  const Program program = take(object.program("call_functions"));
  const size_t alone = program.insn_count();
  require_ok(object.load());
  CHECK(program.insn_count() > alone);

  std::vector<std::string> functions;
  for (const ListingLine& line : program.listing())
    if (!line.function.empty()) functions.push_back(line.function);
  for (const char* name : {"call_functions", "square", "fibonacci", "fill", "add"}) {
    INFO(name);
    CHECK(std::find(functions.begin(), functions.end(), name) != functions.end());
  }
}

TEST_CASE("only the entry program is a program") {
  const Object object = load_example("functions");
  CHECK(object.programs().size() == 1);
  CHECK_FALSE(object.program("fibonacci").ok());
}

}  // namespace skep::tests
