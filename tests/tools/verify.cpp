// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/tools/command.hpp"

using nlohmann::json;
using skep::tests::CommandResult;
using skep::tests::run_command;

TEST_CASE("verify prints a line for each entry program with all its members") {
  const std::string object = std::string(SKEP_EXAMPLES) + "/tail_calls.bpf.o";
  const CommandResult result = run_command({SKEP_COMMAND, "verify", "--json", object});
  INFO(result.err);
  CHECK(result.exit == 0);
  std::istringstream lines(result.out);
  int programs = 0;
  for (std::string line; std::getline(lines, line); ++programs) {
    const json verdict = json::parse(line);
    CHECK(verdict.at("object") == object);
    CHECK(verdict.at("section") == "xdp");
    CHECK(verdict.at("type") == "xdp");
    CHECK(verdict.at("verdict") == "accept");
    CHECK(verdict.at("errno") == 0);
    CHECK(verdict.at("message") == "");
    CHECK(verdict.at("verified_insns").get<int>() > 0);
    CHECK(verdict.at("time_ns").is_number());
  }
  CHECK(programs == 4);
}

TEST_CASE("verify says what is wrong with a file and goes on with the next") {
  const std::string good = std::string(SKEP_EXAMPLES) + "/globals.bpf.o";
  const CommandResult result = run_command({SKEP_COMMAND, "verify", "/nonexistent.o", good});
  CHECK(result.exit == 1);
  CHECK(result.err.find("/nonexistent.o") != std::string::npos);
  CHECK(result.out.find("accept  " + good + ": use_globals") != std::string::npos);
}

TEST_CASE("verify judges one program where one is named") {
  const std::string object = std::string(SKEP_EXAMPLES) + "/tail_calls.bpf.o";
  const CommandResult result = run_command({SKEP_COMMAND, "verify", object, "--program", "on_udp"});
  CHECK(result.exit == 0);
  CHECK(result.out.find("on_udp") != std::string::npos);
  CHECK(result.out.find("on_tcp") == std::string::npos);
  CHECK(run_command({SKEP_COMMAND, "verify", object, "--program", "nobody"}).exit == 1);
}
