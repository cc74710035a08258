// SPDX-License-Identifier: Apache-2.0
// Skep makes no real call of bpf(2) and its like: in a host that also uses the system's libbpf, and in the command.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <csignal>

#include "tests/tools/command.hpp"

namespace skep::tests {
namespace {

constexpr int kNoSeccomp = 77;

std::string example(const std::string& name) { return std::string(SKEP_EXAMPLES) + "/" + name + ".bpf.o"; }

CommandResult run_filtered(std::vector<std::string> argv) {
  argv.insert(argv.begin(), UNDER_FILTER);
  const CommandResult result = run_command(argv);
  if (result.exit == kNoSeccomp) SKIP("seccomp filters cannot be set here");
  return result;
}

}  // namespace

TEST_CASE("a host that also uses the system's libbpf makes no real call through Skep, in either order of linking") {
  const std::string host = GENERATE(HOST_LIBBPF_FIRST, HOST_SKEP_FIRST);
  const CommandResult result = run_command({host, example("globals"), example("functions"), example("packet_counter"),
                                            example("map_in_map"), example("tail_calls"), example("ring_buffer")});
  if (result.exit == kNoSeccomp) SKIP("seccomp filters cannot be set here");
  INFO(host << ": " << result.err);
  CHECK(result.exit == 0);
}

TEST_CASE("the filter ends a command that makes a real call") { CHECK(run_filtered({CALLS_BPF}).exit == 128 + SIGSYS); }

TEST_CASE("skep run makes no real call") {
  const std::string name = GENERATE("globals", "functions", "kconfig", "map_in_map", "packet_counter", "ring_buffer");
  const CommandResult result = run_filtered({SKEP_COMMAND, "run", example(name), "--maps", "--json"});
  INFO(name << ": " << result.err);
  CHECK(result.exit == 0);
  CHECK(last_line(result.out).find("\"retval\":") != std::string::npos);
}

TEST_CASE("the other commands make no real call") {
  const std::string command = GENERATE("verify", "dump", "info");
  const CommandResult result = run_filtered({SKEP_COMMAND, command, example("packet_counter")});
  INFO(command << ": " << result.err);
  CHECK(result.exit == 0);
}

}  // namespace skep::tests
