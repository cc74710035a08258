// SPDX-License-Identifier: Apache-2.0
// Bad files and the sentences that they get.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <functional>

#include "btf/format.hpp"
#include "tests/unit/libbpf/object_file.hpp"
#include "tests/unit/prepare/elf_editor.hpp"
#include "vm/prepare/prepare.hpp"

namespace skep::vm::test {
namespace {

using Catch::Matchers::ContainsSubstring;

struct BadFile {
  const char* what;
  std::function<void(ElfEditor&)> damage;
  int code;
  const char* message;
};

template <class Field, class Record>
void set_field(ElfEditor& file, size_t offset, Field Record::* field, Field value) {
  auto record = file.get<Record>(offset);
  record.*field = value;
  file.set(offset, record);
}

void set_identification(ElfEditor& file, size_t index, unsigned char value) { file.set(index, value); }

template <class Field>
auto header(Field Elf64_Ehdr::* field, Field value) {
  return [=](ElfEditor& file) { set_field(file, 0, field, value); };
}

template <class Field>
auto section(const char* name, Field Elf64_Shdr::* field, Field value) {
  return [=](ElfEditor& file) { set_field(file, file.section_offset(file.find(name)), field, value); };
}

template <class Field>
auto symbol(const char* name, Field Elf64_Sym::* field, Field value) {
  return [=](ElfEditor& file) { set_field(file, file.find_symbol(name), field, value); };
}

template <class Field>
auto relocation(const char* section_name, Field Elf64_Rel::* field, Field value) {
  return [=](ElfEditor& file) { set_field(file, file.section(section_name).sh_offset, field, value); };
}

auto btf_ext(uint32_t btf::wire::ExtHeader::* field, uint32_t value) {
  return [=](ElfEditor& file) { set_field(file, file.section(".BTF.ext").sh_offset, field, value); };
}

// The word at `offset` of the first CO-RE record.
void set_core_word(ElfEditor& file, size_t offset, uint32_t value) {
  const size_t base = file.section(".BTF.ext").sh_offset;
  const auto head = file.get<btf::wire::ExtHeader>(base);
  const size_t record = base + head.hdr_len + head.core_relo_off + 4 + sizeof(btf::wire::ExtSection);
  file.set(record + offset, value);
}

const BadFile kBadFiles[] = {
    {"no magic", [](ElfEditor& f) { set_identification(f, 0, 'E'); }, ENOEXEC, "not an ELF file"},
    {"32-bit", [](ElfEditor& f) { set_identification(f, EI_CLASS, ELFCLASS32); }, ENOEXEC, "not a 64-bit ELF file"},
    {"big-endian", [](ElfEditor& f) { set_identification(f, EI_DATA, ELFDATA2MSB); }, ENOEXEC, "big-endian"},
    {"no encoding", [](ElfEditor& f) { set_identification(f, EI_DATA, 0); }, ENOEXEC, "unknown encoding"},
    {"not for BPF", header<uint16_t>(&Elf64_Ehdr::e_machine, EM_X86_64), ENOEXEC, "for machine 62, not for BPF"},
    {"a program", header<uint16_t>(&Elf64_Ehdr::e_type, ET_EXEC), ENOEXEC, "of type 2, not a relocatable"},
    {"no sections", header<uint64_t>(&Elf64_Ehdr::e_shoff, 0), EINVAL, "has no sections"},
    {"far section headers", header<uint64_t>(&Elf64_Ehdr::e_shoff, UINT64_MAX - 8), EINVAL, "end beyond the file"},
    {"small section headers", header<uint16_t>(&Elf64_Ehdr::e_shentsize, 40), EINVAL, "40 bytes instead of 64"},
    {"a wrong table of names", header<uint16_t>(&Elf64_Ehdr::e_shstrndx, 2), EINVAL,
     "section 2, is not a string table"},
    {"a far section", section<uint64_t>("tc", &Elf64_Shdr::sh_offset, UINT64_MAX - 4), EINVAL, "end beyond the file"},
    {"a huge section", section<uint64_t>("tc", &Elf64_Shdr::sh_size, UINT64_MAX), EINVAL, "end beyond the file"},
    {"a far name", section<uint32_t>("tc", &Elf64_Shdr::sh_name, UINT32_MAX), EINVAL, "outside of the table of names"},
    {"half an instruction", section<uint64_t>("xdp", &Elf64_Shdr::sh_size, 20), EINVAL, "section 'xdp' has 20 bytes"},
    {"huge zeroes", section<uint64_t>(".bss", &Elf64_Shdr::sh_size, UINT64_MAX), E2BIG, "('.bss') has"},
    {"a compressed section", section<uint64_t>("license", &Elf64_Shdr::sh_flags, SHF_COMPRESSED), EINVAL,
     "('license') is compressed"},
    {"a license of zeroes", section<uint32_t>("license", &Elf64_Shdr::sh_type, SHT_NOBITS), EINVAL,
     "('license') has ELF section type 8"},
    {"no symbols", section<uint32_t>(".symtab", &Elf64_Shdr::sh_type, SHT_NOTE), EINVAL, "no symbol table"},
    {"symbols of odd size", section<uint64_t>(".symtab", &Elf64_Shdr::sh_entsize, 16), EINVAL, "in entries of 16"},
    {"symbols without names", section<uint32_t>(".symtab", &Elf64_Shdr::sh_link, 1000), EINVAL,
     "symbol names, section 1000, is not a string table"},
    {"a symbol's far name", symbol<uint32_t>("total", &Elf64_Sym::st_name, UINT32_MAX), EINVAL, "the name of symbol"},
    {"a function's wild value", symbol<uint64_t>("called", &Elf64_Sym::st_value, UINT64_MAX - 7), EINVAL, "('called')"},
    {"a function's wild size", symbol<uint64_t>("called", &Elf64_Sym::st_size, UINT64_MAX - 7), EINVAL, "('called')"},
    {"an uneven function", symbol<uint64_t>("called", &Elf64_Sym::st_size, 12), EINVAL, "whole instructions"},
    {"an empty function", symbol<uint64_t>("called", &Elf64_Sym::st_size, 0), EINVAL, "whole instructions"},
    {"overlapping functions", symbol<uint64_t>("caller", &Elf64_Sym::st_value, 8), EINVAL, "overlap"},
    {"a symbol's wild section", symbol<uint16_t>("total", &Elf64_Sym::st_shndx, 0xfe00), EINVAL, "section 65024"},
    {"an extern without type", symbol<uint32_t>("unknown_function", &Elf64_Sym::st_name, 1), ENOENT, "has no type"},
    {"a relocation's wild offset", relocation<uint64_t>(".reltc", &Elf64_Rel::r_offset, UINT64_MAX - 7), EINVAL,
     "relocation 0 of section 'tc'"},
    {"an uneven relocation", relocation<uint64_t>(".reltc", &Elf64_Rel::r_offset, 4), EINVAL,
     "not that of an instruction"},
    {"a relocation's wild symbol", relocation<uint64_t>(".reltc", &Elf64_Rel::r_info, uint64_t{9999} << 32 | 1), EINVAL,
     "refers to symbol 9999, which does not exist"},
    {"a relocation's unknown type", relocation<uint64_t>(".reltc", &Elf64_Rel::r_info, uint64_t{3} << 32 | 77), EINVAL,
     "type 77"},
    {"relocations of nothing", section<uint32_t>(".reltc", &Elf64_Shdr::sh_info, 5000), EINVAL,
     "relocates section 5000"},
    {"relocations of odd size", section<uint64_t>(".reltc", &Elf64_Shdr::sh_entsize, 24), EINVAL, "in entries of 24"},
    {"relocations by other symbols", section<uint32_t>(".reltc", &Elf64_Shdr::sh_link, 1), EINVAL,
     "not the symbol table"},
    {"relocations with addends", section<uint32_t>(".reltc", &Elf64_Shdr::sh_type, SHT_RELA), EINVAL, "addends"},
    {"a map's relocation behind its section", relocation<uint64_t>(".rel.maps", &Elf64_Rel::r_offset, UINT64_MAX - 7),
     EINVAL, "relocation 0 of section '.maps'"},
    {"BTF without magic", [](ElfEditor& f) { f.set(f.section(".BTF").sh_offset, uint16_t{0}); }, EINVAL,
     "section '.BTF':"},
    {"BTF.ext without magic", [](ElfEditor& f) { f.set(f.section(".BTF.ext").sh_offset, uint16_t{0}); }, EINVAL,
     "section '.BTF.ext' begins with 0x0"},
    {"BTF.ext with a wild header", btf_ext(&btf::wire::ExtHeader::hdr_len, UINT32_MAX), EINVAL,
     "the header of section '.BTF.ext'"},
    {"BTF.ext with wild functions", btf_ext(&btf::wire::ExtHeader::func_info_len, UINT32_MAX - 3), EINVAL,
     "function records"},
    {"BTF.ext with wild lines", btf_ext(&btf::wire::ExtHeader::line_info_off, UINT32_MAX - 3), EINVAL, "line records"},
    {"a CO-RE record of no type", [](ElfEditor& f) { set_core_word(f, 4, UINT32_MAX); }, EINVAL, "CO-RE record 0"},
    {"a CO-RE record without path", [](ElfEditor& f) { set_core_word(f, 8, 0); }, EINVAL, "is empty"},
    {"a CO-RE record of unknown kind", [](ElfEditor& f) { set_core_word(f, 12, 99); }, EINVAL, "the unknown kind 99"},
};

}  // namespace

TEST_CASE("each kind of bad file gets its own sentence") {
  const auto good = read_file(KITCHEN_SINK_BPF_OBJECT);
  REQUIRE(prepare(good));
  for (const BadFile& bad : kBadFiles) {
    INFO(bad.what);
    ElfEditor file(good);
    bad.damage(file);
    const auto prepared = prepare(file.bytes());
    CHECK_FALSE(prepared);
    if (prepared) continue;
    CHECK(prepared.error().code == bad.code);
    CHECK_THAT(prepared.error().message, ContainsSubstring(bad.message));
    CHECK_THAT(prepared.error().message, !ContainsSubstring("\n"));
  }
}

TEST_CASE("an empty file and a file of noise are not ELF files") {
  CHECK(prepare({}).error().message == "the file is empty");
  const std::vector<std::byte> noise(1000, std::byte{0xa5});
  CHECK(prepare(noise).error().message == "not an ELF file");
}

TEST_CASE("names in messages are one printable line") {
  ElfEditor file(read_file(KITCHEN_SINK_BPF_OBJECT));
  const size_t symbol_offset = file.find_symbol("called");
  const Elf64_Shdr strings = file.section(file.section(".symtab").sh_link);
  file.set_bytes(strings.sh_offset + file.get<Elf64_Sym>(symbol_offset).st_name, "a\nb\x1b\xff", 5);
  set_field(file, symbol_offset, &Elf64_Sym::st_size, uint64_t{0});
  const auto prepared = prepare(file.bytes());
  REQUIRE_FALSE(prepared);
  CHECK_THAT(prepared.error().message, ContainsSubstring("'a?b??d'"));
}

TEST_CASE("a file cut anywhere is refused") {
  const auto good = read_file(KITCHEN_SINK_BPF_OBJECT);
  for (size_t size = 0; size < good.size(); size += 64) {
    INFO(size);
    CHECK_FALSE(prepare(std::span(good).first(size)));
  }
}

TEST_CASE("a relocation may not patch half of a wide instruction") {
  ElfEditor file(read_file(KITCHEN_SINK_BPF_OBJECT));
  const Elf64_Shdr code = file.section("xdp");
  // The program's last instruction, exit, becomes the first half of a wide one, with a relocation.
  file.set(code.sh_offset + code.sh_size - 8, uint8_t{0x18});
  const size_t table = file.section_offset(file.find(".reltc"));
  set_field(file, table, &Elf64_Shdr::sh_info, static_cast<uint32_t>(file.find("xdp")));
  set_field(file, table, &Elf64_Shdr::sh_size, uint64_t{sizeof(Elf64_Rel)});
  set_field(file, file.section(".reltc").sh_offset, &Elf64_Rel::r_offset, uint64_t{code.sh_size - 8});
  const auto prepared = prepare(file.bytes());
  REQUIRE_FALSE(prepared);
  CHECK_THAT(prepared.error().message, ContainsSubstring("whose second half is missing"));
}

}  // namespace skep::vm::test
