// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>

#include "forms.hpp"
#include "isa/assemble.hpp"
#include "isa/disassemble.hpp"

using namespace skep::isa;

namespace {

std::string kernel(const Code& code) { return disassemble(code, 0, Style::kernel); }
std::string llvm(const Code& code) { return disassemble(code, 0, Style::llvm); }

}  // namespace

TEST_CASE("every form, written and read back, is the same instruction") {
  for (Style style : {Style::kernel, Style::llvm})
    for (const OpInfo& row : kOpTable) {
      if (row.op == Op::lddw_high) continue;
      for (const Code& code : test::edge_cases(row)) {
        const std::string text = disassemble(code, 0, style);
        INFO(row.name << ": " << text);
        const auto read = assemble(text);
        REQUIRE(read);
        CHECK(*read == code);
        CHECK(text.find(".quad") == text.npos);
      }
    }
}

TEST_CASE("any word at all, written and read back, is the same word") {
  for (int code = 0; code < 256; ++code)
    for (const Insn& fields : {Insn{}, Insn{.dst = 11}, Insn{.src = 15}, Insn{.off = 3}, Insn{.imm = 5}}) {
      Insn insn = fields;
      insn.code = uint8_t(code);
      for (Style style : {Style::kernel, Style::llvm}) {
        const std::string text = disassemble(Code{insn}, 0, style);
        INFO(text);
        CHECK(*assemble(text) == Code{insn});
      }
    }
}

TEST_CASE("a wide instruction whose second word hides something is written as raw words") {
  const Code code = {{.code = 0x18, .src = 1, .imm = 5}, {.imm = 7}};
  CHECK(llvm(code) == ".quad 0x0000000500001018");
  CHECK(*assemble(disassemble(code, Style::kernel)) == code);
  CHECK(llvm({{.code = 0x18}}) == ".quad 0x0000000000000018");
}

TEST_CASE("the kernel's text is that of its log") {
  CHECK(kernel(make::mov64_imm(0, -1)) == "(b7) r0 = -1");
  CHECK(kernel(make::and32_reg(5, 2)) == "(5c) w5 &= w2");
  CHECK(kernel(make::smod64_reg(1, 2)) == "(9f) r1 s%= r2");
  CHECK(kernel(make::neg32(3)) == "(84) w3 = -w3");
  CHECK(kernel(make::be16(1)) == "(dc) r1 = be16 r1");
  CHECK(kernel(make::movsx8_64(1, 2)) == "(bf) r1 = (s8)r2");
  CHECK(kernel(make::addr_space_cast(1, 2, 1 << 16)) == "(bf) r1 = addr_space_cast(r2, 1, 0)");
  CHECK(kernel(make::ldxw(1, 6, 0)) == "(61) r1 = *(u32 *)(r6 +0)");
  CHECK(kernel(make::ldxsb(1, 6, -3)) == "(91) r1 = *(s8 *)(r6 -3)");
  CHECK(kernel(make::stxw(10, 1, -8)) == "(63) *(u32 *)(r10 -8) = r1");
  CHECK(kernel(make::stb(10, -8, -7)) == "(72) *(u8 *)(r10 -8) = -7");
  CHECK(kernel(make::atomic_add32(1, 2, 4)) == "(c3) lock *(u32 *)(r1 +4) += r2");
  CHECK(kernel(make::atomic_fetch_or64(1, 2, 4)) == "(db) r2 = atomic64_fetch_or((u64 *)(r1 +4), r2)");
  CHECK(kernel(make::atomic_cmpxchg32(1, 2, 4)) == "(c3) r0 = atomic_cmpxchg((u32 *)(r1 +4), r0, r2)");
  CHECK(kernel(make::load_acquire8(1, 2, 0)) == "(d3) r1 = load_acquire((u8 *)(r2 +0))");
  CHECK(kernel(make::store_release64(1, 2, 0)) == "(db) store_release((u64 *)(r1 +0), r2)");
  CHECK(kernel(make::ldabsh(12)) == "(28) r0 = *(u16 *)skb[12]");
  CHECK(kernel(make::ldindb(7, 14)) == "(50) r0 = *(u8 *)skb[r7 + 14]");
  CHECK(kernel(make::lddw(1, 0x100000000)) == "(18) r1 = 0x100000000");
  CHECK(kernel(make::jsgt32_imm(1, -1, 3)) == "(66) if w1 s> 0xffffffff goto pc+3");
  CHECK(kernel(make::jset64_reg(1, 2, -3)) == "(4d) if r1 & r2 goto pc-3");
  CHECK(kernel(make::ja(0)) == "(05) goto pc+0");
  CHECK(kernel(make::gotol(-70000)) == "(06) gotol pc-70000");
  CHECK(kernel(make::may_goto(2)) == "(e5) may_goto pc+2");
  CHECK(kernel(make::call_local(7)) == "(85) call pc+7");
  CHECK(kernel(make::call_helper(999)) == "(85) call unknown#999");
  CHECK(kernel(make::call_kfunc(5, 0)) == "(85) call kernel-function#5");
  CHECK(kernel(make::exit()) == "(95) exit");
}

