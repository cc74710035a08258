// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/mutate.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <random>

namespace skep::fuzz {
namespace {

using Bytes = std::vector<std::byte>;
using Random = std::mt19937_64;

size_t below(Random& random, size_t end) { return end == 0 ? 0 : random() % end; }

/// A piece of the bytes; not empty unless they are.
struct Piece {
  size_t at, size;
};
Piece piece(const Bytes& bytes, Random& random) {
  const size_t at = below(random, bytes.size());
  return {at, std::min(bytes.size() - at, 1 + below(random, 64))};
}

void flip_bit(Bytes& bytes, Random& random) {
  bytes[below(random, bytes.size())] ^= static_cast<std::byte>(1u << below(random, 8));
}

void set_byte(Bytes& bytes, Random& random) { bytes[below(random, bytes.size())] = static_cast<std::byte>(random()); }

/// A number of 2, 4 or 8 bytes at a place of its alignment, as headers and tables have them.
void set_number(Bytes& bytes, Random& random) {
  static constexpr uint64_t kValues[] = {
      0, 1, 2, 7, 8, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, uint64_t{1} << 63, ~uint64_t{0}};
  const size_t size = size_t{2} << below(random, 3);
  if (bytes.size() < size) return;
  const size_t at = below(random, bytes.size() - size + 1) / size * size;
  uint64_t value = 0;
  std::memcpy(&value, bytes.data() + at, size);
  switch (below(random, 3)) {
    case 0: value = kValues[below(random, std::size(kValues))]; break;
    case 1: value += below(random, 9) - 4; break;
    default: value = bytes.size() - below(random, 16);
  }
  std::memcpy(bytes.data() + at, &value, size);
}

void remove_piece(Bytes& bytes, Random& random) {
  const auto [at, size] = piece(bytes, random);
  const auto begin = bytes.begin() + static_cast<ptrdiff_t>(at);
  bytes.erase(begin, begin + static_cast<ptrdiff_t>(size));
}

void repeat_piece(Bytes& bytes, Random& random) {
  const auto [at, size] = piece(bytes, random);
  const Bytes copy(bytes.begin() + static_cast<ptrdiff_t>(at), bytes.begin() + static_cast<ptrdiff_t>(at + size));
  bytes.insert(bytes.begin() + static_cast<ptrdiff_t>(below(random, bytes.size())), copy.begin(), copy.end());
}

void copy_piece(Bytes& bytes, Random& random) {
  const auto [at, size] = piece(bytes, random);
  std::memmove(bytes.data() + below(random, bytes.size() - size + 1), bytes.data() + at, size);
}

void cut(Bytes& bytes, Random& random) { bytes.resize(below(random, bytes.size())); }

using Mutation = void (*)(Bytes&, Random&);
// What keeps the layout comes more often: it gets further.
constexpr Mutation kMutations[] = {flip_bit,   flip_bit,     set_byte,     set_byte,   set_number, set_number,
                                   set_number, remove_piece, repeat_piece, copy_piece, copy_piece, cut};

}  // namespace

std::vector<std::byte> mutate(std::vector<std::byte> seed, uint64_t number) {
  Random random(number);
  const size_t changes = 1 + below(random, 8);
  for (size_t i = 0; i < changes && !seed.empty(); ++i) kMutations[below(random, std::size(kMutations))](seed, random);
  return seed;
}

std::vector<std::byte> random_bytes(uint64_t number) {
  Random random(number);
  std::vector<std::byte> bytes(below(random, 2048));
  std::ranges::generate(bytes, [&] { return static_cast<std::byte>(random()); });
  return bytes;
}

}  // namespace skep::fuzz
