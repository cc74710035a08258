// SPDX-License-Identifier: Apache-2.0
// One program of an object, whatever the others are like; and why one cannot load.
#include <cerrno>
#include <map>
#include <string>

#include "tests/examples/support.hpp"

namespace skep::tests {
namespace {

Result<Object> load_alone(const std::string& program, VmOptions options = {}) {
  options.kernel_btf = example("kernel_types");  // libbpf wants types for an object with externs of the kernel
  Vm vm = take(Vm::create(options));
  Result<Object> object = vm.open(LOADING_OBJECT, {.program = program});
  if (!object) return object;
  if (Status status = object->load(); !status) return status.error();
  return object;
}

Error error_of(const std::string& program, const VmOptions& options = {}) {
  Result<Object> object = load_alone(program, options);
  REQUIRE(!object);
  return object.error();
}

bool says(const Error& error, std::string_view text) {
  INFO(error.text());
  CHECK(error.message.find(text) != std::string::npos);
  return error.message.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("a program loads beside others that cannot") {
  const Object object = take(load_alone("good"));
  CHECK(retval(take(object.program("good")), {.data = zeroes(64)}) == 16);  // the test interface's index is 1
  CHECK(load_alone("weak_extern"));
}

TEST_CASE("the error names the program that failed, also where Linux cuts the names to the same") {
  CHECK(load_alone("a_name_that_is_long_and_good"));
  const Error error = error_of("a_name_that_is_long_and_bad");
  CHECK(error.program == "a_name_that_is_long_and_bad");
  CHECK(error.code == EINVAL);
  CHECK(says(error, "9999"));
}

TEST_CASE("why a program cannot load is said, not only that it failed") {
  CHECK(says(error_of("no_such_section"), "no/such/section"));
  CHECK(says(error_of("unknown_map"), "map 'no_such_map': "));
  CHECK(says(error_of("good", {.unprivileged = true}), "xdp"));
  CHECK(error_of("good", {.unprivileged = true}).code == EPERM);
}

TEST_CASE("a strong extern must be known to a program that uses it, and to no other") {
  const Error error = error_of("strong_extern");
  CHECK(error.code == ESRCH);
  CHECK(says(error, "no_such_function"));
}

TEST_CASE("each program has its verdict, and its type, whatever the object is like") {
  Vm vm = take(Vm::create({.kernel_btf = example("kernel_types")}));
  std::map<std::string, Verdict> verdicts;
  for (const Verdict& verdict : take(vm.verify(LOADING_OBJECT))) verdicts[verdict.program] = verdict;
  CHECK(verdicts.size() == 8);
  CHECK((verdicts["strong_extern"].type == "xdp" && !verdicts["strong_extern"].accepted));
  CHECK((verdicts["no_such_section"].type == "unspec" && !verdicts["no_such_section"].accepted));
  CHECK((verdicts["unknown_helper"].type == "xdp" && verdicts["unknown_helper"].code == EINVAL));
}

TEST_CASE("maps of data sections are named as libbpf names them") {
  const Object object = take(load_alone("good"));
  CHECK(object.map("loading.bss"));
}

}  // namespace skep::tests
