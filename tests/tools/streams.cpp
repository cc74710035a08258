// SPDX-License-Identifier: Apache-2.0
// Standard input as a file, and standard output that does not take what is written.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "tests/tools/command.hpp"

using skep::tests::CommandResult;
using skep::tests::read_whole;
using skep::tests::run_command;
using skep::tests::temporary_path;

namespace {

const std::string kObject = std::string(SKEP_EXAMPLES) + "/globals.bpf.o";

/// Runs in a shell, for its redirections; "$0" is the command, "$1" the object.
CommandResult shell(const std::string& line) { return run_command({"sh", "-c", line, SKEP_COMMAND, kObject}); }

}  // namespace

TEST_CASE("text that standard output does not take is an error") {
  for (const char* command : {"run", "info", "dump", "verify", "run --json", "info --json", "verify --json"})
    for (const char* to : {">/dev/full", ">&-"}) {
      INFO(command << " " << to);
      const std::string name = std::string(command).substr(0, std::string(command).find(' '));
      const std::string json = std::string(command).ends_with("--json") ? " --json" : "";
      const CommandResult result = shell("\"$0\" " + name + " \"$1\"" + json + " " + to);
      INFO(result.err);
      CHECK(result.exit == 1);
      CHECK(std::ranges::count(result.err, '\n') == 1);
      CHECK(result.err.starts_with("skep: error: standard output: "));
    }
  CHECK(shell("\"$0\" --help >/dev/full").exit == 1);
  CHECK(shell("\"$0\" run \"$1\" --data-out - >/dev/full").exit == 1);
  CHECK(shell("\"$0\" run \"$1\" --data-out - >&-").exit == 1);
}

TEST_CASE("data on standard output go behind what is there already") {
  const std::string out = temporary_path("appended");
  CHECK(shell("(echo before; \"$0\" run \"$1\" --data-out -) > " + out).exit == 0);
  CHECK(read_whole(out) == "before\n" + std::string(64, '\0'));
}

TEST_CASE("an object comes from standard input, by the name '-'") {
  const std::string object = read_whole(kObject);
  const CommandResult run = run_command({SKEP_COMMAND, "run", "-", "--expect", "101"}, object);
  INFO(run.err);
  CHECK(run.exit == 0);
  CHECK(run_command({SKEP_COMMAND, "info", "-"}, object).out.find("use_globals") != std::string::npos);
  CHECK(run_command({SKEP_COMMAND, "dump", "-"}, object).out.find("use_globals:") != std::string::npos);
  CHECK(run_command({SKEP_COMMAND, "verify", "-"}, object).out.starts_with("accept  -: use_globals"));
  CHECK(run_command({SKEP_COMMAND, "run", "-"}, "").err.starts_with("skep: error: -: "));
  CHECK(run_command({SKEP_COMMAND, "run", "-", "--data-in", "-"}, object).exit == 2);
}

TEST_CASE("all commands show an object's path as it was given") {
  const std::string broken = skep::tests::write_temporary("broken.o", "no ELF file");
  for (const char* command : {"run", "info", "dump", "verify"}) {
    INFO(command);
    CHECK(run_command({SKEP_COMMAND, command, broken}).err.starts_with("skep: error: " + broken + ": "));
  }
  const std::string object = "\"object\":\"" + kObject + "\"";
  CHECK(run_command({SKEP_COMMAND, "info", kObject, "--json"}).out.find(object) != std::string::npos);
  CHECK(run_command({SKEP_COMMAND, "verify", kObject, "--json"}).out.find(object) != std::string::npos);
  CHECK(run_command({SKEP_COMMAND, "run", kObject, "--set", "nobody=1"}).err.find(kObject) != std::string::npos);
}
