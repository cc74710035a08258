// SPDX-License-Identifier: Apache-2.0
#include "verifier/attach_types.hpp"

#include <algorithm>

namespace skep::verifier {
namespace {

constexpr bool numbers_are_dense() {
  constexpr uint32_t numbers[] = {
#define ATTACH_TYPE(number, name) number,
#include "verifier/attach_types.def"
  };
  for (uint32_t i = 0; i < kAttachTypeCount; ++i)
    if (numbers[i] != i) return false;
  return true;
}
static_assert(numbers_are_dense(), "attach_types.def must list every number once and in order");

}  // namespace

std::string_view attach_type_name(AttachType type) {
  const auto number = static_cast<uint32_t>(type);
  return number < kAttachTypeCount ? kAttachTypeNames[number] : "unknown";
}

std::optional<AttachType> attach_type_by_name(std::string_view name) {
  const auto* found = std::ranges::find(kAttachTypeNames, name);
  if (found == kAttachTypeNames.end()) return std::nullopt;
  return static_cast<AttachType>(found - kAttachTypeNames.begin());
}

}  // namespace skep::verifier
