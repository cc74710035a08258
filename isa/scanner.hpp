// SPDX-License-Identifier: Apache-2.0
// Reads the parts of one line of assembler text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace skep::isa {

/// A position in a line. A reader that does not find what it looks for notes what that is; text() then stands at the
/// character that differs, the others have not moved.
class Scanner {
 public:
  explicit Scanner(std::string_view line) : line_(line) {}

  [[nodiscard]] size_t position() const { return position_; }
  [[nodiscard]] std::string_view rest() const { return line_.substr(position_); }
  [[nodiscard]] bool at_end() const { return position_ == line_.size(); }
  /// What the last failed reader looked for; empty after a mismatch of fixed text.
  [[nodiscard]] const std::string& expected() const { return expected_; }

  /// Notes what is missing here; always false.
  bool fail(std::string_view expected);
  /// The same after going back to a position; always nullopt.
  std::nullopt_t fail_at(size_t position, std::string_view expected);

  /// Fixed text. A blank in it stands for any number of blanks, at least one between two words.
  bool text(std::string_view text);
  /// Skips blanks.
  void blanks();
  /// A number in decimal or (0x) hexadecimal, with or without a sign, within [min, max]; min <= 0 <= max.
  std::optional<int64_t> number(int64_t min, int64_t max);
  /// The same with a compulsory sign, which blanks may follow.
  std::optional<int64_t> signed_number(int64_t min, int64_t max);
  /// An unsigned 64-bit number, or a negative one that is its two's complement.
  std::optional<uint64_t> number64();
  /// A register, written with `prefix` ('r' or 'w').
  std::optional<uint8_t> reg(char prefix);
  /// A name of letters, digits, '_', '.' and '$'; empty if there is none.
  std::string_view name();

 private:
  struct Magnitude {
    bool negative;
    uint64_t value;
  };
  std::optional<Magnitude> magnitude();
  [[nodiscard]] bool between_words() const;

  std::string_view line_;
  size_t position_ = 0;
  std::string expected_;
};

/// Whether `c` may be part of a name.
bool is_name_char(char c);

}  // namespace skep::isa
