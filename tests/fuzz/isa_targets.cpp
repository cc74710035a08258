// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string_view>

#include "isa/assemble.hpp"
#include "isa/decode.hpp"
#include "isa/disassemble.hpp"
#include "isa/validate.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/targets.hpp"

namespace skep::fuzz {
namespace {

constexpr size_t kMaxInput = 8192;  // text is many times longer than what it describes

void round_trip(std::span<const isa::Insn> program, isa::Style style) {
  const auto again = isa::assemble(isa::disassemble(program, style));
  demand(again.ok(), "what was disassembled can be assembled");
  demand(std::ranges::equal(isa::encode(*again), isa::encode(program)), "assembling gives the same instructions");
}

void round_trips(std::span<const isa::Insn> program) {
  round_trip(program, isa::Style::kernel);
  round_trip(program, isa::Style::llvm);
}

}  // namespace

void read_instructions(Input input) {
  const auto program = isa::decode(input.first(std::min(input.size(), kMaxInput)));
  if (!ok_or_error(program)) return;
  round_trips(*program);
  (void)ok_or_error(isa::validate(*program, isa::kLinuxRules));
  (void)ok_or_error(isa::validate(*program, isa::kRfc9669Rules));
  (void)ok_or_error(isa::find_functions(*program));
}

void read_text(Input input) {
  const auto size = std::min(input.size(), kMaxInput);
  const auto program = isa::assemble(std::string_view(reinterpret_cast<const char*>(input.data()), size));
  if (ok_or_error(program)) round_trips(*program);
}

}  // namespace skep::fuzz
