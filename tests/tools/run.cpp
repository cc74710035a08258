// SPDX-License-Identifier: Apache-2.0
// skep run, as a user calls it.
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/tools/command.hpp"

using nlohmann::json;
using skep::tests::CommandResult;
using skep::tests::last_line;
using skep::tests::read_whole;
using skep::tests::temporary_path;
using skep::tests::write_temporary;

namespace {

const std::string kExamples = SKEP_EXAMPLES;

CommandResult skep_run(const std::string& example, std::vector<std::string> options, const std::string& input = {}) {
  std::vector<std::string> argv = {SKEP_COMMAND, "run", kExamples + "/" + example + ".bpf.o"};
  argv.insert(argv.end(), options.begin(), options.end());
  return skep::tests::run_command(argv, input);
}

json result_of(const CommandResult& result) {
  INFO(result.err);
  REQUIRE(result.exit == 0);
  return json::parse(last_line(result.out));
}

}  // namespace

TEST_CASE("a program runs on 64 zero bytes when nothing is given") {
  const json result = result_of(skep_run("globals", {"--json"}));
  CHECK(result.at("program") == "use_globals");
  CHECK(result.at("retval") == 101);  // first run, size within the limits
  CHECK(result.at("data_size_out") == 64);
  CHECK(result.at("duration_ns").is_number());
}

TEST_CASE("repeats share the program's variables") {
  CHECK(result_of(skep_run("globals", {"--json", "--repeat", "7"})).at("retval") == 107);
}

TEST_CASE("a global is set from JSON, from the name of an enumerator, and through a structure") {
  CHECK(result_of(skep_run("globals", {"--json", "--set", "mode=VERBOSE"})).at("retval") == 1101);
  CHECK(result_of(skep_run("globals", {"--json", "--set", "mode=1"})).at("retval") == 1101);
  CHECK(result_of(skep_run("globals", {"--json", "--set", R"(limits={"low":100,"high":200,"enabled":1})"}))
            .at("retval") == 1);
}

TEST_CASE("the last JSON line is the result, maps come before it") {
  const CommandResult result = skep_run("globals", {"--json", "--maps", "--set", "mode=VERBOSE"});
  REQUIRE(result.exit == 0);
  std::istringstream lines(result.out);
  std::string line;
  bool found = false;
  while (std::getline(lines, line)) {
    const json object = json::parse(line);
    if (!object.contains("map") || object["map"].get<std::string>().find(".data") == std::string::npos) continue;
    found = true;
    CHECK(object["entries"].dump().find("\"verbose\"") != std::string::npos);
  }
  CHECK(found);
  CHECK(json::parse(last_line(result.out)).contains("retval"));
}

TEST_CASE("data comes from a file or standard input and goes to a file or standard output") {
  const std::string packet(100, 'x');
  const std::string in = write_temporary("packet", packet);
  const std::string out = temporary_path("packet-out");
  CHECK(result_of(skep_run("globals", {"--json", "--data-in", in, "--data-out", out})).at("data_size_out") == 100);
  CHECK(read_whole(out) == packet);
  const CommandResult piped = skep_run("globals", {"--data-in", "-", "--data-out", "-"}, packet);
  CHECK(piped.exit == 0);
  CHECK(piped.out == packet);
  CHECK(piped.err.find("use_globals") != std::string::npos);
}

TEST_CASE("a result is shown by name and number") {
  const auto line = [](const char* program) {
    return skep::tests::run_command({SKEP_COMMAND, "run", SKEP_COMMAND_OBJECT, "--program", program}).out;
  };
  CHECK(line("pass").starts_with("pass: XDP_PASS (2), "));
  CHECK(line("unspec").starts_with("unspec: TC_ACT_UNSPEC (-1), "));
  CHECK(line("filter").starts_with("filter: 4294967295 (-1), "));
}

TEST_CASE("an expected value that does not come is a failure") {
  CHECK(skep_run("globals", {"--expect", "101"}).exit == 0);
  const CommandResult other = skep_run("globals", {"--expect", "102"});
  CHECK(other.exit == 1);
  CHECK(other.err.find("returned 101, expected 102") != std::string::npos);
}

