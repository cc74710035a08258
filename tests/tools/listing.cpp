// SPDX-License-Identifier: Apache-2.0
// skep dump and skep info.
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "tests/tools/command.hpp"

using skep::tests::CommandResult;
using skep::tests::run_command;

namespace {

std::string example(const std::string& name) { return std::string(SKEP_EXAMPLES) + "/" + name + ".bpf.o"; }

}  // namespace

TEST_CASE("dump shows instructions, functions and source lines") {
  const CommandResult result = run_command({SKEP_COMMAND, "dump", example("functions")});
  INFO(result.err);
  CHECK(result.exit == 0);
  CHECK(result.out.find("call_functions:") != std::string::npos);
  CHECK(result.out.find("fibonacci:") != std::string::npos);
  CHECK(result.out.find("functions.bpf.c:") != std::string::npos);
  CHECK(result.out.find("exit") != std::string::npos);
}

TEST_CASE("dump of a program that is not there fails") {
  CHECK(run_command({SKEP_COMMAND, "dump", example("functions"), "--program", "nobody"}).exit == 1);
}

TEST_CASE("info says what there is none of, and lists kconfig externs apart") {
  const std::string text = run_command({SKEP_COMMAND, "info", example("kconfig")}).out;
  CHECK(text.find("globals: none") != std::string::npos);
  CHECK(text.find("kconfig externs:\n") < text.find("CONFIG_HZ"));
  const auto info = nlohmann::json::parse(run_command({SKEP_COMMAND, "info", example("kconfig"), "--json"}).out);
  CHECK(info.at("globals").empty());
  CHECK(info.at("kconfig").at(0).at("name") == "CONFIG_BPF_SYSCALL");
  CHECK(run_command({SKEP_COMMAND, "info", SKEP_COMMAND_OBJECT}).out.find("value 0 B, 4096 B") != std::string::npos);
}

TEST_CASE("info lists programs, maps and globals") {
  const CommandResult result = run_command({SKEP_COMMAND, "info", example("globals"), "--json"});
  INFO(result.err);
  REQUIRE(result.exit == 0);
  const auto info = nlohmann::json::parse(result.out);
  CHECK(info.at("programs").at(0).at("program") == "use_globals");
  CHECK(info.at("programs").at(0).at("type") == "xdp");
  bool found = false;
  for (const auto& global : info.at("globals"))
    if (global.at("name") == "sizes") {
      found = true;
      CHECK(global.at("section") == ".data");
      CHECK(global.at("size") == 16);
    }
  CHECK(found);
  CHECK(run_command({SKEP_COMMAND, "info", example("globals")}).out.find("use_globals") != std::string::npos);
}
