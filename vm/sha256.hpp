// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4), by which Linux names programs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace skep::vm {

using Sha256 = std::array<uint8_t, 32>;

[[nodiscard]] Sha256 sha256(std::span<const std::byte> bytes);

}  // namespace skep::vm
