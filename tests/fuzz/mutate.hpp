// SPDX-License-Identifier: Apache-2.0
// Mutations that repeat: the same number gives the same change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace skep::fuzz {

/// `seed` with one to eight changes, chosen by `number`: bits, bytes, words with values at borders, pieces that are
/// removed, repeated or overwritten with others, and a cut end.
std::vector<std::byte> mutate(std::vector<std::byte> seed, uint64_t number);

/// Bytes without a seed.
std::vector<std::byte> random_bytes(uint64_t number);

}  // namespace skep::fuzz
