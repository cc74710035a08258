// SPDX-License-Identifier: Apache-2.0
// The entry points that fuzzers and the test of mutated inputs drive. Each takes any bytes, and must neither crash, nor
// hang, nor leak, nor trip a sanitizer, whatever they are.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace skep::fuzz {

using Input = std::span<const std::byte>;
using Inputs = std::vector<std::vector<std::byte>>;

void load_object(Input input);        ///< an object file: open, load, run each program shortly
void prepare_object(Input input);     ///< an object file: the checks before libbpf
void read_btf(Input input);           ///< BTF: parse, print types and values
void read_instructions(Input input);  ///< a program: validate, disassemble, assemble
void read_text(Input input);          ///< assembler text
void call_bpf(Input input);           ///< a sequence of bpf(2) commands
void read_capture(Input input);       ///< a packet capture
void run_raw(Input input);            ///< a program on memory, in the checked interpreter
void run_program(Input input);        ///< a program of a type with helpers, in the checked interpreter

/// What good inputs look like; made from the examples' objects, which lie in `examples`.
struct Target {
  const char* name;
  void (*run)(Input input);
  Inputs (*seeds)(const std::string& examples);
};

std::span<const Target> targets();

}  // namespace skep::fuzz
