// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "btf/format.hpp"
#include "vm/prepare/check.hpp"
#include "vm/prepare/message.hpp"

namespace skep::vm {
namespace {

using Bytes = std::span<const std::byte>;

// Kinds of CO-RE relocations (enum bpf_core_relo_kind).
constexpr uint32_t kCoreKinds = 13;

// Levels of a CO-RE access path, and the largest step, that libbpf counts with (BPF_CORE_SPEC_MAX_LEN).
constexpr size_t kMaxPathLength = 64;
constexpr uint64_t kMaxPathStep = INT32_MAX;

template <class Record>
Record load(Bytes bytes) {
  Record record;
  std::memcpy(&record, bytes.data(), sizeof record);
  return record;
}

struct Context {
  const Object& object;
  const Functions& functions;
  const btf::Types& types;
};

// The records of one part that belong to one ELF section.
struct Records {
  std::string part;
  const Section* section;  // Null if the object has no such section: libbpf skips its records.
  uint32_t section_index;
  uint32_t index;  // Of the record at hand.

  [[nodiscard]] std::string text() const {
    return fmt::format("{} {} of section {} in '.BTF.ext'", part, index, section ? quoted(section->name) : "'?'");
  }
};

// "0:1:2", as CO-RE describes the way to a member.
Status check_access_path(std::string_view path) {
  size_t length = 0;
  while (!path.empty()) {
    const size_t digits = std::min(path.find_first_not_of("0123456789"), path.size());
    if (digits == 0 || digits > 10 || std::stoull(std::string(path.substr(0, digits))) > kMaxPathStep)
      return corrupt("has a step that is not a number");
    if (++length > kMaxPathLength) return corrupt("is too long");
    path.remove_prefix(digits);
    if (path.empty()) return {};
    if (path.front() != ':' || path.size() == 1) return corrupt("is not a list of numbers with colons between them");
    path.remove_prefix(1);
  }
  return corrupt("is empty");
}

Status check_core_record(const Context& context, const Records& records, Bytes bytes) {
  const auto record = load<btf::CoreRelo>(bytes);
  if (record.kind >= kCoreKinds) return corrupt("{} has the unknown kind {}", records.text(), record.kind);
  if (record.type_id == 0 || !context.types.contains(record.type_id))
    return corrupt("{} names type {}, which does not exist", records.text(), record.type_id);
  if (!context.types.has_string(record.access_str_off))
    return corrupt("{} has an access path outside of the strings", records.text());
  if (Status status = check_access_path(context.types.string(record.access_str_off)); !status)
    return corrupt("the access path of {} {}", records.text(), status.error().message);

  if (records.section == nullptr) return {};
  if (record.insn_off % sizeof(isa::Insn) != 0)
    return corrupt("{}: its offset {} is not that of an instruction", records.text(), record.insn_off);
  const Function* function = context.functions.at(records.section_index, record.insn_off);
  if (function == nullptr) return {};
  if (Status status = check_patched_instruction(*records.section, *function, record.insn_off); !status)
    return corrupt("{}: its offset {} {}", records.text(), record.insn_off, status.error().message);
  return {};
}

Status check_func_record(const Context& context, const Records& records, Bytes bytes) {
  const auto record = load<btf::FuncInfo>(bytes);
  if (!context.types.contains(record.type_id) || !context.types.type(record.type_id).is(btf::Kind::func))
    return corrupt("{} names type {}, which is not a function", records.text(), record.type_id);
  return {};
}

Status check_line_record(const Context& context, const Records& records, Bytes bytes) {
  const auto record = load<btf::LineInfo>(bytes);
  if (!context.types.has_string(record.file_name_off) || !context.types.has_string(record.line_off))
    return corrupt("{} has a string outside of the strings", records.text());
  return {};
}

struct Part {
  std::string_view name;
  uint32_t btf::wire::ExtHeader::* offset;
  uint32_t btf::wire::ExtHeader::* length;
  uint32_t min_record_size;
  Status (*check_record)(const Context&, const Records&, Bytes);
};

using Header = btf::wire::ExtHeader;
constexpr std::array kParts{
    Part{"function record", &Header::func_info_off, &Header::func_info_len, sizeof(btf::FuncInfo), check_func_record},
    Part{"line record", &Header::line_info_off, &Header::line_info_len, sizeof(btf::LineInfo), check_line_record},
    Part{"CO-RE record", &Header::core_relo_off, &Header::core_relo_len, sizeof(btf::CoreRelo), check_core_record},
};

// Headers without the CO-RE part end here.
constexpr uint32_t kMinHeader = offsetof(Header, core_relo_off);

// The records of one ELF section, which `bytes` begins with. Returns how many bytes they have.
Result<size_t> check_section_records(const Context& context, const Part& part, uint32_t record_size, Bytes bytes) {
  if (bytes.size() < sizeof(btf::wire::ExtSection)) return corrupt("the {}s in '.BTF.ext' are truncated", part.name);
  const auto head = load<btf::wire::ExtSection>(bytes);
  if (!context.types.has_string(head.sec_name_off))
    return corrupt("the {}s in '.BTF.ext' name a section outside of the strings", part.name);
  const uint64_t size = uint64_t{head.num_info} * record_size;
  if (head.num_info == 0 || size > bytes.size() - sizeof head)
    return corrupt("the {}s in '.BTF.ext' are truncated: {} of {} bytes", part.name, head.num_info, record_size);

  Records records{std::string(part.name), context.object.find(context.types.string(head.sec_name_off)), 0, 0};
  if (records.section != nullptr && records.section->role != Role::code) records.section = nullptr;
  if (records.section != nullptr)
    records.section_index = static_cast<uint32_t>(records.section - context.object.sections.data());
  for (; records.index < head.num_info; ++records.index) {
    const Bytes record = bytes.subspan(sizeof head + size_t{records.index} * record_size, record_size);
    if (Status status = part.check_record(context, records, record); !status) return std::move(status).error();
  }
  return sizeof head + static_cast<size_t>(size);
}

Status check_part(const Context& context, const Part& part, const Header& header, Bytes data) {
  const uint64_t offset = uint64_t{header.hdr_len} + header.*part.offset;
  const uint64_t length = header.*part.length;
  if (length == 0) return {};
  if (offset % 4 != 0 || offset > data.size() || length > data.size() - offset)
    return corrupt("the {}s in '.BTF.ext', {} bytes at offset {}, are outside of the section or not aligned", part.name,
                   length, offset);
  Bytes bytes = data.subspan(offset, length);
  if (bytes.size() < sizeof(uint32_t)) return corrupt("the {}s in '.BTF.ext' are truncated", part.name);
  const auto record_size = load<uint32_t>(bytes);
  bytes = bytes.subspan(sizeof(uint32_t));
  if (record_size < part.min_record_size || record_size % 4 != 0)
    return corrupt("a {} in '.BTF.ext' has {} bytes", part.name, record_size);
  while (!bytes.empty()) {
    auto size = check_section_records(context, part, record_size, bytes);
    if (!size) return std::move(size).error();
    bytes = bytes.subspan(*size);
  }
  return {};
}

Result<Header> read_header(Bytes data) {
  Header header{};
  if (data.size() < kMinHeader) return corrupt("section '.BTF.ext' has {} bytes, less than its header", data.size());
  std::memcpy(&header, data.data(), kMinHeader);
  if (header.magic != btf::kMagic) return corrupt("section '.BTF.ext' begins with {:#x}", header.magic);
  if (header.version != btf::kVersion || header.flags != 0)
    return fail(ENOTSUP, "section '.BTF.ext' has version {} and flags {:#x}", header.version, header.flags);
  if (header.hdr_len < kMinHeader || header.hdr_len > data.size())
    return corrupt("the header of section '.BTF.ext' has {} bytes", header.hdr_len);
  if (header.hdr_len >= sizeof(Header)) std::memcpy(&header, data.data(), sizeof header);
  return header;
}

}  // namespace

Status check_btf_ext(const Object& object, const Functions& functions, const btf::Types* types) {
  const Section* section = object.find(Role::btf_ext);
  // Without .BTF, libbpf leaves .BTF.ext alone.
  if (section == nullptr || types == nullptr) return {};
  const auto header = read_header(section->data);
  if (!header) return header.error();
  const Context context{object, functions, *types};
  for (const Part& part : kParts) {
    if (Status status = check_part(context, part, *header, section->data); !status) return status;
  }
  return {};
}

}  // namespace skep::vm
