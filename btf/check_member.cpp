// SPDX-License-Identifier: Apache-2.0
#include "btf/check_member.hpp"

#include <algorithm>

#include "btf/layout.hpp"

namespace skep::btf {
namespace {

struct Place {
  const Type& composite;
  Member member;
  Type type;  ///< Of the member, without modifiers.

  [[nodiscard]] uint32_t byte_offset() const { return member.bit_offset / 8; }
  [[nodiscard]] bool is_byte_aligned() const { return member.bit_offset % 8 == 0; }
};

using Reason = std::optional<std::string_view>;
constexpr std::nullopt_t kFits = std::nullopt;
constexpr std::string_view kBeyondEnd = "the member exceeds its struct";
constexpr std::string_view kUnaligned = "the member is not byte aligned";
constexpr std::string_view kBadBitfieldSize = "invalid size of a bit field";

Reason bytes_fit(const Place& place, uint64_t size) {
  if (!place.is_byte_aligned()) return kUnaligned;
  if (place.byte_offset() + size > place.composite.size()) return kBeyondEnd;
  return kFits;
}

Reason bits_fit(const Place& place, uint64_t bit_offset, uint32_t bits) {
  const uint64_t copied_bits = bits + bit_offset % 8;
  if (copied_bits > 128) return "the member spans more than 128 bits";
  if (bit_offset / 8 + (copied_bits + 7) / 8 > place.composite.size()) return kBeyondEnd;
  return kFits;
}

Reason int_fits(const Place& place) {
  const Int info = place.type.int_info();
  if (!place.composite.kind_flag())
    return bits_fit(place, uint64_t{place.member.bit_offset} + info.bit_offset, info.bits);

  if (!is_regular_int(place.type)) return "the base type of the member is not a regular integer";
  if (place.member.bitfield_size > info.bits) return kBadBitfieldSize;
  if (place.member.bitfield_size != 0) return bits_fit(place, place.member.bit_offset, place.member.bitfield_size);
  if (!place.is_byte_aligned()) return kUnaligned;
  return bits_fit(place, place.member.bit_offset, info.bits);
}

Reason enum_fits(const Place& place) {
  if (!place.composite.kind_flag()) return bytes_fit(place, place.type.size());
  constexpr uint32_t kIntBits = 32;  // Linux takes an enum here for an int, whatever its size.
  if (place.member.bitfield_size == 0) return bytes_fit(place, kIntBits / 8);
  if (place.member.bitfield_size > kIntBits) return kBadBitfieldSize;
  const uint64_t end = uint64_t{place.member.bit_offset} + place.member.bitfield_size;
  return (end + 7) / 8 > place.composite.size() ? Reason(kBeyondEnd) : kFits;
}

Reason float_fits(const Place& place) {
  const uint32_t align_bits = 8 * std::min(kPointerSize, place.type.size());
  if (place.member.bit_offset % align_bits != 0) return "the member is not properly aligned";
  return bytes_fit(place, place.type.size());
}

Reason fits(const Place& place) {
  if (place.type.is(Kind::int_)) return int_fits(place);
  if (place.type.is(Kind::enum_) || place.type.is(Kind::enum64)) return enum_fits(place);
  if (place.member.bitfield_size != 0) return kBadBitfieldSize;
  if (place.type.is(Kind::float_)) return float_fits(place);
  if (!place.type.types().has_size(place.type.id())) return "a member of this kind is not supported";
  return bytes_fit(place, place.type.types().layout(place.type.id()).size);
}

}  // namespace

std::optional<Fault> check_member_fits(const Type& composite, uint32_t index) {
  const Member member = composite.members()[index];
  const Type type = composite.types().resolve(member.type);
  if (Reason reason = fits({composite, member, type})) return Fault{*reason, EINVAL, static_cast<int>(index)};
  return std::nullopt;
}

}  // namespace skep::btf
