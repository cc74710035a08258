// SPDX-License-Identifier: Apache-2.0
#include "vm/prepare/legacy_maps.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "btf/builder.hpp"
#include "isa/insn.hpp"
#include "vm/prepare/message.hpp"

namespace skep::vm {
namespace {

using btf::Kind;
using btf::TypeId;

constexpr std::string_view kMapsSection = ".maps";

// struct bpf_map_def; iproute2's struct bpf_elf_map begins with the same five.
constexpr std::array<std::string_view, 5> kFields{"type", "key_size", "value_size", "max_entries", "map_flags"};
using Definition = std::array<uint32_t, kFields.size()>;

// A BTF map is a variable whose type's members are pointers: an integer N is a pointer to an array of N elements.
constexpr uint32_t kPointerSize = btf::kPointerSize;
constexpr uint32_t kVariableSize = kFields.size() * kPointerSize;

struct LegacyMap {
  uint32_t symbol;
  uint64_t old_offset;
  Definition definition;
};

class Conversion {
 public:
  Conversion(Object& object, std::shared_ptr<const btf::Types> types) : object_(object), types_(std::move(types)) {}

  Result<std::shared_ptr<const btf::Types>> run();

 private:
  Status find_maps();
  Status check_apart() const;
  void name_maps_in_relocations();
  void move_symbols();
  std::vector<std::byte> define_types();
  TypeId add_definition(btf::Builder& builder, TypeId element, const Definition& definition);
  void retire_section(std::vector<std::byte>& blob, TypeId datasec, TypeId element) const;
  void store_types(std::vector<std::byte> blob);

  [[nodiscard]] const std::string& name(const LegacyMap& map) const { return object_.symbols[map.symbol].name; }

