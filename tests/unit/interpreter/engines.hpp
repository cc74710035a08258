// SPDX-License-Identifier: Apache-2.0
// Runs a program on every engine, and expects the same of all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "isa/make.hpp"
#include "vm/interpreter/interpreter.hpp"
#include "vm/program.hpp"
#include "vm/run.hpp"
#include "vm/vm.hpp"

namespace skep::vm::testing {

/// A way to execute programs.
struct EngineUnderTest {
  std::string_view name;
  bool (*run)(const interpreter::Code&, Run&, uint64_t r1, uint64_t r2, uint64_t& r0);
  bool traced;  ///< with a tracer that does nothing, which is a loop of its own
};

inline constexpr EngineUnderTest kEngines[] = {
    {"plain", interpreter::run_plain, false},
    {"plain, traced", interpreter::run_plain, true},
    {"checked", interpreter::run_checked, false},
    {"checked, traced", interpreter::run_checked, true},
};
inline constexpr const EngineUnderTest& kPlain = kEngines[0];
inline constexpr const EngineUnderTest& kChecked = kEngines[2];

/// What a run came to.
struct Outcome {
  std::optional<uint64_t> r0;  ///< none: the run was ended by `error`
  Error error;
  int64_t fuel_left = 0;
};

/// What a run is given.
struct Input {
  std::span<std::byte> memory{};  ///< r1 and r2, unless there is a context
  Context* context = nullptr;
  Packet* packet = nullptr;
  int64_t fuel = std::numeric_limits<int64_t>::max();
  Tracer* tracer = nullptr;  ///< of engines that are not traced by themselves
  std::function<void(Run&)> prepare{};
};

/// A VM for tests: its clock and its random numbers are fixed.
std::shared_ptr<Vm> make_vm();

/// A raw program, which runs on memory; `helpers`: what `call N` reaches.
std::shared_ptr<Program> raw_program(const isa::Code& code, std::vector<HelperFunction> helpers = {});
/// A program of a type, with the maps that its immediates index.
std::shared_ptr<Program> typed_program(verifier::ProgramType type, const isa::Code& code,
                                       std::vector<std::shared_ptr<maps::Map>> maps = {});

Outcome run(const EngineUnderTest& engine, Vm& vm, const Program& program, const Input& input = {});

/// The result of a raw program, which must be the same on every engine. None: it was ended everywhere, with the same error.
std::optional<uint64_t> run_everywhere(const isa::Code& code, std::span<std::byte> memory = {});

/// The error with which the checked interpreter ends a raw program; empty if it does not.
Error checked_error(const isa::Code& code, std::span<std::byte> memory = {});

}  // namespace skep::vm::testing
