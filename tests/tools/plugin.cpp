// SPDX-License-Identifier: Apache-2.0
// The protocol of the bpf_conformance suite's plugins.
#include <catch2/catch_test_macros.hpp>

#include "tests/tools/command.hpp"

using skep::tests::CommandResult;
using skep::tests::run_command;

namespace {

constexpr const char* kReturnLength = "bf 20 00 00 00 00 00 00 95 00 00 00 00 00 00 00\n";   // r0 = r2; exit
constexpr const char* kReadFirstByte = "71 10 00 00 00 00 00 00 95 00 00 00 00 00 00 00\n";  // r0 = *(u8 *)r1; exit
constexpr const char* kSquareRoot = "b7 01 00 00 10 00 00 00 85 00 00 00 03 00 00 00 95 00 00 00 00 00 00 00\n";

}  // namespace

TEST_CASE("the plugin runs a program on memory and prints r0 in hex") {
  CHECK(run_command({SKEP_PLUGIN}, kReturnLength).out == "0\n");
  CHECK(run_command({SKEP_PLUGIN, "aa bb cc"}, kReturnLength).out == "3\n");
  CHECK(run_command({SKEP_PLUGIN, "aa bb cc"}, kReadFirstByte).out == "aa\n");
  CHECK(run_command({SKEP_PLUGIN, "aa bb cc", "--engine", "checked"}, kReadFirstByte).out == "aa\n");
  CHECK(run_command({SKEP_PLUGIN}, kSquareRoot).out == "4\n");
}

TEST_CASE("the plugin reports errors on standard error with a non-zero exit") {
  for (const auto& result : {run_command({SKEP_PLUGIN}, kReadFirstByte), run_command({SKEP_PLUGIN}, "no hex\n"),
                             run_command({SKEP_PLUGIN}, ""), run_command({SKEP_PLUGIN, "zz"}, kReturnLength),
                             run_command({SKEP_PLUGIN, "--engine", "warp"}, kReturnLength),
                             run_command({SKEP_PLUGIN, "aa", "--engine", "jit"}, kReturnLength),
                             run_command({"sh", "-c", "\"$0\" > /dev/full", SKEP_PLUGIN}, kReturnLength),
                             run_command({SKEP_PLUGIN}, "ff 00 00 00 00 00 00 00\n")}) {
    CHECK(result.exit != 0);
    CHECK(result.exit < 128);
    CHECK(result.out.empty());
    CHECK_FALSE(result.err.empty());
  }
}
