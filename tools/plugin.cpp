// SPDX-License-Identifier: Apache-2.0
// skep-plugin: what the runner of the bpf_conformance suite calls for each of its tests.
//   skep-plugin [MEMORY_HEX] [--engine interp|checked|jit]     program as hex on one line of standard input
// The program runs with r1 = the memory, r2 = its length; r0 is printed in hex.
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "skep/skep.hpp"

namespace {

using skep::vm::Run;

// The suite's helper functions, by id.

uint64_t gather_bytes(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, Run&) {
  return ((a & 0xff) << 32) | ((b & 0xff) << 24) | ((c & 0xff) << 16) | ((d & 0xff) << 8) | (e & 0xff);
}

uint64_t memfrob(uint64_t address, uint64_t size, uint64_t, uint64_t, uint64_t, Run&) {
  constexpr uint8_t kKey = 42;
  auto* bytes = reinterpret_cast<uint8_t*>(address);
  std::for_each(bytes, bytes + size, [](uint8_t& byte) { byte ^= kKey; });
  return 0;
}

uint64_t no_op(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, Run&) { return 0; }

uint64_t square_root(uint64_t a, uint64_t, uint64_t, uint64_t, uint64_t, Run&) {
  return static_cast<uint64_t>(std::sqrt(static_cast<double>(a)));
}

uint64_t compare_strings(uint64_t a, uint64_t b, uint64_t, uint64_t, uint64_t, Run&) {
  const int order = std::string_view(reinterpret_cast<const char*>(a)).compare(reinterpret_cast<const char*>(b));
  return static_cast<uint64_t>(static_cast<int64_t>(order));
}

uint64_t unwind(uint64_t a, uint64_t, uint64_t, uint64_t, uint64_t, Run&) { return a; }

constexpr skep::Vm::HostHelper kHelpers[] = {gather_bytes, memfrob, no_op, square_root, compare_strings, unwind};

/// Bytes of blank-separated hex; none when something else is among it.
std::optional<std::vector<std::byte>> parse_hex(std::string_view text) {
  std::vector<std::byte> bytes;
  while (true) {
    const size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return bytes;
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find_first_of(" \t\r\n"));
    unsigned value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, 16);
    if (error != std::errc{} || end != word.data() + word.size() || value > 0xff) return std::nullopt;
    bytes.push_back(static_cast<std::byte>(value));
    text.remove_prefix(word.size());
  }
}

struct Arguments {
  std::vector<std::byte> memory;
  skep::Engine engine = skep::Engine::interp;
};

int usage(const char* why) {
  std::fprintf(stderr, "skep-plugin: %s\nusage: skep-plugin [MEMORY_HEX] [--engine interp|checked|jit] <PROGRAM_HEX\n",
               why);
  return 2;
}

std::optional<skep::Engine> engine_by_name(std::string_view name) {
  if (name == "interp") return skep::Engine::interp;
  if (name == "checked") return skep::Engine::checked;
  if (name == "jit") return skep::Engine::jit;
  return std::nullopt;
}

int report(const skep::Error& error) {
  std::fprintf(stderr, "skep-plugin: %s\n", error.text().c_str());
  return 1;
}

int run(Arguments& arguments) {
  std::string line;
  std::getline(std::cin, line);
  const auto program_bytes = parse_hex(line);
  if (!program_bytes)
    return report({.code = 22, .message = "the program on standard input is not blank-separated hex"});
  auto vm = skep::Vm::create();
  if (!vm) return report(vm.error());
  auto program = vm->load_raw(*program_bytes, kHelpers);
  if (!program) return report(program.error());
  const auto result = program->run_raw(arguments.memory, {.engine = arguments.engine});
  if (!result) return report(result.error());
  std::printf("%llx\n", static_cast<unsigned long long>(*result));
  if (std::fflush(stdout) != 0) return report({.code = errno, .message = "cannot write to standard output"});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--engine" && i + 1 < argc) {
      const auto engine = engine_by_name(argv[++i]);
      if (!engine) return usage("unknown engine");
      arguments.engine = *engine;
    } else if (word == "--version") {
      std::printf("skep-plugin %s\n", std::string(skep::version()).c_str());
      return 0;
    } else if (word == "--help") {
      return usage("runs a program of the bpf_conformance suite"), 0;
    } else if (i == 1 && !word.starts_with("--")) {
      auto memory = parse_hex(word);
      if (!memory) return usage("the memory is not blank-separated hex");
      arguments.memory = std::move(*memory);
    } else {
      return usage("unknown argument");
    }
  }
  return run(arguments);
}
