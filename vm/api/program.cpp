// SPDX-License-Identifier: Apache-2.0
#include "vm/program.hpp"

#include <cerrno>

#include "vm/api/handles.hpp"
#include "vm/api/verdict_names.hpp"
#include "vm/test_run.hpp"

namespace skep {
namespace {

vm::TestRunInput input_of(const RunInput& input) {
  vm::TestRunInput run;
  run.data = input.data;
  run.context = input.context;
  run.repeat = input.repeat;
  run.fuel = static_cast<int64_t>(std::min<uint64_t>(input.fuel, std::numeric_limits<int64_t>::max()));
  if (input.trust) {
    run.trusted = vm::Trusted{};
    run.engine = vm::Engine::plain;
  }
  return run;
}

std::string kind_name(vm::Redirect::Kind kind) {
  switch (kind) {
    case vm::Redirect::Kind::none: return "";
    case vm::Redirect::Kind::interface: return "interface";
    case vm::Redirect::Kind::peer: return "peer";
    case vm::Redirect::Kind::neighbour: return "neighbour";
    case vm::Redirect::Kind::map: return "map";
  }
  return "";
}

/// Why a run with these options cannot be, if it cannot.
Status check_engine(const RunInput& input) {
  if (input.engine == Engine::jit)
    return Error{.code = ENOTSUP, .message = "this version has no JIT: use the engine 'interp' or 'checked'"};
  if (input.engine == Engine::checked && input.trust)
    return Error{.code = EINVAL, .message = "the checked engine trusts nothing: use the engine 'interp' with trust"};
  return {};
}

}  // namespace

const std::string& Program::name() const { return impl_->name; }

const std::string& Program::section() const { return impl_->section; }

std::string Program::type() const {
  const auto* entry = impl_->entry();
  return entry == nullptr ? "memory" : std::string(verifier::program_type_name(entry->type));
}

size_t Program::insn_count() const {
  if (const auto program = impl_->loaded()) return program->spec().insns.size();
  const auto* entry = impl_->entry();
  return entry == nullptr ? 0 : entry->insn_count;
}

bool Program::has_packet() const {
  const auto* entry = impl_->entry();
  return entry != nullptr && vm::takes_packet(entry->type);
}

std::string Program::verdict_name(uint32_t retval) const {
  const auto* entry = impl_->entry();
  return entry == nullptr ? "" : std::string(vm::verdict_name(entry->type, retval));
}

Result<RunResult> Program::run(const RunInput& input) const {
  if (auto status = check_engine(input); !status) return std::move(status).error();
  const auto program = impl_->loaded();
  if (!program) return not_loaded("program '" + impl_->name + "'");
  auto output = vm::test_run(*impl_->owner->vm, program, input_of(input));
  if (!output) {
    Error error = std::move(output).error();
    error.program = impl_->name;
    if (impl_->object) error.object = impl_->object->object->name();
    return error;
  }
  const vm::Redirect& redirect = output->redirect;
  std::optional<VlanTag> vlan;
  if (output->vlan) vlan = VlanTag{.protocol = output->vlan->protocol, .tci = output->vlan->tci};
  return RunResult{.retval = output->retval,
                   .duration_ns = output->duration_ns,
                   .data = std::move(output->data),
                   .context = std::move(output->context),
                   .redirect = {.kind = kind_name(redirect.kind),
                                .target = redirect.target,
                                .map = redirect.map == nullptr ? std::string() : redirect.map->attributes().name},
                   .vlan = vlan};
}

Result<uint64_t> Program::run_raw(std::span<std::byte> memory, const RunInput& input) const {
  if (auto status = check_engine(input); !status) return std::move(status).error();
  const auto program = impl_->loaded();
  if (!program) return not_loaded("program '" + impl_->name + "'");
  return vm::run_on_memory(*impl_->owner->vm, program, memory, input_of(input));
}

}  // namespace skep
