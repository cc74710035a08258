// SPDX-License-Identifier: Apache-2.0
// Structural checks: random programs must be refused with the words of the running kernel, or by neither.
#include "verifier/structure.hpp"

#include <catch2/catch_test_macros.hpp>
#include <random>
#include <string>

#include "isa/make.hpp"
#include "tests/kernel/kernel_bpf.hpp"

using namespace skep;
using namespace skep::test;
namespace make = skep::isa::make;

namespace {

/// What Linux says in its structural checks; all other refusals come after them.
constexpr const char* kStructuralReasons[] = {"call to invalid destination",
                                              "jump out of range",
                                              "last insn is not an exit or jmp",
                                              "unknown opcode",
                                              "unreachable insn",
                                              "jump into the middle of ldimm64",
                                              "invalid bpf_ld_imm64 insn",
                                              "unrecognized bpf_ld_imm64 insn",
                                              "BPF_LDX uses reserved fields",
                                              "not allowed in subprogs without BTF"};

std::string structural_reason(const KernelVerdict& verdict) {
  for (const char* reason : kStructuralReasons)
    if (verdict.says(reason)) return reason;
  return "";
}

class RandomPrograms {
 public:
  explicit RandomPrograms(uint32_t seed) : random_(seed) {}

  isa::Code next() {
    isa::Code code;
    const int pieces = number(1, 9);
    for (int i = 0; i < pieces; ++i) code = code + piece(pieces);
    return code + (number(0, 9) > 0 ? make::exit() : make::ja(-number(1, pieces)));
  }

 private:
  int number(int min, int max) { return std::uniform_int_distribution(min, max)(random_); }

  /// Jumps mostly reach something near; few reach outside.
  isa::Code piece(int pieces) {
    const int distance = number(number(0, 3) > 0 ? 0 : -pieces, pieces / 2 + 1);
    switch (number(0, 15)) {
      case 0: return make::ja(distance);
      case 1: return make::gotol(distance);
      case 2: return make::call_local(distance);
      case 3: return make::lddw_func(1, distance);
      case 4: return make::lddw(2, 0x1234567890);
      case 5: return make::exit();
      case 6: return make::may_goto(distance);
      case 7: return make::call_helper(12);
      case 8: return number(0, 9) > 0 ? make::exit() : isa::Code{{.code = static_cast<uint8_t>(number(0, 255))}};
      case 9: return number(0, 4) > 0 ? make::mov64_imm(0, 0) : isa::Code{{.code = isa::kLddw, .src = 7}, {}};
      case 10:
      case 11:
      case 12: return make::jeq64_imm(0, 1, distance);
      default: return make::mov64_imm(0, 0);
    }
  }

  std::mt19937 random_;
};

std::string listing(const isa::Code& code) {
  std::string text;
  for (const isa::Insn& insn : code)
    text += std::to_string(insn.code) + " dst " + std::to_string(insn.dst) + " src " + std::to_string(insn.src) +
            " off " + std::to_string(insn.off) + " imm " + std::to_string(insn.imm) + "\n";
  return text;
}

}  // namespace

TEST_CASE("random programs are refused for the kernel's structural reasons") {
  if (!kernel_bpf_works()) SKIP("this process may not load programs into the kernel");
  RandomPrograms programs(2024);
  int refused = 0;
  int in_the_same_words = 0;  // Of several faults Linux may name another one first.
  for (int i = 0; i < 20000; ++i) {
    const isa::Code code = programs.next();
    const Result<verifier::Structure> ours = verifier::check_structure({.insns = code});
    const KernelVerdict kernel = kernel_load({.type = BPF_PROG_TYPE_XDP, .insns = code});
    CAPTURE(listing(code), kernel.log, ours ? "accepted" : ours.error().message);
    CHECK(structural_reason(kernel).empty() == ours.ok());
    if (ours) continue;
    CHECK(kernel.error == ours.error().code);
    ++refused;
    in_the_same_words += kernel.says(ours.error().message.c_str()) ? 1 : 0;
  }
  CHECK(refused > 1000);
  CHECK(refused < 19000);
  CHECK(in_the_same_words > refused * 97 / 100);
}
