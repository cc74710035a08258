// SPDX-License-Identifier: Apache-2.0
#include "isa/scanner.hpp"

#include <fmt/format.h>

#include <charconv>

#include "isa/insn.hpp"

namespace skep::isa {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

}  // namespace

bool is_name_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '$';
}

std::nullopt_t Scanner::fail_at(size_t position, std::string_view expected) {
  position_ = position;
  expected_ = expected;
  return std::nullopt;
}

bool Scanner::fail(std::string_view expected) {
  fail_at(position_, expected);
  return false;
}

bool Scanner::between_words() const {
  return position_ > 0 && !at_end() && is_name_char(line_[position_ - 1]) && is_name_char(line_[position_]);
}

void Scanner::blanks() {
  while (!at_end() && is_blank(line_[position_])) ++position_;
}

bool Scanner::text(std::string_view text) {
  for (char c : text) {
    if (c == ' ') {
      if (between_words()) return fail("");
      blanks();
    } else {
      if (at_end() || line_[position_] != c) return fail("");
      ++position_;
    }
  }
  return true;
}

std::optional<Scanner::Magnitude> Scanner::magnitude() {
  std::string_view digits = rest();
  const auto skip = [&](std::string_view prefix) {
    const bool found = digits.starts_with(prefix);
    if (found) digits.remove_prefix(prefix.size());
    return found;
  };
  const bool negative = skip("-");
  if (!negative) skip("+");
  const int base = skip("0x") ? 16 : 10;
  Magnitude result{negative, 0};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result.value, base);
  if (error != std::errc() || (end != digits.data() + digits.size() && is_name_char(*end))) return std::nullopt;
  position_ = size_t(end - line_.data());
  return result;
}

std::optional<int64_t> Scanner::number(int64_t min, int64_t max) {
  const size_t start = position_;
  const std::optional<Magnitude> m = magnitude();
  if (!m) return fail_at(start, "a number");
  const uint64_t limit = m->negative ? uint64_t(0) - uint64_t(min) : uint64_t(max);
  if (m->value > limit) return fail_at(start, fmt::format("a number from {} to {}", min, max));
  return int64_t(m->negative ? uint64_t(0) - m->value : m->value);
}

std::optional<int64_t> Scanner::signed_number(int64_t min, int64_t max) {
  const size_t start = position_;
  const bool minus = rest().starts_with('-');
  if (!minus && !rest().starts_with('+')) return fail_at(start, "'+' or '-' and a number");
  ++position_;
  blanks();
  const bool starts_with_digit = !at_end() && is_digit(line_[position_]);
  if (!starts_with_digit) return fail_at(start, "'+' or '-' and a number");
  const std::optional<int64_t> value = number(0, minus ? -min : max);
  if (!value) return fail_at(start, fmt::format("a number from {} to {}", min, max));
  return minus ? -*value : value;
}

std::optional<uint64_t> Scanner::number64() {
  const std::optional<Magnitude> m = magnitude();
  if (!m) return fail_at(position_, "a 64-bit number");
  return m->negative ? uint64_t(0) - m->value : m->value;
}

std::optional<uint8_t> Scanner::reg(char prefix) {
  const std::string_view word = rest().substr(0, rest().find_first_not_of("rw0123456789"));
  unsigned number = 0;
  const char* end = word.data() + word.size();
  const bool well_formed = word.size() >= 2 && word.size() <= 3 && word[0] == prefix &&
                           std::from_chars(word.data() + 1, end, number).ptr == end && number < kRegisters;
  const bool ends = word.size() == rest().size() || !is_name_char(rest()[word.size()]);
  if (!well_formed || !ends)
    return fail_at(position_, fmt::format("a register {0}0 to {0}{1}", prefix, kRegisters - 1));
  position_ += word.size();
  return uint8_t(number);
}

std::string_view Scanner::name() {
  const size_t start = position_;
  if (!at_end() && is_digit(line_[position_])) return {};
  while (!at_end() && is_name_char(line_[position_])) ++position_;
  return line_.substr(start, position_ - start);
}

}  // namespace skep::isa
