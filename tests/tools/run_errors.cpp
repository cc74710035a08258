// SPDX-License-Identifier: Apache-2.0
// What skep run says when it cannot: one line that names file, place and reason; exit code 1, for usage 2.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "tests/tools/command.hpp"

using skep::tests::CommandResult;
using skep::tests::read_whole;
using skep::tests::write_temporary;

namespace {

const std::string kExamples = SKEP_EXAMPLES;

CommandResult call(std::vector<std::string> words) {
  words.insert(words.begin(), SKEP_COMMAND);
  return skep::tests::run_command(words);
}

/// Fails, with one line on standard error that contains each of `parts`, and nothing on standard output.
void check_failure(const CommandResult& result, int exit, const std::vector<std::string>& parts) {
  INFO("stderr: " << result.err);
  CHECK(result.exit == exit);
  CHECK(std::ranges::count(result.err, '\n') == 1);
  CHECK(result.out.empty());
  for (const std::string& part : parts) {
    INFO("expected: " << part);
    CHECK(result.err.find(part) != std::string::npos);
  }
}

std::string example(const std::string& name) { return kExamples + "/" + name + ".bpf.o"; }

}  // namespace

TEST_CASE("files that are no BPF objects are refused by name and reason") {
  const std::string good = read_whole(example("globals"));
  check_failure(call({"run", "/nonexistent.bpf.o"}), 1, {"/nonexistent.bpf.o", "No such file"});
  check_failure(call({"run", write_temporary("empty.o", "")}), 1, {"empty.o"});
  check_failure(call({"run", write_temporary("text.o", "int main(void) { return 0; }\n")}), 1, {"text.o"});
  check_failure(call({"run", write_temporary("short.o", good.substr(0, good.size() / 2))}), 1, {"short.o"});
  check_failure(call({"run", SKEP_COMMAND}), 1, {"skep"});
  std::string big_endian = good;
  big_endian[5] = 2;
  check_failure(call({"run", write_temporary("big.o", big_endian)}), 1, {"big.o", "endian"});
  std::string narrow = good;
  narrow[4] = 1;
  check_failure(call({"run", write_temporary("narrow.o", narrow)}), 1, {"narrow.o", "64-bit"});
}

TEST_CASE("a program that is not there is named") {
  check_failure(call({"run", example("globals"), "--program", "nobody"}), 1, {"globals.bpf.o", "nobody"});
}

TEST_CASE("an object with several programs lists them") {
  const CommandResult result = call({"run", example("tail_calls")});
  CHECK(result.exit == 2);
  CHECK(result.out.empty());
  for (const char* name : {"on_tcp", "on_udp", "dispatch", "SEC(\"xdp\")"})
    CHECK(result.err.find(name) != std::string::npos);
}

TEST_CASE("broken captures, maps and variables are refused by name and reason") {
  const std::string capture = read_whole(kExamples + "/mixed.pcap");
  check_failure(
      call({"run", example("packet_counter"), "--pcap", write_temporary("bad.pcap", "not a capture at all....")}), 1,
      {"bad.pcap"});
  const CommandResult cut =
      call({"run", example("packet_counter"), "--pcap", write_temporary("cut.pcap", capture.substr(0, 1000))});
  CHECK(cut.exit == 1);
  CHECK(cut.err.find("cut.pcap") != std::string::npos);
  CHECK(cut.err.find("packet ") != std::string::npos);

  const std::string counter = example("packet_counter");
  check_failure(call({"run", counter, "--map", "by_port=" + write_temporary("bad.json", "[{\"key\": }]")}), 1,
                {"bad.json"});
  check_failure(call({"run", counter, "--map",
                      "by_port=" + write_temporary("wrong.json", R"([{"key": 1, "value": {"packets": "many"}}])")}),
                1, {"wrong.json", "packets"});
  check_failure(call({"run", counter, "--map", "nowhere=" + write_temporary("good.json", "[]")}), 1, {"nowhere"});
  check_failure(call({"run", counter, "--map", "by_port"}), 1, {"NAME=FILE"});
  check_failure(call({"run", counter, "--set", "nobody=1"}), 1, {"nobody"});
  check_failure(call({"run", counter, "--set", "blocked_port=many"}), 1, {"blocked_port"});
  check_failure(call({"run", counter, "--set", "blocked_port=65536"}), 1, {"blocked_port"});
}

TEST_CASE("usage errors exit with 2") {
  CHECK(call({}).exit == 2);
  CHECK(call({"dance"}).exit == 2);
  CHECK(call({"run"}).exit == 2);
  CHECK(call({"run", example("globals"), "--engine", "turbo"}).exit == 2);
  CHECK(call({"run", example("globals"), "--repeat", "0"}).exit == 2);
  CHECK(call({"run", example("globals"), "--data-in", "x", "--pcap", "y"}).exit == 2);
  CHECK(call({"run", example("globals"), "--json", "--data-out", "-"}).exit == 2);
}

TEST_CASE("the JIT that is not there says so") {
  check_failure(call({"run", example("globals"), "--engine", "jit"}), 1, {"JIT"});
}

TEST_CASE("a run without enough fuel ends with an error") {
  check_failure(call({"run", example("functions"), "--fuel", "10"}), 1, {"functions.bpf.o", "call_functions", "ETIME"});
}

TEST_CASE("data for a program without a packet is ignored with a warning") {
  const std::string packet = write_temporary("ignored", "xyz");
  const CommandResult result = call({"run", example("core_relocation"), "--program", "offsets", "--btf",
                                     kExamples + "/kernel_types.bpf.o", "--data-in", packet});
  CHECK(result.exit == 0);
  CHECK(result.err.find("--data-in is ignored") != std::string::npos);
}
