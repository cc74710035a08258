// SPDX-License-Identifier: Apache-2.0
#include "btf/writer.hpp"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace skep::btf {
namespace {

bool is_printable(uint8_t c) { return c >= 0x20 && c <= 0x7e; }

std::string hex(U128 value) {
  const auto high = static_cast<uint64_t>(value >> 64);
  const auto low = static_cast<uint64_t>(value);
  return high != 0 ? fmt::format("0x{:x}{:016x}", high, low) : fmt::format("0x{:x}", low);
}

/// The letter of a two-character escape, or 0.
char escape_letter(char c) {
  constexpr std::string_view kSpecial = "\t\n\r\f\b\\\"";
  constexpr std::string_view kLetters = "tnrfb\\\"";
  const size_t at = kSpecial.find(c);
  return at == std::string_view::npos ? '\0' : kLetters[at];
}

}  // namespace

void Writer::quote(std::string_view text) {
  out_ += '"';
  for (char c : text) {
    if (char letter = escape_letter(c)) {
      (out_ += '\\') += letter;
    } else if (is_printable(static_cast<uint8_t>(c))) {
      out_ += c;
    } else {
      // Names are bytes; as Latin-1 they give JSON that is always valid.
      fmt::format_to(std::back_inserter(out_), "\\u{:04x}", static_cast<uint8_t>(c));
    }
  }
  out_ += '"';
}

void Writer::new_line() {
  if (!pretty_) return;
  out_ += '\n';
  out_.append(size_t{4} * depth_, ' ');
}

void Writer::separate() {
  if (!is_first_) out_ += ',';
  is_first_ = false;
}

void Writer::begin(char bracket) {
  separate();
  out_ += bracket;
  ++depth_;
  is_first_ = true;
}

void Writer::end(char bracket) {
  --depth_;
  if (!is_first_) new_line();
  out_ += bracket;
  is_first_ = false;
}

void Writer::name(std::string_view text) {
  separate();
  new_line();
  quote(text);
  out_ += pretty_ ? ": " : ":";
  is_first_ = true;  // Its value follows without a comma.
}

void Writer::raw(std::string_view text) {
  separate();
  out_ += text;
}

void Writer::string(std::string_view text) {
  separate();
  quote(text);
}

void Writer::integer(int64_t value) { raw(fmt::format("{}", value)); }

void Writer::unsigned_integer(uint64_t value) { raw(fmt::format("{}", value)); }

void Writer::floating(double value) {
  if (std::isfinite(value)) {
    raw(fmt::format("{}", value));
  } else {
    string(fmt::format("{}", value));  // JSON has no numbers for them.
  }
}

void TextWriter::pointer(uint64_t value) { string(value == 0 ? "(nil)" : fmt::format("{:#x}", value)); }

void TextWriter::bits(U128 value) { raw(hex(value)); }

void TextWriter::character(uint8_t value) {
  if (is_printable(value)) {
    string(std::string(1, static_cast<char>(value)));
  } else {
    raw(hex(value));
  }
}

void JsonWriter::bits(U128 value) { string(hex(value)); }

void JsonWriter::character(uint8_t value) { string(std::string(1, static_cast<char>(value))); }

}  // namespace skep::btf
