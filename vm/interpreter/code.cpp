// SPDX-License-Identifier: Apache-2.0
#include "vm/interpreter/code.hpp"

#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "isa/validate.hpp"
#include "maps/map.hpp"
#include "verifier/helpers.hpp"
#include "vm/interpreter/fuse.hpp"
#include "vm/interpreter/interpreter.hpp"
#include "vm/program.hpp"

namespace skep::vm::interpreter {

using isa::Insn;
using isa::Op;

namespace {

/// What has a meaning when it is executed, though Linux's verifier refuses it.
constexpr isa::Rules kRules{.zero_divisor_imm = true, .any_shift_imm = true, .callx = true};

}  // namespace

class Decoder {
 public:
  Decoder(Code& code, const ProgramSpec& spec, HelperLookup helpers) : code_(code), spec_(spec), helpers_(helpers) {}

  Status decode() {
    const size_t count = spec_.insns.size();
    code_.slots_.resize(count);
    code_.ops_.resize(count, Op::invalid);
    for (size_t i = 0; i < count; ++i) {
      if (Status status = decode(i); !status) {
        status.error().insn = static_cast<int64_t>(i);
        return status;
      }
      if (isa::is_wide(spec_.insns[i])) ++i;
    }
    std::sort(code_.functions_.begin(), code_.functions_.end());
    assign_handlers(code_.slots_, code_.ops_, plain_labels());
    return {};
  }

 private:
  using Resolve = Status (Decoder::*)(size_t index);
  static Resolve resolver(Op op) {
    switch (op) {
      case Op::lddw_map_fd:
      case Op::lddw_map_idx: return &Decoder::resolve_map;
      case Op::lddw_map_value:
      case Op::lddw_map_idx_value: return &Decoder::resolve_map_value;
      case Op::lddw_func: return &Decoder::resolve_function;
      case Op::call_helper: return &Decoder::resolve_helper;
      case Op::lddw_btf_id: return &Decoder::refuse<kKernelVariable>;
      case Op::call_kfunc: return &Decoder::refuse<kKernelFunction>;
      case Op::addr_space_cast: return &Decoder::refuse<kAddressSpaceCast>;
      case Op::callx: return &Decoder::refuse<kCallThroughRegister>;
      default: return nullptr;
    }
  }

  Status decode(size_t index) {
    const Insn& insn = spec_.insns[index];
    // Linux lets a word be anything that no path reaches; such a word ends a run that reaches it.
    if (!isa::check_insn(spec_.insns, index, kRules)) return {};
    const Op op = isa::classify(insn);
    code_.ops_[index] = op;
    Slot& slot = code_.slots_[index];
    slot = {.dst = insn.dst, .src = insn.src, .off = insn.off, .imm = insn.imm};
    if (isa::is_wide(insn)) code_.slots_[index + 1].imm = spec_.insns[index + 1].imm;
    const Resolve resolve = resolver(op);
    return resolve == nullptr ? Status{} : (this->*resolve)(index);
  }

  void set_immediate(size_t index, uint64_t value) {
    code_.slots_[index].imm = static_cast<int32_t>(value);
    code_.slots_[index + 1].imm = static_cast<int32_t>(value >> 32);
  }

  Result<maps::Map*> map_of(size_t index) {
    const auto number = static_cast<size_t>(static_cast<uint32_t>(spec_.insns[index].imm));
    if (number >= spec_.maps.size()) return Error{EINVAL, fmt::format("the program has no map {}", number)};
    return spec_.maps[number].get();
  }

  Status resolve_map(size_t index) {
    const Result<maps::Map*> map = map_of(index);
    if (!map) return map.error();
    set_immediate(index, reinterpret_cast<uint64_t>(*map));
    return {};
  }

  Status resolve_map_value(size_t index) {
    const Result<maps::Map*> map = map_of(index);
    if (!map) return map.error();
    const auto offset = static_cast<uint32_t>(spec_.insns[index + 1].imm);
    uint64_t begin = 0;
    uint64_t address = 0;
    int error = (*map)->direct_value_address(0, begin);
    if (error == 0) error = (*map)->direct_value_address(offset, address);
    if (error < 0)
      return Error{-error,
                   fmt::format("map '{}' has no address for byte {} of its value", (*map)->attributes().name, offset)};
    set_immediate(index, address);
    code_.direct_values_.push_back({.map = *map, .address = begin});
    return {};
  }

  Status resolve_function(size_t index) {
    const Slot* function = &code_.slots_[index] + 1 + spec_.insns[index].imm;
    code_.functions_.push_back(function);
    set_immediate(index, reinterpret_cast<uint64_t>(function));
    return {};
  }

  Status resolve_helper(size_t index) {
    const auto id = static_cast<uint32_t>(spec_.insns[index].imm);
    auto [known, is_new] = callee_numbers_.try_emplace(id, static_cast<int32_t>(code_.callees_.size()));
    code_.slots_[index].imm = known->second;
    if (!is_new) return {};
    const Callee callee = spec_.host_helpers.empty() ? kernel_helper(id) : host_helper(id);
    code_.callees_.push_back(callee);
    if (callee.prototype != nullptr && callee.function == nullptr && id != kTailCallId)
      return Error{kENOTSUPP, fmt::format("helper {}#{} is not supported", callee.prototype->name, id)};
    return {};
  }

  /// A helper that this program type may call; else executing the call is an error, but dead code may have it.
  [[nodiscard]] Callee kernel_helper(uint32_t id) const {
    const Result<const verifier::HelperProto*> prototype = verifier::check_helper(spec_.helper_caller(), id);
    if (!prototype) return {.id = id, .refusal = prototype.error().message};
    return {.id = id, .function = helpers_(id), .prototype = *prototype};
  }

  [[nodiscard]] Callee host_helper(uint32_t id) const {
    if (id < spec_.host_helpers.size() && spec_.host_helpers[id] != nullptr)
      return {.id = id, .function = spec_.host_helpers[id]};
    return {.id = id, .refusal = fmt::format("there is no function {} to call", id)};
  }

  static constexpr char kKernelVariable[] = "variables of the kernel are not supported";
  static constexpr char kKernelFunction[] = "calls of kernel functions are not supported";
  static constexpr char kAddressSpaceCast[] = "address-space casts are not supported";
  static constexpr char kCallThroughRegister[] = "calls through a register are not supported";
  template <const char* reason>
  Status refuse(size_t index) {
    return Error{kENOTSUPP, fmt::format("{} ({})", reason, isa::info(code_.ops_[index]).name)};
  }

  Code& code_;
  const ProgramSpec& spec_;
  HelperLookup helpers_;
  std::map<uint32_t, int32_t> callee_numbers_;
};

Result<std::unique_ptr<Code>> Code::build(const Program& program, HelperLookup helpers) {
  std::unique_ptr<Code> code(new Code(program));
  if (Status status = Decoder(*code, program.spec(), helpers).decode(); !status) {
    Error& error = status.error();
    error.program = program.spec().name;
    error.source = program.source_of(static_cast<uint32_t>(error.insn));
    return std::move(error);
  }
  return code;
}

const Slot* Code::function_at(uint64_t address) const {
  const auto* slot = reinterpret_cast<const Slot*>(address);
  return std::binary_search(functions_.begin(), functions_.end(), slot) ? slot : nullptr;
}

}  // namespace skep::vm::interpreter
