// SPDX-License-Identifier: Apache-2.0
#include "isa/source_line.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

#include "isa/scanner.hpp"

namespace skep::isa {

namespace {

constexpr std::string_view kBlanks = " \t\r";

void trim(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  text = text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

void strip_comment(std::string_view& text) { text = text.substr(0, std::min(text.find(';'), text.find("//"))); }

/// What llvm-objdump prints before and between the code of sections.
bool is_heading(std::string_view text) {
  return text.starts_with("Disassembly of section ") || text.find("file format elf64-bpf") != text.npos;
}

/// The text before a colon at `colon`, if it is a name or a number.
std::string_view word_before(std::string_view text, size_t colon) {
  const std::string_view word = text.substr(0, colon);
  return std::ranges::all_of(word, is_name_char) ? word : std::string_view();
}

bool is_number(std::string_view word) { return word.find_first_not_of("0123456789") == word.npos; }

/// Takes "12:", "name:" and "0000000000000000 <name>:" away, and keeps the name.
void take_label(std::string_view& text, SourceLine& line) {
  const size_t colon = text.find(':');
  if (colon == text.npos) return;
  const size_t open = text.find('<');
  if (text.ends_with(">:") && open != text.npos) {
    line.label = text.substr(open + 1, text.size() - open - 3);
    text = {};
    return;
  }
  const std::string_view word = word_before(text, colon);
  if (word.empty()) return;
  if (!is_number(word)) line.label = word;
  text.remove_prefix(colon + 1);
  trim(text);
}

/// The byte that two digits at the start of a text are.
std::optional<uint8_t> hex_byte(std::string_view text) {
  const std::string_view digits = text.substr(0, 2);
  uint8_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  const bool both_read = digits.size() == 2 && end == digits.data() + digits.size();
  return both_read && error == std::errc() ? std::optional(value) : std::nullopt;
}

/// Takes eight bytes ("b7 00 00 00 01 00 00 00 ") from the start of the text, if they are there.
std::optional<Insn> take_word(std::string_view& text) {
  constexpr size_t kWidth = 3;  // two digits and a blank
  std::array<uint8_t, sizeof(Insn)> bytes{};
  if (text.size() < bytes.size() * kWidth) return std::nullopt;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const std::optional<uint8_t> byte = hex_byte(text.substr(i * kWidth));
    if (!byte || kBlanks.find(text[i * kWidth + 2]) == kBlanks.npos) return std::nullopt;
    bytes[i] = *byte;
  }
  text.remove_prefix(bytes.size() * kWidth);
  return std::bit_cast<Insn>(bytes);
}

void take_bytes(std::string_view& text, SourceLine& line) {
  while (const std::optional<Insn> word = take_word(text)) line.words.push_back(*word);
  trim(text);
}

/// Takes the kernel's "(b7)" away.
void take_opcode(std::string_view& text, SourceLine& line) {
  if (text.size() < 4 || text[0] != '(' || text[3] != ')' || !hex_byte(text.substr(1))) return;
  line.code = hex_byte(text.substr(1));
  text.remove_prefix(4);
  trim(text);
}

/// Takes the name of a target away that llvm-objdump appends: "goto +0x2 <f+0x18>".
void strip_target_name(std::string_view& text) {
  if (!text.ends_with('>')) return;
  const size_t open = text.rfind(" <");
  if (open != text.npos) text = text.substr(0, open);
  trim(text);
}

}  // namespace

SourceLine split_line(std::string_view text) {
  SourceLine line;
  strip_comment(text);
  trim(text);
  if (is_heading(text)) return line;
  take_label(text, line);
  take_bytes(text, line);
  take_opcode(text, line);
  strip_target_name(text);
  line.statement = text;
  return line;
}

}  // namespace skep::isa
