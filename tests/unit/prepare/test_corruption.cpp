// SPDX-License-Identifier: Apache-2.0
// Every field of an object file set to values that break assumptions: what the preparing pass accepts, libbpf opens
// and loads (or refuses) without harm. Run it under the address sanitizer; a crash of libbpf ends the test anyway.
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <random>

#include "tests/unit/libbpf/object_file.hpp"
#include "tests/unit/prepare/elf_editor.hpp"
#include "tests/unit/prepare/loading.hpp"
#include "vm/prepare/prepare.hpp"

namespace skep::vm::test {
namespace {

class Corruption {
 public:
  explicit Corruption(const char* path) {
    // The prepared copy: smaller, and in the layout that the passes behind the reader see.
    auto prepared = prepare(read_file(path));
    REQUIRE(prepared);
    good_ = std::move(prepared->bytes);
    const ElfEditor editor(good_);
    const Elf64_Shdr types = editor.section(".BTF");
    types_.assign(reinterpret_cast<const char*>(good_.data()) + types.sh_offset, types.sh_size);
  }

  const std::vector<std::byte>& good() const { return good_; }

  /// Sets the `width` bytes at `offset` to each of the values in turn.
  void damage(size_t offset, size_t width) {
    const std::array<uint64_t, 8> values{0,
                                         1,
                                         UINT64_MAX,
                                         INT64_MAX,
                                         uint64_t{1} << (width * 8 - 1),
                                         UINT64_MAX - 7,
                                         random_(),
                                         random_() % good_.size()};
    for (const uint64_t value : values) {
      ElfEditor file(good_);
      file.set_bytes(offset, &value, width);
      try_to_load(file.bytes());
    }
  }
  /// All `width`-byte fields of [offset, offset + size).
  void damage_fields(size_t offset, size_t size, size_t width) {
    for (size_t at = 0; at + width <= size; at += width) damage(offset + at, width);
  }

  void try_to_load(std::span<const std::byte> bytes) {
    const auto prepared = prepare(bytes);
    if (!prepared) {
      ++refused;
      CHECK(prepared.error().code > 0);
      CHECK_FALSE(prepared.error().message.empty());
      return;
    }
    ++accepted;
    FakeKernel kernel(types_);
    const CurrentSystem current(kernel);
    const ObjectPtr object = open_object(prepared->bytes);
    if (!object) return;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object.get()) bpf_program__set_autoload(program, true);
    (void)bpf_object__load(object.get());
  }

  int accepted = 0;
  int refused = 0;

 private:
  std::vector<std::byte> good_;
  std::string types_;
  std::mt19937_64 random_{20240607};
};

constexpr const char* kObjects[] = {KITCHEN_SINK_BPF_OBJECT, STRUCT_OPS_BPF_OBJECT, LEGACY_MAPS_BPF_OBJECT};

}  // namespace

TEST_CASE("no field of the ELF header harms libbpf") {
  Corruption corruption(KITCHEN_SINK_BPF_OBJECT);
  corruption.damage_fields(0, EI_NIDENT, 1);
  corruption.damage_fields(EI_NIDENT, sizeof(Elf64_Ehdr) - EI_NIDENT, 2);
  CHECK(corruption.refused > 0);
}

TEST_CASE("no field of a section header harms libbpf") {
  for (const char* path : kObjects) {
    Corruption corruption(path);
    const ElfEditor file(corruption.good());
    for (size_t i = 0; i < file.sections(); ++i) {
      corruption.damage_fields(file.section_offset(i), 8, 4);        // sh_name, sh_type
      corruption.damage_fields(file.section_offset(i) + 8, 32, 8);   // sh_flags to sh_size
      corruption.damage_fields(file.section_offset(i) + 40, 8, 4);   // sh_link, sh_info
      corruption.damage_fields(file.section_offset(i) + 48, 16, 8);  // sh_addralign, sh_entsize
    }
    CHECK(corruption.refused > 0);
    CHECK(corruption.accepted > 0);
  }
}

TEST_CASE("no field of a symbol harms libbpf") {
  for (const char* path : kObjects) {
    Corruption corruption(path);
    const Elf64_Shdr table = ElfEditor(corruption.good()).section(".symtab");
    for (size_t at = 0; at < table.sh_size; at += sizeof(Elf64_Sym)) {
      corruption.damage(table.sh_offset + at, 4);                 // st_name
      corruption.damage_fields(table.sh_offset + at + 4, 2, 1);   // st_info, st_other
      corruption.damage(table.sh_offset + at + 6, 2);             // st_shndx
      corruption.damage_fields(table.sh_offset + at + 8, 16, 8);  // st_value, st_size
    }
    CHECK(corruption.refused > 0);
    CHECK(corruption.accepted > 0);
  }
}

TEST_CASE("no field of a relocation harms libbpf") {
  for (const char* path : kObjects) {
    Corruption corruption(path);
    const ElfEditor file(corruption.good());
    for (size_t i = 1; i < file.sections(); ++i) {
      if (file.section(i).sh_type != SHT_REL) continue;
      corruption.damage_fields(file.section(i).sh_offset, file.section(i).sh_size, 8);
      corruption.damage_fields(file.section(i).sh_offset, file.section(i).sh_size, 4);
    }
    CHECK(corruption.refused > 0);
    CHECK(corruption.accepted > 0);
  }
}

TEST_CASE("no word of .BTF and .BTF.ext harms libbpf") {
  for (const char* path : {STRUCT_OPS_BPF_OBJECT, LEGACY_MAPS_BPF_OBJECT, KITCHEN_SINK_BPF_OBJECT}) {
    Corruption corruption(path);
    const ElfEditor file(corruption.good());
    for (const char* name : {".BTF", ".BTF.ext"}) {
      const Elf64_Shdr section = file.section(name);
      corruption.damage_fields(section.sh_offset, section.sh_size, 4);
    }
    CHECK(corruption.refused > 0);
    CHECK(corruption.accepted > 0);
  }
}

TEST_CASE("no instruction word harms libbpf") {
  Corruption corruption(KITCHEN_SINK_BPF_OBJECT);
  const ElfEditor file(corruption.good());
  for (const char* name : {".text", "tc", "?socket1"}) {
    const Elf64_Shdr section = file.section(name);
    for (size_t at = 0; at < section.sh_size; at += 8) {
      for (const uint8_t code : {0x18, 0x85, 0x00, 0x95}) {
        ElfEditor damaged(corruption.good());
        damaged.set(section.sh_offset + at, code);
        corruption.try_to_load(damaged.bytes());
      }
      corruption.damage(section.sh_offset + at + 4, 4);
    }
  }
  CHECK(corruption.accepted > 0);
}

}  // namespace skep::vm::test
