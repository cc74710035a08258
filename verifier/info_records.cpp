// SPDX-License-Identifier: Apache-2.0
#include "verifier/info_records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "btf/layout.hpp"

namespace skep::verifier {
namespace {

constexpr uint32_t kMaxRecordSize = 252;

template <class Record>
Result<std::vector<Record>> read_records(std::span<const std::byte> bytes, uint32_t record_size, const char* what) {
  if (record_size < sizeof(Record) || record_size > kMaxRecordSize || record_size % sizeof(uint32_t) != 0)
    return Error{EINVAL, fmt::format("invalid {} rec size {}", what, record_size)};
  if (bytes.size() % record_size != 0)
    return Error{EINVAL, fmt::format("{} is no whole number of records of {} bytes", what, record_size)};
  std::vector<Record> records(bytes.size() / record_size);
  for (size_t i = 0; i < records.size(); ++i) {
    const std::span<const std::byte> raw = bytes.subspan(i * record_size, record_size);
    const auto unknown = raw.subspan(sizeof(Record));
    if (std::ranges::any_of(unknown, [](std::byte b) { return b != std::byte{0}; }))
      return Error{E2BIG, fmt::format("nonzero tailing record in {}", what)};
    std::memcpy(&records[i], raw.data(), sizeof(Record));
  }
  return records;
}

/// Whether a function of this type returns what the legacy packet loads and tail calls may leave in r0: a number.
bool returns_scalar(const btf::Types& types, btf::TypeId func) {
  const btf::Type proto = types.type(types.type(func).ref());
  const btf::Type result = types.resolve(proto.ref());
  if (result.is(btf::Kind::int_)) return btf::is_regular_int(result) && result.size() <= 8;
  return result.is(btf::Kind::enum_) || result.is(btf::Kind::enum64);
}

Error at(uint32_t insn, std::string message) { return {.code = EINVAL, .message = std::move(message), .insn = insn}; }

Status check_without_func_info(const std::vector<Subprogram>& subprograms) {
  for (size_t i = 1; i < subprograms.size(); ++i) {
    if (subprograms[i].has_ld_abs) return at(subprograms[i].start, "LD_ABS is not allowed in subprogs without BTF");
    if (subprograms[i].has_tail_call)
      return at(subprograms[i].start, "tail_call is not allowed in subprogs without BTF");
  }
  return {};
}

Status check_line(const ProgramText& text, size_t index) {
  const btf::LineInfo& line = text.line_info[index];
  const uint32_t previous = index > 0 ? text.line_info[index - 1].insn_off : 0;
  if ((index > 0 && line.insn_off <= previous) || line.insn_off >= text.insns.size())
    return Error{EINVAL, fmt::format("Invalid line_info[{}].insn_off:{} (prev_offset:{} prog->len:{})", index,
                                     line.insn_off, previous, text.insns.size())};
  if (text.insns[line.insn_off].code == 0)
    return at(line.insn_off, fmt::format("Invalid insn code at line_info[{}].insn_off", index));
  if (!text.types->has_string(line.line_off) || !text.types->has_string(line.file_name_off))
    return at(line.insn_off, fmt::format("Invalid line_info[{}].line_off or .file_name_off", index));
  return {};
}

}  // namespace

Result<std::vector<btf::FuncInfo>> read_func_info(std::span<const std::byte> bytes, uint32_t record_size) {
  return read_records<btf::FuncInfo>(bytes, record_size, "func info");
}

Result<std::vector<btf::LineInfo>> read_line_info(std::span<const std::byte> bytes, uint32_t record_size) {
  return read_records<btf::LineInfo>(bytes, record_size, "line_info");
}

Status check_func_info_alone(const ProgramText& text) {
  if (text.types == nullptr) {
    if (text.func_info.empty() && text.line_info.empty()) return {};
    return Error{EBADF, "func_info and line_info need BTF"};
  }
  for (size_t i = 0; i < text.func_info.size(); ++i) {
    const btf::FuncInfo& record = text.func_info[i];
    if (i == 0 && record.insn_off != 0)
      return Error{EINVAL, fmt::format("nonzero insn_off {} for the first func info record", record.insn_off)};
    if (i > 0 && record.insn_off <= text.func_info[i - 1].insn_off)
      return Error{EINVAL, fmt::format("same or smaller insn offset ({}) than previous func info record ({})",
                                       record.insn_off, text.func_info[i - 1].insn_off)};
    if (!text.types->contains(record.type_id) || !text.types->type(record.type_id).is(btf::Kind::func))
      return Error{EINVAL, fmt::format("invalid type id {} in func info", record.type_id)};
  }
  return {};
}

Status match_func_info(const ProgramText& text, std::vector<Subprogram>& subprograms) {
  if (text.func_info.empty()) return check_without_func_info(subprograms);
  if (text.func_info.size() != subprograms.size())
    return Error{EINVAL, "number of funcs in func_info doesn't match number of subprogs"};
  for (size_t i = 0; i < subprograms.size(); ++i) {
    Subprogram& subprogram = subprograms[i];
    const btf::FuncInfo& record = text.func_info[i];
    if (record.insn_off != subprogram.start)
      return at(record.insn_off, "func_info BTF section doesn't match subprog layout in BPF program");
    subprogram.func = record.type_id;
    subprogram.name = text.types->type(record.type_id).name();
    const bool needs_scalar = i > 0 && (subprogram.has_ld_abs || subprogram.has_tail_call);
    if (needs_scalar && !returns_scalar(*text.types, record.type_id))
      return at(subprogram.start, fmt::format("{} is only allowed in functions that return 'int'",
                                              subprogram.has_ld_abs ? "LD_ABS" : "tail_call"));
  }
  return {};
}

Status match_line_info(const ProgramText& text, const std::vector<Subprogram>& subprograms) {
  if (text.line_info.empty()) return {};
  size_t next = 0;  // The first function whose line has not come yet.
  for (size_t i = 0; i < text.line_info.size(); ++i) {
    if (Status status = check_line(text, i); !status) return status;
    if (next == subprograms.size()) continue;
    const uint32_t insn = text.line_info[i].insn_off;
    if (insn > subprograms[next].start)
      return at(subprograms[next].start, fmt::format("missing bpf_line_info for func#{}", next));
    if (insn == subprograms[next].start) ++next;
  }
  if (next != subprograms.size())
    return at(subprograms[next].start,
              fmt::format("missing bpf_line_info for {} funcs starting from func#{}", subprograms.size() - next, next));
  return {};
}

}  // namespace skep::verifier