  Object& object_;
  std::shared_ptr<const btf::Types> types_;
  uint32_t section_ = 0;
  std::vector<LegacyMap> maps_;  // By their place.
};

Status Conversion::find_maps() {
  const Section& section = object_.sections[section_];
  for (uint32_t i = 1; i < object_.symbols.size(); ++i) {
    const Symbol& symbol = object_.symbols[i];
    if (symbol.section != section_ || symbol.type == STT_SECTION) continue;
    LegacyMap map{i, symbol.value, {}};
    if (symbol.name.empty() || symbol.type != STT_OBJECT || symbol.size < sizeof map.definition ||
        section.data.size() < symbol.size)
      return corrupt("symbol {} of section 'maps', of type {} with {} bytes, is not a map definition",
                     quoted(symbol.name), symbol.type, symbol.size);
    std::memcpy(map.definition.data(), section.data.data() + symbol.value, sizeof map.definition);
    maps_.push_back(map);
  }
  std::sort(maps_.begin(), maps_.end(),
            [](const LegacyMap& a, const LegacyMap& b) { return a.old_offset < b.old_offset; });
  return check_apart();
}

Status Conversion::check_apart() const {
  for (size_t i = 1; i < maps_.size(); ++i) {
    const Symbol& before = object_.symbols[maps_[i - 1].symbol];
    if (before.value + before.size > maps_[i].old_offset)
      return corrupt("maps {} and {} of section 'maps' overlap", quoted(before.name), quoted(name(maps_[i])));
  }
  return {};
}

// Code takes a static map by the section's symbol and the map's offset, which is about to change.
void Conversion::name_maps_in_relocations() {
  for (Section& section : object_.sections) {
    if (section.role != Role::code) continue;
    for (Relocation& relocation : section.relocations) {
      const Symbol& symbol = object_.symbols[relocation.symbol];
      const bool in_bounds = section.size >= sizeof(isa::Insn) && relocation.offset <= section.size - sizeof(isa::Insn);
      if (symbol.section != section_ || symbol.type != STT_SECTION || !in_bounds) continue;
      isa::Insn insn;
      std::memcpy(&insn, section.data.data() + relocation.offset, sizeof insn);
      const auto map = std::find_if(maps_.begin(), maps_.end(), [&insn](const LegacyMap& candidate) {
        return candidate.old_offset == static_cast<uint32_t>(insn.imm);
      });
      if (map == maps_.end()) continue;
      relocation.symbol = map->symbol;
      insn.imm = 0;
      std::memcpy(section.data.data() + relocation.offset, &insn, sizeof insn);
    }
  }
}

void Conversion::move_symbols() {
  for (size_t i = 0; i < maps_.size(); ++i) {
    Symbol& symbol = object_.symbols[maps_[i].symbol];
    symbol.value = i * kVariableSize;
    symbol.size = kVariableSize;
    symbol.binding = STB_GLOBAL;
  }
  Section& section = object_.sections[section_];
  section.name = kMapsSection;
  section.role = Role::maps;
  section.data.assign(maps_.size() * kVariableSize, std::byte{0});
  section.size = section.data.size();
}

TypeId Conversion::add_definition(btf::Builder& builder, TypeId element, const Definition& definition) {
  std::vector<btf::Member> members;
  for (uint32_t i = 0; i < kFields.size(); ++i) {
    const TypeId array = builder.add_array(element, element, definition[i]);
    members.push_back({kFields[i], builder.add_ptr(array), i * kPointerSize * 8, 0});
  }
  return builder.add_struct({}, kVariableSize, members);
}

std::vector<std::byte> Conversion::define_types() {
  btf::Builder builder = types_ ? btf::Builder::extend(*types_) : btf::Builder();
  // Of one byte, so that the largest number is still the length of an array that BTF allows.
  const TypeId element = builder.add_int("char", 1, btf::int_signed);
  std::vector<btf::SectionVar> vars;
  for (const LegacyMap& map : maps_) {
    const TypeId definition = add_definition(builder, element, map.definition);
    const auto offset = static_cast<uint32_t>(vars.size()) * kVariableSize;
    vars.push_back({builder.add_var(name(map), definition), offset, kVariableSize});
  }
  builder.add_datasec(kMapsSection, static_cast<uint32_t>(vars.size()) * kVariableSize, vars);

  auto blob = builder.bytes();
  const TypeId datasec = types_ ? types_->find("maps", Kind::datasec) : 0;
  if (datasec != 0) retire_section(blob, datasec, element);
  return blob;
}

// A compiler that writes BTF describes the old section, which is no more. Type ids must not move, so its DATASEC turns
// into a struct that nothing uses; a member takes as many bytes as a variable of a section.
void Conversion::retire_section(std::vector<std::byte>& blob, TypeId datasec, TypeId element) const {
  const btf::Type type = types_->type(datasec);
  const auto* record = reinterpret_cast<const std::byte*>(&type.record());
  const auto offset = static_cast<size_t>(record - types_->type_section().data());
  std::byte* at = blob.data() + sizeof(btf::wire::Header) + offset;

  const btf::wire::Type retired{type.record().name_off, static_cast<uint32_t>(Kind::struct_) << 24 | type.vlen(), 1};
  const btf::wire::Member member{0, element, 0};
  static_assert(sizeof member == sizeof(btf::wire::SectionVar));
  std::memcpy(at, &retired, sizeof retired);
  for (uint32_t i = 0; i < type.vlen(); ++i)
    std::memcpy(at + sizeof retired + i * sizeof member, &member, sizeof member);
}

void Conversion::store_types(std::vector<std::byte> blob) {
  Section* section = object_.find(Role::btf);
  if (section == nullptr) section = &object_.sections.emplace_back(Section{".BTF", Role::btf, SHT_PROGBITS});
  section->data = std::move(blob);
  section->size = section->data.size();
}

Result<std::shared_ptr<const btf::Types>> Conversion::run() {
  if (object_.find(Role::maps) != nullptr)
    return fail(ENOTSUP, "the object has both a section 'maps' and a section '.maps'");
  section_ = static_cast<uint32_t>(object_.find(Role::legacy_maps) - object_.sections.data());
  if (Status status = find_maps(); !status) return std::move(status).error();
  name_maps_in_relocations();
  auto blob = define_types();
  auto types = btf::Types::parse(blob, {}, btf::Origin::object);
  if (!types) return fail(types.error().code, "section 'maps' cannot be described in BTF: {}", types.error().message);
  move_symbols();
  store_types(std::move(blob));
  return types;
}

}  // namespace

Result<std::shared_ptr<const btf::Types>> convert_legacy_maps(Object& object, std::shared_ptr<const btf::Types> types) {
  if (object.find(Role::legacy_maps) == nullptr) return types;
  return Conversion(object, std::move(types)).run();
}

}  // namespace skep::vm
