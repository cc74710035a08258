// SPDX-License-Identifier: Apache-2.0
#include "vm/program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "isa/validate.hpp"
#include "verifier/helpers.hpp"
#include "vm/attr.hpp"
#include "vm/interpreter/code.hpp"
#include "vm/sha256.hpp"

namespace skep::vm {
namespace {

bool is_map_reference(const isa::Insn& insn) {
  return isa::is_wide(insn) && (insn.src == isa::kPseudoMapFd || insn.src == isa::kPseudoMapValue ||
                                insn.src == isa::kPseudoMapIdx || insn.src == isa::kPseudoMapIdxValue);
}

/// Numbers of maps differ from load to load, so they do not count (Linux: bpf_prog_calc_tag).
uint64_t tag_of(std::vector<isa::Insn> insns) {
  for (size_t i = 0; i + 1 < insns.size(); ++i)
    if (is_map_reference(insns[i])) {
      insns[i].imm = 0;
      insns[++i].imm = 0;
    }
  const Sha256 digest = sha256(std::as_bytes(std::span(insns)));
  uint64_t tag = 0;
  std::memcpy(&tag, digest.data(), sizeof tag);
  return tag;
}

/// The functions of a program that is only bound to RFC 9669.
Result<verifier::Structure> check_raw(const ProgramSpec& spec) {
  if (auto status = isa::validate(spec.insns, isa::kRfc9669Rules); !status) return std::move(status).error();
  const auto starts = isa::find_functions(spec.insns);
  if (!starts) return starts.error();
  verifier::Structure structure;
  for (size_t i = 0; i < starts->size(); ++i) {
    const size_t end = i + 1 < starts->size() ? (*starts)[i + 1] : spec.insns.size();
    structure.subprograms.push_back({.start = static_cast<uint32_t>((*starts)[i]), .end = static_cast<uint32_t>(end)});
  }
  return structure;
}

verifier::ProgramText text_of(const ProgramSpec& spec) {
  return {.insns = spec.insns,
          .types = spec.btf.get(),
          .func_info = spec.functions,
          .line_info = spec.lines,
          .bpf_capable = spec.privileged};
}

bool is_raw(const ProgramSpec& spec) { return spec.type == verifier::ProgramType::unspec; }

Error named(Error error, const ProgramSpec& spec) {
  error.program = spec.name;
  return error;
}

}  // namespace

bool ProgramSpec::gpl_compatible() const { return verifier::is_gpl_compatible(license); }

verifier::HelperCaller ProgramSpec::helper_caller() const {
  return {.type = type,
          .attach = expected_attach_type,
          .hook = attach_btf != nullptr ? attach_btf->type(attach_btf_id).name() : std::string_view(),
          .sleepable = (flags & kProgSleepable) != 0,
          .gpl_compatible = gpl_compatible(),
          .bpf_capable = privileged,
          .perfmon_capable = privileged};
}

Result<std::shared_ptr<Program>> Program::create(ProgramSpec spec) {
  auto structure = is_raw(spec) ? check_raw(spec) : verifier::check_structure(text_of(spec));
  if (!structure) return named(std::move(structure).error(), spec);
  return create(std::move(spec), *std::move(structure));
}

Result<std::shared_ptr<Program>> Program::create(ProgramSpec spec, verifier::Structure structure) {
  if (!is_raw(spec))
    if (auto status = verifier::check_instructions(text_of(spec), spec.helper_caller()); !status)
      return named(std::move(status).error(), spec);
  return std::shared_ptr<Program>(new Program(std::move(spec), std::move(structure)));
}

Program::Program(ProgramSpec spec, verifier::Structure structure)
    : spec_(std::move(spec)), structure_(std::move(structure)), tag_(tag_of(spec_.insns)) {}

Program::~Program() = default;

maps::ProgramRef::Kind Program::kind() const {
  return {.type = static_cast<uint32_t>(spec_.type),
          .expected_attach_type = static_cast<uint32_t>(spec_.expected_attach_type),
          .xdp_has_frags = (spec_.flags & kProgXdpHasFrags) != 0};
}

std::string Program::source_of(uint32_t insn) const {
  return spec_.btf == nullptr ? std::string() : btf::source_text(*spec_.btf, spec_.lines, insn);
}

const maps::Map* Program::map_of(const isa::Insn& insn) const {
  const auto index = static_cast<uint32_t>(insn.imm);
  return is_map_reference(insn) && index < spec_.maps.size() ? spec_.maps[index].get() : nullptr;
}

std::vector<std::shared_ptr<maps::Map>> Program::maps() const {
  const std::lock_guard lock(bound_mutex_);
  auto all = spec_.maps;
  all.insert(all.end(), bound_.begin(), bound_.end());
  return all;
}

void Program::bind(std::shared_ptr<maps::Map> map) {
  const std::lock_guard lock(bound_mutex_);
  const auto holds = [&map](const auto& list) { return std::find(list.begin(), list.end(), map) != list.end(); };
  if (!holds(spec_.maps) && !holds(bound_)) bound_.push_back(std::move(map));
}

}  // namespace skep::vm
