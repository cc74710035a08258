// SPDX-License-Identifier: Apache-2.0
// Parsing a blob: header, sections, the records one by one, then what they say of each other.
// Order of checks and error numbers are those of btf_parse() in Linux's kernel/bpf/btf.c.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "btf/check_record.hpp"
#include "btf/resolve.hpp"
#include "btf/types.hpp"

namespace skep::btf {
namespace {

/// BTF_LOAD's limit holds for what programs bring along; a debug kernel's own BTF may be larger.
constexpr uint32_t kMaxKernelBlobSize = 256u << 20;

Error invalid(std::string_view message, int code = EINVAL) { return {code, fmt::format("BTF: {}", message)}; }

bool all_zero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{}; });
}

}  // namespace

/// Fills a Types step by step.
class Parser {
 public:
  Parser(std::span<const std::byte> blob, std::shared_ptr<const Types> base, Origin origin)
      : blob_(blob), origin_(origin), types_(new Types) {
    types_->base_ = std::move(base);
  }

  Result<std::shared_ptr<const Types>> run() {
    for (auto step : {&Parser::read_header, &Parser::check_sections, &Parser::copy_blob, &Parser::read_strings,
                      &Parser::read_types, &Parser::resolve}) {
      if (Status status = (this->*step)(); !status) return std::move(status).error();
    }
    return std::shared_ptr<const Types>(std::move(types_));
  }

 private:
  Status read_header();
  Status check_sections();
  Status copy_blob();
  Status read_strings();
  Status read_types();
  Status resolve() { return resolve_types(*types_, origin_); }

  [[nodiscard]] bool is_split() const { return types_->base_ != nullptr; }
  Result<uint32_t> read_record(uint32_t offset, uint32_t end);

  std::span<const std::byte> blob_;
  Origin origin_;
  std::shared_ptr<Types> types_;
  wire::Header header_ = {};
};

Status Parser::read_header() {
  const uint32_t limit = origin_ == Origin::kernel ? kMaxKernelBlobSize : kMaxBlobSize;
  if (blob_.size() > limit) return invalid(fmt::format("{} bytes are more than {}", blob_.size(), limit), E2BIG);
  constexpr size_t kHeadOfHeader = offsetof(wire::Header, hdr_len) + sizeof(wire::Header::hdr_len);
  if (blob_.size() < kHeadOfHeader) return invalid(fmt::format("{} bytes hold no header", blob_.size()));

  wire::Header head = {};
  std::memcpy(&head, blob_.data(), kHeadOfHeader);
  if (head.magic == __builtin_bswap16(kMagic)) return invalid("the blob is big-endian");
  if (head.hdr_len > blob_.size()) return invalid("the header exceeds the blob");
  const size_t known = std::min<size_t>(head.hdr_len, sizeof header_);
  if (!all_zero(blob_.first(head.hdr_len).subspan(known))) return invalid("the header has unknown fields", E2BIG);
  std::memcpy(&header_, blob_.data(), known);

  if (header_.magic != kMagic) return invalid("invalid magic number");
  if (header_.version != kVersion) return invalid(fmt::format("unsupported version {}", header_.version), kENOTSUPP);
  if (header_.flags != 0) return invalid("unsupported flags", kENOTSUPP);
  if (!is_split() && blob_.size() == header_.hdr_len) return invalid("nothing follows the header");
  return {};
}

Status Parser::check_sections() {
  struct Section {
    uint32_t offset, length;
    auto operator<=>(const Section&) const = default;
  };
  Section sections[] = {{header_.type_off, header_.type_len}, {header_.str_off, header_.str_len}};
  std::sort(std::begin(sections), std::end(sections));
  const uint64_t body = blob_.size() - header_.hdr_len;
  uint64_t end = 0;
  for (const Section& section : sections) {
    if (section.offset > end) return invalid("unknown bytes lie between the sections");
    if (section.offset < end) return invalid("the sections overlap");
    if (section.length > body - end) return invalid("the sections exceed the blob");
    end += section.length;
  }
  if (end != body) return invalid("unknown bytes follow the sections");
  return {};
}

Status Parser::copy_blob() {
  const uint32_t types_off = header_.hdr_len + header_.type_off;
  types_->pad_ = (0 - types_off) % alignof(wire::Type);
  types_->buffer_.resize(types_->pad_ + blob_.size());
  std::memcpy(types_->buffer_.data() + types_->pad_, blob_.data(), blob_.size());
  types_->types_off_ = types_->pad_ + types_off;
  types_->types_len_ = header_.type_len;
  return {};
}

Status Parser::read_strings() {
  const uint64_t begin = uint64_t{header_.hdr_len} + header_.str_off;
  if (begin + header_.str_len != blob_.size()) return invalid("the string section is not at the end");
  types_->strings_ = {reinterpret_cast<const char*>(types_->bytes().data()) + begin, header_.str_len};
  if (is_split()) {
    types_->first_id_ = types_->base_->count();
    types_->first_string_ =
        types_->base_->first_string_ + static_cast<uint32_t>(types_->base_->string_section().size());
    if (header_.str_len == 0) return {};
  }
  const std::string_view strings = types_->strings_;
  if (strings.empty() || strings.size() - 1 > kMaxNameOffset || strings.back() != '\0')
    return invalid("invalid string section");
  if (!is_split() && strings.front() != '\0') return invalid("the string section does not begin with an empty string");
  return {};
}

Status Parser::read_types() {
  if (header_.type_off % 4 != 0) return invalid("the type section is not aligned");
  if (!is_split() && header_.type_len == 0 && origin_ == Origin::load) return invalid("no type found");
  if (!is_split()) types_->own_.push_back({});  // void
  const uint32_t end = types_->types_off_ + types_->types_len_;
  for (uint32_t offset = types_->types_off_; offset < end;) {
    auto length = read_record(offset, end);
    if (!length) return std::move(length).error();
    offset += *length;
  }
  return {};
}

/// Appends the type at `offset`; the length of its record and items.
Result<uint32_t> Parser::read_record(uint32_t offset, uint32_t end) {
  const TypeId id = types_->count();
  if (id >= kMaxTypeId) return invalid("too many types", E2BIG);
  if (end - offset < sizeof(wire::Type)) return invalid(fmt::format("type [{}] exceeds the type section", id));

  const auto& record = *reinterpret_cast<const wire::Type*>(types_->buffer_.data() + offset);
  if (record.info & ~wire::kInfoMask) return invalid(fmt::format("type [{}] has reserved bits set", id));
  if (record.kind() == Kind::void_ || record.kind_number() >= kKindCount)
    return invalid(fmt::format("type [{}] has the unknown kind {}", id, record.kind_number()));
  if (record.name_off > kMaxNameOffset || !types_->has_string(record.name_off))
    return invalid(fmt::format("type [{}] has the invalid name offset {}", id, record.name_off));
  const uint64_t length = sizeof record + items_size(record);
  if (length > end - offset) return type_error(*types_, id, record, {"the items exceed the type section"});
  if (auto fault = check_record(*types_, record, origin_)) return type_error(*types_, id, record, *fault);

  types_->own_.push_back({.record = offset, .resolved = 0, .size = 0, .align = 1, .has_size = 0});
  return static_cast<uint32_t>(length);
}

Result<std::shared_ptr<const Types>> Types::parse(std::span<const std::byte> blob, std::shared_ptr<const Types> base,
                                                  Origin origin) {
  return Parser(blob, std::move(base), origin).run();
}

}  // namespace skep::btf
