// SPDX-License-Identifier: Apache-2.0
// skep run --maps, --map and --set.
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/tools/command.hpp"

using nlohmann::json;
using skep::tests::CommandResult;
using skep::tests::last_line;
using skep::tests::write_temporary;

namespace {

CommandResult run(const std::string& program, const std::vector<std::string>& options) {
  std::vector<std::string> argv = {SKEP_COMMAND, "run", SKEP_COMMAND_OBJECT, "--program", program};
  argv.insert(argv.end(), options.begin(), options.end());
  return skep::tests::run_command(argv);
}

uint32_t retval(const std::vector<std::string>& settings) {
  std::vector<std::string> options = {"--json"};
  for (const std::string& setting : settings) options.insert(options.end(), {"--set", setting});
  const CommandResult result = run("letters", options);
  INFO(result.err);
  REQUIRE(result.exit == 0);
  return json::parse(last_line(result.out)).at("retval");
}

std::map<std::string, json> maps_of(const CommandResult& result) {
  INFO(result.err);
  REQUIRE(result.exit == 0);
  std::map<std::string, json> maps;
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);)
    if (const json object = json::parse(line); object.contains("map")) maps[object.at("map")] = object.at("entries");
  return maps;
}

}  // namespace

TEST_CASE("maps that were printed as JSON can be filled from it, of every kind") {
  const CommandResult printed = run("fill", {"--maps", "--json", "--expect", "1"});
  const auto maps = maps_of(printed);
  CHECK(maps.size() == 11);
  std::vector<std::string> options = {"--maps", "--json", "--expect", "1"};
  for (const auto& [name, entries] : maps)
    options.insert(options.end(), {"--map", name + "=" + write_temporary(name + ".json", entries.dump())});
  CHECK(maps_of(run("look", options)) == maps);
  CHECK(run("look", {"--expect", "1"}).exit == 1);  // it is the files that make the difference
}

TEST_CASE("maps of maps and program arrays can be filled from what was printed") {
  const auto run_example = [](const std::string& name, std::vector<std::string> options) {
    options.insert(options.begin(),
                   {SKEP_COMMAND, "run", std::string(SKEP_EXAMPLES) + "/" + name + ".bpf.o", "--maps", "--json"});
    return skep::tests::run_command(options);
  };
  for (const auto& [example, program, map] : {std::array{"map_in_map", "count_by_interface", "by_interface"},
                                              std::array{"tail_calls", "dispatch", "by_protocol"}}) {
    INFO(example);
    const json entries = maps_of(run_example(example, {"--program", program})).at(map);
    CHECK(entries.size() == 2);
    json swapped = entries;
    std::swap(swapped.at(0).at("value"), swapped.at(1).at("value"));
    const std::string file = write_temporary("references.json", swapped.dump());
    const json filled =
        maps_of(run_example(example, {"--program", program, "--map", std::string(map) + "=" + file})).at(map);
    CHECK(filled.at(0).at("value") == entries.at(1).at("value"));
    CHECK(filled.at(1).at("value") == entries.at(0).at("value"));
  }
}

TEST_CASE("a map that cannot take a file says why") {
  const auto fill = [](const std::string& map, const std::string& content) {
    const CommandResult result = run("look", {"--map", map + "=" + write_temporary("entries.json", content)});
    CHECK(result.exit == 1);
    return result.err;
  };
  const std::string three = R"([{"key":1,"value":{}},{"key":2,"value":{}},{"key":3,"value":{}}])";
  CHECK(fill("a_hash", three).find("entry [2]: update failed: E2BIG: the map has at most 2 entries") !=
        std::string::npos);
  CHECK(fill("a_hash", R"([{"key":1,"value":{},"valeu":1}])").find("no member 'valeu'") != std::string::npos);
  CHECK(fill("unused", "[]").find("does not use the map 'unused'") != std::string::npos);
}

TEST_CASE("words stand for characters and texts, digits for texts too") {
  CHECK(retval({"letter=b", "bytes=abcd", "word=123"}) == ('b' << 24 | 'd' << 16 | '1' << 8 | '3'));
  CHECK(retval({"letter=5", "bytes=[1,2,3,4]", "word=true"}) == (5 << 24 | 4 << 16 | 't' << 8 | 'u'));
  CHECK(run("letters", {"--set", "bytes=abcde"}).exit == 1);
  CHECK(run("letters", {"--set", "letter=ab"}).exit == 1);
}

TEST_CASE("kconfig externs are not set as variables are") {
  const CommandResult result = run("look", {"--set", "CONFIG_HZ=100"});
  CHECK(result.exit == 1);
  CHECK(result.err.find("use --kconfig") != std::string::npos);
}
