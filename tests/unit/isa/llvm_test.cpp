// SPDX-License-Identifier: Apache-2.0
// Compares with LLVM's own assembler and disassembler where they are installed.
#include <stdlib.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "forms.hpp"
#include "isa/assemble.hpp"
#include "isa/disassemble.hpp"

using namespace skep::isa;

namespace {

constexpr const char* kTools = "command -v llvm-mc-19 llvm-objdump-19 >/dev/null";

std::string run(const std::string& command) {
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  for (int c = 0; (c = std::fgetc(pipe)) != EOF;) output += char(c);
  REQUIRE(pclose(pipe) == 0);
  return output;
}

/// LLVM 19 is older than these, or has no text that tells them from others.
bool llvm_knows(Op op) {
  const std::string_view name = info(op).name;
  if (op == Op::call_local || op == Op::call_kfunc || op == Op::lddw_high) return false;
  return !name.starts_with("load_acquire") && !name.starts_with("store_release") && !name.starts_with("ldind") &&
         !name.starts_with("lddw_");
}

/// llvm-objdump shows these only with --mcpu=v3, which writes loads and stores in another way.
bool needs_v3(Op op) { return info(op).name.starts_with("atomic_") && size_of(info(op).code) == Size::w; }

/// llvm-mc takes distances of gotol as numbers only within 16 bits.
bool llvm_reads(const Insn& insn) {
  return classify(insn) != Op::gotol || (insn.imm >= INT16_MIN && insn.imm <= INT16_MAX);
}

Code code_for_llvm(bool with_v3) {
  Code code;
  for (const OpInfo& row : kOpTable)
    if (llvm_knows(row.op) && (with_v3 || !needs_v3(row.op)))
      for (const Code& one : test::edge_cases(row))
        if (llvm_reads(one[0])) code = std::move(code) + one;
  return code;
}

/// The instructions' lines, without their index.
std::string text_of(const Code& code) {
  std::string text;
  for (size_t i = 0; i < code.size(); i += is_wide(code[i]) ? 2 : 1) text += disassemble(code, i, Style::llvm) + "\n";
  return text;
}

/// The listing that llvm-objdump makes of what llvm-mc made of a text.
std::string listing(const std::string& text, const std::string& options) {
  char directory[] = "/tmp/skep-llvm-XXXXXX";
  REQUIRE(mkdtemp(directory) != nullptr);
  const std::string base = std::string(directory) + "/t";
  std::ofstream(base + ".s") << text;
  const std::string result = run("llvm-mc-19 -triple bpfel -mcpu=v4 -filetype=obj " + base + ".s -o " + base +
                                 ".o && llvm-objdump-19 -d " + options + " " + base + ".o");
  std::filesystem::remove_all(directory);
  return result;
}

bool is_insn(const std::string& line) {
  return !line.empty() && line.find("file format") == line.npos && !line.ends_with(':');
}

/// A line of a listing without its indentation and the name of a jump's target.
std::string bare(std::string line) {
  line.erase(0, line.find_first_not_of(" \t"));
  return line.ends_with('>') ? line.substr(0, line.rfind(" <")) : line;
}

}  // namespace

TEST_CASE("LLVM assembles our text to the same words, and we read LLVM's") {
  if (std::system(kTools) != 0) SKIP("llvm-mc-19 and llvm-objdump-19 are not installed");
  const Code code = code_for_llvm(true);
  const auto their_words = assemble(listing(text_of(code), "--mcpu=v4"));
  if (!their_words) FAIL(their_words.error().text());
  CHECK(*their_words == code);
  const auto their_text = assemble(listing(text_of(code), "--mcpu=v4 --no-show-raw-insn"));
  if (!their_text) FAIL(their_text.error().text());
  CHECK(*their_text == code);
}

TEST_CASE("our text is llvm-objdump's") {
  if (std::system(kTools) != 0) SKIP("llvm-mc-19 and llvm-objdump-19 are not installed");
  const std::string text = text_of(code_for_llvm(false));
  std::stringstream ours(text);
  std::stringstream theirs(listing(text, "--no-show-raw-insn --no-leading-addr"));
  for (std::string their_line, our_line; std::getline(theirs, their_line);) {
    if (!is_insn(their_line)) continue;
    REQUIRE(std::getline(ours, our_line));
    CHECK(bare(their_line) == our_line);
  }
  CHECK(ours.peek() == EOF);
}
