// SPDX-License-Identifier: Apache-2.0
#include "vm/prepare/read.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include "vm/prepare/message.hpp"

namespace skep::vm {
namespace {

using Bytes = std::span<const std::byte>;

// Zeroes that a section may ask for: as much as an array map's value can be.
constexpr uint64_t kMaxZeroes = (uint64_t{1} << 31) - 4096;

constexpr uint32_t kNotKept = UINT32_MAX;

template <class Record>
Record load(Bytes bytes, size_t offset) {
  Record record;
  std::memcpy(&record, bytes.data() + offset, sizeof record);
  return record;
}

bool is_debug_information(std::string_view name) { return name.starts_with(".debug_"); }

class Reader {
 public:
  explicit Reader(Bytes file) : file_(file) {}

  Result<Object> read();

 private:
  Status read_header();
  Status check_identification() const;
  Status read_section_headers();
  Status check_section_bounds() const;
  Status read_sections();
  Status check_kept_section(uint32_t index, Role role) const;
  Status find_symbol_table();
  Status read_symbols();
  Result<Symbol> read_symbol(uint32_t index, const Elf64_Sym& record) const;
  Status place_symbol(uint32_t index, const Elf64_Sym& record, Symbol& symbol) const;
  Status read_relocations();
  Status read_relocation_table(uint32_t index);

  [[nodiscard]] Bytes content(const Elf64_Shdr& header) const {
    return file_.subspan(header.sh_offset, header.sh_size);
  }
  [[nodiscard]] std::optional<std::string> string(uint32_t table, uint64_t offset) const;
  [[nodiscard]] std::string section_text(uint32_t index) const;
  [[nodiscard]] bool is_string_table(uint32_t index) const {
    return index < headers_.size() && headers_[index].sh_type == SHT_STRTAB;
  }

