// SPDX-License-Identifier: Apache-2.0
// What the documents say is true: the README's program and commands work, links lead somewhere.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "tests/tools/command.hpp"

namespace {

namespace fs = std::filesystem;
using skep::tests::read_whole;
using skep::tests::run_command;
using skep::tests::temporary_path;
using skep::tests::write_temporary;

const fs::path kSource = SKEP_SOURCE;

/// Contents of the fenced blocks of a language.
std::vector<std::string> blocks(const std::string& text, const std::string& language) {
  std::vector<std::string> found;
  const std::string fence = "```" + language + "\n";
  for (size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at)) {
    at += fence.size();
    const size_t end = text.find("```", at);
    found.push_back(text.substr(at, end - at));
    at = end;
  }
  return found;
}

/// Words of a shell line without its comment.
std::vector<std::string> words(std::string line) {
  line = line.substr(0, line.find(" #"));
  std::istringstream stream(line);
  std::vector<std::string> result;
  for (std::string word; stream >> word;) result.push_back(word);
  return result;
}

}  // namespace

TEST_CASE("the README's first program compiles and its commands work") {
  const std::string readme = read_whole(kSource / "README.md");
  const auto programs = blocks(readme, "c");
  REQUIRE(programs.size() == 1);
  const std::string source = write_temporary("drop_short.bpf.c", programs[0]);
  const std::string object = temporary_path("drop_short.bpf.o");
  int commands = 0;
  for (const std::string& block : blocks(readme, "sh")) {
    std::istringstream lines(block);
    for (std::string line; std::getline(lines, line);) {
      if (line.empty() || line.starts_with("./dev")) continue;  // the whole build is CI's
      auto argv = words(line);
      for (std::string& word : argv) {
        if (word == "clang-19") word = SKEP_BPF_CLANG;
        if (word == "skep") word = SKEP_COMMAND;
        if (word == "/usr/include/x86_64-linux-gnu") word = "/usr/include/" SKEP_ARCHITECTURE;
        if (word == "drop_short.bpf.c") word = source;
        if (word == "drop_short.bpf.o") word = object;
        if (word == "traffic.pcap") word = SKEP_EXAMPLES "/mixed.pcap";
      }
      if (argv[0] == SKEP_BPF_CLANG) argv.insert(argv.end(), {"-o", object});
      INFO(line);
      const auto result = run_command(argv);
      INFO(result.err);
      CHECK(result.exit == 0);
      ++commands;
    }
  }
  CHECK(commands == 6);
}

TEST_CASE("what the README shows of the demo is what the demo prints") {
  const std::string readme = read_whole(kSource / "README.md");
  const std::string prompt = "$ skep run packet_counter.bpf.o ";
  const size_t start = readme.find(prompt);
  REQUIRE(start != std::string::npos);
  std::istringstream shown(readme.substr(start, readme.find("```", start) - start));
  const auto demo = run_command({SKEP_COMMAND, "run", SKEP_EXAMPLES "/packet_counter.bpf.o", "--pcap",
                                 SKEP_EXAMPLES "/mixed.pcap", "--maps", "--cpus", "1"});
  CHECK(demo.exit == 0);
  size_t at = 0;
  std::string line;
  std::getline(shown, line);
  CHECK(line == prompt + "--pcap mixed.pcap --maps --cpus 1");
  while (std::getline(shown, line) && line != "...") {
    INFO(line);
    at = demo.out.find(line, at);
    REQUIRE(at != std::string::npos);
    at += line.size();
  }
  CHECK(at > 0);
  CHECK(read_whole(kSource / "dev").find("examples/mixed.pcap --maps --cpus 1\n") != std::string::npos);
}

TEST_CASE("links between documents lead to files") {
  const std::regex link(R"(\]\(([^)#:]+)\))");
  size_t links = 0;
  std::vector<fs::path> documents = {kSource / "README.md", kSource / "CONTRIBUTING.md", kSource / "CHANGELOG.md"};
  for (const auto& entry : fs::directory_iterator(kSource / "docs"))
    if (entry.path().extension() == ".md") documents.push_back(entry.path());
  for (const fs::path& document : documents) {
    const std::string text = read_whole(document);
    for (std::sregex_iterator it(text.begin(), text.end(), link), end; it != end; ++it, ++links) {
      INFO(document.string() << ": " << (*it)[1]);
      CHECK(fs::exists(document.parent_path() / (*it)[1].str()));
    }
  }
  CHECK(links > 5);
}

TEST_CASE("the example host of examples/embed is short and does what it says") {
  std::ifstream file(kSource / "examples/embed/host.cpp");
  size_t lines = 0;
  for (std::string line; std::getline(file, line);) ++lines;
  CHECK(lines < 60);
  const auto result = run_command({SKEP_EXAMPLES "/embed", SKEP_EXAMPLES "/packet_counter.bpf.o"});
  INFO(result.err);
  CHECK(result.exit == 0);
  CHECK(result.out == "60 bytes: XDP_PASS\n20 bytes: XDP_PASS\n14 bytes: XDP_PASS\nother: 3 packets, 94 bytes\n");
}
