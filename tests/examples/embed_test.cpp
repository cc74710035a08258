// SPDX-License-Identifier: Apache-2.0
// examples/embed: the host program does what it says.
#include <catch2/catch_test_macros.hpp>

#include "tests/tools/command.hpp"

namespace skep::tests {

TEST_CASE("the embedding host runs the program on its messages and reads the counters") {
  const CommandResult result = run_command({EMBED_COMMAND, std::string(SKEP_EXAMPLES) + "/packet_counter.bpf.o"});
  INFO(result.err);
  CHECK(result.exit == 0);
  CHECK(result.out ==
        "60 bytes: XDP_PASS\n"
        "20 bytes: XDP_PASS\n"
        "14 bytes: XDP_PASS\n"
        "other: 3 packets, 94 bytes\n");
}

TEST_CASE("the embedding host says what is wrong") {
  CHECK(run_command({EMBED_COMMAND}).exit == 2);
  const CommandResult missing = run_command({EMBED_COMMAND, "/nonexistent.bpf.o"});
  CHECK(missing.exit == 1);
  CHECK(missing.err.find("/nonexistent.bpf.o") != std::string::npos);
}

}  // namespace skep::tests
