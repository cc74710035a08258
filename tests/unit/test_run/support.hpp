// SPDX-License-Identifier: Apache-2.0
// Programs as text, run on bytes.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "isa/assemble.hpp"
#include "vm/test_run.hpp"
#include "vm/vm.hpp"

namespace skep::vm::test {

using verifier::ProgramType;
using Bytes = std::vector<std::byte>;

inline std::span<const std::byte> view(const Bytes& bytes) { return bytes; }

template <class T>
Bytes bytes_of(const T& object) {
  const auto bytes = std::as_bytes(std::span(&object, 1));
  return {bytes.begin(), bytes.end()};
}

template <class T>
T read_as(const Bytes& bytes) {
  T object{};
  REQUIRE(bytes.size() >= sizeof object);
  std::memcpy(&object, bytes.data(), sizeof object);
  return object;
}

/// Zeros, with an EtherType.
inline Bytes frame(size_t size, uint16_t type = 0) {
  Bytes bytes(size);
  if (size >= 14) {
    bytes[12] = std::byte(type >> 8);
    bytes[13] = std::byte(type & 0xff);
  }
  return bytes;
}

class TestRunTest {
 public:
  std::shared_ptr<Vm> vm = *Vm::create({.cpus = 2});

  std::shared_ptr<Program> program(ProgramType type, std::string_view text) {
    auto code = isa::assemble(text);
    REQUIRE(code);
    auto made = Program::create({.type = type, .name = "p", .license = "GPL", .insns = *code});
    INFO((made ? std::string() : made.error().text()));
    REQUIRE(made);
    return *made;
  }

  Result<TestRunOutput> run(ProgramType type, std::string_view text, const TestRunInput& input) {
    return test_run(*vm, program(type, text), input);
  }

  /// The result of a run that must succeed.
  TestRunOutput good(ProgramType type, std::string_view text, const TestRunInput& input) {
    auto output = run(type, text, input);
    INFO((output ? std::string() : output.error().text()));
    REQUIRE(output);
    return *output;
  }

  /// errno of a run; 0: it succeeded.
  int error(ProgramType type, std::string_view text, const TestRunInput& input) {
    const auto output = run(type, text, input);
    return output ? 0 : output.error().code;
  }
};

inline constexpr std::string_view kReturn1 = "r0 = 1\nexit\n";

}  // namespace skep::vm::test
