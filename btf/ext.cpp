// SPDX-License-Identifier: Apache-2.0
#include "btf/ext.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace skep::btf {
namespace {

/// The last record that begins at `insn` or before.
template <class Record>
const Record* find_record(std::span<const Record> records, uint32_t insn) {
  const auto after = std::upper_bound(records.begin(), records.end(), insn,
                                      [](uint32_t off, const Record& record) { return off < record.insn_off; });
  return after == records.begin() ? nullptr : &*(after - 1);
}

std::string_view without_folders(std::string_view path) { return path.substr(path.find_last_of('/') + 1); }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\v\f";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// Sources of others may hold control characters, which must not reach a terminal.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

}  // namespace

const LineInfo* find_line(std::span<const LineInfo> lines, uint32_t insn) { return find_record(lines, insn); }

const FuncInfo* find_function(std::span<const FuncInfo> functions, uint32_t insn) {
  return find_record(functions, insn);
}

SourceLine source_line(const Types& types, const LineInfo& info) {
  return {without_folders(types.string(info.file_name_off)), info.line(), info.column(),
          trimmed(types.string(info.line_off))};
}

std::string source_text(const Types& types, std::span<const LineInfo> lines, uint32_t insn) {
  const LineInfo* info = find_line(lines, insn);
  if (info == nullptr) return {};
  const SourceLine source = source_line(types, *info);
  std::string text = fmt::format("{}:{}", source.file.empty() ? "?" : source.file, source.line);
  if (!source.text.empty()) text += fmt::format(": {}", source.text);
  return one_line(std::move(text));
}

std::string_view function_name(const Types& types, std::span<const FuncInfo> functions, uint32_t insn) {
  const FuncInfo* info = find_function(functions, insn);
  return info == nullptr ? std::string_view() : types.type(info->type_id).name();
}

}  // namespace skep::btf