TEST_CASE("LLVM's text is that of llvm-objdump") {
  CHECK(llvm(make::mov64_imm(0, -1)) == "r0 = -0x1");
  CHECK(llvm(make::mov32_imm(0, INT32_MIN)) == "w0 = -0x80000000");
  CHECK(llvm(make::stxw(10, 1, -8)) == "*(u32 *)(r10 - 0x8) = r1");
  CHECK(llvm(make::atomic_add64(1, 2, 0)) == "lock *(u64 *)(r1 + 0x0) += r2");
  CHECK(llvm(make::atomic_fetch_add32(1, 2, 0)) == "w2 = atomic_fetch_add((u32 *)(r1 + 0x0), w2)");
  CHECK(llvm(make::atomic_cmpxchg64(1, 2, 8)) == "r0 = cmpxchg_64(r1 + 0x8, r0, r2)");
  CHECK(llvm(make::atomic_xchg32(1, 2, 8)) == "w2 = xchg32_32(r1 + 0x8, w2)");
  CHECK(llvm(make::lddw(1, 5)) == "r1 = 0x5 ll");
  CHECK(llvm(make::lddw_map_fd(1, 5)) == "ld_pseudo r1, 0x1, 0x5");
  CHECK(llvm(make::ldindb(7, 0)) == "r0 = *(u8 *)skb[r7]");
  CHECK(llvm(make::jsgt32_imm(1, 3, 2)) == "if w1 s> 0x3 goto +0x2");
  CHECK(llvm(make::gotol(-3)) == "gotol -0x3");
  CHECK(llvm(make::call_helper(1)) == "call 0x1");
  CHECK(llvm(make::callx(3)) == "callx r3");
}

TEST_CASE("symbols stand in place of numbers, and are read back through names") {
  const Symbols symbols{.helper = [](int32_t id) { return id == 1 ? "bpf_map_lookup_elem" : ""; },
                        .kfunc = [](int32_t, int16_t) { return "bpf_task_acquire"; },
                        .map = [](int32_t fd) { return fd == 4 ? "counters" : ""; },
                        .label = [](size_t index) { return index == 6 ? "out" : ""; }};
  const Names names{.helper = [](std::string_view name) -> std::optional<int32_t> {
                      if (name == "bpf_map_lookup_elem") return 1;
                      return std::nullopt;
                    },
                    .map = [](std::string_view) { return 4; }};
  const Code code = make::lddw_map_fd(1, 4) + make::call_helper(1) + make::call_helper(2) + make::call_kfunc(9, 0) +
                    make::jeq64_imm(0, 0, 0) + make::exit();
  const std::string text = disassemble(code, Style::kernel, symbols);
  CHECK(text ==
        "   0: (18) r1 = map[counters]\n"
        "   2: (85) call bpf_map_lookup_elem#1\n"
        "   3: (85) call unknown#2\n"
        "   4: (85) call bpf_task_acquire#9\n"
        "   5: (15) if r0 == 0x0 goto out\n"
        "out:\n"
        "   6: (95) exit\n");
  const auto read = assemble(text, names);
  REQUIRE(read);
  CHECK(*read == code);
  CHECK(disassemble(code, 2, Style::llvm, symbols) == "call bpf_map_lookup_elem");
  CHECK(*assemble("call bpf_map_lookup_elem", names) == make::call_helper(1));
}
