// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <elf.h>

#include <cstddef>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace skep::test {

/// The .BTF section of an object file that this build made (so nothing is checked); empty: it has none.
inline std::vector<std::byte> object_btf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  const auto header_at = [&](size_t offset) {
    Elf64_Shdr header;
    std::memcpy(&header, bytes.data() + offset, sizeof header);
    return header;
  };
  if (bytes.size() < sizeof(Elf64_Ehdr)) return {};
  Elf64_Ehdr elf;
  std::memcpy(&elf, bytes.data(), sizeof elf);
  const Elf64_Shdr names = header_at(elf.e_shoff + elf.e_shstrndx * sizeof(Elf64_Shdr));
  for (size_t i = 0; i < elf.e_shnum; ++i) {
    const Elf64_Shdr section = header_at(elf.e_shoff + i * sizeof(Elf64_Shdr));
    if (std::strcmp(bytes.data() + names.sh_offset + section.sh_name, ".BTF") != 0) continue;
    const auto* begin = reinterpret_cast<const std::byte*>(bytes.data()) + section.sh_offset;
    return {begin, begin + section.sh_size};
  }
  return {};
}

}  // namespace skep::test
