// SPDX-License-Identifier: Apache-2.0
// --version, --help, and that the manual knows every option.
#include <catch2/catch_test_macros.hpp>
#include <regex>

#include "tests/tools/command.hpp"

using skep::tests::run_command;

TEST_CASE("the version is printed") {
  const auto result = run_command({SKEP_COMMAND, "--version"});
  CHECK(result.exit == 0);
  CHECK(std::regex_match(result.out, std::regex("skep [0-9]+\\.[0-9]+\\.[0-9]+\n")));
}

TEST_CASE("every command has help, and the manual page has every option of it") {
  std::string manual = skep::tests::read_whole(SKEP_SOURCE "/docs/skep.1");
  manual = std::regex_replace(manual, std::regex(R"(\\-)"), "-");
  for (const char* command : {"run", "dump", "info", "verify"}) {
    const auto help = run_command({SKEP_COMMAND, command, "--help"});
    CHECK(help.exit == 0);
    CHECK(manual.find(std::string(".SS skep ") + command) != std::string::npos);
    const std::regex option("--[a-z][a-z-]+");
    for (std::sregex_iterator it(help.out.begin(), help.out.end(), option), end; it != end; ++it) {
      if (it->str() == "--help") continue;
      INFO(command << ": " << it->str());
      CHECK(manual.find(it->str()) != std::string::npos);
    }
  }
}
