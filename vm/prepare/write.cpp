// SPDX-License-Identifier: Apache-2.0
#include "vm/prepare/write.hpp"

#include <cstring>
#include <span>

namespace skep::vm {
namespace {

constexpr uint64_t kAlignment = 8;

class Writer {
 public:
  explicit Writer(const Object& object) : object_(object) {}

  std::vector<std::byte> write() {
    append_record(Elf64_Ehdr{});
    write_sections();
    write_relocations();
    write_symbols();
    write_strings();
    write_headers();
    return std::move(file_);
  }

 private:
  void write_sections();
  void write_relocations();
  void write_symbols();
  void write_strings();
  void write_headers();
  void number_symbols();

  void append(std::span<const std::byte> bytes) { file_.insert(file_.end(), bytes.begin(), bytes.end()); }
  template <class Record>
  void append_record(const Record& record) {
    append(std::as_bytes(std::span(&record, 1)));
  }
  // Starts a section's content; the header's size is set by finish().
  Elf64_Shdr& start(const std::string& name, uint32_t type);
  void finish(Elf64_Shdr& header) { header.sh_size = file_.size() - header.sh_offset; }
  uint32_t string(const std::string& text);
  [[nodiscard]] uint32_t symbol_table() const { return static_cast<uint32_t>(object_.sections.size() + tables_); }

  const Object& object_;
  std::vector<std::byte> file_;
  std::vector<Elf64_Shdr> headers_;
  std::string strings_ = std::string(1, '\0');
  size_t tables_ = 0;             // Number of relocation tables.
  std::vector<uint32_t> order_;   // The symbols' indices in the order of the file.
  std::vector<uint32_t> number_;  // Object's index -> the file's.
  uint32_t locals_ = 0;
};

uint32_t Writer::string(const std::string& text) {
  if (text.empty()) return 0;
  const auto offset = static_cast<uint32_t>(strings_.size());
  strings_.append(text.c_str(), text.size() + 1);
  return offset;
}

Elf64_Shdr& Writer::start(const std::string& name, uint32_t type) {
  file_.resize((file_.size() + kAlignment - 1) / kAlignment * kAlignment);
  Elf64_Shdr header{};
  header.sh_name = string(name);
  header.sh_type = type;
  header.sh_offset = file_.size();
  header.sh_addralign = kAlignment;
  return headers_.emplace_back(header);
}

// ELF wants local symbols before the others.
void Writer::number_symbols() {
  for (const bool local : {true, false}) {
    for (uint32_t i = 0; i < object_.symbols.size(); ++i) {
      if ((object_.symbols[i].binding == STB_LOCAL) == local) order_.push_back(i);
    }
    if (local) locals_ = static_cast<uint32_t>(order_.size());
  }
  number_.resize(order_.size());
  for (uint32_t i = 0; i < order_.size(); ++i) number_[order_[i]] = i;
}

void Writer::write_sections() {
  number_symbols();
  headers_.emplace_back();
  for (size_t i = 1; i < object_.sections.size(); ++i) {
    const Section& section = object_.sections[i];
    Elf64_Shdr& header = start(section.name, section.type);
    header.sh_flags = section.flags;
    append(section.data);
    header.sh_size = section.size;
    tables_ += section.relocations.empty() ? 0 : 1;
  }
}

void Writer::write_relocations() {
  for (size_t i = 1; i < object_.sections.size(); ++i) {
    const Section& section = object_.sections[i];
    if (section.relocations.empty()) continue;
    Elf64_Shdr& header = start(".rel" + section.name, SHT_REL);
    header.sh_info = static_cast<uint32_t>(i);
    header.sh_link = symbol_table();
    header.sh_entsize = sizeof(Elf64_Rel);
    for (const Relocation& relocation : section.relocations)
      append_record(Elf64_Rel{relocation.offset, ELF64_R_INFO(uint64_t{number_[relocation.symbol]}, relocation.type)});
    finish(header);
  }
}

void Writer::write_symbols() {
  Elf64_Shdr& header = start(".symtab", SHT_SYMTAB);
  header.sh_link = symbol_table() + 1;
  header.sh_info = locals_;
  header.sh_entsize = sizeof(Elf64_Sym);
  for (const uint32_t index : order_) {
    const Symbol& symbol = object_.symbols[index];
    Elf64_Sym record{};
    record.st_name = string(symbol.name);
    record.st_info = ELF64_ST_INFO(symbol.binding, symbol.type);
    record.st_other = symbol.visibility;
    record.st_shndx = symbol.section;
    record.st_value = symbol.value;
    record.st_size = symbol.size;
    append_record(record);
  }
  finish(header);
}

void Writer::write_strings() {
  Elf64_Shdr& header = start(".strtab", SHT_STRTAB);
  append(std::as_bytes(std::span(strings_)));
  finish(header);
}

void Writer::write_headers() {
  file_.resize((file_.size() + kAlignment - 1) / kAlignment * kAlignment);
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_REL;
  header.e_machine = EM_BPF;
  header.e_version = EV_CURRENT;
  header.e_shoff = file_.size();
  header.e_ehsize = sizeof(Elf64_Ehdr);
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = static_cast<uint16_t>(headers_.size());
  header.e_shstrndx = static_cast<uint16_t>(headers_.size() - 1);
  append(std::as_bytes(std::span(headers_)));
  std::memcpy(file_.data(), &header, sizeof header);
}

}  // namespace

std::vector<std::byte> write_object(const Object& object) { return Writer(object).write(); }

}  // namespace skep::vm
