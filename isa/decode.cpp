// SPDX-License-Identifier: Apache-2.0
#include "isa/decode.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace skep::isa {

Result<std::vector<Insn>> decode(std::span<const std::byte> bytes) {
  if (bytes.size() % sizeof(Insn) != 0)
    return Error{EINVAL, fmt::format("program size of {} bytes is not a multiple of {}", bytes.size(), sizeof(Insn))};
  std::vector<Insn> program(bytes.size() / sizeof(Insn));
  if (!bytes.empty()) std::memcpy(program.data(), bytes.data(), bytes.size());
  return program;
}

}  // namespace skep::isa
