// SPDX-License-Identifier: Apache-2.0
// A set of enumerators that tables can be written with.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace skep::verifier {

/// Holds the enumerators below `capacity`. Greater numbers, which only malformed input has, share one place: they are in
/// all() and in complements, and in no list.
template <class Enum, size_t capacity>
class EnumSet {
 public:
  constexpr EnumSet() = default;
  constexpr EnumSet(std::initializer_list<Enum> members) {
    for (const Enum member : members) word(member) |= bit(member);
  }
  static constexpr EnumSet all() { return ~EnumSet{}; }

  [[nodiscard]] constexpr bool contains(Enum member) const { return (words_[place(member) / 64] & bit(member)) != 0; }
  constexpr EnumSet operator|(EnumSet other) const {
    for (size_t i = 0; i < words_.size(); ++i) other.words_[i] |= words_[i];
    return other;
  }
  /// The members that are not in `other`.
  constexpr EnumSet operator-(EnumSet other) const {
    for (size_t i = 0; i < words_.size(); ++i) other.words_[i] = words_[i] & ~other.words_[i];
    return other;
  }
  constexpr EnumSet operator~() const {
    EnumSet result;
    for (size_t i = 0; i < words_.size(); ++i) result.words_[i] = ~words_[i];
    return result;
  }
  constexpr bool operator==(const EnumSet&) const = default;

 private:
  static constexpr size_t place(Enum member) {
    const auto number = static_cast<size_t>(member);
    return number < capacity ? number : capacity;
  }
  static constexpr uint64_t bit(Enum member) { return uint64_t{1} << place(member) % 64; }
  constexpr uint64_t& word(Enum member) { return words_[place(member) / 64]; }

  std::array<uint64_t, capacity / 64 + 1> words_{};
};

}  // namespace skep::verifier