  Bytes file_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Shdr> headers_;
  std::vector<std::string> names_;
  uint32_t symbol_table_ = 0;
  std::vector<uint32_t> kept_sections_;  // ELF's index -> Object's, or kNotKept.
  std::vector<uint32_t> kept_symbols_;
  Object object_;
};

Result<Object> Reader::read() {
  using Step = Status (Reader::*)();
  constexpr Step kSteps[] = {&Reader::read_header,       &Reader::read_section_headers, &Reader::read_sections,
                             &Reader::find_symbol_table, &Reader::read_symbols,         &Reader::read_relocations};
  for (const Step step : kSteps) {
    if (Status status = (this->*step)(); !status) return std::move(status).error();
  }
  return std::move(object_);
}

// The string at `offset` of a string table; none if it leaves the table.
std::optional<std::string> Reader::string(uint32_t table, uint64_t offset) const {
  const Bytes strings = content(headers_[table]);
  if (offset >= strings.size()) return std::nullopt;
  const auto* begin = reinterpret_cast<const char*>(strings.data()) + offset;
  const auto* end = static_cast<const char*>(std::memchr(begin, '\0', strings.size() - offset));
  if (end == nullptr) return std::nullopt;
  return std::string(begin, end);
}

std::string Reader::section_text(uint32_t index) const {
  return index < names_.size() ? fmt::format("section {} ({})", index, quoted(names_[index]))
                               : fmt::format("section {}", index);
}

Status Reader::check_identification() const {
  if (file_.empty()) return fail(ENOEXEC, "the file is empty");
  if (file_.size() < EI_NIDENT || std::memcmp(file_.data(), ELFMAG, SELFMAG) != 0)
    return fail(ENOEXEC, "not an ELF file");
  const auto identification = [this](int index) { return std::to_integer<int>(file_[static_cast<size_t>(index)]); };
  if (identification(EI_CLASS) != ELFCLASS64) return fail(ENOEXEC, "not a 64-bit ELF file, which BPF objects are");
  if (identification(EI_DATA) == ELFDATA2MSB)
    return fail(ENOEXEC, "a big-endian object file; compile for little-endian BPF (--target=bpfel)");
  if (identification(EI_DATA) != ELFDATA2LSB || identification(EI_VERSION) != EV_CURRENT)
    return fail(ENOEXEC, "an ELF file of unknown encoding or version");
  if (file_.size() < sizeof(Elf64_Ehdr))
    return corrupt("the file is truncated: {} bytes are less than an ELF header", file_.size());
  return {};
}

Status Reader::read_header() {
  if (Status status = check_identification(); !status) return status;
  header_ = load<Elf64_Ehdr>(file_, 0);
  // Old LLVM wrote EM_NONE.
  if (header_.e_machine != EM_BPF && header_.e_machine != EM_NONE)
    return fail(ENOEXEC, "an ELF file for machine {}, not for BPF", header_.e_machine);
  if (header_.e_type != ET_REL)
    return fail(ENOEXEC, "an ELF file of type {}, not a relocatable object file", header_.e_type);
  if (header_.e_shoff == 0 || header_.e_shnum == 0) return corrupt("the file has no sections");
  if (header_.e_shentsize != sizeof(Elf64_Shdr))
    return corrupt("a section header has {} bytes instead of {}", header_.e_shentsize, sizeof(Elf64_Shdr));
  if (header_.e_shnum >= SHN_LORESERVE) return corrupt("the file has too many sections: {}", header_.e_shnum);
  const uint64_t size = uint64_t{header_.e_shnum} * sizeof(Elf64_Shdr);
  if (header_.e_shoff > file_.size() || size > file_.size() - header_.e_shoff)
    return corrupt("the {} section headers at offset {} end beyond the file", header_.e_shnum, header_.e_shoff);
  return {};
}

// Content beyond the file, or more content than file: then sections overlap, and copies of them could be of any size.
Status Reader::check_section_bounds() const {
  uint64_t total = 0;
  for (uint32_t i = 1; i < headers_.size(); ++i) {
    const Elf64_Shdr& header = headers_[i];
    if (header.sh_type == SHT_NULL || header.sh_type == SHT_NOBITS) continue;
    if (header.sh_offset > file_.size() || header.sh_size > file_.size() - header.sh_offset)
      return corrupt("{} bytes of section {} at offset {} end beyond the file", header.sh_size, i, header.sh_offset);
    total += header.sh_size;
  }
  if (total > file_.size()) return corrupt("sections overlap: they have {} bytes, the file {}", total, file_.size());
  return {};
}

Status Reader::read_section_headers() {
  for (uint32_t i = 0; i < header_.e_shnum; ++i)
    headers_.push_back(load<Elf64_Shdr>(file_, header_.e_shoff + i * sizeof(Elf64_Shdr)));
  if (Status status = check_section_bounds(); !status) return status;
  if (!is_string_table(header_.e_shstrndx))
    return corrupt("the table of section names, section {}, is not a string table", header_.e_shstrndx);
  for (uint32_t i = 0; i < headers_.size(); ++i) {
    auto name = i == 0 ? std::string() : string(header_.e_shstrndx, headers_[i].sh_name);
    if (!name) return corrupt("the name of section {} lies outside of the table of names", i);
    names_.push_back(std::move(*name));
  }
  return {};
}

Status Reader::check_kept_section(uint32_t index, Role role) const {
  const Elf64_Shdr& header = headers_[index];
  if (header.sh_type != SHT_PROGBITS && role != Role::other && role != Role::bss)
    return corrupt("{} has ELF section type {}, not that of data", section_text(index), header.sh_type);
  if ((header.sh_flags & SHF_COMPRESSED) != 0) return corrupt("{} is compressed", section_text(index));
  if (header.sh_type == SHT_NOBITS && header.sh_size > kMaxZeroes)
    return fail(E2BIG, "{} has {} bytes; {} are possible", section_text(index), header.sh_size, kMaxZeroes);
  return {};
}

Status Reader::read_sections() {
  kept_sections_.assign(headers_.size(), kNotKept);
  object_.sections.emplace_back();
  for (uint32_t i = 1; i < headers_.size(); ++i) {
    const Elf64_Shdr& header = headers_[i];
    const Role role = role_of(names_[i], header.sh_type, header.sh_flags);
    const bool has_content = header.sh_type == SHT_PROGBITS;
    const bool is_loaded = has_content || header.sh_type == SHT_NOBITS;
    if (is_debug_information(names_[i]) || (!is_loaded && role == Role::other)) continue;
    if (Status status = check_kept_section(i, role); !status) return status;

    kept_sections_[i] = static_cast<uint32_t>(object_.sections.size());
    Section section{names_[i], role, header.sh_type, header.sh_flags, header.sh_size};
    if (has_content) section.data.assign(content(header).begin(), content(header).end());
    object_.sections.push_back(std::move(section));
  }
  return {};
}

Status Reader::find_symbol_table() {
  for (uint32_t i = 1; i < headers_.size(); ++i) {
    if (headers_[i].sh_type != SHT_SYMTAB) continue;
    if (symbol_table_ != 0) return corrupt("the file has two symbol tables, sections {} and {}", symbol_table_, i);
    symbol_table_ = i;
  }
  if (symbol_table_ == 0) return corrupt("the file has no symbol table; it may have been stripped");
  const Elf64_Shdr& header = headers_[symbol_table_];
  if (header.sh_entsize != sizeof(Elf64_Sym) || header.sh_size % sizeof(Elf64_Sym) != 0)
    return corrupt("the symbol table has {} bytes in entries of {}; an entry has {}", header.sh_size, header.sh_entsize,
                   sizeof(Elf64_Sym));
  if (!is_string_table(header.sh_link))
    return corrupt("the table of symbol names, section {}, is not a string table", header.sh_link);
  return {};
}

// Puts a symbol into the Object's section, or leaves it undefined, absolute or common.
Status Reader::place_symbol(uint32_t index, const Elf64_Sym& record, Symbol& symbol) const {
  const uint16_t section = record.st_shndx;
  if (section == SHN_UNDEF || section == SHN_ABS || section == SHN_COMMON) {
    symbol.section = section;
    return {};
  }
  if (section >= headers_.size())
    return corrupt("symbol {} ({}) is in section {}, which does not exist", index, quoted(symbol.name), section);
  const uint64_t size = headers_[section].sh_size;
  // Only functions and objects have an extent.
  const uint64_t extent = symbol.type == STT_FUNC || symbol.type == STT_OBJECT ? symbol.size : 0;
  if (symbol.value > size || extent > size - symbol.value)
    return corrupt("symbol {} ({}), {} bytes at offset {}, lies outside of {}, which has {} bytes", index,
                   quoted(symbol.name), extent, symbol.value, section_text(section), size);
  symbol.section = static_cast<uint16_t>(kept_sections_[section]);
  return {};
}

Result<Symbol> Reader::read_symbol(uint32_t index, const Elf64_Sym& record) const {
  auto name = string(headers_[symbol_table_].sh_link, record.st_name);
  if (!name) return corrupt("the name of symbol {} lies outside of the table of names", index);
  Symbol symbol{std::move(*name)};
  symbol.binding = ELF64_ST_BIND(record.st_info);
  symbol.type = ELF64_ST_TYPE(record.st_info);
  symbol.visibility = ELF64_ST_VISIBILITY(record.st_other);
  symbol.value = record.st_value;
  symbol.size = record.st_size;
  if (Status status = place_symbol(index, record, symbol); !status) return std::move(status).error();
  return symbol;
}

Status Reader::read_symbols() {
  const Bytes table = content(headers_[symbol_table_]);
  const auto count = static_cast<uint32_t>(table.size() / sizeof(Elf64_Sym));
  kept_symbols_.assign(count, kNotKept);
  object_.symbols.emplace_back();
  for (uint32_t i = 1; i < count; ++i) {
    const auto record = load<Elf64_Sym>(table, i * sizeof(Elf64_Sym));
    auto symbol = read_symbol(i, record);
    if (!symbol) return std::move(symbol).error();
    const bool in_section = record.st_shndx != SHN_UNDEF && record.st_shndx < SHN_LORESERVE;
    if (in_section && kept_sections_[record.st_shndx] == kNotKept) continue;
    kept_symbols_[i] = static_cast<uint32_t>(object_.symbols.size());
    object_.symbols.push_back(std::move(*symbol));
  }
  return {};
}

Status Reader::read_relocation_table(uint32_t index) {
  const Elf64_Shdr& header = headers_[index];
  if (header.sh_info == 0 || header.sh_info >= headers_.size())
    return corrupt("{} relocates section {}, which does not exist", section_text(index), header.sh_info);
  const uint32_t target = kept_sections_[header.sh_info];
  if (target == kNotKept || !takes_relocations(object_.sections[target].role)) return {};

  if (header.sh_type == SHT_RELA) return corrupt("{} has addends, which BPF relocations do not", section_text(index));
  if (header.sh_entsize != sizeof(Elf64_Rel) || header.sh_size % sizeof(Elf64_Rel) != 0)
    return corrupt("{} has {} bytes in entries of {}; a relocation has {}", section_text(index), header.sh_size,
                   header.sh_entsize, sizeof(Elf64_Rel));
  if (header.sh_link != symbol_table_)
    return corrupt("{} refers to symbols in section {}, which is not the symbol table", section_text(index),
                   header.sh_link);

  const Bytes table = content(header);
  for (size_t offset = 0; offset < table.size(); offset += sizeof(Elf64_Rel)) {
    const auto record = load<Elf64_Rel>(table, offset);
    const uint64_t symbol = ELF64_R_SYM(record.r_info);
    if (symbol == 0 || symbol >= kept_symbols_.size() || kept_symbols_[symbol] == kNotKept)
      return corrupt("relocation {} of {} refers to symbol {}, which {}", offset / sizeof(Elf64_Rel),
                     section_text(index), symbol,
                     symbol < kept_symbols_.size() ? "cannot be loaded" : "does not exist");
    const auto type = static_cast<uint32_t>(ELF64_R_TYPE(record.r_info));
    object_.sections[target].relocations.push_back({record.r_offset, type, kept_symbols_[symbol]});
  }
  return {};
}

Status Reader::read_relocations() {
  for (uint32_t i = 1; i < headers_.size(); ++i) {
    if (headers_[i].sh_type != SHT_REL && headers_[i].sh_type != SHT_RELA) continue;
    if (Status status = read_relocation_table(i); !status) return status;
  }
  return {};
}

}  // namespace

Result<Object> read_object(std::span<const std::byte> file) { return Reader(file).read(); }

}  // namespace skep::vm
