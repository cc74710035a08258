// SPDX-License-Identifier: Apache-2.0
#include "verifier/structure.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cerrno>

#include "btf/builder.hpp"
#include "isa/make.hpp"

using namespace skep;
using namespace skep::isa;
using namespace skep::verifier;

namespace {

const Code kReturn0 = make::mov64_imm(0, 0) + make::exit();

/// "fine", or the errno and the message.
std::string verdict_on(const ProgramText& text) {
  const Result<Structure> structure = check_structure(text);
  return structure ? "fine" : errno_name(structure.error().code) + ": " + structure.error().message;
}

std::string verdict(const Code& code) { return verdict_on({.insns = code}); }

}  // namespace

TEST_CASE("a program has a size") {
  CHECK(verdict(kReturn0) == "fine");
  CHECK(verdict(Code{}) == "E2BIG: the program has no instructions");
  const Code long_program = Code(4095, make::mov64_imm(0, 0)[0]) + kReturn0;
  CHECK(verdict_on({.insns = long_program}) == "fine");
  CHECK(verdict_on({.insns = long_program, .bpf_capable = false}) ==
        "E2BIG: the program has 4097 instructions, 4096 are allowed");
  const Code too_long = Code(1'000'000, make::mov64_imm(0, 0)[0]) + make::exit();
  CHECK(verdict(too_long) == "E2BIG: the program has 1000001 instructions, 1000000 are allowed");
}

TEST_CASE("functions are found and described") {
  const Code code = make::lddw_func(1, 4) + make::call_local(4) + make::mov64_imm(0, 0) + make::exit() +
                    kReturn0 +                             // 5: callback
                    make::mov64_imm(0, 0) + make::exit();  // 7: called
  const Result<Structure> structure = check_structure({.insns = code});
  REQUIRE(structure.ok());
  REQUIRE(structure->subprograms.size() == 3);
  CHECK(structure->subprograms[0].end == 5);
  CHECK(structure->subprograms[1].start == 5);
  CHECK(structure->subprograms[1].is_callback);
  CHECK_FALSE(structure->subprograms[1].is_called);
  CHECK(structure->subprograms[2].start == 7);
  CHECK(structure->subprograms[2].is_called);
  CHECK(subprogram_of(*structure, 0) == 0);
  CHECK(subprogram_of(*structure, 6) == 1);
  CHECK(subprogram_of(*structure, 8) == 2);
}

TEST_CASE("jumps and calls stay where they belong") {
  CHECK(verdict(make::ja(5) + make::exit()) == "EINVAL: jump out of range from insn 0 to 6");
  CHECK(verdict(make::call_local(7) + make::exit()) == "EINVAL: call to invalid destination");
  CHECK(verdict(make::mov64_imm(0, 0)) == "EINVAL: last insn is not an exit or jmp");
  CHECK(verdict(make::ja(1) + make::lddw(1, 2) + make::exit()) == "EINVAL: jump into the middle of ldimm64 insn 1");
  CHECK(verdict(make::exit() + make::exit()) == "EINVAL: unreachable insn 1");
}

TEST_CASE("unprivileged programs have neither functions nor loops") {
  const Code call = make::call_local(1) + make::exit() + kReturn0;
  CHECK(verdict_on({.insns = call, .bpf_capable = false}) ==
        "EPERM: loading/calling other bpf or kernel functions are allowed for CAP_BPF and CAP_SYS_ADMIN");
  const Code loop = make::mov64_imm(0, 0) + make::ja(-2);
  CHECK(verdict_on({.insns = loop, .bpf_capable = false}) == "EINVAL: back-edge from insn 1 to 0");
}

TEST_CASE("references to maps are listed") {
  const Code code = make::lddw_map_fd(1, 7) + make::lddw_map_value(2, 8, 40) + make::lddw_map_idx(3, 1) +
                    make::lddw_map_idx_value(4, 2, 12) + make::lddw(5, 99) + kReturn0;
  const Result<Structure> structure = check_structure({.insns = code});
  REQUIRE(structure.ok());
  REQUIRE(structure->maps.size() == 4);
  CHECK(structure->maps[0].number == 7);
  CHECK_FALSE(structure->maps[0].is_value);
  CHECK(structure->maps[1].insn == 2);
  CHECK(structure->maps[1].is_value);
  CHECK(structure->maps[1].value_offset == 40);
  CHECK(structure->maps[2].by_index);
  CHECK(structure->maps[3].value_offset == 12);
}

TEST_CASE("references to maps must make sense") {
  const Code by_index = make::lddw_map_idx(1, 0) + kReturn0;
  CHECK(verdict_on({.insns = by_index, .has_fd_array = false}) == "EPROTO: fd_idx without fd_array is invalid");
  CHECK(verdict(make::lddw_map_value(1, 3, 1 << 29) + kReturn0) ==
        "EINVAL: direct value offset of 536870912 is not allowed");
}

namespace {

/// A program of two functions with a full description; tests spoil one thing each.
struct Described {
  Code code = make::call_local(1) + make::exit() + kReturn0;
  std::shared_ptr<const btf::Types> types;
  std::vector<btf::FuncInfo> funcs;
  std::vector<btf::LineInfo> lines;

