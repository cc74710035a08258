// SPDX-License-Identifier: Apache-2.0
#include "verifier/structure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "isa/opcodes.hpp"
#include "isa/validate.hpp"
#include "verifier/control_flow.hpp"
#include "verifier/info_records.hpp"

namespace skep::verifier {
namespace {

using isa::Op;
using isa::Use;

Error at(uint32_t insn, int code, std::string message) {
  return {.code = code, .message = std::move(message), .insn = insn};
}

Status check_size(const ProgramText& text) {
  const size_t limit = text.bpf_capable ? kMaxInsns : kMaxInsnsUnprivileged;
  if (text.insns.empty()) return Error{E2BIG, "the program has no instructions"};
  if (text.insns.size() > limit)
    return Error{E2BIG, fmt::format("the program has {} instructions, {} are allowed", text.insns.size(), limit)};
  return {};
}

Status check_may_have_functions(const ProgramText& text) {
  if (text.bpf_capable) return {};
  for (uint32_t i = 0; i < text.insns.size(); ++i) {
    const Op op = isa::classify(text.insns[i]);
    if (op == Op::call_local || op == Op::call_kfunc || op == Op::lddw_func)
      return at(i, EPERM, "loading/calling other bpf or kernel functions are allowed for CAP_BPF and CAP_SYS_ADMIN");
  }
  return {};
}

Subprogram& containing(std::vector<Subprogram>& subprograms, uint32_t insn) {
  return *std::prev(std::ranges::upper_bound(subprograms, insn, {}, &Subprogram::start));
}

bool is_legacy_load(const isa::Insn& insn) {
  const isa::Mode mode = isa::mode_of(insn.code);
  return isa::class_of(insn.code) == isa::Class::ld && (mode == isa::Mode::abs || mode == isa::Mode::ind);
}

/// What the instruction says about the function that it is in, or about the one that it refers to.
void note(std::vector<Subprogram>& subprograms, const isa::Insn& insn, uint32_t index) {
  const Op op = isa::classify(insn);
  Subprogram& own = containing(subprograms, index);
  own.has_ld_abs |= is_legacy_load(insn);
  own.has_tail_call |= op == Op::call_helper && insn.imm == static_cast<int32_t>(HelperId::tail_call);
  if (op == Op::call_local) containing(subprograms, index + 1 + static_cast<uint32_t>(insn.imm)).is_called = true;
  if (op == Op::lddw_func) containing(subprograms, index + 1 + static_cast<uint32_t>(insn.imm)).is_callback = true;
}

Result<std::vector<Subprogram>> find_subprograms(const ProgramText& text) {
  const Result<std::vector<size_t>> starts = isa::find_functions(text.insns);
  if (!starts) return starts.error();
  if (starts->size() > kMaxSubprograms) return Error{E2BIG, "too many subprograms"};
  std::vector<Subprogram> subprograms;
  for (size_t i = 0; i < starts->size(); ++i) {
    const size_t end = i + 1 < starts->size() ? (*starts)[i + 1] : text.insns.size();
    subprograms.push_back({.start = static_cast<uint32_t>((*starts)[i]), .end = static_cast<uint32_t>(end)});
  }
  for (uint32_t i = 0; i < text.insns.size(); ++i) note(subprograms, text.insns[i], i);
  return subprograms;
}

/// The map that the instruction refers to, if it does.
bool is_map_reference(const isa::OpInfo& row) {
  return row.imm.use == Use::map_fd || row.imm.use == Use::map_value || row.imm.use == Use::map_idx ||
         row.imm.use == Use::map_idx_value;
}

Result<std::vector<MapReference>> find_maps(const ProgramText& text) {
  std::vector<MapReference> maps;
  for (uint32_t i = 0; i < text.insns.size(); i += isa::is_wide(text.insns[i]) ? 2 : 1) {
    const Op op = isa::classify(text.insns[i]);
    if (op == Op::invalid || !is_map_reference(isa::info(op))) continue;
    const Use use = isa::info(op).imm.use;
    const MapReference map{.insn = i,
                           .number = text.insns[i].imm,
                           .by_index = use == Use::map_idx || use == Use::map_idx_value,
                           .is_value = use == Use::map_value || use == Use::map_idx_value,
                           .value_offset = static_cast<uint32_t>(text.insns[i + 1].imm)};
    if (map.by_index && !text.has_fd_array) return at(i, EPROTO, "fd_idx without fd_array is invalid");
    if (map.is_value && map.value_offset >= kMaxValueOffset)
      return at(i, EINVAL, fmt::format("direct value offset of {} is not allowed", map.value_offset));
    maps.push_back(map);
  }
  return maps;
}

/// libbpf puts calls of helpers that nobody has where it could not relocate an instruction (relo_core.c) or found no extern
/// (libbpf.c): code that a program must not reach, and may contain.
bool is_mark_of_libbpf(int32_t helper) {
  constexpr int32_t kNotRelocated = 0xbad2310;
  constexpr int32_t kMissingMap = 2001000000;
  constexpr int32_t kMarksEnd = 2003000000;
  return helper == kNotRelocated || (helper >= kMissingMap && helper < kMarksEnd);
}

}  // namespace

Result<Structure> check_structure(const ProgramText& text) {
  if (Status status = check_size(text); !status) return status.error();
  if (Status status = check_func_info_alone(text); !status) return status.error();
  if (Status status = check_may_have_functions(text); !status) return status.error();
  Result<std::vector<Subprogram>> subprograms = find_subprograms(text);
  if (!subprograms) return subprograms.error();
  if (Status status = isa::check_structure(text.insns); !status) return status.error();
  if (Status status = match_func_info(text, *subprograms); !status) return status.error();
  if (Status status = match_line_info(text, *subprograms); !status) return status.error();
  Result<std::vector<MapReference>> maps = find_maps(text);
  if (!maps) return maps.error();
  if (Status status = check_control_flow(text.insns, text.bpf_capable); !status) return status.error();
  return Structure{*std::move(subprograms), *std::move(maps)};
}

Status check_instructions(const ProgramText& text, const HelperCaller& caller) {
  for (uint32_t i = 0; i < text.insns.size(); i += isa::is_wide(text.insns[i]) ? 2 : 1) {
    if (Status status = isa::check_insn(text.insns, i, isa::kLinuxRulesForDeadCode); !status) return status;
    if (isa::classify(text.insns[i]) != Op::call_helper || is_mark_of_libbpf(text.insns[i].imm)) continue;
    Result<const HelperProto*> helper = check_helper(caller, static_cast<uint32_t>(text.insns[i].imm));
    if (!helper) return at(i, helper.error().code, helper.error().message);
  }
  return {};
}

size_t subprogram_of(const Structure& structure, uint32_t insn) {
  const auto after = std::ranges::upper_bound(structure.subprograms, insn, {}, &Subprogram::start);
  return static_cast<size_t>(after - structure.subprograms.begin()) - 1;
}

}  // namespace skep::verifier
