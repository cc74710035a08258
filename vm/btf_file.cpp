// SPDX-License-Identifier: Apache-2.0
#include "vm/btf_file.hpp"

#include <gelf.h>

#include <cerrno>
#include <memory>

namespace skep::vm {
namespace {

using ElfHandle = std::unique_ptr<Elf, decltype(&elf_end)>;

Error bad_elf() { return {.code = EINVAL, .message = std::string("a broken ELF file: ") + elf_errmsg(-1)}; }

}  // namespace

Result<std::string_view> btf_of_file(std::string_view file) {
  if (!file.starts_with(ELFMAG)) return file;
  elf_version(EV_CURRENT);
  // libelf writes to the image only where it is told to.
  const ElfHandle elf(elf_memory(const_cast<char*>(file.data()), file.size()), elf_end);
  size_t names = 0;
  if (elf == nullptr || elf_getshdrstrndx(elf.get(), &names) != 0) return bad_elf();
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf.get(), section)) != nullptr;) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) return bad_elf();
    const char* name = elf_strptr(elf.get(), names, header.sh_name);
    if (name == nullptr || std::string_view(name) != ".BTF") continue;
    if (header.sh_type != SHT_PROGBITS || header.sh_offset > file.size() ||
        header.sh_size > file.size() - header.sh_offset)
      return Error{.code = EINVAL, .message = "the section .BTF is not in the file"};
    return file.substr(header.sh_offset, header.sh_size);
  }
  return Error{.code = ENOENT, .message = "an ELF file without a section .BTF"};
}

}  // namespace skep::vm