TEST_CASE("kconfig externs come from the file, not from the host") {
  const std::string config =
      write_temporary("config", "CONFIG_HZ=123\nCONFIG_BPF_SYSCALL=y\nCONFIG_DEFAULT_HOSTNAME=\"skep\"\n");
  CHECK(result_of(skep_run("kconfig", {"--json", "--kconfig", config})).at("retval") == 110123);
  const std::string off = write_temporary("config-off", "CONFIG_HZ=250\nCONFIG_BPF_SYSCALL=n\n");
  CHECK(result_of(skep_run("kconfig", {"--json", "--kconfig", off})).at("retval") == 250);
}

TEST_CASE("a tail call in a function returns to the function's caller") {
  CHECK(result_of(skep_run("tail_calls", {"--program", "ask_both", "--json"})).at("retval") == 12);
}

TEST_CASE("a capture gives a table of verdicts, and the packets that pass as a capture") {
  const std::string capture = kExamples + "/mixed.pcap";
  const std::string out = temporary_path("passed.pcap");
  const CommandResult text = skep_run("packet_counter", {"--pcap", capture, "--pcap-out", out});
  CHECK(text.exit == 0);
  CHECK(text.out.find("XDP_PASS") != std::string::npos);
  CHECK(text.out.find("XDP_DROP") != std::string::npos);

  const json all = result_of(skep_run("packet_counter", {"--json", "--pcap", capture}));
  const json passed = result_of(skep_run("packet_counter", {"--json", "--pcap", out}));
  CHECK(all.at("packets").get<int>() > 100);
  CHECK(all.at("verdicts").at("XDP_DROP").get<int>() > 0);
  CHECK(all.at("not_run") == 1);
  CHECK(passed.at("packets") == all.at("verdicts").at("XDP_PASS").get<int>() + 1);  // what did not run is not dropped
  CHECK_FALSE(passed.at("verdicts").contains("XDP_DROP"));
}

TEST_CASE("maps are printed through BTF") {
  const CommandResult result = skep_run("packet_counter", {"--pcap", kExamples + "/mixed.pcap", "--maps"});
  CHECK(result.exit == 0);
  CHECK(result.out.find("map by_protocol (percpu_array)") != std::string::npos);
  CHECK(result.out.find("\"packets\": ") != std::string::npos);
}

TEST_CASE("a map is filled from JSON before the run") {
  const std::string counters = write_temporary("loopback.json", R"([{"key": 1, "value": 41}])");
  CHECK(result_of(skep_run("map_in_map", {"--json", "--map", "uplink=" + counters})).at("retval") == 42);
}

TEST_CASE("events and trace lines are shown during the run") {
  const CommandResult text = skep_run("ring_buffer", {"--repeat", "2"});
  CHECK(text.exit == 0);
  CHECK(text.out.find("trace: packet of 64 bytes") != std::string::npos);
  CHECK(text.out.find("events: 12 bytes: 40 00 00 00") != std::string::npos);
  CHECK(text.out.find("samples: 8 bytes: 40 00 00 00") != std::string::npos);

  const CommandResult lines = skep_run("ring_buffer", {"--json"});
  REQUIRE(lines.exit == 0);
  int ring = 0, perf = 0, trace = 0;
  std::istringstream stream(lines.out);
  for (std::string line; std::getline(stream, line);) {
    const json object = json::parse(line);
    if (!object.contains("event")) continue;
    ring += object["event"] == "ringbuf";
    perf += object["event"] == "perf_event_array";
    trace += object["event"] == "trace";
  }
  CHECK(ring == 1);
  CHECK(perf == 1);
  CHECK(trace == 1);
}

TEST_CASE("CO-RE relocations are made against the given BTF") {
  const std::string btf = kExamples + "/kernel_types.bpf.o";
  CHECK(result_of(skep_run("core_relocation", {"--program", "offsets", "--btf", btf, "--json"})).at("retval") ==
        24 * 1000000 + 72 * 1000 + 20);
}

TEST_CASE("a clock that stands and a seed make runs repeat exactly") {
  const std::vector<std::string> fixed = {"--json", "--clock", "1000",   "--seed",
                                          "7",      "--maps",  "--pcap", kExamples + "/mixed.pcap"};
  const auto without_time = [](const CommandResult& result) {
    REQUIRE(result.exit == 0);
    return result.out.substr(0, result.out.rfind("{\"program\""));
  };
  CHECK(without_time(skep_run("packet_counter", fixed)) == without_time(skep_run("packet_counter", fixed)));
}
