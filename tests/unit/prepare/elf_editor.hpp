// SPDX-License-Identifier: Apache-2.0
// Changes single fields of ELF files.
#pragma once

#include <elf.h>

#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace skep::vm::test {

class ElfEditor {
 public:
  explicit ElfEditor(std::vector<std::byte> file) : file_(std::move(file)) {}

  template <class Record>
  Record get(size_t offset) const {
    Record record;
    std::memcpy(&record, file_.data() + offset, sizeof record);
    return record;
  }
  template <class Record>
  void set(size_t offset, const Record& record) {
    std::memcpy(file_.data() + offset, &record, sizeof record);
  }
  void set_bytes(size_t offset, const void* bytes, size_t size) { std::memcpy(file_.data() + offset, bytes, size); }

  [[nodiscard]] const std::vector<std::byte>& bytes() const { return file_; }
  [[nodiscard]] Elf64_Ehdr header() const { return get<Elf64_Ehdr>(0); }
  [[nodiscard]] size_t sections() const { return header().e_shnum; }
  [[nodiscard]] size_t section_offset(size_t index) const { return header().e_shoff + index * sizeof(Elf64_Shdr); }
  [[nodiscard]] Elf64_Shdr section(size_t index) const { return get<Elf64_Shdr>(section_offset(index)); }

  [[nodiscard]] std::string_view section_name(size_t index) const {
    return text(section(header().e_shstrndx).sh_offset + section(index).sh_name);
  }
  /// Index of the first section of this name.
  [[nodiscard]] size_t find(std::string_view name) const {
    for (size_t i = 1; i < sections(); ++i) {
      if (section_name(i) == name) return i;
    }
    throw std::runtime_error("no section " + std::string(name));
  }
  [[nodiscard]] Elf64_Shdr section(std::string_view name) const { return section(find(name)); }

  /// File offset of the first symbol of this name.
  [[nodiscard]] size_t find_symbol(std::string_view name) const {
    const Elf64_Shdr table = section(".symtab");
    const Elf64_Shdr strings = section(table.sh_link);
    for (size_t at = table.sh_offset; at < table.sh_offset + table.sh_size; at += sizeof(Elf64_Sym)) {
      if (text(strings.sh_offset + get<Elf64_Sym>(at).st_name) == name) return at;
    }
    throw std::runtime_error("no symbol " + std::string(name));
  }

 private:
  [[nodiscard]] std::string_view text(size_t offset) const {
    return reinterpret_cast<const char*>(file_.data()) + offset;
  }

  std::vector<std::byte> file_;
};

}  // namespace skep::vm::test
