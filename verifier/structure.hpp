// SPDX-License-Identifier: Apache-2.0
// What the verifier establishes about a program before it follows any path through it: its functions, that its words
// make sense, that every one of them can be reached, and that its debug information describes it.
// Checks, errors and texts are those of kernel/bpf/verifier.c: check_btf_info_early, add_subprog_and_kfunc,
// check_subprogs, check_btf_info, resolve_pseudo_ldimm64, check_cfg.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "btf/format.hpp"
#include "btf/types.hpp"
#include "isa/insn.hpp"
#include "skep/error.hpp"
#include "verifier/helpers.hpp"

namespace skep::verifier {

inline constexpr size_t kMaxInsns = 1'000'000;  ///< With CAP_BPF.
inline constexpr size_t kMaxInsnsUnprivileged = 4096;
inline constexpr size_t kMaxSubprograms = 256;
inline constexpr size_t kMaxUsedMaps = 64;             ///< Different maps that a program may refer to.
inline constexpr uint32_t kMaxValueOffset = 1u << 29;  ///< Of a direct map value, in bytes; exclusive.

/// A program as BPF_PROG_LOAD gets it. Nothing is owned; `types` may be null if there is no debug information.
struct ProgramText {
  std::span<const isa::Insn> insns;
  const btf::Types* types = nullptr;
  std::span<const btf::FuncInfo> func_info{};
  std::span<const btf::LineInfo> line_info{};
  bool bpf_capable = true;   ///< Loaded with CAP_BPF.
  bool has_fd_array = true;  ///< fd_array was given, so that maps may be referred to by index.
};

/// A function of the program: instructions [start, end).
struct Subprogram {
  uint32_t start = 0;
  uint32_t end = 0;
  std::string_view name{};   ///< From BTF (lives as long as its Types); empty: not known.
  btf::TypeId func = 0;      ///< FUNC in the program's BTF; 0: not known.
  bool is_callback = false;  ///< Its address is taken.
  bool is_called = false;    ///< By another function of the program.
  bool has_tail_call = false;
  bool has_ld_abs = false;  ///< Uses the legacy packet loads.
};

/// A wide instruction that refers to a map.
struct MapReference {
  uint32_t insn;   ///< Index of its first word.
  int32_t number;  ///< Descriptor, or index into fd_array.
  bool by_index;
  bool is_value;  ///< Points into the map's first value, `value_offset` bytes from its start.
  uint32_t value_offset;
};

struct Structure {
  std::vector<Subprogram> subprograms;  ///< In ascending order; the first is the entry.
  std::vector<MapReference> maps;       ///< In the order of the instructions.
};

/// Everything above. EINVAL in most cases, E2BIG for sizes, EPERM and EPROTO where Linux has them; with the instruction.
Result<Structure> check_structure(const ProgramText& text);

/// What can be said about each instruction by itself: its fields, and that `caller` may call the helpers it names.
/// Linux asks this when a path arrives at the instruction, here it is asked of all.
Status check_instructions(const ProgramText& text, const HelperCaller& caller);

/// The subprogram that contains the instruction; `insn` must be in the program.
size_t subprogram_of(const Structure& structure, uint32_t insn);

}  // namespace skep::verifier