  explicit Described(bool returns_int = true) {
    btf::Builder builder;
    const btf::TypeId number = builder.add_int("int", 4, btf::int_signed);
    const btf::TypeId proto = builder.add_func_proto(returns_int ? number : 0, {});
    const btf::TypeId main = builder.add_func("main", proto);
    const btf::TypeId helper = builder.add_func("helper", proto, btf::FuncLinkage::static_);
    const uint32_t file = builder.add_string("prog.c");
    types = *btf::Types::parse(builder.bytes());
    funcs = {{0, main}, {2, helper}};
    lines = {{0, file, file, 1 << 10}, {1, file, file, 2 << 10}, {2, file, file, 5 << 10}};
  }

  [[nodiscard]] ProgramText text() const {
    return {.insns = code, .types = types.get(), .func_info = funcs, .line_info = lines};
  }
};

}  // namespace

TEST_CASE("functions get their names from BTF") {
  const Described program;
  const Result<Structure> structure = check_structure(program.text());
  REQUIRE(structure.ok());
  CHECK(structure->subprograms[0].name == "main");
  CHECK(structure->subprograms[1].name == "helper");
  CHECK(structure->subprograms[1].func == program.funcs[1].type_id);
}

TEST_CASE("func_info must describe the program") {
  Described program;
  program.funcs[1].insn_off = 3;
  CHECK(verdict_on(program.text()) == "EINVAL: func_info BTF section doesn't match subprog layout in BPF program");
  program.funcs[1].insn_off = 0;
  CHECK(verdict_on(program.text()) == "EINVAL: same or smaller insn offset (0) than previous func info record (0)");
  program.funcs[0].insn_off = 1;
  CHECK(verdict_on(program.text()) == "EINVAL: nonzero insn_off 1 for the first func info record");
  program.funcs = {{0, 1}};
  CHECK(verdict_on(program.text()) == "EINVAL: invalid type id 1 in func info");
  program.funcs = {{0, 4711}};
  CHECK(verdict_on(program.text()) == "EINVAL: invalid type id 4711 in func info");
  program.funcs = {Described().funcs[0]};
  CHECK(verdict_on(program.text()) == "EINVAL: number of funcs in func_info doesn't match number of subprogs");
}

TEST_CASE("line_info must describe the program") {
  Described program;
  program.lines.pop_back();
  CHECK(verdict_on(program.text()) == "EINVAL: missing bpf_line_info for 1 funcs starting from func#1");
  program.lines.back().insn_off = 3;
  CHECK(verdict_on(program.text()) == "EINVAL: missing bpf_line_info for func#1");
  program.lines.back().insn_off = 4;
  CHECK(verdict_on(program.text()) == "EINVAL: Invalid line_info[1].insn_off:4 (prev_offset:0 prog->len:4)");
  program.lines.back().insn_off = 0;
  CHECK(verdict_on(program.text()) == "EINVAL: Invalid line_info[1].insn_off:0 (prev_offset:0 prog->len:4)");
  program.lines[0].line_off = 1 << 20;
  CHECK(verdict_on(program.text()) == "EINVAL: Invalid line_info[0].line_off or .file_name_off");
}

TEST_CASE("a line cannot begin inside of a wide instruction") {
  Described program;
  program.code = make::lddw(0, 1) + make::exit();
  program.funcs.pop_back();
  program.lines.pop_back();
  CHECK(verdict_on(program.text()) == "EINVAL: Invalid insn code at line_info[1].insn_off");
}

TEST_CASE("debug information without BTF is refused") {
  Described program;
  program.types = nullptr;
  CHECK(verdict_on(program.text()) == "EBADF: func_info and line_info need BTF");
}

TEST_CASE("functions with tail calls or legacy loads need BTF and return int") {
  Described program;
  program.code = make::call_local(1) + make::exit() + make::call_helper(12) + make::exit();
  CHECK(verdict_on(program.text()) == "fine");
  CHECK(verdict(program.code) == "EINVAL: tail_call is not allowed in subprogs without BTF");

  Described nothing(false);
  nothing.code = program.code;
  CHECK(verdict_on(nothing.text()) == "EINVAL: tail_call is only allowed in functions that return 'int'");
  nothing.code = make::call_local(1) + make::exit() + make::ldabsb(0) + make::exit();
  CHECK(verdict_on(nothing.text()) == "EINVAL: LD_ABS is only allowed in functions that return 'int'");
  CHECK(verdict(nothing.code) == "EINVAL: LD_ABS is not allowed in subprogs without BTF");
}

TEST_CASE("more than 256 functions are too many") {
  Code calls;
  Code functions;
  for (int i = 0; i < 256; ++i) {
    calls = calls + make::call_local((256 - i) + 1 + 2 * i);
    functions = functions + kReturn0;
  }
  CHECK(verdict(calls + make::mov64_imm(0, 0) + make::exit() + functions) == "E2BIG: too many subprograms");
}

TEST_CASE("each instruction is looked at by itself") {
  const auto check = [](const Code& code, const HelperCaller& caller) {
    const Status status = check_instructions({.insns = code}, caller);
    return status ? std::string("fine") : status.error().text();
  };
  const HelperCaller xdp{.type = ProgramType::xdp};
  CHECK(check(make::call_helper(5) + make::exit(), xdp) == "fine");
  CHECK(check(make::mov64_imm(0, 0) + make::call_helper(9) + make::exit(), xdp) ==
        "insn 1: program of this type cannot use helper bpf_skb_store_bytes#9 (EINVAL)");
  CHECK(check(make::mov64_reg(11, 1) + make::exit(), xdp) == "insn 0: R11 is invalid (EINVAL)");
  CHECK(check(make::lddw(1, 5) + make::call_local(-1) + make::exit(), xdp) == "fine");
}
