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

/// Runs a program of tests/tools/command.bpf.c.
CommandResult run_program(const std::string& program, std::vector<std::string> options) {
  options.insert(options.begin(), {"run", SKEP_COMMAND_OBJECT, "--program", program});
  return call(std::move(options));
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

TEST_CASE("usage errors are one line") {
  check_failure(call({}), 2, {"skep: error: "});
  check_failure(call({"run"}), 2, {"skep: error: ", "OBJECT"});
  check_failure(call({"run", example("globals"), "--nosuch"}), 2, {"skep: error: ", "--nosuch"});
}

TEST_CASE("numbers out of range are usage errors") {
  for (const char* option : {"--fuel", "--clock", "--seed", "--repeat", "--cpus"})
    for (const char* number : {"-1", "18446744073709551616", "", "1x"})
      check_failure(call({"run", example("globals"), option, number}), 2, {option});
  check_failure(call({"run", example("globals"), "--expect", "4294967296"}), 2, {"--expect"});
  check_failure(call({"verify", example("globals"), "--log-level", "8"}), 2, {"--log-level"});
  CHECK(call({"run", example("globals"), "--seed", "18446744073709551615"}).exit == 0);
  CHECK(run_program("unspec", {"--expect", "-1"}).exit == 0);
  CHECK(run_program("unspec", {"--expect", "4294967295"}).exit == 0);
}

TEST_CASE("files that cannot be read are refused by name and reason") {
  const std::vector<std::string> directory = {"skep: error: /tmp: ", "Is a directory (EISDIR)"};
  for (const char* command : {"run", "info", "dump", "verify"}) check_failure(call({command, "/tmp"}), 1, directory);
  for (const char* option : {"--btf", "--kconfig", "--data-in", "--ctx-in", "--pcap"}) {
    INFO(option);
    check_failure(call({"run", example("globals"), option, "/tmp"}), 1, directory);
    check_failure(call({"run", example("globals"), option, ""}), 2, {option, "empty"});
  }
  check_failure(call({"run", example("packet_counter"), "--map", "by_port=/tmp"}), 1, directory);
}

TEST_CASE("errors of a kernel configuration name its file and line") {
  const auto refuse = [](const std::string& text, const std::vector<std::string>& parts) {
    check_failure(call({"run", example("kconfig"), "--kconfig", write_temporary("bad.config", text)}), 1, parts);
  };
  refuse("# a comment\nCONFIG_HZ=many\n", {"bad.config:2: ", "CONFIG_HZ"});
  refuse("CONFIG_HZ=100000\n", {"bad.config:1: ", "CONFIG_HZ"});
  refuse(std::string("CONFIG_HZ=1\0", 12), {"bad.config: ", "no text"});
}

TEST_CASE("a program that has no packet or lacks its context says what to give") {
  check_failure(run_program("sum", {"--pcap", kExamples + "/mixed.pcap"}), 1, {": sum: ", "do not run on packets"});
  for (const char* program : {"argument", "sum"})
    check_failure(run_program(program, {}), 1, {"give the context with --ctx-in"});
  check_failure(run_program("sum", {"--ctx-in", write_temporary("half", "1234")}), 1,
                {"the whole context", "--ctx-in"});
  const std::string out = skep::tests::temporary_path("no-data");
  const CommandResult ignored =
      run_program("sum", {"--ctx-in", write_temporary("whole", "12345678"), "--data-out", out});
  CHECK(ignored.exit == 0);
  CHECK(ignored.err.find("--data-out is ignored") != std::string::npos);
}

TEST_CASE("an unexpected value is no error of the system's") {
  CHECK(call({"run", example("globals"), "--expect", "102"}).err.find("(E") == std::string::npos);
}

TEST_CASE("a source line of kilobytes is cut in a message") {
  const CommandResult result = run_program("long_line", {});
  CHECK(result.err.find("a null pointer") != std::string::npos);
  CHECK(result.err.find("the end of it") == std::string::npos);
}

TEST_CASE("an endless program ends soon, and says what ended it") {
  check_failure(run_program("endless", {}), 1, {"100000000", "--fuel", "ETIME"});
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
