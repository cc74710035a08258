// SPDX-License-Identifier: Apache-2.0
#include "btf/ext.hpp"

#include "support.hpp"

namespace skep::btf {
namespace {

constexpr uint32_t at(uint32_t line, uint32_t column) { return line << 10 | column; }

struct Program {
  Builder b = with_ints();
  TypeId proto = b.add_func_proto(kInt, {});
  TypeId first = b.add_func("first", proto);
  TypeId second = b.add_func("second", proto);
  uint32_t file = b.add_string("/home/me/drop.c");
  uint32_t text = b.add_string("\treturn XDP_DROP;  \n");
  uint32_t evil = b.add_string("a\x1b[31mb");
  std::shared_ptr<const Types> types = parsed(b);
  std::vector<LineInfo> lines = {{0, file, text, at(12, 3)}, {4, file, 0, at(13, 0)}, {9, 0, evil, at(1, 1)}};
  std::vector<FuncInfo> functions = {{0, first}, {9, second}};
};

}  // namespace

TEST_CASE("An instruction belongs to the last line that begins at it or before") {
  const Program p;
  CHECK(find_line(p.lines, 0) == &p.lines[0]);
  CHECK(find_line(p.lines, 3) == &p.lines[0]);
  CHECK(find_line(p.lines, 4) == &p.lines[1]);
  CHECK(find_line(p.lines, 1000) == &p.lines[2]);
  CHECK(find_line({}, 0) == nullptr);
  CHECK(find_line(std::span(p.lines).subspan(1), 3) == nullptr);
}

TEST_CASE("A source line has its file without folders, line, column and trimmed text") {
  const Program p;
  const SourceLine line = source_line(*p.types, p.lines[0]);
  CHECK(line.file == "drop.c");
  CHECK(line.line == 12);
  CHECK(line.column == 3);
  CHECK(line.text == "return XDP_DROP;");
}

TEST_CASE("Source text is one line, with what is known") {
  const Program p;
  CHECK(source_text(*p.types, p.lines, 2) == "drop.c:12: return XDP_DROP;");
  CHECK(source_text(*p.types, p.lines, 5) == "drop.c:13");
  CHECK(source_text(*p.types, p.lines, 9) == "?:1: a [31mb");
  CHECK(source_text(*p.types, {}, 0).empty());
}

TEST_CASE("An instruction lies in the function that begins at it or before") {
  const Program p;
  CHECK(function_name(*p.types, p.functions, 8) == "first");
  CHECK(function_name(*p.types, p.functions, 9) == "second");
  CHECK(function_name(*p.types, {}, 9).empty());
}

}  // namespace skep::btf
